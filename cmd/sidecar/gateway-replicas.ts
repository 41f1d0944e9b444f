// Where the other replicas of a gateway are, out of the configuration and the name servers.
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { TcpAddress } from "../../pkg/proxy/listener.ts";
import type { Replicas } from "../../pkg/proxy/replicas.ts";
import type { Address } from "./parse-value.ts";
import type { Values } from "./settings.ts";

export function gatewayReplicas(config: Values, lookup: LookupFunction | undefined): { readonly replicas?: Replicas } {
  const listen = config["gateway.cancels"];
  if (listen === null) return {};
  const others = async () =>
    (await Promise.all(config["gateway.replicas"].map((each) => everyOne(each, lookup)))).flat();
  return { replicas: { listen, others } };
}

/** A name without an address has none at the moment. */
function everyOne(
  { host, port }: Address,
  lookup: LookupFunction = systemLookup as LookupFunction,
): Promise<readonly TcpAddress[]> {
  return new Promise((resolve) => {
    lookup(host, { all: true }, (error, found) => {
      const addresses = error === null ? (found as LookupAddress[]) : [];
      resolve(addresses.map(({ address }) => ({ host: address, port })));
    });
  });
}
