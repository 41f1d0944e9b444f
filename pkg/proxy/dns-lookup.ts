// A host's addresses from the name servers themselves. In a pod /etc/hosts leads the database's name to the sidecar, so the system's
// own way would have it connect to itself. Asked anew at each connection; nothing is kept.
import type { LookupAddress } from "node:dns";
import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { candidatesOf, type ResolvConf } from "./resolv-conf.ts";

/** A question is sent this often to each name server before it counts as not answered. */
const TRIES = 2;
const FIRST_WAIT_MS = 1_500;
/** RFC 6761: it never leaves the host. */
const localhost: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** The network in which pods' databases are listened for (pkg/admission): a connection there would come back to us, again and again. */
const OURS = /^(::ffff:)?127\.83\./i;

/** Its text says what was asked and what became of it. */
export class NameNotResolved extends Error {}

/** `conf`: what counts now. */
export function dnsLookup(conf: () => ResolvConf): LookupFunction {
  return (host, options, done) => {
    addressesOf(host, conf).then(
      (addresses) => {
        if (options.all) done(null, [...addresses]);
        else done(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: Error) => done(error, ""),
    );
  };
}

/** Rejects with NameNotResolved. */
export async function addressesOf(host: string, conf: () => ResolvConf): Promise<readonly LookupAddress[]> {
  const addresses = await everyAddressOf(host, conf);
  const elsewhere = addresses.filter(({ address }) => !OURS.test(address));
  if (elsewhere.length > 0) return elsewhere;
  const answer = addresses.map(({ address }) => address).join(", ");
  throw new NameNotResolved(`${host} is at ${answer}, where sidecars listen; correct its record in the name server`);
}

async function everyAddressOf(host: string, conf: () => ResolvConf): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  if (/^(.+\.)?localhost\.?$/i.test(host)) return localhost;
  const now = conf();
  const resolver = resolverOf(now);
  const candidates = candidatesOf(host, now);
  const failed: string[] = [];
  for (const name of candidates) {
    const answer = await ask(resolver, name);
    if (answer.addresses.length > 0) return answer.addresses;
    if (answer.failure !== null) failed.push(`${name}: ${answer.failure}`);
    // A server that does not answer may know this name; another name in its place could be another database.
    if (answer.failure === "not answered") break;
  }
  throw new NameNotResolved(failed.length > 0 ? notAsked(host, failed, now) : absent(host, candidates, now));
}

function resolverOf({ nameservers }: ResolvConf): Resolver {
  if (nameservers.length === 0)
    throw new NameNotResolved("there is no name server in resolv.conf, and resolve is Dns; name one or use an address");
  const resolver = new Resolver({ timeout: FIRST_WAIT_MS, tries: TRIES });
  try {
    resolver.setServers(nameservers);
  } catch (cause) {
    throw new NameNotResolved(`resolv.conf names a server that is no address (${nameservers.join(", ")})`, { cause });
  }
  return resolver;
}

interface Answer {
  readonly addresses: readonly LookupAddress[];
  /** Null: the name does not exist, or has no address. */
  readonly failure: string | null;
}

async function ask(resolver: Resolver, name: string): Promise<Answer> {
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = [...found(v4, 4), ...found(v6, 6)];
  return { addresses, failure: failureOf(v4) ?? failureOf(v6) };
}

function found(answer: PromiseSettledResult<string[]>, family: 4 | 6): readonly LookupAddress[] {
  return answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family })) : [];
}

const words: Readonly<Record<string, string | null>> = {
  ENOTFOUND: null,
  ENODATA: null,
  ETIMEOUT: "not answered",
  ECONNREFUSED: "not answered",
  ECANCELLED: "not answered",
  ESERVFAIL: "the server failed",
  EREFUSED: "the server refused",
};

function failureOf(answer: PromiseSettledResult<string[]>): string | null {
  if (answer.status === "fulfilled") return null;
  const { code = "error" } = answer.reason as NodeJS.ErrnoException;
  return Object.hasOwn(words, code) ? words[code]! : code;
}

function absent(host: string, candidates: readonly string[], { nameservers }: ResolvConf): string {
  const tried = candidates.length === 1 && candidates[0] === host ? "" : `; tried ${candidates.join(", ")}`;
  return `name server ${nameservers.join(", ")} knows no address of ${host}${tried}`;
}

function notAsked(host: string, failed: readonly string[], { nameservers }: ResolvConf): string {
  return `name server ${nameservers.join(", ")} could not tell the address of ${host} (${failed.join("; ")})`;
}
