// A sidecar's chain without a sidecar: real records in memory, sealed and put into OTLP as a sidecar sends them.
import { generateKeyPairSync } from "node:crypto";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { append, type ChainState, newChain } from "../../pkg/audit/chain.ts";
import type { AuditEvent, DecisionEvent, OutcomeEvent, SessionEvent } from "../../pkg/audit/event.ts";
import type { Place } from "../../pkg/audit/place.ts";
import { RecordEncoder } from "../../pkg/audit/record.ts";
import { contextOf, unknownContext } from "../../pkg/audit/record-context.ts";
import { keyOfSeed, type SigningKey } from "../../pkg/ledger/ed25519.ts";
import { proveKey } from "../../pkg/ledger/entries.ts";
import { type SealedSegment, sealSegment } from "../../pkg/ledger/segment.ts";
import { decision, digest, outcome, place as somewhere } from "../audit/fixtures.ts";

export interface Sealed extends SealedSegment {
  readonly records: readonly Buffer[];
}

export class ChainMaker {
  readonly records: Buffer[] = [];
  readonly hashes: string[] = [];
  readonly times: number[] = [];
  readonly place: Place;
  key: SigningKey;
  state: ChainState;
  private readonly encoder: RecordEncoder;
  /** Of the next record. */
  timeMs: number;

  constructor(chain: string, place: Partial<Place> = {}, timeMs = 1_800_000_000_000) {
    this.place = { ...somewhere, ...place };
    this.state = newChain(chain);
    this.key = newKey();
    this.timeMs = timeMs;
    this.encoder = new RecordEncoder({ place: this.place, productVersion: "0.1.0", digest });
  }

  get chain(): string {
    return this.state.chain;
  }

  /** Adds decisions with their outcomes; each pair is two records. */
  statements(count: number, more: Partial<DecisionEvent> = {}): this {
    for (let i = 0; i < count; i++) {
      const event = decision(this.records.length, more);
      this.statement(event, outcome(event.statement));
    }
    return this;
  }

  /** One record of what a sidecar tells; an outcome belongs to the decision `of`. */
  event(event: AuditEvent, of: DecisionEvent | null = null): this {
    const { encoder } = this;
    switch (event.event) {
      case "decision":
        return this.add((at, out) => encoder.decision(event, contextOf(event), at, out));
      case "outcome":
        return this.add((at, out) =>
          encoder.outcome(event, of === null ? unknownContext(event.session) : contextOf(of), 4, at, out),
        );
      case "session":
        return this.add((at, out) => encoder.session(event, contextOf(event), at, out));
      case "policy":
        return this.add((at, out) => encoder.policy(event, at, out));
      default:
        return event satisfies never;
    }
  }

  /** One decision with its outcome, or without. */
  statement(event: DecisionEvent, ended: OutcomeEvent | null): this {
    const context = contextOf(event);
    this.add((at, out) => this.encoder.decision(event, context, at, out));
    return ended === null ? this : this.add((at, out) => this.encoder.outcome(ended, context, 4, at, out));
  }

  session(event: SessionEvent): this {
    return this.add((at, out) => this.encoder.session(event, contextOf(event), at, out));
  }

  close(): this {
    return this.add((at, out) => this.encoder.chainEvent({ event: "chain", phase: "close", reason: "test" }, at, out));
  }

  /** Records `first` to `last`, sealed. */
  seal(
    first = 0,
    last = this.records.length - 1,
    times: { readonly from?: number; readonly to?: number } = {},
  ): Sealed {
    const records = this.records.slice(first, last + 1);
    const { cluster, environment, namespace } = this.place;
    const prev = first === 0 ? "0".repeat(64) : this.hashes[first - 1]!;
    const meta = {
      chain: this.chain,
      cluster,
      environment,
      namespace,
      first,
      prev,
      from: this.times[first]!,
      to: this.times[last]!,
      ...times,
    };
    return { ...sealSegment(records, meta, this.key), records };
  }

  registration(): Record<string, string> {
    const { cluster, namespace, environment, instance, workload } = this.place;
    const publicKey = Buffer.from(this.key.publicKey).toString("base64");
    const proof = proveKey(this.chain, this.key.publicKey, this.key.sign);
    return { chain: this.chain, publicKey, proof, cluster, namespace, environment, instance, workload };
  }

  private add(body: Parameters<typeof append>[1]): this {
    this.times.push(this.timeMs);
    const added = append(this.state, body, this.timeMs++);
    this.state = added.state;
    this.records.push(added.bytes);
    this.hashes.push(added.hash);
    return this;
  }
}

export function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  return keyOfSeed(Buffer.from(privateKey.export({ format: "jwk" }).d!, "base64url"));
}

export interface LaneOptions {
  readonly gap?: boolean;
  readonly scope?: string;
}

/** The segments as ExportLogsServiceRequest in OTLP's JSON. */
export function otlpJson(segments: readonly Sealed[], { gap = false, scope = "weir.audit" }: LaneOptions = {}): Buffer {
  const resourceLogs = segments.map(({ headerText, signature, records }) => ({
    resource: { attributes: gap ? [{ key: "weir.chain.gap", value: { boolValue: true } }] : [] },
    scopeLogs: [
      {
        scope: { name: scope },
        logRecords: [
          ...records.map((record) => ({ body: { stringValue: record.toString() }, eventName: "weir.query" })),
          {
            body: { stringValue: headerText },
            eventName: "weir.segment",
            attributes: [{ key: "weir.signature", value: { stringValue: signature } }],
          },
        ],
      },
    ],
  }));
  return Buffer.from(JSON.stringify({ resourceLogs }));
}

/** The same in protobuf. */
export function otlpProtobuf(segments: readonly Sealed[]): Buffer {
  const writer = new BinaryWriter();
  const message = (number: number, write: () => void) => {
    writer.uint32((number << 3) | 2).fork();
    write();
    writer.join();
  };
  const text = (number: number, value: string) => void writer.uint32((number << 3) | 2).string(value);
  const attribute = (number: number, key: string, value: string) =>
    message(number, () => {
      text(1, key);
      message(2, () => text(1, value));
    });
  const logRecord = (body: string, eventName: string, more: () => void = () => {}) =>
    message(2, () => {
      writer.uint32((1 << 3) | 1).fixed64(1_800_000_000_000_000_000n);
      writer.uint32(2 << 3).uint32(9);
      message(5, () => text(1, body));
      more();
      text(12, eventName);
    });
  for (const { headerText, signature, records, header } of segments)
    message(1, () => {
      message(1, () => attribute(1, "service.name", "weir-sidecar"));
      message(2, () => {
        message(1, () => text(1, "weir.audit"));
        for (const record of records)
          logRecord(record.toString(), "weir.query", () => attribute(6, "weir.chain", header.chain));
        logRecord(headerText, "weir.segment", () => attribute(6, "weir.signature", signature));
      });
    });
  return Buffer.from(writer.finish());
}
