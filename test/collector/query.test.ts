// One view of several clusters: questions, whole answers, scopes that no route lets past, and look-ups that are records themselves.

import { type CollectorFiles, systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { agent, ana } from "../audit/fixtures.ts";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { cleanUp, HOLDER, newSite, READER, SCOPED, startOn, type TestCollector, VIEWER } from "./fixtures.ts";

afterEach(cleanUp);

/** Noon of the day that the scoped auditor may see. */
const INSIDE = Date.UTC(2027, 0, 15, 12);
const chains = { shop: "1".repeat(32), earlier: "2".repeat(32), bank: "3".repeat(32) };

/** Three chains: shop on that day, shop a day before, another namespace on that day. */
async function started() {
  const site = await newSite();
  const collector = await startOn(site);
  const send = async (chain: string, namespace: string, timeMs: number, principal = ana) => {
    const token = await site.token({ namespace, pod: `${namespace}-${chain[0]}` });
    const maker = new ChainMaker(chain, { namespace, instance: `${namespace}-${chain[0]}` }, timeMs);
    maker.statements(3, {
      principal,
      session: chain,
      masks: principal === ana ? [{ column: 0, method: "Partial", class: "PII.EMAIL" }] : [],
    });
    expect((await collector.ask("POST", "/v1/chains", { token, body: maker.registration() })).status).toBe(200);
    expect(
      (await collector.ask("POST", "/v1/logs", { token, body: otlpJson([maker.seal()]).toString() })).json,
    ).toEqual({});
    return maker;
  };
  await send(chains.shop, "shop", INSIDE, agent);
  await send(chains.earlier, "shop", INSIDE - 86_400_000);
  await send(chains.bank, "bank", INSIDE);
  await indexed(collector, 3);
  return { site, collector };
}

/** Waits until what is asked for as this reader has so many rows: the index follows the log. */
async function indexed(collector: TestCollector, chainsWanted: number): Promise<void> {
  for (;;) {
    const { json } = await query(collector, READER, {
      from: "statements",
      where: [],
      measures: [{ distinct: "chain" }],
    });
    if (json.rows?.[0]?.[0] >= chainsWanted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function query(collector: TestCollector, token: string, body: object, headers: Record<string, string> = {}) {
  return collector.ask("POST", "/v1/query", { token, body, headers });
}

test("who read a column, clear or masked, in which cluster and for whom", async () => {
  const { collector } = await started();
  const { json } = await query(collector, READER, {
    ask: "reads",
    with: { column: "customers.email", from: INSIDE - 1 },
  });
  const told = json.rows.map((row: unknown[]) =>
    Object.fromEntries(json.fields.map(({ name }: { name: string }, at: number) => [name, row[at]])),
  );
  expect(told).toEqual([
    expect.objectContaining({
      cluster: "eu-1",
      principal: "ana@example.com",
      column: "email",
      shown: "Masked",
      count: 3,
    }),
    expect.objectContaining({
      principal: "report-writer",
      actingFor: ["https://id.example.com/ana@example.com"],
      count: 3,
    }),
  ]);
});

test("whole answers as CSV and as lines of JSON, and not for a viewer", async () => {
  const { collector } = await started();
  const body = { from: "statements", select: ["time", "principal", "groups", "rows"], limit: 1 };
  const csv = await query(collector, READER, body, { accept: "text/csv" });
  expect(csv.bytes.toString().split("\r\n")[0]).toBe("time,principal,groups,rows");
  expect(csv.bytes.toString().split("\r\n").length).toBe(9 + 2);
  const lines = await query(collector, READER, body, { accept: "application/x-ndjson" });
  expect(lines.bytes.toString().trim().split("\n").length).toBe(9);
  expect((await query(collector, VIEWER, body, { accept: "text/csv" })).status).toBe(403);
});

test("what is wrong with a question is told together, each with its place", async () => {
  const { collector } = await started();
  const { status, json } = await query(collector, READER, {
    from: "statements",
    where: [
      { field: "principle", op: "eq", value: "x" },
      { field: "time", op: "gte", value: "yesterday" },
    ],
    limit: 0,
  });
  expect(status).toBe(400);
  expect(json.problems).toEqual([
    expect.stringContaining('where[0].field: "principle" is no field here; did you mean principal?'),
    "where[1].value: write milliseconds since 1970 (UTC)",
    "limit: write a whole number from 1 to 10000",
  ]);
  expect((await query(collector, READER, { ask: "read", with: {} })).json.error).toContain('did you mean "reads"');
});

test("an auditor's scope holds on every route: his place and his day, and nothing else", async () => {
  const { collector } = await started();
  const seen = await query(collector, SCOPED, { from: "statements", select: ["chain"], groupBy: undefined, where: [] });
  expect(new Set(seen.json.rows.flat())).toEqual(new Set([chains.shop]));
  // Asked for in so many words.
  const asked = await query(collector, SCOPED, {
    from: "columns",
    where: [{ field: "namespace", op: "eq", value: "bank" }],
  });
  expect(asked.json.rows).toEqual([]);
  const get = async (path: string) => {
    const { status, bytes } = await collector.ask("GET", path, { token: SCOPED });
    return { status, text: bytes.toString() };
  };
  expect((await get("/v1/chains")).text).not.toContain("bank");
  expect((await get("/v1/alarms")).text).not.toContain(chains.bank);
  for (const chain of [chains.bank, chains.earlier])
    expect((await get(`/v1/proof?chain=${chain}&number=0`)).status).toBe(404);
  expect((await get("/tile/entries/000.p/4")).status).toBe(403);
  expect((await get("/v1/legal-holds")).status).toBe(403);
  await collector.upkeep();
  expect((await get(`/v1/proof?chain=${chains.shop}&number=0`)).status).toBe(200);
  const evidence = (body: object) => collector.ask("POST", "/v1/evidence", { token: SCOPED, body });
  const own = await evidence({});
  expect([own.status, own.bytes.includes(chains.shop), own.bytes.includes(chains.bank)]).toEqual([200, true, false]);
  expect(own.bytes.includes(`segments/eu-1/shop/${chains.earlier}`)).toBe(false);
  expect((await evidence({ namespace: "bank" })).status).toBe(403);
  expect((await evidence({ chains: [chains.bank] })).status).toBe(404);
  expect((await evidence({ from: 0, to: INSIDE - 80_000_000 })).status).toBe(404);
});

test("a viewer takes nothing along, and an admin alone holds", async () => {
  const { collector } = await started();
  expect((await collector.ask("POST", "/v1/evidence", { token: VIEWER, body: {} })).status).toBe(403);
  expect((await collector.ask("GET", `/v1/proof?chain=${chains.shop}&number=0`, { token: VIEWER })).status).toBe(403);
  expect((await collector.ask("PUT", "/v1/legal-holds/case", { token: SCOPED, body: {} })).status).toBe(403);
  expect((await collector.ask("PUT", "/v1/legal-holds/case", { token: HOLDER, body: {} })).status).toBe(200);
});

test("each look-up is a record before it is answered; free text in it is a digest; others' are not seen", async () => {
  const { collector } = await started();
  await query(collector, SCOPED, {
    from: "statements",
    where: [
      { field: "text", op: "like", value: "*4111111111111111*" },
      { field: "principal", op: "eq", value: "ana" },
    ],
  });
  await collector.ask("GET", "/v1/chains", { token: VIEWER });
  const asked = { ask: "lookups", with: {}, limit: 1000 };
  const lookups = async (token: string) => {
    const { json } = await query(collector, token, asked);
    const at = (name: string) => json.fields.findIndex((field: { name: string }) => field.name === name);
    return json.rows.map((row: string[]) => [row[at("reader")], row[at("route")], row[at("subject")]]);
  };
  for (;;) {
    const all = await lookups(READER);
    if (all.some(([reader]: string[]) => reader === "looker")) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const all = await lookups(READER);
  const ofAuditor = all.find(([reader]: string[]) => reader === "eu-auditor")!;
  expect(ofAuditor[1]).toBe("POST /v1/query");
  expect(ofAuditor[2]).toContain('"field":"principal","op":"eq","value":"ana"');
  expect(ofAuditor[2]).toMatch(/"field":"text","op":"like","value":"#[0-9a-f]{32}"/);
  expect(JSON.stringify(all)).not.toContain("4111");
  expect(new Set((await lookups(VIEWER)).map(([reader]: string[]) => reader))).toEqual(new Set(["looker"]));
});

test("what cannot be recorded is not answered", async () => {
  let isFull = false;
  const files: CollectorFiles = {
    ...systemCollectorFiles,
    replaceAll: async (each) => {
      if (isFull) throw Object.assign(new Error("no room"), { code: "ENOSPC" });
      return await systemCollectorFiles.replaceAll(each);
    },
  };
  const site = await newSite();
  const collector = await startOn(site, { files });
  expect((await query(collector, READER, { from: "sessions" })).status).toBe(200);
  isFull = true;
  const refused = await query(collector, READER, { from: "sessions" });
  expect([refused.status, refused.json.error]).toEqual([503, expect.stringContaining("cannot be recorded")]);
  expect((await collector.ask("GET", "/v1/chains")).status).toBe(503);
  isFull = false;
  expect((await query(collector, READER, { from: "sessions" })).status).toBe(200);
});

test("saved views are their owner's; shared ones show each reader what he may see", async () => {
  const { collector } = await started();
  const view = { question: { from: "statements", where: [], select: ["chain"] }, shared: true };
  expect((await collector.ask("PUT", "/v1/views/all-chains", { token: READER, body: view })).status).toBe(200);
  expect((await collector.ask("PUT", "/v1/views/all-chains", { token: SCOPED, body: view })).status).toBe(409);
  const { json } = await query(collector, SCOPED, { view: "all-chains" });
  expect(new Set(json.rows.flat())).toEqual(new Set([chains.shop]));
  expect(
    (await collector.ask("PUT", "/v1/views/mine", { token: SCOPED, body: { ...view, shared: false } })).status,
  ).toBe(200);
  expect((await query(collector, READER, { view: "mine" })).status).toBe(404);
  expect((await collector.ask("DELETE", "/v1/views/all-chains", { token: SCOPED })).status).toBe(404);
  expect((await collector.ask("DELETE", "/v1/views/all-chains", { token: HOLDER })).status).toBe(200);
});

test("a session with its statements, and not for who may not see it", async () => {
  const { collector } = await started();
  const { json } = await query(collector, READER, {
    from: "statements",
    select: ["session"],
    where: [{ field: "chain", op: "eq", value: chains.bank }],
    limit: 1,
  });
  const [[id]] = json.rows;
  const found = await collector.ask("GET", `/v1/sessions/${id}`, { token: READER });
  expect(found.json.statements.length).toBeGreaterThan(0);
  const own = await collector.ask("GET", `/v1/sessions/${id}`, { token: SCOPED });
  expect(own.json?.statements?.every(({ namespace }: { namespace: string }) => namespace === "shop") ?? true).toBe(
    true,
  );
});

test("the API's description names every route of readers, and its answers fit it", async () => {
  const { collector } = await started();
  const { status, json } = await collector.ask("GET", "/v1/openapi.json", { token: null });
  expect(status).toBe(200);
  const { json: answer } = await query(collector, READER, { ask: "statements", with: {}, limit: 2 });
  const { Answer, StatementsRow } = json.components.schemas;
  expect(Object.keys(answer).sort()).toEqual([...Answer.required].sort());
  for (const { name, type } of answer.fields)
    expect([name, type]).toEqual([name, expect.stringMatching(typesOf(StatementsRow.properties[name]))]);
  for (const [path, methods] of Object.entries(json.paths as Record<string, Record<string, { security?: unknown[] }>>))
    for (const [method, { security }] of Object.entries(methods)) {
      const at = path.replace("{id}", "0".repeat(32)).replace("{name}", "x");
      const { status: bare } = await collector.ask(method.toUpperCase(), at, {
        token: null,
        ...(method !== "get" && { body: {} }),
      });
      expect([path, method, bare]).toEqual([
        path,
        method,
        security?.length === 0 ? expect.not.stringMatching("401") && expect.any(Number) : 401,
      ]);
    }
});

function typesOf({ type }: { readonly type: string | readonly string[] }): RegExp {
  if (type === "array") return /^texts$/;
  if (type.includes("integer")) return /^(integer|time)$/;
  return type.includes("boolean") ? /^boolean$/ : /^text$/;
}
