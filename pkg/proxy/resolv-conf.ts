// What resolv.conf(5) says about asking for names, and in which order a name is tried with and without its search list.

export interface ResolvConf {
  /** Addresses; a port other than 53 as `address:port`, `[v6]:port`. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** A name with at least this many dots is tried as it is first. */
  readonly ndots: number;
}

/** glibc's own limits. */
const NAMESERVERS_MAX = 3;
const SEARCH_MAX = 32;
const NDOTS_MAX = 15;

/** Lines that it does not know are no problem, as with every resolver. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (word === "nameserver" && rest[0] !== undefined) nameservers.push(rest[0]);
    else if (word === "search" || word === "domain") search = rest;
    else if (word === "options") ndots = ndotsIn(rest) ?? ndots;
  }
  return { nameservers: nameservers.slice(0, NAMESERVERS_MAX), search: search.slice(0, SEARCH_MAX), ndots };
}

function ndotsIn(options: readonly string[]): number | undefined {
  const found = options.findLast((option) => /^ndots:\d{1,3}$/.test(option));
  return found === undefined ? undefined : Math.min(Number(found.slice("ndots:".length)), NDOTS_MAX);
}

/**
 * Absolute names to ask for, in order, without a dot at their end. As glibc has it but where a pod's namespace could answer for a name that
 * is not of it: a headless Service `data` with a host `db` is `db.data` below the namespace's own domain, and a namespace `com` could
 * hold `db.example.com`. So a name with a dot is asked for in the own namespace last, and one with two as it is first.
 */
export function candidatesOf(name: string, { search, ndots }: ResolvConf): readonly string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const domains = search.map((domain) => domain.replace(/\.$/, ""));
  const isOwn = (domain: string) => dots > 0 && /^[^.]+\.svc\./i.test(domain);
  const inOrder = [...domains.filter((domain) => !isOwn(domain)), ...domains.filter(isOwn)];
  const searched = inOrder.map((domain) => (domain === "" ? name : `${name}.${domain}`));
  const asItIsFirst = dots >= ndots || (dots >= 2 && !name.toLowerCase().endsWith(".svc"));
  return [...new Set(asItIsFirst ? [name, ...searched] : [...searched, name])];
}
