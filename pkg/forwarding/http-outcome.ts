// What an HTTP answer means for a batch.
import type { Answer } from "../shipping/destination.ts";
import type { Delivered } from "./delivery.ts";

const REFUSED = new Set([400, 413, 415, 422]);

/** Everything but a clear word about the content is tried again: credentials are renewed, addresses mended. */
export function outcomeOf(answer: Answer): Delivered {
  if (answer.outcome === "failed") return { as: "again", why: answer.why, afterMs: null };
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { as: "taken" };
  if (REFUSED.has(status)) return { as: "refused", why: `it answers ${status}` };
  const seconds = Number(headers["retry-after"]);
  return { as: "again", why: `it answers ${status}`, afterMs: Number.isFinite(seconds) ? seconds * 1000 : null };
}
