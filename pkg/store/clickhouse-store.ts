// The index in ClickHouse, for more than one file holds. It knows no transactions: rows may come twice after a crash, so each table keeps
// one row for its key and questions ask for the final state; how far the log is indexed is written after the rows.
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { compileQuestion, type Dialect, quote } from "./compile.ts";
import { type AnswerField, answerFields, type Question } from "./question.ts";
import type { SegmentRows } from "./segment-rows.ts";
import { type Answer, type Cell, STORE_VERSION, type Store, StoreError } from "./store.ts";
import { type ColumnType, TABLE_NAMES, TABLES, type TableName } from "./tables.ts";

export interface ClickhouseOptions {
  /** https://host:port/database; the database must be there. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Name of the log that it indexes. */
  readonly origin: string;
  /** After which a question is broken off, seconds. */
  readonly timeoutSeconds?: number;
}

const TIMEOUT_SECONDS = 60;

const types: Readonly<Record<ColumnType, string>> = {
  text: "String",
  "text?": "Nullable(String)",
  texts: "Array(String)",
  integer: "Int64",
  "integer?": "Nullable(Int64)",
  time: "Int64",
  boolean: "Bool",
};

/** What is of another version is made anew, what is of another log never. @throws StoreError when it does not answer */
export async function openClickhouse(options: ClickhouseOptions, client?: ClickHouseClient): Promise<ClickhouseStore> {
  const made = client ?? connect(options);
  const store = new ClickhouseStore(options, made);
  const found = await store.found();
  if (found !== "ours") await store.clear();
  store.remade = found === "another" ? "it is of another version" : null;
  return store;
}

function connect({ url, user, password, timeoutSeconds = TIMEOUT_SECONDS }: ClickhouseOptions): ClickHouseClient {
  const { origin, pathname } = new URL(url);
  return createClient({
    url: origin,
    database: pathname.slice(1) || "default",
    username: user,
    password,
    application: "weir-collector",
    request_timeout: (timeoutSeconds + 5) * 1000,
    compression: { request: true, response: true },
    // What fails is thrown; its own lines would stand beside ours and hold queries.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: "10000" },
  });
}

export class ClickhouseStore implements Store {
  readonly engine = "clickhouse";
  remade: string | null = null;
  private readonly options: ClickhouseOptions;
  private readonly client: ClickHouseClient;
  private upTo = 0;
  /** Writes come one after the other. */
  private writing: Promise<unknown> = Promise.resolve();

  constructor(options: ClickhouseOptions, client: ClickHouseClient) {
    this.options = options;
    this.client = client;
  }

  get indexedUpTo(): number {
    return this.upTo;
  }

  async found(): Promise<"ours" | "another" | "none"> {
    try {
      const there = await this.rows("EXISTS TABLE weir_meta", {});
      if (Number(there[0]?.[0]) !== 1) return "none";
      const [meta] = await this.rows("SELECT version, origin, up_to FROM weir_meta FINAL", {});
      this.upTo = Number(meta?.[2]);
      if (meta !== undefined && meta[1] !== this.options.origin)
        throw new StoreError(
          "version",
          "this ClickHouse database holds the index of another log; name a database of its own",
        );
      return Number(meta?.[0]) === STORE_VERSION && Number.isSafeInteger(this.upTo) ? "ours" : "another";
    } catch (cause) {
      throw told(cause);
    }
  }

