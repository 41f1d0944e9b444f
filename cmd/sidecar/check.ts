// Everything that a start would look at, without starting anything: nothing listens, nothing is recorded, nobody is asked.

import { keepLastGood, startingBundle } from "../../pkg/bundle/last-good.ts";
import { type BundleSettings, bundleSettings } from "./bundle-settings.ts";
import { compileBundle, compilePolicies, type Surroundings } from "./compile-policies.ts";
import { readPolicies } from "./live-policies.ts";
import { closedByName } from "./open-watched.ts";
import { allOf, certificateOf, maskKeysOf, surroundingsOf, type World } from "./parts.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";

export interface Checked {
  /** null: there is no bundle here yet. */
  readonly policyVersion: string | null;
  /** What a start would survive, but not well. */
  readonly notes: readonly string[];
}

/** @throws Refused with all problems. */
export function checkSidecar(config: Values, world: World): Checked {
  const [, , checked] = allOf(
    () => maskKeysOf(config),
    () => certificateOf(config, world),
    () => {
      const around = surroundingsOf(config, world);
      const bundle = bundleSettings(config);
      return bundle === null ? checkFolder(config.policies!, config, around) : checkBundle(bundle, config, around);
    },
  );
  return checked;
}

function checkFolder(folder: string, config: Values, around: Surroundings): Checked {
  const compiled = readPolicies(folder, (files) => compilePolicies(files, config, around));
  if (!compiled.good) throw new Refused(compiled.problems);
  return { policyVersion: compiled.policies.set.version, notes: closedByName(compiled.policies) };
}

function checkBundle({ folder, fallback, keys }: BundleSettings, config: Values, around: Surroundings): Checked {
  const accepts = { keys, namespace: config.namespace, generationMin: 0 };
  const { found, problems } = startingBundle(keepLastGood(folder), fallback, accepts);
  if (found === null) return { policyVersion: null, notes: problems };
  const compiled = compileBundle(found.bundle, config, around, null);
  if (!compiled.good) throw new Refused(compiled.problems.map((problem) => `bundle ${found.version}: ${problem}`));
  const { set, upstreams } = compiled.policies;
  const closed = upstreams.flatMap((each) => ("closed" in each ? [each.closed] : []));
  return { policyVersion: set.version, notes: [...problems, ...closed, ...closedByName(compiled.policies)] };
}
