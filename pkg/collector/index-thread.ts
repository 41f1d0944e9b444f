// The thread of the index: reads segments' records, writes their rows and answers questions, so that none of it holds up what the
// collector's own thread acknowledges.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import { openSegment } from "../ledger/segment.ts";
import { openClickhouse } from "../store/clickhouse-store.ts";
import { openDuckdb } from "../store/duckdb-store.ts";
import { type SegmentRows, segmentRows } from "../store/segment-rows.ts";
import { type Cell, type Store, StoreError } from "../store/store.ts";
import type { IndexCall, IndexCalls, IndexPlace, IndexReply, IndexRequest } from "./index-calls.ts";

type Streamed = AsyncIterator<readonly (readonly Cell[])[]>;

const port = parentPort!;
const streams = new Map<number, Streamed>();
let streamed = 0;
let opened: Store | null = null;

const calls: { readonly [K in IndexCall]: (of: IndexCalls[K]["of"]) => Promise<IndexCalls[K]["gives"]> } = {
  async open(place) {
    opened = await openStore(place);
    const { engine, indexedUpTo, remade } = opened;
    return { engine, indexedUpTo, remade };
  },
  async index({ segments, upTo }) {
    const damaged: number[] = [];
    const batch: SegmentRows[] = [];
    for (const { entry, bytes } of segments) {
      const segment = openSegment(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (segment === null) damaged.push(entry);
      else batch.push(segmentRows({ ...segment.header, entry }, segment.header.first, segment.records));
    }
    await store().insert(batch, upTo);
    return { damaged };
  },
  ask: (question) => store().ask(question),
  async stream(question) {
    streams.set(++streamed, store().stream(question)[Symbol.asyncIterator]());
    return streamed;
  },
  async next(id) {
    const { done, value } = (await streams.get(id)?.next()) ?? { done: true, value: null };
    if (!done) return value;
    streams.delete(id);
    return null;
  },
  async end(id) {
    const stream = streams.get(id);
    streams.delete(id);
    await stream?.return?.();
    return null;
  },
  async forget(entries) {
    await store().forget(entries);
    return null;
  },
  async clear() {
    await store().clear();
    return null;
  },
  async close() {
    await opened?.close();
    opened = null;
    return null;
  },
};

port.on("message", async ({ id, call, of }: IndexRequest) => {
  let reply: IndexReply;
  try {
    const gives = await calls[call](of as never);
    reply = { id, ok: true, gives, indexedUpTo: opened?.indexedUpTo ?? 0 };
  } catch (cause) {
    const { code, message } =
      cause instanceof StoreError ? cause : new StoreError("io", `the index failed (${(cause as Error)?.name})`);
    reply = { id, ok: false, code, message };
  }
  port.postMessage(reply);
});

function store(): Store {
  if (opened === null) throw new StoreError("io", "the index is not open");
  return opened;
}

async function openStore({ config, data, origin }: IndexPlace): Promise<Store> {
  if (config.engine === "clickhouse") {
    const { url, user, password } = config;
    return await openClickhouse({ url, user, password: password === null ? "" : secretIn(password), origin });
  }
  const folder = join(data, "state");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return await openDuckdb({ file: join(folder, "records.duckdb"), origin, memoryMiB: config.memoryMiB });
}

function secretIn(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new StoreError("io", `${file} with the password of ClickHouse cannot be read`);
  }
}
