// What the configuration asks of the thread behind the statements' one; null when it asks nothing.
import type { AuditWriter } from "../../pkg/audit/writer.ts";
import type { CommittedMark } from "../../pkg/shipping/committed.ts";
import type { ShippingSettings } from "../../pkg/shipping/shipping.ts";
import type { Server } from "../../pkg/telemetry/statement-span.ts";
import type { Policies } from "./compile-policies.ts";
import type { World } from "./parts.ts";
import { placeOf } from "./place-of.ts";
import type { Values } from "./settings.ts";
import { type Behind, startBehind } from "./start-behind.ts";
import { telemetrySettings } from "./telemetry-settings.ts";

export function openBehind(config: Values, world: World, audit: AuditWriter, committed: CommittedMark): Behind | null {
  const shipping = shippingOf(config, world.version);
  const telemetry = telemetrySettings(config, world.version);
  if (shipping === null && telemetry === null) return null;
  return startBehind({ shipping, telemetry }, { committed, audit, logger: world.logger });
}

/** Behind which true address each database lies, by the policies in force. */
export function serversOf(policies: Policies | null): Readonly<Record<string, Server>> {
  const all = policies === null ? [] : [...policies.upstreams, ...policies.byName.values()];
  const open = all.filter((each) => "upstream" in each);
  return Object.fromEntries(open.map(({ database, upstream: { host, port } }) => [database, { host, port }]));
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
