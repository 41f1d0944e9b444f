// The watched policy folder of the sidecar: every change is logged, counted and told to whoever follows.
import type { Logger } from "../../pkg/runtime/logger.ts";
import { compilePolicies, type Policies } from "./compile-policies.ts";
import { type Compiled, type LivePolicies, openPolicies } from "./live-policies.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";

export interface WatchedPolicies extends LivePolicies<Policies> {
  reloads(): number;
  /** Calls `told` now and whenever other policies have come into force. */
  follow(told: (version: string, reason: string) => void): void;
}

/** @throws Refused with every problem of every file when the folder is not good to begin with. */
export function openWatched(config: Values, logger: Logger, nowMs: () => number): WatchedPolicies {
  let reloads = 0;
  let tell: (version: string, reason: string) => void = () => {};

  function changed(outcome: Compiled<Policies>): void {
    reloads += 1;
    if (outcome.good) {
      const { version } = outcome.policies.set;
      logger.log("info", "policy.changed", { version });
      attempt(version, "the policy folder has changed");
      return;
    }
    for (const problem of outcome.problems)
      logger.log("error", "policy.problem", { problem, consequence: "the last good policies stay" });
  }

  /** A spool that is full says so at the next statement; it must not keep a policy from its effect. */
  function attempt(version: string, reason: string): void {
    try {
      tell(version, reason);
    } catch (error) {
      logger.log("error", "audit.unavailable", { reason: (error as Error).message });
    }
  }

  const problem = (reason: string) =>
    logger.log("error", "tls.files", { reason, consequence: "the last good ones stay" });
  const compile = (files: Parameters<typeof compilePolicies>[0]) => compilePolicies(files, config, { nowMs, problem });
  const opened = openPolicies({ folder: config.policies, compile, onChange: changed });
  if (!opened.good) throw new Refused(opened.problems);
  const { live } = opened;
  return {
    ...live,
    reloads: () => reloads,
    follow(told) {
      tell = told;
      attempt(live.current().set.version, "start");
    },
  };
}
