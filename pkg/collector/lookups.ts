// Each look-up of a reader is a record itself, in a chain of the collector's own, durable in the same ledger before the answer's first
// byte. The chain begins with the process and ends with it; its key is in memory only.
import { canonicalJson } from "../audit/canonical-json.ts";
import { append, type ChainState, newChain, type RecordBody } from "../audit/chain.ts";
import { keyOfSeed, type SigningKey } from "../ledger/ed25519.ts";
import { proveKey } from "../ledger/entries.ts";
import { sealSegment } from "../ledger/segment.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import type { Intake } from "./intake.ts";
import type { Registrar } from "./registrar.ts";
import { isWhole } from "./scope.ts";
import type { Reader, Sender } from "./source.ts";

/** Where look-ups stand: no cluster's. */
export const LOOKUP_PLACE = {
  cluster: "weir-collector",
  environment: "weir-collector",
  namespace: "weir-collector",
} as const;

export interface Lookup {
  readonly reader: Reader;
  /** Method and path of the API, without what was asked. */
  readonly route: string;
  /** What was asked: no free text in it but as a keyed digest. */
  readonly subject: string;
  readonly verdict: "allow" | "refuse";
  /** Address of the reader. */
  readonly address: string;
}

export interface LookupsOptions {
  readonly intake: Intake;
  readonly registrar: Registrar;
  readonly random: Random;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly productVersion: string;
  /** Of this collector, such as its host's name. */
  readonly instance: string;
}

const SUBJECT_MAX = 8192;
const WAITING_MAX = 1000;

const sender: Sender = {
  source: "weir-collector",
  ...LOOKUP_PLACE,
  name: "weir-collector",
  account: "weir-collector",
  uid: null,
};

interface Waiting {
  readonly body: RecordBody;
  readonly done: (kept: boolean) => void;
}

export class Lookups {
  private readonly options: LookupsOptions;
  private state: ChainState;
  private key: SigningKey;
  private registered = false;
  private waiting: Waiting[] = [];
  private working: Promise<void> | null = null;

  constructor(options: LookupsOptions) {
    this.options = options;
    this.state = newChain(options.random.bytes(16).toString("hex"));
    this.key = keyOfSeed(options.random.bytes(32));
  }

  /** The one that goes on now: it sends no heartbeats. */
  get chain(): string {
    return this.state.chain;
  }

  /** Whether it is durable. False: the look-up must not be answered. */
  async record(lookup: Lookup): Promise<boolean> {
    return await this.add((at, out) => out.text(this.recordOf(lookup, at)));
  }

  /** The chain's end, when there was anything. */
  async close(): Promise<void> {
    if (this.state.next === 0 && this.waiting.length === 0) return;
    await this.add((at, out) => out.text(this.endOf(at)));
  }

  private async add(body: RecordBody): Promise<boolean> {
    if (this.waiting.length >= WAITING_MAX) return false;
    return await new Promise((done) => {
      this.waiting.push({ body, done });
      this.working ??= this.work();
    });
  }

  /** What waits together is one segment. */
  private async work(): Promise<void> {
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const group = this.waiting;
      this.waiting = [];
      const kept = await this.write(group.map(({ body }) => body)).catch(() => false);
      if (!kept) this.options.logger.log("error", "lookup_not_recorded", { lookups: group.length });
      for (const { done } of group) done(kept);
    }
    this.working = null;
  }

  private async write(bodies: readonly RecordBody[]): Promise<boolean> {
    const { intake, nowMs } = this.options;
    if (!(await this.register())) return false;
    const records: Buffer[] = [];
    let { state } = this;
    const timeMs = nowMs();
    for (const body of bodies) {
      const added = append(state, body, timeMs);
      records.push(added.bytes);
      state = added.state;
    }
    const meta = {
      chain: state.chain,
      ...LOOKUP_PLACE,
      first: this.state.next,
      prev: this.state.last,
      from: timeMs,
      to: timeMs,
    };
    const { header, signature } = sealSegment(records, meta, this.key);
    const taken = await intake.take({ header, signature, records, declaresGap: false }, sender);
    if (taken.as === "stored") this.state = state;
    // Nobody knows what the disk holds then: another chain goes on.
    else this.beginAnew();
    return taken.as === "stored";
  }

  private async register(): Promise<boolean> {
    if (this.registered) return true;
    const { chain } = this.state;
    const { publicKey, sign } = this.key;
    const { status } = await this.options.registrar.register(
      {
        chain,
        publicKey: Buffer.from(publicKey).toString("base64"),
        proof: proveKey(chain, publicKey, sign),
        ...LOOKUP_PLACE,
        instance: this.options.instance,
        workload: "weir-collector",
      },
      sender,
    );
    this.registered = status === 200;
    return this.registered;
  }

  private beginAnew(): void {
    const { random } = this.options;
    this.state = newChain(random.bytes(16).toString("hex"));
    this.key = keyOfSeed(random.bytes(32));
    this.registered = false;
  }

  /** OCSF API Activity, read; 1.8. */
  private recordOf({ reader, route, subject, verdict, address }: Lookup, at: Parameters<RecordBody>[0]): string {
    return canonicalJson({
      ...this.common(at, { activity: 2, class: 6003 }),
      actor: { user: { name: reader.name, type: reader.role, type_id: 99 } },
      api: { operation: route },
      message: verdict === "allow" ? "Records looked up" : "Look-up refused",
      src_endpoint: { ip: address },
      status_id: verdict === "allow" ? 1 : 2,
      unmapped: {
        weir: {
          chain: { previous: at.previous, uid: at.chain },
          kind: "lookup",
          place: this.place(),
          reader: reader.name,
          role: reader.role,
          route,
          scope: isWhole(reader.scope) ? "everything" : canonicalJson(reader.scope),
          subject: subject.slice(0, SUBJECT_MAX).toWellFormed(),
          verdict,
        },
      },
    });
  }

  private endOf(at: Parameters<RecordBody>[0]): string {
    return canonicalJson({
      ...this.common(at, { activity: 4, class: 6002 }),
      app: this.product(),
      message: "Chain of records: close",
      status_id: 1,
      unmapped: {
        weir: {
          chain: { previous: at.previous, uid: at.chain },
          details: { reason: "the collector stops" },
          kind: "chain",
          phase: "close",
          place: this.place(),
        },
      },
    });
  }

  private common(at: Parameters<RecordBody>[0], of: { readonly activity: number; readonly class: number }) {
    return {
      activity_id: of.activity,
      category_uid: 6,
      class_uid: of.class,
      metadata: {
        correlation_uid: "lookup",
        product: this.product(),
        profiles: [],
        sequence: at.number,
        uid: `${at.chain}/${at.number}`,
        version: "1.8.0",
      },
      severity_id: 1,
      time: at.timeMs,
      type_uid: of.class * 100 + of.activity,
    };
  }

  private product() {
    return { name: "Weir", vendor_name: "Weir", version: this.options.productVersion };
  }

  private place() {
    return { ...LOOKUP_PLACE, instance: this.options.instance, workload: "weir-collector" };
  }
}
