// Spans on their way to an OTLP endpoint: a bounded queue, posted in batches, tried again while the endpoint is away. What does not fit
// is let go, and counted: spans are not the record.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import { pauseMs } from "../runtime/backoff.ts";
import type { Destination } from "../shipping/destination.ts";
import { partialSuccess } from "../shipping/otlp-logs.ts";
import { Pauses } from "../shipping/pauses.ts";

const BATCH = 512;
const QUEUE_MAX = 4096;
const WAIT_MS = 1000;
const zipped = promisify<Buffer, { level: number }, Buffer>(gzip);

export interface SpanCounters {
  exported: number;
  /** The queue was full. */
  dropped: number;
  /** The endpoint said that it will not take them. */
  rejected: number;
  retries: number;
}

export class SpanQueue implements SpanProcessor {
  readonly counted: SpanCounters = { exported: 0, dropped: 0, rejected: 0, retries: 0 };
  private readonly destination: Destination;
  private readonly path: string;
  private readonly problem: (why: string) => void;
  private readonly pauses = new Pauses();
  private waiting: ReadableSpan[] = [];
  private failures = 0;
  private readonly running: Promise<void>;

  /** `problem` hears when it begins to fail. */
  constructor(destination: Destination, path: string, problem: (why: string) => void) {
    this.destination = destination;
    this.path = path;
    this.problem = problem;
    this.running = this.run();
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.waiting.length >= QUEUE_MAX) this.counted.dropped += 1;
    else this.waiting.push(span);
  }

  async forceFlush(): Promise<void> {}

  /** Sends what is left, while `finish` gives it time. */
  async shutdown(): Promise<void> {
    this.pauses.finish();
    await this.running;
    this.destination.close();
  }

  stop(): void {
    this.pauses.stop();
  }

  private async run(): Promise<void> {
    while (!this.pauses.isStopped) {
      if (this.waiting.length > 0) await this.send(this.waiting.slice(0, BATCH));
      else if (this.pauses.isFinishing) return;
      if (this.waiting.length < BATCH && !this.pauses.isFinishing) await this.pauses.pause(WAIT_MS);
    }
  }

  private async send(spans: ReadableSpan[]): Promise<void> {
    const bytes = ProtobufTraceSerializer.serializeRequest(spans)!;
    const body = await zipped(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), { level: 1 });
    const post = { path: this.path, contentType: "application/x-protobuf", isGzip: true, body };
    const answer = await this.destination.post(post, this.pauses.signal);
    const isTaken = answer.outcome === "answered" && answer.status >= 200 && answer.status < 300;
    if (isTaken) {
      const rejected = partialSuccess(answer.headers["content-type"], answer.body)?.rejected ?? 0;
      this.counted.rejected += rejected;
      this.counted.exported += spans.length - rejected;
      this.taken(spans.length);
    } else if (answer.outcome === "answered" && isForEver(answer.status)) {
      this.counted.rejected += spans.length;
      this.problem(`it answered ${answer.status}`);
      this.taken(spans.length);
    } else await this.setBack(answer.outcome === "failed" ? answer.why : `it answered ${answer.status}`);
  }

  private taken(count: number): void {
    this.failures = 0;
    this.waiting = this.waiting.slice(count);
  }

  private async setBack(why: string): Promise<void> {
    this.failures += 1;
    this.counted.retries += 1;
    if (this.failures === 1) this.problem(why);
    await this.pauses.pause(pauseMs(this.failures, Math.random()));
  }
}

/** OTLP says to try again after 429, 502, 503 and 504; a token may have been renewed after 401 and 403. */
function isForEver(status: number): boolean {
  return status >= 400 && ![401, 403, 408, 429, 500, 502, 503, 504].includes(status);
}
