// Values that must never be told are put into every place of a statement, by chance, for a long run: none of them is in any record, span,
// metric or line of the log. WEIR_CANARIES=n runs n statements, WEIR_CANARY_SEED=n another run.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { newFolder, removeFolders } from "../audit/fixtures.ts";
import { seeded } from "../audit/seeded.ts";
import { type Running, startReceiver } from "../shipping/receiver.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { type Sink, startSink } from "./otlp-sink.ts";

const statements = Number(process.env.WEIR_CANARIES ?? 150);
const random = seeded(Number(process.env.WEIR_CANARY_SEED ?? 1));
const TOKEN = "canarytokenofthecollector";
const HEADER = "canaryheaderoftheendpoint";

const policy = `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: privacy, namespace: shop}
spec:
  classify:
    - {columns: ["public.people.email"], class: PII.EMAIL}
  mask:
    - {classes: ["PII.EMAIL"], method: Partial}
  guard:
    - {name: no-drop, effects: [Drop], action: Deny}
`;

let server: LocalPostgres;
let sink: Sink;
let receiver: Running;
let sidecar: SidecarProcess;
let spool = "";

beforeAll(async () => {
  server = await startPostgres({ auth: "trust" });
  const client = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
  await client.connect();
  await client.query("CREATE TABLE people (id int, email text, note text, n numeric, j jsonb)");
  await client.query(
    `INSERT INTO people SELECT n, '${word(n_())}@example.com', '${word(n_())}', 5, '{"a": "${word(n_())}"}' FROM generate_series(1, 5) n`,
  );
  await client.end();
  sink = await startSink();
  const folder = newFolder();
  mkdirSync(folder);
  receiver = await startReceiver({ folder, token: TOKEN });
  sidecar = await startSidecar(server.port, {
    files: { token: TOKEN },
    policies: { "privacy.yaml": policy },
    settings: (home) => {
      spool = join(home, "spool");
      return {
        WEIR_COLLECTOR_URL: receiver.url,
        WEIR_COLLECTOR_TOKEN: join(home, "token"),
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        OTEL_EXPORTER_OTLP_HEADERS: `x-key=${HEADER}`,
        OTEL_METRIC_EXPORT_INTERVAL: "500",
        WEIR_TELEMETRY_SPANS_PER_SECOND: "100000",
        WEIR_LOG_LEVEL: "debug",
      };
    },
  });
});
afterAll(async () => {
  await sidecar.stop();
  await Promise.all([sink.stop(), receiver.stop(), server.stop()]);
  removeFolders();
});

let drawn = 0;
function n_(): number {
  return drawn++;
}
/** A text and a number that stand nowhere else. */
const word = (n: number) => `canary${n}x`;
const digits = (n: number) => `7${String(n).padStart(6, "0")}7531`;

const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const trace = "traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'";

/** A literal with a canary in it, in one of the ways that SQL has. */
function literal(): string {
  const [w, d] = [word(n_()), digits(n_())];
  return pick([
    `'${w}'`,
    `E'${w}\\n'`,
    `$$${w}$$`,
    `$q$${w}$q$`,
    `U&'${w}'`,
    `'${w}'::text`,
    `concat('${w}', ${d})`,
    `(${d})::text`,
    `${d}.5::text`,
    `upper('${w}')`,
    `CASE WHEN true THEN '${w}' ELSE '${d}' END`,
    `('{"k": "${w}"}'::jsonb ->> 'k')`,
    `(ARRAY['${w}'])[1]`,
    `'traceparent=${w}'`,
  ]);
}

const comment = () =>
  pick([
    "",
    "",
    `/* ${word(n_())} */`,
    `/*application='${word(n_())}',${trace}*/`,
    `-- ${word(n_())}\n`,
    `/*${trace},route='${word(n_())}'*/`,
  ]);

