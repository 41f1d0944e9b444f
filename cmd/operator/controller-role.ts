// The role `controller`: of all replicas one writes labels, bundles and statuses.
import { hostname } from "node:os";
import { trustBundle } from "../../pkg/controller/authority.ts";
import { type Controller, startController } from "../../pkg/controller/controller.ts";
import { CA_SECRET } from "../../pkg/controller/paths.ts";
import { readSecret } from "../../pkg/controller/secret.ts";
import { loadSigningKey, publishKeys } from "../../pkg/controller/signing-key.ts";
import type { KubeApi } from "../../pkg/kube/api.ts";
import { startElector } from "../../pkg/kube/lease.ts";
import { realPause } from "../../pkg/runtime/backoff.ts";
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { Random } from "../../pkg/runtime/random.ts";

export interface ControllerRoleOptions {
  readonly api: KubeApi;
  /** Where the operator runs, and its Secrets and Lease are. */
  readonly releaseNamespace: string;
  /** `cluster` of the injection settings. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface ControllerRole {
  isLeader(): boolean;
  /** A follower is ready at once; a leader when everything has been listed. */
  waitsFor(): readonly string[];
  stop(): Promise<void>;
}

const LEASE = "weir-controller";
const MINUTE_MS = 60_000;

/** The Secret weir-ca must have been filled by `startCertificates` of any replica; until then this retries. */
export function startControllerRole(options: ControllerRoleOptions): ControllerRole {
  const { api, releaseNamespace, clock, logger } = options;
  const onError = (problem: string) => logger.log("warn", "controller", { problem });
  const monotonicMs = () => Number(clock.monotonicNs() / 1_000_000n);
  let controller: Controller | undefined;

  async function lead(signal: AbortSignal): Promise<void> {
    logger.log("info", "controller.leads");
    const key = await loadSigningKey(api, releaseNamespace);
    await publishKeys(api, releaseNamespace, key);
    let trust = await readTrust();
    if (signal.aborted) return;
    const nowMs = () => clock.nowMs();
    controller = startController({ ...options, key, trust: () => trust, nowMs, monotonicMs, onError });
    while (!signal.aborted) {
      await realPause(MINUTE_MS, signal);
      if (signal.aborted) break;
      try {
        await controller.tidy();
        const now = await readTrust();
        if (now === trust) continue;
        trust = now;
        controller.lookAgain();
      } catch (error) {
        onError((error as Error).message);
      }
    }
    await controller.stop();
    controller = undefined;
    logger.log("info", "controller.follows");
  }

  /** @throws Error while there is no CA. */
  async function readTrust(): Promise<string> {
    const trust = trustBundle(await readSecret(api, releaseNamespace, CA_SECRET));
    if (trust === "") throw new Error(`Secret ${releaseNamespace}/${CA_SECRET} holds no CA yet`);
    return trust;
  }

  const identity = `${hostname()}_${options.random.bytes(6).toString("hex")}`;
  const elector = startElector({
    api,
    namespace: releaseNamespace,
    name: LEASE,
    identity,
    lead,
    onError,
    nowMs: () => clock.nowMs(),
    monotonicMs,
  });
  return {
    isLeader: elector.isLeader,
    waitsFor: () => controller?.waitsFor() ?? [],
    stop: elector.stop,
  };
}
