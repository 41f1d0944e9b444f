// Policies out of signed bundles: at the start the newest good one of what was kept and of the namespace's ConfigMap, then whatever
// the operator has. A bundle that is refused, or does not compile here, leaves the last good one in force.
import { readFileSync, statSync } from "node:fs";
import type { Bundle } from "../../pkg/bundle/bundle.ts";
import { followBundle } from "../../pkg/bundle/follow-bundle.ts";
import { keepLastGood, type LastGood, startingBundle } from "../../pkg/bundle/last-good.ts";
import type { Unwrapped } from "../../pkg/bundle/wrap.ts";
import { whenStale } from "../../pkg/policy/stale.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { type BundleAge, bundleAge } from "./bundle-age.ts";
import type { BundleSettings } from "./bundle-settings.ts";
import { compileBundle, type Policies, type Surroundings } from "./compile-policies.ts";
import { closedByName } from "./open-watched.ts";
import { type BundleState, Follower, type PolicySource } from "./policy-source.ts";
import type { Values } from "./settings.ts";

/** How often the ConfigMap's file, and the age of what is in force, are looked at. */
const LOOK_EVERY_MS = 1000;
const stays = { consequence: "the last good policies stay" };

type Good = Extract<Unwrapped, { good: true }>;

interface InForce {
  readonly bundle: Bundle;
  readonly version: string;
  /** As compiled. */
  readonly fresh: Policies;
  /** The same, with what the policies ask for when it is stale. */
  readonly policies: Policies;
}

export interface BundleWorld {
  readonly logger: Logger;
  readonly surroundings: Surroundings;
}

export function openBundle(from: BundleSettings, config: Values, world: BundleWorld): PolicySource {
  return new BundleSource(from, config, world);
}

class BundleSource implements PolicySource {
  readonly #from: BundleSettings;
  readonly #config: Values;
  readonly #world: BundleWorld;
  readonly #follower: Follower;
  readonly #kept: LastGood;
  readonly #age: BundleAge;
  readonly #stop: () => void;
  #inForce: InForce | null = null;
  #fallbackState: string;
  /** Why the newest bundle does not count, and why there may be a newer one that nobody knows of. */
  #bundleProblems: readonly string[] = [];
  #operatorProblem: string | null = "the operator has not answered yet";
  #account: string | null = null;
  /** The operator's newest bundle is in force, as far as it has shown one. */
  #isNewest = true;
  #reloads = 0;
  #refusedTotal = 0;

