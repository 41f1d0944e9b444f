// From the destinations that the configuration names to forwarders that know where they are.
import type { CollectorFiles } from "../../pkg/collector/collector-files.ts";
import type { ForwardTo, TlsFiles } from "../../pkg/collector/forward-to.ts";
import { type ForwardCounters, Forwarder } from "../../pkg/collector/forwarder.ts";
import type { KeptLedger } from "../../pkg/collector/kept-ledger.ts";
import type { Delivery } from "../../pkg/forwarding/delivery.ts";
import { ocsfDelivery } from "../../pkg/forwarding/ocsf-http.ts";
import { otlpDelivery } from "../../pkg/forwarding/otlp.ts";
import { syslogDelivery } from "../../pkg/forwarding/syslog.ts";
import { webhookDelivery } from "../../pkg/forwarding/webhook.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { Destination } from "../../pkg/shipping/destination.ts";

export interface ForwardersOptions {
  readonly ledger: KeptLedger;
  readonly files: CollectorFiles;
  readonly dataFolder: string;
  readonly logger: Logger;
  readonly random: () => number;
  readonly nowMs: () => number;
}

/** @throws when the place of one cannot be read */
export async function openForwarders(
  list: readonly ForwardTo[],
  options: ForwardersOptions,
): Promise<readonly Forwarder[]> {
  const entries = options.ledger.current()?.index.size ?? 0;
  const forwarders = list.map(
    (to) =>
      new Forwarder({
        ...options,
        name: to.name,
        delivery: deliveryOf(to, options.nowMs),
        filter: { place: to.place, verdicts: to.verdicts },
      }),
  );
  for (const forwarder of forwarders) await forwarder.open(entries);
  return forwarders;
}

/** All of them together. */
export function forwardCounters(forwarders: readonly Forwarder[]): ForwardCounters {
  const all = forwarders.map((forwarder) => forwarder.counters());
  const sum = (name: keyof ForwardCounters) => all.reduce((total, each) => total + each[name], 0);
  return {
    sent: sum("sent"),
    refused: sum("refused"),
    missed: sum("missed"),
    failures: sum("failures"),
    behind: Math.max(0, ...all.map(({ behind }) => behind)),
  };
}

function deliveryOf({ name, by }: ForwardTo, nowMs: () => number): Delivery {
  if (by.kind === "syslog") return syslogDelivery({ name, host: by.host, port: by.port, ...by.tls });
  if (by.kind === "webhook") {
    const destinationWith = (headers: Readonly<Record<string, string>>) => destination(by.url, null, by.tls, headers);
    return webhookDelivery({ name, destinationWith, secretFile: by.secretFile, nowMs });
  }
  const to = destination(by.url, by.tokenFile, by.tls);
  return by.kind === "ocsf" ? ocsfDelivery(to) : otlpDelivery(to, name);
}

function destination(
  url: string,
  token: string | null,
  tls: TlsFiles,
  headers: Readonly<Record<string, string>> = {},
): Destination {
  return new Destination({ url: new URL(url), token, ...tls, headers });
}
