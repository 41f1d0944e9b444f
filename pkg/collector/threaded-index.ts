// The index in its thread, as the collector has it: a Store that takes whole segments. A thread that died is started again at the next
// call, and opens what the last one left.
import { Worker } from "node:worker_threads";
import type { Logger } from "../runtime/logger.ts";
import type { Question } from "../store/question.ts";
import { type Answer, type Cell, StoreError } from "../store/store.ts";
import type { IndexCall, IndexCalls, IndexPlace, IndexReply, IndexRequest, SegmentBytes } from "./index-calls.ts";

/** What the rest of the collector asks of it. */
export interface RecordsIndex {
  readonly indexedUpTo: number;
  ask(question: Question): Promise<Answer>;
  stream(question: Question): AsyncIterable<readonly (readonly Cell[])[]>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(cause: StoreError): void;
}

export class ThreadedIndex implements RecordsIndex {
  private readonly place: IndexPlace;
  private readonly logger: Logger;
  private thread: Promise<Worker> | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private upTo = 0;
  private madeAnew = 0;

  constructor(place: IndexPlace, logger: Logger) {
    this.place = place;
    this.logger = logger;
  }

  get indexedUpTo(): number {
    return this.upTo;
  }

  /** How often it was made anew since the start. */
  get remade(): number {
    return this.madeAnew;
  }

  /** @throws StoreError */
  async open(): Promise<void> {
    await this.opened();
  }

  /** Rows of these segments, and that every entry below `upTo` is indexed; durable when it resolves. @throws StoreError */
  index(segments: readonly SegmentBytes[], upTo: number): Promise<IndexCalls["index"]["gives"]> {
    return this.call("index", { segments, upTo });
  }

  ask(question: Question): Promise<Answer> {
    return this.call("ask", question);
  }

  async *stream(question: Question): AsyncGenerator<readonly (readonly Cell[])[]> {
    const id = await this.call("stream", question);
    try {
      for (;;) {
        const part = await this.call("next", id);
        if (part === null) return;
        yield part;
      }
    } finally {
      if (this.thread !== null) await this.call("end", id).catch(() => undefined);
    }
  }

  async forget(entries: readonly number[]): Promise<void> {
    await this.call("forget", entries);
  }

  async clear(): Promise<void> {
    await this.call("clear", null);
  }

  /** Lets go of the thread: the next call opens the index anew. */
  async restart(): Promise<void> {
    const thread = await this.thread?.catch(() => null);
    this.thread = null;
    await thread?.terminate();
  }

  async close(): Promise<void> {
    if (this.thread !== null) await this.call("close", null).catch(() => undefined);
    await this.restart();
  }

  private async call<K extends IndexCall>(call: K, of: IndexCalls[K]["of"]): Promise<IndexCalls[K]["gives"]> {
    return await this.send(await this.opened(), call, of);
  }

  private opened(): Promise<Worker> {
    this.thread ??= this.start().catch((cause) => {
      this.thread = null;
      throw cause;
    });
    return this.thread;
  }

  private async start(): Promise<Worker> {
    const thread = new Worker(new URL("./index-thread.ts", import.meta.url), { execArgv: [], env: {} });
    thread.on("message", (reply: IndexReply) => this.replied(reply));
    thread.on("error", (cause) =>
      this.logger.log("error", "index_thread_failed", { why: (cause as Error)?.name ?? "error" }),
    );
    thread.on("exit", () => this.gone());
    // The collector ends when it wants to.
    thread.unref();
    try {
      const { engine, indexedUpTo, remade } = await this.send(thread, "open", this.place);
      if (remade !== null) {
        this.madeAnew++;
        this.logger.log("warn", "index_remade", { engine, why: remade });
      }
      this.logger.log("info", "index_opened", { engine, entries: indexedUpTo });
      return thread;
    } catch (cause) {
      await thread.terminate();
      throw cause;
    }
  }

  private send<K extends IndexCall>(thread: Worker, call: K, of: IndexCalls[K]["of"]): Promise<IndexCalls[K]["gives"]> {
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      thread.ref();
      thread.postMessage({ id, call, of } satisfies IndexRequest);
    }).finally(() => {
      if (this.waiting.size === 0) thread.unref();
    }) as Promise<IndexCalls[K]["gives"]>;
  }

  private replied(reply: IndexReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (!reply.ok) return waiting?.reject(new StoreError(reply.code, reply.message));
    this.upTo = reply.indexedUpTo;
    waiting?.resolve(reply.gives);
  }

  private gone(): void {
    this.thread = null;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(new StoreError("io", "the index's thread ended; ask again"));
  }
}
