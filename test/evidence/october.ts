// A month of two namespaces at a real collector, and its evidence as a file. What happened is data here; tests count it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DecisionEvent, OutcomeEvent } from "../../pkg/audit/event.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import { agent, ana, decision, outcome, session } from "../audit/fixtures.ts";
import { ChainMaker, otlpJson, type Sealed } from "../collector/chain-maker.ts";
import { cleanUp, newSite, READER, startOn } from "../collector/fixtures.ts";
import { logKeyOf } from "../collector/verify-bytes.ts";

export const SHOP = "0123456789abcdef0123456789abcdef";
export const BANK = "b".repeat(32);
const BEGIN = Date.parse("2026-10-05T09:00:00Z");

/** Nobody but the client says who he is, and his name would be a formula. */
export const mallory: Principal = {
  kind: "Human",
  name: '=HYPERLINK("http://evil.example","ana")',
  issuer: "configuration",
  groups: [],
  assurance: "L0",
  login: "app",
};

const customers = { oid: 16384, schema: "public", name: "customers", kind: "table", temporary: false };
const emailOf = { relation: 16384, attnum: 2, schema: "public", table: "customers", column: "email" };

function facts(kind: string, effects: readonly string[], more: object = {}) {
  const relations = [{ ...customers, access: effects }];
  return { understood: true, kind, effects, relations, outputs: null, predicates: [], writes: [], flows: [], ...more };
}

const readsEmail = facts("SELECT", ["Read"], {
  outputs: [{ name: "email", lineage: { kind: "copy", column: emailOf } }],
});
const writes = (effect: string, filter: string) =>
  facts(effect.toUpperCase(), [effect], { writes: [{ effect, relation: customers, filter }] });

const text = (sql: string): DecisionEvent["text"] => ({ form: "normalized", text: sql, fingerprint: "0".repeat(32) });
const refused = {
  verdict: "refuse",
  sqlstate: "42501",
  reason: "no DDL here",
  rules: [{ policy: "shop/safe", rule: "no-ddl" }],
} as const;

/** The chain of the shop; every statement stands here once. */
export function shopChain(): ChainMaker {
  const chain = new ChainMaker(SHOP, {}, BEGIN);
  let number = 0;
  const say = (principal: Principal, sql: string, what: unknown, more: Partial<DecisionEvent> = {}) =>
    decision(number++, { principal, text: text(sql), facts: what, session: `s-${principal.login}`, ...more });
  const opened = (principal: Principal | null, more = {}) =>
    session("open", { session: `s-${principal?.login}`, principal, ...more });
  const did = (event: DecisionEvent, more: Partial<OutcomeEvent>) =>
    chain.statement(event, { ...outcome(event.statement), session: event.session, ...more });
  chain.event({ event: "policy", version: "sha256:0a1b", reason: "start" });
  chain
    .event(opened(ana))
    .event(opened(agent))
    .event(opened(mallory, { client: "203.0.113.9:5000", tls: false }));
  chain.event(session("refused", { session: "s-x", principal: null, reason: "no token" }));
  did(say(ana, "SELECT email FROM customers", readsEmail), { rows: 10 });
  const masks = [{ column: 0, method: "Email", class: "PII.EMAIL" }];
  did(say(agent, "SELECT email FROM customers", readsEmail, { masks }), { rows: 10, maskedCells: 10 });
  const copied = { ...readsEmail, kind: "COPY", effects: ["Read", "CopyOut"] };
  did(say(ana, "COPY customers (email) TO STDOUT", copied), { rows: 900 });
  did(say(mallory, "UPDATE customers SET email = $1", writes("Update", "Missing")), { rows: 900 });
  did(say(ana, "DELETE FROM customers WHERE id = $1", writes("Delete", "Key")), { rows: 1 });
  did(say(agent, "DROP TABLE customers", facts("DROP TABLE", ["Drop"]), refused), {
    status: "refused",
    rows: null,
  });
  did(say(ana, "CREATE INDEX ON customers (email)", facts("CREATE INDEX", ["Create"])), { rows: null });
  did(say(mallory, "GRANT SELECT ON customers TO public", facts("GRANT", ["Grant"])), { rows: null });
  did(say(mallory, "COPY customers FROM PROGRAM $1", facts("COPY", ["CopyIn", "ExecuteCode"]), refused), {
    status: "refused",
    rows: null,
  });
  chain.event(say(ana, "INSERT INTO customers VALUES ($1)", writes("Insert", "Other")));
  did(say(agent, "SELECT oops", null, { reason: "a function that is not known" }), {});
  return chain;
}

/** 300 reads, half of them in October and half in November. */
export function bankChain(): ChainMaker {
  const chain = new ChainMaker(BANK, { namespace: "bank", workload: "ledger" }, Date.parse("2026-10-31T23:59:59.700Z"));
  chain.statements(300, { principal: agent });
  return chain;
}

export interface October {
  readonly folder: string;
  /** Of everything. */
  readonly evidence: string;
  readonly logKey: string;
  readonly url: string;
  readonly ca: string;
  readonly tokenFile: string;
  stop(): Promise<void>;
}

export async function october(): Promise<October> {
  const folder = mkdtempSync(join(tmpdir(), "weir-pack-"));
  const site = await newSite();
  const collector = await startOn(site);
  for (const chain of [shopChain(), bankChain()]) {
    const token = await site.token({ namespace: chain.place.namespace });
    await collector.ask("POST", "/v1/chains", { token, body: chain.registration() });
    const sealed: Sealed[] = [];
    for (let first = 0; first < chain.records.length; first += 50)
      sealed.push(chain.seal(first, Math.min(first + 49, chain.records.length - 1)));
    const answer = await collector.ask("POST", "/v1/logs", { token, body: otlpJson(sealed).toString() });
    if (answer.status !== 200 || answer.json.partialSuccess !== undefined) throw new Error(answer.bytes.toString());
  }
  await collector.upkeep();
  const made = await collector.ask("POST", "/v1/evidence", { body: {} });
  const put = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    folder,
    evidence: put("all.weir-evidence", made.bytes),
    logKey: logKeyOf(collector),
    url: `https://127.0.0.1:${collector.port}`,
    ca: put("ca.pem", site.ca.certificate),
    tokenFile: put("token", READER),
    async stop() {
      await cleanUp();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What `psql -c "$(weir evidence --grants-query)"` would write. */
export const grantsCsv = `database,grantee,table_schema,table_name,privilege_type
orders,ana,public,customers,SELECT
orders,ana,public,customers,DELETE
orders,ana,public,customers,INSERT
orders,ana,public,payments,SELECT
orders,agents,public,customers,SELECT
orders,app,public,customers,SELECT
`;
