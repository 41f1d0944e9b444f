// The collector as a sidecar talks to it: what is posted, and what an answer means.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { SealedSegment } from "../ledger/segment.ts";
import { type Standing, standingIn } from "./chain-registration.ts";
import { type Answer, type Destination, errorIn, retryAfterMs } from "./destination.ts";
import {
  logsRequest,
  partialSuccess,
  RequestMemory,
  type ResourceAttributes,
  type ShippedRecord,
} from "./otlp-logs.ts";

export type Delivered =
  /** Durable there. */
  | { readonly result: "taken" }
  /** Never to be sent again. */
  | { readonly result: "rejected"; readonly count: number; readonly why: string }
  /** It does not follow what the collector has. */
  | { readonly result: "conflict"; readonly standing: Standing }
  | { readonly result: "too large" }
  | Failed;

export interface Failed {
  readonly result: "failed";
  readonly why: string;
  readonly waitMs: number | null;
  /** Whether the collector may not know the chain's key. */
  readonly isRefusal: boolean;
}

export type Registered = { readonly result: "registered"; readonly standing: Standing } | Failed;

export interface Sent {
  readonly body: Buffer;
}

/** True: what lies between what the collector has and this segment does not exist any more. */
const GAP = "weir.chain.gap";
const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
/** The first level takes a tenth of the time of the sixth and makes a quarter more of records. */
const GZIP = { level: 1 };
const zipped = promisify<Buffer, { level: number }, Buffer>(gzip);

export class Collector {
  private readonly destination: Destination;
  private readonly resource: ResourceAttributes;
  private readonly nowMs: () => number;
  private readonly memory = new RequestMemory();

  constructor(destination: Destination, resource: ResourceAttributes, nowMs: () => number) {
    this.destination = destination;
    this.resource = resource;
    this.nowMs = nowMs;
  }

  /** The bytes of one segment's request; the same ones are sent until they are taken. */
  packed(segment: SealedSegment, records: readonly ShippedRecord[], declaresGap: boolean): Promise<Buffer> {
    const resource = { ...this.resource, "weir.chain": segment.header.chain, ...(declaresGap && { [GAP]: true }) };
    return zipped(logsRequest(segment, records, resource, this.memory), GZIP);
  }

  async deliver(chain: string, body: Buffer, signal: AbortSignal): Promise<Delivered> {
    const post = { path: "/v1/logs", contentType: PROTOBUF, isGzip: true, body };
    const answer = await this.destination.post(post, signal);
    if (answer.outcome === "failed") return failed(answer.why);
    if (answer.status === 409) {
      const standing = standingIn(answer.body, chain);
      return standing === null ? this.refused(answer) : { result: "conflict", standing };
    }
    if (answer.status === 413) return { result: "too large" };
    if (answer.status !== 200) return this.refused(answer);
    const told = partialSuccess(answer.headers["content-type"], answer.body);
    if (told === null) return failed("the answer is no ExportLogsServiceResponse, so nothing is acknowledged");
    if (told.rejected <= 0) return { result: "taken" };
    return { result: "rejected", count: told.rejected, why: printable(told.message) };
  }

  async register(chain: string, body: Buffer, signal: AbortSignal): Promise<Registered> {
    const answer = await this.destination.post({ path: "/v1/chains", contentType: JSON_TYPE, body }, signal);
    if (answer.outcome === "failed") return failed(answer.why);
    if (answer.status !== 200 && answer.status !== 201) return this.refused(answer);
    const standing = standingIn(answer.body, chain);
    return standing === null
      ? failed("the answer to the registration of the chain is not understood")
      : { result: "registered", standing };
  }

  /** Whether it was taken; nothing hangs on it. */
  async heartbeat(beat: Readonly<Record<string, string | number>>, signal: AbortSignal): Promise<boolean> {
    const body = Buffer.from(JSON.stringify(beat));
    const answer = await this.destination.post({ path: "/v1/heartbeats", contentType: JSON_TYPE, body }, signal);
    return answer.outcome === "answered" && answer.status < 300;
  }

  close(): void {
    this.destination.close();
  }

  private refused({ status, headers, body }: Extract<Answer, { outcome: "answered" }>): Failed {
    const error = errorIn(body);
    const why = `the collector answered ${status}${error === "" ? "" : `: ${error}`}`;
    const isRefusal = status >= 400 && status < 500 && status !== 429;
    return { result: "failed", why, waitMs: retryAfterMs(headers, this.nowMs()), isRefusal };
  }
}

function failed(why: string): Failed {
  return { result: "failed", why, waitMs: null, isRefusal: false };
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
