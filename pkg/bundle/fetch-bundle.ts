// One request for a bundle: `GET url?wait=`, with the pod's token and what is in force; 304 when nothing changed within `wait`.
import { type Agent, request } from "node:https";
import { WRAPPED_BYTES_MAX } from "./wrap.ts";

export interface FetchOptions {
  readonly url: string;
  readonly token: string;
  readonly agent: Agent;
  readonly waitS: number;
  /** Version asked for changes of (If-None-Match) and version in force (Weir-Applied). */
  readonly known: string | null;
  readonly applied: string | null;
  readonly signal: AbortSignal;
}

export type Fetched =
  | { readonly status: "changed"; readonly text: string }
  | { readonly status: "unchanged" }
  /** `retryAfterMs` as the server asked, null when it did not. */
  | { readonly status: "failed"; readonly why: string; readonly retryAfterMs: number | null };

/** What the server may take beyond `wait`. */
const GRACE_MS = 20_000;

export function fetchBundle(options: FetchOptions): Promise<Fetched> {
  const url = new URL(options.url);
  url.searchParams.set("wait", String(options.waitS));
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.waitS * 1000 + GRACE_MS)]);
  return new Promise((resolve) => {
    const failed = (why: string, retryAfterMs: number | null = null) =>
      resolve({ status: "failed", why, retryAfterMs });
    const asked = request(url, { agent: options.agent, headers: headersOf(options), signal });
    asked.on("error", (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
    asked.on("response", (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > WRAPPED_BYTES_MAX) asked.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      response.on("error", (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
      response.on("end", () => {
        if (response.statusCode === 304) return resolve({ status: "unchanged" });
        const text = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode === 200) return resolve({ status: "changed", text });
        failed(`the operator answered ${response.statusCode}${reasonIn(text)}`, retryAfterMs(response.headers));
      });
    });
    asked.end();
  });
}

function headersOf({ token, known, applied }: FetchOptions): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    ...(known === null ? {} : { "if-none-match": `"${known}"` }),
    ...(applied === null ? {} : { "weir-applied": applied }),
  };
}

/** `{error}` of a refusal, bounded and in printable characters. */
function reasonIn(text: string): string {
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? `: ${error.replace(/[^\x20-\x7e]/g, "?").slice(0, 200)}` : "";
  } catch {
    return "";
  }
}

function retryAfterMs(headers: { readonly "retry-after"?: string | undefined }): number | null {
  const seconds = Number(headers["retry-after"]);
  return headers["retry-after"] !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
