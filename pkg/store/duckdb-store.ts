// The index in DuckDB, a file beside the ledger. Its work is done by threads of its own; one writer, and questions each on a connection
// of their own with a bounded wait.
import { existsSync, rmSync } from "node:fs";
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBValue,
  LIST,
  listValue,
  VARCHAR,
} from "@duckdb/node-api";
import { compileQuestion, type Dialect, quote } from "./compile.ts";
import { type AnswerField, answerFields, type Question } from "./question.ts";
import type { SegmentRows } from "./segment-rows.ts";
import { type Answer, type Cell, STORE_VERSION, type Store, StoreError } from "./store.ts";
import { type ColumnType, TABLE_NAMES, TABLES, type TableName } from "./tables.ts";

export interface DuckdbOptions {
  readonly file: string;
  /** Name of the log that it indexes. */
  readonly origin: string;
  readonly memoryMiB?: number;
  readonly threads?: number;
  /** Questions under way at a time; more wait. */
  readonly questionsMax?: number;
  /** After which a question is broken off. */
  readonly timeoutMs?: number;
}

const MEMORY_MIB = 512;
const THREADS = 2;
/** Of a question that does not fit into memory. */
const SPILL_GIB = 4;
const QUESTIONS_MAX = 4;
const WAITING_MAX = 64;
const TIMEOUT_MS = 60_000;

const types: Readonly<Record<ColumnType, string>> = {
  text: "VARCHAR NOT NULL",
  "text?": "VARCHAR",
  texts: "VARCHAR[] NOT NULL",
  integer: "BIGINT NOT NULL",
  "integer?": "BIGINT",
  time: "BIGINT NOT NULL",
  boolean: "BOOLEAN NOT NULL",
};

/** What cannot be read, or is of another version or log, is made anew: then `indexedUpTo` is 0. @throws StoreError when it is locked */
export async function openDuckdb(options: DuckdbOptions): Promise<DuckdbStore> {
  const isThere = existsSync(options.file);
  let why = "it is of another version or log";
  try {
    const store = await DuckdbStore.connect(options);
    if (await store.isOurs().catch(() => false)) return store;
    await store.close();
  } catch (cause) {
    if (/could not set lock|conflicting lock/i.test((cause as Error).message ?? ""))
      throw new StoreError("locked", `${options.file} is in use by another process; stop that one first`, cause);
    why = "it cannot be read";
  }
  try {
    for (const suffix of ["", ".wal"]) rmSync(options.file + suffix, { force: true });
    const store = await DuckdbStore.connect(options, isThere ? why : null);
    await store.clear();
    return store;
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    const { code, name } = cause as NodeJS.ErrnoException;
    throw new StoreError(
      "io",
      `${options.file} cannot be made (${code ?? name}); look at the disk and its rights`,
      cause,
    );
  }
}

export class DuckdbStore implements Store {
  readonly engine = "duckdb";
  private readonly options: DuckdbOptions;
  private readonly instance: DuckDBInstance;
  private readonly writer: DuckDBConnection;
  private upTo = 0;
  private asking = 0;
  private readonly waiting: (() => void)[] = [];
  /** Writes come one after the other. */
  private writing: Promise<unknown> = Promise.resolve();

  readonly remade: string | null;

  private constructor(
    options: DuckdbOptions,
    remade: string | null,
    instance: DuckDBInstance,
    writer: DuckDBConnection,
  ) {
    this.remade = remade;
    this.options = options;
    this.instance = instance;
    this.writer = writer;
  }

  static async connect(options: DuckdbOptions, remade: string | null = null): Promise<DuckdbStore> {
    const instance = await DuckDBInstance.create(options.file, {
      memory_limit: `${options.memoryMiB ?? MEMORY_MIB}MiB`,
      threads: String(options.threads ?? THREADS),
      // It reads and writes its own file and nothing else, and fetches nothing.
      enable_external_access: "false",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      preserve_insertion_order: "false",
      // The ledger is on the same disk.
      max_temp_directory_size: `${SPILL_GIB}GiB`,
    });
    return new DuckdbStore(options, remade, instance, await instance.connect());
  }

  get indexedUpTo(): number {
    return this.upTo;
  }

  async isOurs(): Promise<boolean> {
    const reader = await this.writer.runAndReadAll("SELECT version, origin, up_to FROM meta");
    const [version, origin, upTo] = reader.getRowsJS()[0] ?? [];
    this.upTo = Number(upTo);
    return version === STORE_VERSION && origin === this.options.origin && Number.isSafeInteger(this.upTo);
  }

  insert(batch: readonly SegmentRows[], upTo: number): Promise<void> {
    return this.turn(async () => {
      const fresh = batch.filter(({ entry }) => entry >= this.upTo);
      if (fresh.length === 0 && upTo <= this.upTo) return;
      await this.transaction(async () => {
        for (const name of TABLE_NAMES) await this.append(name, fresh);
        await this.writer.run("UPDATE meta SET up_to = $1", [Math.max(upTo, this.upTo)]);
      });
      this.upTo = Math.max(upTo, this.upTo);
    });
  }

  async ask(question: Question): Promise<Answer> {
    const fields = answerFields(question.from, question);
    const rows: (readonly Cell[])[] = [];
    for await (const part of this.rowsOf(question, fields, question.limit + 1)) rows.push(...part);
    const more = rows.length > question.limit;
    return { fields, rows: more ? rows.slice(0, question.limit) : rows, more, indexedUpTo: this.upTo };
  }

