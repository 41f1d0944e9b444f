// The watched policy folder of the sidecar: every change is logged, counted and told to whoever follows.
import type { Logger } from "../../pkg/runtime/logger.ts";
import { compilePolicies, type Policies, type Surroundings } from "./compile-policies.ts";
import { type Compiled, openPolicies } from "./live-policies.ts";
import { Follower, type PolicySource } from "./policy-source.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";

export interface FolderSource extends PolicySource {
  /** A folder that is not good is not opened, so there always are some. */
  current(): Policies;
}

/** @throws Refused with every problem of every file when the folder is not good to begin with. */
export function openWatched(folder: string, config: Values, logger: Logger, surroundings: Surroundings): FolderSource {
  const follower = new Follower(logger);
  let reloads = 0;

  function changed(outcome: Compiled<Policies>): void {
    reloads += 1;
    if (outcome.good) {
      const { version } = outcome.policies.set;
      logger.log("info", "policy.changed", { version });
      follower.tell(version, "the policy folder has changed");
      return;
    }
    for (const problem of outcome.problems)
      logger.log("error", "policy.problem", { problem, consequence: "the last good policies stay" });
  }

  const compile = (files: Parameters<typeof compilePolicies>[0]) => compilePolicies(files, config, surroundings);
  const opened = openPolicies({ folder, compile, onChange: changed });
  if (!opened.good) throw new Refused(opened.problems);
  const { live } = opened;
  return {
    ...live,
    problems: () => [...live.problems(), ...closedByName(live.current())],
    reloads: () => reloads,
    bundle: () => null,
    follow(told) {
      follower.follow(told);
      follower.tell(live.current().set.version, "start");
    },
  };
}

/** Those of a gateway that nobody can log in to, while the others are served. */
export function closedByName({ byName }: Policies): readonly string[] {
  return [...byName.values()].flatMap((each) => ("closed" in each ? [each.closed] : []));
}
