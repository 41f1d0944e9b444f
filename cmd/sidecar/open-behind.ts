// What the configuration asks of the thread behind the statements' one; null when it asks nothing.
import type { AuditWriter } from "../../pkg/audit/writer.ts";
import type { CommittedMark } from "../../pkg/shipping/committed.ts";
import type { ShippingSettings } from "../../pkg/shipping/shipping.ts";
import type { World } from "./parts.ts";
import { placeOf } from "./place-of.ts";
import type { Values } from "./settings.ts";
import { type Behind, startBehind } from "./start-behind.ts";

export function openBehind(config: Values, world: World, audit: AuditWriter, committed: CommittedMark): Behind | null {
  const shipping = shippingOf(config, world.version);
  if (shipping === null) return null;
  return startBehind({ committed: committed.memory, shipping }, audit, world.logger);
}

function shippingOf(config: Values, version: string): ShippingSettings | null {
  const url = config["collector.url"];
  if (url === null) return null;
  return {
    folder: config["spool.folder"],
    claims: placeOf(config),
    url: url.href,
    token: config["collector.token"],
    ca: config["collector.ca"],
    certificate: config["collector.certificate"],
    key: config["collector.key"],
    deadLetterBytesMax: config["spool.deadLetterBytesMax"],
    version,
  };
}
