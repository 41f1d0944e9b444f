// What a decision costs, alone: from the caches, and the first time, beside what PostgreSQL's own parser needs for the text.
import { AnalysisCache } from "../../pkg/gate/analysis-cache.ts";
import { buildClassBook } from "../../pkg/policy/class-book.ts";
import { DecisionMemory } from "../../pkg/policy/decision-memory.ts";
import type { SessionContext } from "../../pkg/policy/rules.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import { changeCases } from "../sql/change-cases.ts";
import { lineageCases } from "../sql/lineage-cases.ts";
import { predicateCases } from "../sql/predicate-cases.ts";
import { openShapes } from "../sql/shapes.ts";
import { compilePolicies } from "../support/policies.ts";
import { median, short, table } from "./medians.ts";
import { runPgbench } from "./pgbench.ts";
import type { Bench, Section } from "./section.ts";
import { PGBOUNCER } from "./targets.ts";

const POLICY = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: bench}
spec:
  classify:
    - {columns: ["app.customers.email", "app.customers.ssn"], class: PII.CONTACT}
  mask:
    - {classes: ["PII.CONTACT"], method: Partial}
  guard:
    - {name: no-drop, effects: [Drop, Truncate], action: Deny}
`;
const principal: Principal = {
  kind: "Service",
  name: "bench",
  issuer: "configuration",
  groups: [],
  assurance: "L0",
  login: "bench",
};
const session: SessionContext = {
  environment: "bench",
  cluster: "bench",
  application: null,
  clientAddress: "127.0.0.1",
};
const database = { namespace: "shop", name: "main" };

/** Mean CPU of one call in microseconds, when it is warm. */
function timed(calls: number, act: () => void): number {
  for (let n = 0; n < calls / 2; n++) act();
  const before = process.cpuUsage();
  for (let n = 0; n < calls; n++) act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

export async function measureDecisions(bench: Bench): Promise<readonly Section[]> {
  const shapes = await openShapes("bench");
  try {
    const set = compilePolicies({ "bench.yaml": POLICY }, 5432);
    const book = buildClassBook(set, database, shapes.context.snapshot!.relations(), null);
    const statements = [
      ...Object.values(lineageCases).flatMap((cases) => cases.map(([statement]) => statement)),
      ...predicateCases.map(([statement]) => statement),
      ...changeCases.map(([statement]) => statement),
    ].map((statement) => ({ text: statement, bytes: Buffer.from(statement) }));
    const decide = (cache: AnalysisCache, memory: DecisionMemory, bytes: Buffer, view = "bench") => {
      for (const { facts } of cache.analyze(bytes, view, shapes.context).statements) {
        const nowMs = Date.now();
        memory.decide({ set, database, principal, session, nowMs, facts, book, alone: true, auditWritable: true });
      }
    };
    const warm = new AnalysisCache(shapes.grammar);
    const calls = bench.isShort ? 20 : 400;
    let views = 0;
    const found = statements.map(({ text, bytes }) => {
      const memory = new DecisionMemory();
      const cached = timed(calls * 20, () => decide(warm, memory, bytes));
      // A catalogue that has changed: nothing kept holds, and the process is as warm as it is in service.
      const first = timed(calls, () => decide(warm, new DecisionMemory(), bytes, `bench ${++views}`));
      const parse = timed(calls, () => shapes.grammar.parse(text));
      return { cached, first, parse, ratio: first / parse };
    });
    bench.say(`decisions on ${statements.length} statements`);
    return [await section(bench, found)];
  } finally {
    await shapes.stop();
  }
}

interface Costs {
  readonly cached: number;
  readonly first: number;
  readonly parse: number;
  readonly ratio: number;
}

async function section(bench: Bench, found: readonly Costs[]): Promise<Section> {
  const at = (share: number, of: (one: Costs) => number) => {
    const sorted = found.map(of).sort((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) * share)]!;
  };
  const row = (what: string, of: (one: Costs) => number) => [
    what,
    short(at(0.5, of)),
    short(at(0.9, of)),
    short(at(0.99, of)),
  ];
  const rows = [
    row("analysis and decision from the caches, µs", ({ cached }) => cached),
    row("the first time, µs", ({ first }) => first),
    row("PostgreSQL's parser alone (libpg-query), µs", ({ parse }) => parse),
    row("the first time, of the parser", ({ ratio }) => ratio),
  ];
  const bouncer = bench.targets.find(({ name }) => name === PGBOUNCER);
  const load = { mode: "simple", clients: 8, seconds: bench.seconds } as const;
  const bouncerUs = bouncer && (await runPgbench(bench.tools.pgbench, bouncer, load)).cpuUsPerQuery;
  const cached = median(found.map((one) => one.cached));
  return {
    title: "Decisions",
    body: `${found.length} statements of every construct of the query language, in one process, each by itself.\n\n${table(["", "median", "90 %", "99 %"], rows)}`,
    aims: [
      {
        what: "a decision from the caches",
        found: `${short(cached)} µs${bouncerUs ? `, ${short(cached / bouncerUs)} of PgBouncer's ${short(bouncerUs)} µs` : ""}`,
        aim: "at most a quarter of PgBouncer's CPU a query, at most 2 µs",
      },
      {
        what: "a first analysis, of the parser alone",
        found: `${short(at(0.5, ({ ratio }) => ratio))} (median), ${short(at(0.5, ({ first }) => first))} µs`,
        aim: "at most 5, at most 100 µs",
      },
    ],
  };
}
