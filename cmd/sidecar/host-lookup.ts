// How names of databases become addresses, as the setting `resolve` says.
import { readFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { dnsLookup } from "../../pkg/proxy/dns-lookup.ts";
import { parseResolvConf } from "../../pkg/proxy/resolv-conf.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";
import { type Watching, watchedFiles } from "./watched-files.ts";

/** Undefined: as the system does it. @throws Refused when there is no resolv.conf. */
export function hostLookup(config: Values, file: string, watching: Watching): LookupFunction | undefined {
  if (config.resolve === "System") return undefined;
  try {
    return dnsLookup(watchedFiles([file], () => parseResolvConf(readFileSync(file, "utf8")), watching));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Refused([`resolve is Dns, but ${file} cannot be read (${code ?? message}); use System`]);
  }
}