  insert(batch: readonly SegmentRows[], upTo: number): Promise<void> {
    return this.turn(async () => {
      const fresh = batch.filter(({ entry }) => entry >= this.upTo);
      if (fresh.length === 0 && upTo <= this.upTo) return;
      for (const name of TABLE_NAMES) await this.append(name, fresh);
      await this.mark(Math.max(upTo, this.upTo));
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
    return this.turn(async () => {
      // Whole numbers, made here.
      const list = entries.map((entry) => String(Math.trunc(entry))).join(", ");
      for (const name of TABLE_NAMES) await this.command(`DELETE FROM ${tableOf(name)} WHERE "entry" IN (${list})`);
    });
  }

  clear(): Promise<void> {
    return this.turn(async () => {
      // First, so that what is half made is made again.
      await this.command("DROP TABLE IF EXISTS weir_meta SYNC");
      for (const name of TABLE_NAMES) {
        await this.command(`DROP TABLE IF EXISTS ${tableOf(name)} SYNC`);
        const columns = Object.entries(TABLES[name]).map(([column, type]) => `${quote(column)} ${types[type]}`);
        const key = ["chain", "number", ...("ordinal" in TABLES[name] ? ["ordinal"] : [])].map(quote).join(", ");
        const made = `CREATE TABLE ${tableOf(name)} (${columns.join(", ")}) ENGINE = ReplacingMergeTree ORDER BY (${key})`;
        await this.command(made);
      }
      await this.command(
        "CREATE TABLE weir_meta (one UInt8, version Int64, origin String, up_to Int64) ENGINE = ReplacingMergeTree(up_to) ORDER BY one",
      );
      this.upTo = 0;
      await this.mark(0);
    });
  }

  async close(): Promise<void> {
    await this.writing.catch(() => {});
    await this.client.close();
  }

  private async mark(upTo: number): Promise<void> {
    const values = [[1, STORE_VERSION, this.options.origin, upTo]];
    await this.client.insert({ table: "weir_meta", values, format: "JSONCompactEachRow" });
    this.upTo = upTo;
  }

  private async append(name: TableName, batch: readonly SegmentRows[]): Promise<void> {
    const columns = Object.keys(TABLES[name]);
    const values = batch.flatMap((rows) =>
      rows[name].map((row) =>
        columns.map((column) => (row as unknown as Readonly<Record<string, Cell>>)[column] ?? null),
      ),
    );
    if (values.length > 0) await this.client.insert({ table: tableOf(name), values, format: "JSONCompactEachRow" });
  }

  private turn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.writing.then(work, work).catch((cause) => {
      throw told(cause);
    });
    this.writing = done.catch(() => {});
    return done;
  }

  private async command(query: string): Promise<void> {
    await this.client.command({ query });
  }

  private async rows(query: string, params: Readonly<Record<string, unknown>>): Promise<unknown[][]> {
    const result = await this.client.query({ query, query_params: params, format: "JSONCompactEachRow" });
    return await result.json<unknown[]>();
  }

  private async *rowsOf(
    question: Question,
    fields: readonly AnswerField[],
    limit: number | null,
  ): AsyncGenerator<readonly (readonly Cell[])[]> {
    const params: Record<string, string | number | boolean> = {};
    const query = compileQuestion(question, clickhouseDialect(params), limit);
    try {
      const result = await this.client.query({
        query,
        query_params: params,
        format: "JSONCompactEachRow",
        clickhouse_settings: {
          // What a join does not find is null, as in every other engine.
          join_use_nulls: 1,
          max_execution_time: this.options.timeoutSeconds ?? TIMEOUT_SECONDS,
        },
      });
      for await (const part of result.stream<unknown[]>())
        yield part.map((row) => row.json().map((value, at) => cellOf(value, fields[at]!)));
    } catch (cause) {
      throw told(cause);
    }
  }
}

function tableOf(name: TableName): string {
  return `weir_${name}`;
}

/** Whole numbers of 64 bits come as texts. */
function cellOf(value: unknown, { type }: AnswerField): Cell {
  if (value === null || value === undefined) return null;
  return type === "integer" || type === "time" ? Number(value) : (value as Cell);
}

function clickhouseDialect(params: Record<string, string | number | boolean>): Dialect {
  return {
    table: (name) => `(SELECT * FROM ${tableOf(name as TableName)} FINAL)`,
    value(value) {
      const name = `p${Object.keys(params).length}`;
      params[name] = value;
      return `{${name}:${typeof value === "number" ? "Int64" : typeof value === "boolean" ? "Bool" : "String"}}`;
    },
    like: (text, pattern) => `${text} LIKE ${pattern}`,
    isOther: (field, value) => `ifNull(${field} != ${value}, true)`,
    has: (list, value) => `has(${list}, ${value})`,
    hasLike: (list, pattern) => `arrayExists(x -> x LIKE ${pattern}, ${list})`,
    length: (list) => `length(${list})`,
    measure: (what, field) => (what === "distinct" ? `uniqExact(${field})` : `${what}OrNull(${field})`),
  };
}

function told(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code, name } = cause as { readonly code?: string; readonly name?: string };
  if (code === "159")
    return new StoreError("too-long", "the question took too long; ask for a shorter period or fewer fields", cause);
  // Its own words may hold values of rows.
  return new StoreError("io", `ClickHouse failed (${code ?? name ?? "error"}); look at its log`, cause);
}
