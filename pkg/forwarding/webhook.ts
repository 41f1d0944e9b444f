// A webhook as Standard Webhooks has it (standardwebhooks.com, 1.0): id, timestamp and an HMAC over both and the body, so that its
// receiver knows who sent it, that it is fresh, and whether it came before.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Destination } from "../shipping/destination.ts";
import type { Delivered, Delivery } from "./delivery.ts";
import { outcomeOf } from "./http-outcome.ts";

export interface WebhookOptions {
  readonly name: string;
  readonly destinationWith: (headers: Readonly<Record<string, string>>) => Destination;
  /** A file with `whsec_` and the secret in base64; read at each delivery. */
  readonly secretFile: string;
  readonly nowMs: () => number;
}

export function webhookDelivery({ name, destinationWith, secretFile, nowMs }: WebhookOptions): Delivery {
  return {
    async deliver(batch, signal): Promise<Delivered> {
      const secret = secretIn(secretFile);
      if (secret === null)
        return { as: "again", why: `${secretFile} holds no secret (whsec_ and base64)`, afterMs: null };
      const body = JSON.stringify({
        type: "weir.records",
        timestamp: new Date(nowMs()).toISOString(),
        data: { destination: name, records: batch.map(({ event }) => event) },
      });
      // The same for the same records, however often they are sent.
      const id = `${name}-${batch[0]!.sequence}-${batch.length}`;
      const destination = destinationWith(signedHeaders(id, Math.floor(nowMs() / 1000), body, secret));
      try {
        return outcomeOf(
          await destination.post({ path: "", contentType: "application/json", body: Buffer.from(body) }, signal),
        );
      } finally {
        destination.close();
      }
    },
    close() {},
  };
}

export function signedHeaders(
  id: string,
  timestamp: number,
  body: string,
  secret: Buffer,
): Readonly<Record<string, string>> {
  const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": `v1,${signature}` };
}

function secretIn(file: string): Buffer | null {
  try {
    const text = readFileSync(file, "utf8").trim();
    const secret = Buffer.from(text.replace(/^whsec_/, ""), "base64");
    // 24 to 64 bytes, as the standard has it.
    return text.startsWith("whsec_") && secret.length >= 24 && secret.length <= 64 ? secret : null;
  } catch {
    return null;
  }
}