  constructor(from: BundleSettings, config: Values, world: BundleWorld) {
    this.#from = from;
    this.#config = config;
    this.#world = world;
    this.#follower = new Follower(world.logger);
    this.#kept = keepLastGood(from.folder);
    this.#fallbackState = stateOf(from.fallback);
    const keptText = this.#kept.read();
    const started = this.#begin();
    this.#age = bundleAge(from.folder, started !== null && started.text === keptText, world.surroundings.nowMs);
    if (started !== null && started.text !== keptText) this.#keep(started.text);
    const timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    const following = this.#followOperator();
    this.#stop = () => {
      clearInterval(timer);
      void following.stop();
    };
    this.#judgeAge("start");
  }

  current(): Policies | null {
    return this.#inForce?.policies ?? null;
  }

  problems(): readonly string[] {
    const operator = this.#operatorProblem === null ? [] : [`bundle.url: ${this.#operatorProblem}`];
    const closed = this.#inForce?.fresh.upstreams.flatMap((each) => ("closed" in each ? [each.closed] : [])) ?? [];
    const unserved = this.#inForce === null ? [] : closedByName(this.#inForce.fresh);
    return [...this.#bundleProblems, ...operator, ...closed, ...unserved];
  }

  reloads(): number {
    return this.#reloads;
  }

  follow(told: (version: string, reason: string) => void): void {
    this.#follower.follow(told);
    const current = this.current();
    if (current !== null) this.#follower.tell(current.set.version, "start");
  }

  bundle(): BundleState {
    const version = this.#inForce?.version ?? null;
    return { version, ageSeconds: this.#age.seconds(), refusedTotal: this.#refusedTotal };
  }

  attested(): string | null {
    return this.#account;
  }

  close(): void {
    this.#stop();
  }

  /** The newest that is good and compiles. */
  #begin(): Good | null {
    for (const fallback of new Set([this.#from.fallback, null])) {
      const { found, problems } = startingBundle(this.#kept, fallback, { ...this.#accepts(), generationMin: 0 });
      if (fallback === this.#from.fallback) for (const problem of problems) this.#refuse(problem);
      if (found !== null && this.#take(found.bundle, found.version, "start")) return found;
    }
    return null;
  }

  #accepts() {
    return { keys: this.#from.keys, namespace: this.#config.namespace };
  }

  #followOperator() {
    const { url, token, ca } = this.#from;
    return followBundle({
      url: url.href,
      tokenFile: token,
      caFile: ca,
      ...this.#accepts(),
      starting: this.#inForce?.bundle ?? null,
      kept: this.#kept,
      onBundle: (bundle, version) => {
        this.#isNewest = this.#take(bundle, version, "the operator has sent a bundle");
        return this.#isNewest;
      },
      onFresh: () => this.#renewed(),
      onProblem: (why) => this.#operatorFailed(why),
    });
  }

  #renewed(): void {
    this.#operatorProblem = null;
    this.#account = accountIn(this.#from.token) ?? this.#account;
    if (!this.#isNewest) return;
    this.#age.renewed();
    this.#judgeAge("the bundle could be renewed");
  }

  #operatorFailed(why: string): void {
    if (why.startsWith("the bundle is refused")) this.#refuse(why);
    else if (why !== this.#operatorProblem)
      this.#world.logger.log("warn", "bundle.unreachable", { reason: why, ...stays });
    this.#operatorProblem = why;
  }

  #refuse(reason: string): void {
    this.#refusedTotal += 1;
    this.#world.logger.log("error", "bundle.refused", { reason, ...stays });
  }

  /** False: it does not count, and the problem is told. */
  #take(bundle: Bundle, version: string, reason: string): boolean {
    this.#reloads += 1;
    const before = this.#inForce;
    if (before !== null && bundle.generation < before.bundle.generation) {
      this.#refuse(`generation ${bundle.generation} is older than ${before.bundle.generation}, which is in force`);
      return false;
    }
    const compiled = compileBundle(bundle, this.#config, this.#world.surroundings, before?.fresh ?? null);
    this.#bundleProblems = compiled.good ? [] : compiled.problems.map((problem) => `bundle ${version}: ${problem}`);
    for (const problem of this.#bundleProblems) this.#refuse(problem);
    if (!compiled.good) return false;
    this.#inForce = { bundle, version, fresh: compiled.policies, policies: compiled.policies };
    if (before?.policies.set.version !== compiled.policies.set.version) this.#changed(reason);
    return true;
  }

  #changed(reason: string): void {
    const { version: bundle, policies } = this.#inForce!;
    this.#world.logger.log("info", "policy.changed", { version: policies.set.version, bundle });
    this.#follower.tell(policies.set.version, reason);
  }

  #look(): void {
    const now = stateOf(this.#from.fallback);
    if (now !== this.#fallbackState) {
      this.#fallbackState = now;
      this.#takeFallback();
    }
    this.#judgeAge("the bundle could not be renewed");
  }

  /** A ConfigMap that is older than what is in force is nothing to speak of: the operator answers sooner than the kubelet. */
  #takeFallback(): void {
    const nothing: LastGood = { read: () => null, keep() {} };
    const { found, problems } = startingBundle(nothing, this.#from.fallback, { ...this.#accepts(), generationMin: 0 });
    for (const problem of problems) this.#refuse(problem);
    if (found === null || found.bundle.generation <= (this.#inForce?.bundle.generation ?? -1)) return;
    if (!this.#take(found.bundle, found.version, "the namespace's ConfigMap has changed")) return;
    this.#keep(found.text);
    this.#age.renewed();
  }

  #keep(text: string): void {
    try {
      this.#kept.keep(text);
    } catch (error) {
      this.#world.logger.log("error", "bundle.kept", { reason: (error as Error).message });
    }
  }

  #judgeAge(reason: string): void {
    const inForce = this.#inForce;
    if (inForce === null) return;
    const set = whenStale(inForce.fresh.set, this.#age.seconds());
    if (set.version === inForce.policies.set.version) return;
    this.#inForce = { ...inForce, policies: { ...inForce.fresh, set } };
    this.#changed(reason);
  }
}

/** Of the token that the operator has just reviewed; the kubelet may have put a newer one of the same account there. */
function accountIn(file: string): string | null {
  try {
    const claims = JSON.parse(Buffer.from(readFileSync(file, "latin1").split(".")[1] ?? "", "base64url").toString());
    return /^system:serviceaccount:([a-z0-9.-]+:[a-z0-9.-]+)$/.exec(claims.sub)?.[1]?.replace(":", "/") ?? null;
  } catch {
    return null;
  }
}

function stateOf(file: string | null): string {
  const found = file === null ? undefined : statSync(file, { bigint: true, throwIfNoEntry: false });
  return `${found?.ino}:${found?.size}:${found?.mtimeNs}`;
}
