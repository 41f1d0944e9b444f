// The role `controller`: of all replicas one writes labels, bundles and statuses.
import { hostname } from "node:os";
import { trustBundle } from "../../pkg/controller/authority.ts";
import { type Controller, startController } from "../../pkg/controller/controller.ts";
import { CA_SECRET } from "../../pkg/controller/paths.ts";
import { readSecret } from "../../pkg/controller/secret.ts";
import { keepServedCertificate, type ServedCertificate } from "../../pkg/controller/served-certificate.ts";
import { loadSigner, publishKeys } from "../../pkg/controller/signing-key.ts";
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
  /** Of the same. */
  readonly clusterDomain: string;
  /** That the collector serves with; not given: it is none of the release. */
  readonly served?: ServedCertificate | null;
  /** PEM of what sidecars trust beside the release's CA, now. */
  alsoTrusted?(): string;
  readonly clock: Clock;
  readonly random: Random;
  /** How often keys and certificates are looked at. */
  readonly lookEveryMs?: number;
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
    while (!signal.aborted) await leadWithOneKey(signal);
    logger.log("info", "controller.follows");
  }

  /** Until the signing key is another one. */
  async function leadWithOneKey(signal: AbortSignal): Promise<void> {
    const signer = await loadSigner(api, releaseNamespace);
    let trust = await readTrust();
    await publishKeys(api, releaseNamespace, signer, trust);
    await keepServed();
    if (signal.aborted) return;
    const nowMs = () => clock.nowMs();
    const running = startController({ ...options, signer, trust: () => trust, nowMs, monotonicMs, onError });
    controller = running;
    while (!signal.aborted) {
      await realPause(options.lookEveryMs ?? MINUTE_MS, signal);
      if (signal.aborted) break;
      try {
        const { key } = await loadSigner(api, releaseNamespace);
        if (key.public.id !== signer.key.public.id) {
          logger.log("info", "controller.key_changed", { key: key.public.id, before: signer.key.public.id });
          break;
        }
        await running.tidy();
        await keepServed();
        const now = await readTrust();
        if (now === trust) continue;
        trust = now;
        await publishKeys(api, releaseNamespace, signer, trust);
        running.lookAgain();
      } catch (error) {
        onError((error as Error).message);
      }
    }
    await running.stop();
    controller = undefined;
  }

  /** @throws Error while there is no CA. */
  async function readTrust(): Promise<string> {
    const trust = trustBundle(await readSecret(api, releaseNamespace, CA_SECRET));
    if (trust === "")
      throw new Error(
        `Secret ${releaseNamespace}/${CA_SECRET} holds no CA yet; the role webhook makes it, unless WEIR_TLS_CERTIFICATE is set: leave that out`,
      );
    return trust + (options.alsoTrusted?.() ?? "");
  }

  /** The rest does not wait for it. */
  async function keepServed(): Promise<void> {
    if (!options.served) return;
    try {
      await keepServedCertificate(api, releaseNamespace, options.served, clock.nowMs());
    } catch (error) {
      onError((error as Error).message);
    }
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
