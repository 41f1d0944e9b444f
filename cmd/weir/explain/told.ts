// What Weir knows and decides of a text, as plain data: the same analysis and the same decision as in the sidecar.
import { AnalysisCache } from "../../../pkg/gate/analysis-cache.ts";
import { buildClassBook, type ClassBook } from "../../../pkg/policy/class-book.ts";
import { decide } from "../../../pkg/policy/decide.ts";
import type { ColumnMask, Decision } from "../../../pkg/policy/decision.ts";
import type { DatabaseName, PolicySet } from "../../../pkg/policy/rules.ts";
import type { Principal } from "../../../pkg/principal/principal.ts";
import type { Facts, Lineage, Source, Statement } from "../../../pkg/sql/facts.ts";
import { loadGrammar } from "../../../pkg/sql/grammar.ts";
import type { Schema } from "./schema-source.ts";

export interface Question {
  readonly text: string;
  readonly schema: Schema;
  readonly set: PolicySet;
  readonly database: DatabaseName;
  readonly principal: Principal;
  readonly environment: string;
}

export interface ToldColumn {
  readonly name: string | null;
  /** `clean`, `copy`, `derived` or `unknown`, and the stored columns behind it. */
  readonly lineage: Lineage["kind"];
  readonly from: readonly string[];
  readonly why: string | null;
  readonly classes: readonly string[];
  /** null: it leaves as it is. */
  readonly mask: string | null;
}

export interface Told {
  readonly text: string;
  readonly facts: Facts;
  readonly columns: readonly ToldColumn[] | null;
  readonly decision: Decision;
}

export async function tell(question: Question): Promise<readonly Told[]> {
  const { text, schema, set, database, principal } = question;
  const bytes = Buffer.from(text);
  const analyses = new AnalysisCache(await loadGrammar(schema.serverMajor));
  const { statements } = analyses.analyze(bytes, "explain", {
    snapshot: schema.snapshot,
    resolution: schema.resolution,
    prepared: () => undefined,
    cursor: () => undefined,
    // `$1` as in a statement that a driver prepares without naming types.
    parameterTypes: [],
  });
  const book = buildClassBook(set, database, schema.snapshot.relations(), null);
  const session = {
    environment: question.environment,
    cluster: "default",
    application: "weir explain",
    clientAddress: "127.0.0.1",
  };
  return statements.map((statement) => {
    const { facts } = statement;
    const decision = decide({
      set,
      database,
      principal,
      session,
      nowMs: Date.now(),
      facts,
      book,
      alone: statements.length === 1,
      auditWritable: true,
    });
    return { text: textOf(bytes, statement), facts, columns: columnsOf(facts, decision, book), decision };
  });
}

function textOf(bytes: Buffer, { startByte, endByte }: Statement): string {
  return bytes.subarray(startByte, endByte).toString().trim();
}

function columnsOf(facts: Facts, decision: Decision, book: ClassBook): readonly ToldColumn[] | null {
  if (!facts.understood || facts.outputs === null) return null;
  const masks = decision.verdict === "allow" ? decision.masks.columns : null;
  return facts.outputs.map(({ name, lineage }, at) => {
    const sources = sourcesOf(lineage);
    return {
      name,
      lineage: lineage.kind,
      from: sources.map(spelled),
      why: lineage.kind === "unknown" ? lineage.why : null,
      classes: [...new Set(sources.flatMap((source) => book.classesOf(source).map((each) => each.class)))].sort(),
      mask: maskOf(masks?.[at] ?? null),
    };
  });
}

function sourcesOf(lineage: Lineage): readonly Source[] {
  switch (lineage.kind) {
    case "clean":
      return [];
    case "copy": {
      const own = lineage.path === undefined ? lineage.column : { ...lineage.column, path: lineage.path };
      return [own, ...(lineage.via ?? [])];
    }
    default:
      return lineage.columns ?? [];
  }
}

export function spelled({ schema, table, column, path = [] }: Source): string {
  return `${schema}.${table}.${column === "" ? "*" : column}${path.length > 0 ? `#${path.join(".")}` : ""}`;
}

function maskOf(mask: ColumnMask | null): string | null {
  if (mask === null) return null;
  switch (mask.apply) {
    case "method":
      return mask.mask.method;
    case "default":
      return "Default";
    case "paths":
      return mask.paths.map((each) => `${each.mask.method} at ${each.path.join(".")}`).join(", ");
  }
  return mask satisfies never;
}