function statement(): { readonly text: string; readonly values?: readonly unknown[] } {
  const value = literal();
  const text = pick([
    `SELECT id FROM people WHERE note = ${value}`,
    `SELECT email, note FROM people WHERE note LIKE ${value}`,
    `SELECT ${value}`,
    `SELECT ${value} UNION ALL SELECT note FROM people`,
    `INSERT INTO people (id, note) VALUES (1, ${value})`,
    `UPDATE people SET note = ${value} WHERE id = 2`,
    `DELETE FROM people WHERE note = ${value}`,
    `WITH x AS (SELECT ${value} AS a) SELECT a FROM x`,
    `SELECT CAST(${value} AS int)`,
    `SELECT ${value} FROM nowhere_at_all`,
    `SELECT ${value} FROM (`,
    `SET application.setting = '${word(n_())}'`,
    `PREPARE p${n_()} AS SELECT ${value}`,
    `DO $body$ BEGIN RAISE NOTICE '%', ${value}; END $body$`,
    `COMMENT ON TABLE people IS '${word(n_())}'`,
    `EXPLAIN SELECT ${value}`,
    `SELECT 1; SELECT ${value}`,
    `DROP TABLE people /* ${word(n_())} */`,
    `SELECT set_config('app.x', ${value}, false)`,
    `CREATE TEMP TABLE t${n_()} AS SELECT ${value} AS a`,
    `SELECT * FROM people ORDER BY ${value} LIMIT ${digits(n_())}`,
    `VALUES (${value}), (${value})`,
    `LISTEN ${word(n_()).slice(0, 6)}`,
    `NOTIFY c, '${word(n_())}'`,
    `COPY (SELECT ${value}) TO STDOUT`,
    `ALTER ROLE postgres SET app.y = '${word(n_())}'`,
    `CREATE FUNCTION f${n_()}() RETURNS text LANGUAGE sql AS $f$ SELECT ${value} $f$`,
  ]);
  if (random() < 0.25)
    return { text: `SELECT id FROM people WHERE note = $1 OR n = $2 ${comment()}`, values: [word(n_()), digits(n_())] };
  return { text: random() < 0.5 ? `${comment()} ${text}` : `${text} ${comment()}` };
}

/** Those of ours: what a client names itself, such as tables, is told. */
const canaries = /canary\d+x|7\d{6}7531/i;

test("no literal, parameter, comment, cell or token is told anywhere", async () => {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: sidecar.port,
    user: "postgres",
    database: "postgres",
    password: word(n_()),
  });
  await client.on("error", () => {}).connect();
  for (let n = 0; n < statements; n++) await client.query(statement() as pg.QueryConfig).catch(() => {});
  await client.end();
  const records = () => receiver.receiver.kept().map(({ record }) => record);
  for (let turns = 0; !records().some((record) => record.includes('"message":"Session closed"')); turns++) {
    if (turns > 1500) throw new Error(`the end of the session never arrived: ${sidecar.log()}`);
    await pause(20);
  }
  await pause(1500);
  const metrics = await (await fetch(`http://127.0.0.1:${sidecar.admin}/metrics`)).text();
  const told: Readonly<Record<string, string>> = {
    records: records().join("\n"),
    spool: readdirSync(spool)
      .map((name) => readFileSync(join(spool, name), "latin1"))
      .join("\n"),
    spans: sink.requests
      .filter(({ path }) => path === "/v1/traces")
      .map(({ body }) => body.toString("latin1"))
      .join("\n"),
    "OTLP metrics": sink.requests
      .filter(({ path }) => path === "/v1/metrics")
      .map(({ body }) => body.toString("latin1"))
      .join("\n"),
    metrics,
    log: sidecar.log(),
  };
  for (const [place, text] of Object.entries(told)) {
    expect(text.length).toBeGreaterThan(100);
    const found = canaries.exec(text);
    expect([place, found && text.slice(Math.max(0, found.index - 200), found.index + 100)]).toEqual([place, null]);
    expect([place, text.includes(TOKEN), text.includes(HEADER)]).toEqual([place, false, false]);
  }
  expect(records().filter((record) => record.includes('"kind":"decision"')).length).toBeGreaterThan(statements / 2);
  expect(told.records).toContain("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  expect(sink.spans.length).toBeGreaterThan(statements / 4);
});