  stream(question: Question): AsyncIterable<readonly (readonly Cell[])[]> {
    return this.rowsOf(question, answerFields(question.from, question), null);
  }

  forget(entries: readonly number[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    return this.turn(() =>
      this.transaction(async () => {
        // Whole numbers, made here.
        const list = entries.map((entry) => String(Math.trunc(entry))).join(", ");
        for (const name of TABLE_NAMES) await this.writer.run(`DELETE FROM ${quote(name)} WHERE "entry" IN (${list})`);
      }),
    );
  }

  clear(): Promise<void> {
    return this.turn(() =>
      this.transaction(async () => {
        for (const name of TABLE_NAMES) {
          const columns = Object.entries(TABLES[name]).map(([column, type]) => `${quote(column)} ${types[type]}`);
          await this.writer.run(`CREATE OR REPLACE TABLE ${quote(name)} (${columns.join(", ")})`);
        }
        await this.writer.run("CREATE OR REPLACE TABLE meta (version INTEGER, origin VARCHAR, up_to BIGINT)");
        await this.writer.run("INSERT INTO meta VALUES ($1, $2, 0)", [STORE_VERSION, this.options.origin]);
        this.upTo = 0;
      }),
    );
  }

  async close(): Promise<void> {
    await this.writing.catch(() => {});
    this.writer.closeSync();
    this.instance.closeSync();
  }

  private turn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.writing.then(work, work).catch(told);
    this.writing = done.catch(() => {});
    return done;
  }

  private async transaction(work: () => Promise<void>): Promise<void> {
    await this.writer.run("BEGIN");
    try {
      await work();
      await this.writer.run("COMMIT");
    } catch (cause) {
      await this.writer.run("ROLLBACK").catch(() => {});
      throw cause;
    }
  }

  private async append(name: TableName, batch: readonly SegmentRows[]): Promise<void> {
    if (batch.every((rows) => rows[name].length === 0)) return;
    const columns = Object.entries(TABLES[name]);
    const appender = await this.writer.createAppender(name);
    try {
      for (const rows of batch)
        for (const row of rows[name]) {
          for (const [column, type] of columns)
            appendCell(appender, type, (row as unknown as Readonly<Record<string, Cell>>)[column] ?? null);
          appender.endRow();
        }
      appender.flushSync();
    } finally {
      appender.closeSync();
    }
  }

  private async *rowsOf(
    question: Question,
    fields: readonly AnswerField[],
    limit: number | null,
  ): AsyncGenerator<readonly (readonly Cell[])[]> {
    await this.seat();
    const connection = await this.instance.connect();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      connection.interrupt();
    }, this.options.timeoutMs ?? TIMEOUT_MS).unref();
    try {
      const values: DuckDBValue[] = [];
      const sql = compileQuestion(question, duckdbDialect(values), limit);
      const result = await connection.stream(sql, values);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk.getRows().map((row) => row.map((value, at) => cellOf(value, fields[at]!)));
      }
    } catch (cause) {
      if (late)
        throw new StoreError("too-long", "the question took too long; ask for a shorter period or fewer fields", cause);
      throw told(cause);
    } finally {
      clearTimeout(timer);
      connection.closeSync();
      this.asking--;
      this.waiting.shift()?.();
    }
  }

  /** Waits for its turn among the questions. @throws StoreError `busy` */
  private async seat(): Promise<void> {
    if (this.asking >= (this.options.questionsMax ?? QUESTIONS_MAX)) {
      if (this.waiting.length >= WAITING_MAX)
        throw new StoreError("busy", "too many questions at a time; ask again later");
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.asking++;
  }
}

function appendCell(appender: DuckDBAppender, type: ColumnType, value: Cell): void {
  if (value === null) return appender.appendNull();
  switch (type) {
    case "text":
    case "text?":
      return appender.appendVarchar(value as string);
    case "texts":
      return appender.appendList(listValue(value as string[]), LIST(VARCHAR));
    case "integer":
    case "integer?":
    case "time":
      return appender.appendBigInt(BigInt(value as number));
    case "boolean":
      return appender.appendBoolean(value as boolean);
    default:
      return type satisfies never;
  }
}

/** A sum may be beyond what a number holds exactly; then it is the nearest. */
function cellOf(value: DuckDBValue, { type }: AnswerField): Cell {
  if (value === null || value === undefined) return null;
  if (type === "texts") return (value as { readonly items: readonly string[] }).items;
  return type === "integer" || type === "time" ? Number(value) : (value as Cell);
}

function duckdbDialect(values: DuckDBValue[]): Dialect {
  return {
    table: quote,
    value(value) {
      values.push(typeof value === "number" ? BigInt(value) : value);
      return `$${values.length}`;
    },
    like: (text, pattern) => `${text} LIKE ${pattern} ESCAPE '\\'`,
    isOther: (field, value) => `${field} IS DISTINCT FROM ${value}`,
    has: (list, value) => `list_contains(${list}, ${value})`,
    hasLike: (list, pattern) => `len(list_filter(${list}, x -> x LIKE ${pattern} ESCAPE '\\')) > 0`,
    length: (list) => `len(${list})`,
    measure: (what, field) => (what === "distinct" ? `count(DISTINCT ${field})` : `${what}(${field})`),
  };
}

function told(cause: unknown): never {
  if (cause instanceof StoreError) throw cause;
  // The engine's own words may hold values of rows.
  throw new StoreError("io", `the index failed (${(cause as Error)?.name ?? "error"})`, cause);
}
