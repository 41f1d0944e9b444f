// Chains make themselves known: a key is registered with proof that its sidecar holds it and under the identity that was verified. Then
// heartbeats tell how far a chain has come, also when nothing arrives.
import { type ChainRegistration, isKeyProven, isRegistration, keyIdOfEntry } from "../ledger/entries.ts";
import { isChainName, isHashText } from "../ledger/segment.ts";
import type { Logger } from "../runtime/logger.ts";
import { claimsOf, isOwner, ownerProblem } from "./examine.ts";
import type { Heartbeat } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import { KeyQuota } from "./key-quota.ts";
import type { Ledger } from "./ledger.ts";
import type { Sender } from "./source.ts";

export interface Reply {
  readonly status: 200 | 400 | 403 | 404 | 409 | 429 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RegistrarOptions {
  readonly ledger: KeptLedger;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** A sidecar makes one at each start; more is a loop. */
const KEYS_MAX = 10_000;

export class Registrar {
  private readonly options: RegistrarOptions;
  private readonly quota: KeyQuota;

  constructor(options: RegistrarOptions) {
    this.options = options;
    this.quota = new KeyQuota(options.nowMs);
  }

  /** Again with the same key: the same answer and no second entry. */
  async register(value: unknown, sender: Sender): Promise<Reply> {
    const ledger = this.options.ledger.current();
    if (ledger === null) return reply(503, "the ledger cannot be written now; register again later");
    if (!isObject(value) || !isRegistration(value))
      return reply(400, "needs chain, publicKey, proof, cluster, namespace, environment, instance and workload");
    const registration = registrationOf(value as unknown as ChainRegistration);
    if (!isKeyProven(registration)) return reply(403, "proof: is not a signature of this key over chain and key");
    const claims = claimsOf(registration, sender);
    if (claims !== null) return reply(403, claims);
    const { chain } = registration;
    const known = ledger.index.chain(chain);
    if (known !== undefined && !isOwner(known, sender)) return reply(403, ownerProblem());
    if (ledger.index.publicKey(chain, keyIdOfEntry(registration), registration.environment) === undefined) {
      if (ledger.index.keysOf(chain).length >= KEYS_MAX)
        return reply(403, `the chain has ${KEYS_MAX} keys; begin a new one`);
      if (!this.quota.take(JSON.stringify([sender.source, sender.account, sender.name])))
        return reply(429, "you register many keys; a sidecar makes one at each start; register again later");
      try {
        await this.enter(ledger, registration, sender);
      } catch (cause) {
        this.options.logger.log("error", "registration_failed", { chain, why: (cause as Error).message });
        return reply(503, "the ledger cannot be written now; register again later");
      }
    }
    ledger.index.seen(chain, this.options.nowMs());
    const { next, last_hash: lastHash } = ledger.index.chain(chain)!;
    return { status: 200, body: { chain, next, lastHash } };
  }

  heartbeat(value: unknown, sender: Sender): Reply {
    const { ledger: kept, logger, nowMs } = this.options;
    const ledger = kept.current();
    if (ledger === null) return reply(503, "the ledger cannot be used now");
    const heartbeat = heartbeatOf(value);
    if (heartbeat === null) return reply(400, "needs chain, last, lastHash, spoolBytes and oldestMs");
    const known = ledger.index.chain(heartbeat.chain);
    if (known === undefined) return reply(404, "the chain is not registered: POST /v1/chains first");
    if (!isOwner(known, sender)) return reply(403, ownerProblem());
    const { chain, last, lastHash } = heartbeat;
    if (last === known.next - 1 && lastHash !== known.last_hash)
      logger.log("error", "heartbeat_differs", { chain, number: last });
    if (known.silent === 1) logger.log("info", "chain_heard_again", { chain });
    ledger.index.heartbeat(chain, heartbeat, nowMs());
    return { status: 200, body: { chain, next: known.next, lastHash: known.last_hash } };
  }

  private async enter(ledger: Ledger, registration: ChainRegistration, sender: Sender): Promise<void> {
    const { source, name, account, uid } = sender;
    const identity = { source, name, account, ...(uid !== null && { uid }) };
    await ledger.record([{ type: "chain-key", ...registration, identity, time: this.options.nowMs() }]);
    const { chain, cluster, namespace } = registration;
    this.options.logger.log("info", "chain_registered", { chain, cluster, namespace, source, sender: name });
  }
}

/** Its own members only: nothing else that was sent comes into the log. */
function registrationOf(value: ChainRegistration): ChainRegistration {
  const { chain, publicKey, proof, cluster, namespace, environment, instance, workload } = value;
  return { chain, publicKey, proof, cluster, namespace, environment, instance, workload };
}

function heartbeatOf(value: unknown): (Heartbeat & { readonly chain: string }) | null {
  if (!isObject(value)) return null;
  const { chain, last, lastHash, spoolBytes, oldestMs = null } = value;
  if (!isChainName(chain) || !isHashText(lastHash)) return null;
  // -1: nothing has been written yet.
  if (!Number.isSafeInteger(last) || (last as number) < -1 || !isCount(spoolBytes)) return null;
  if (oldestMs !== null && !isCount(oldestMs)) return null;
  return { chain, last: last as number, lastHash, spoolBytes, oldestMs };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function reply(status: Reply["status"], error: string): Reply {
  return { status, body: { error } };
}
