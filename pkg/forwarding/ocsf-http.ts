// OCSF events over HTTPS, one JSON object a line: as SIEMs and lakes take them.
import type { Destination } from "../shipping/destination.ts";
import type { Delivery } from "./delivery.ts";
import { outcomeOf } from "./http-outcome.ts";

export function ocsfDelivery(destination: Destination): Delivery {
  return {
    async deliver(batch, signal) {
      const body = Buffer.from(batch.map(({ event }) => `${JSON.stringify(event)}\n`).join(""));
      return outcomeOf(await destination.post({ path: "", contentType: "application/x-ndjson", body }, signal));
    },
    close: () => destination.close(),
  };
}
