// What the sidecar is built of and what a configuration can get wrong in it, each part by itself: keys, certificate, policies.
import { readFileSync } from "node:fs";
import { type Digest, keyedDigest, loadDigestKey } from "../../pkg/audit/digest.ts";
import { MaskKeyError, type MaskKeys, parseMaskKeys } from "../../pkg/mask/keys.ts";
import type { ServingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { Random } from "../../pkg/runtime/random.ts";
import { certificateFrom } from "./certificate-file.ts";
import type { Surroundings } from "./compile-policies.ts";
import { hostLookup } from "./host-lookup.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
  /** The system's own when not given. */
  readonly resolvConf?: string;
}

/** Results of all steps, or one Refused with what is wrong in any of them. */
export function allOf<T extends readonly unknown[]>(...steps: { [K in keyof T]: () => T[K] }): T {
  const problems: string[] = [];
  const results = steps.map((step) => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  });
  if (problems.length > 0) throw new Refused(problems);
  return results as unknown as T;
}

export function maskKeysOf(config: Values): MaskKeys | null {
  const file = config["keys.mask"];
  try {
    return file === null ? null : parseMaskKeys(readFileSync(file));
  } catch (error) {
    if (error instanceof MaskKeyError) throw new Refused([`keys.mask: ${file}: ${error.message}`]);
    throw error;
  }
}

export function digestOf(config: Values, { random }: World): Digest {
  const file = config["keys.digest"];
  return file === null ? keyedDigest(random.bytes(32)) : loadDigestKey(file);
}

export function certificateOf(config: Values, { clock, logger }: World): () => ServingCertificate | null {
  const [certificate, key, clientCa] = [config["tls.certificate"], config["tls.key"], config["tls.clientCa"]];
  if (certificate === null || key === null) return () => null;
  const problem = (reason: string) =>
    logger.log("error", "tls.certificate", { reason, consequence: "the last good one stays" });
  try {
    return certificateFrom({ certificate, key, clientCa }, { nowMs: () => clock.nowMs(), problem });
  } catch (error) {
    throw new Refused([`tls: ${certificate} and ${key} are no certificate and its key (${(error as Error).message})`]);
  }
}

/** What policies are compiled with beside the configuration. */
export function surroundingsOf(config: Values, { clock, logger, resolvConf }: World): Surroundings {
  const problem = (reason: string) =>
    logger.log("error", "tls.files", { reason, consequence: "the last good ones stay" });
  const watching = { nowMs: () => clock.nowMs(), problem };
  return { ...watching, lookup: hostLookup(config, resolvConf ?? "/etc/resolv.conf", watching) };
}
