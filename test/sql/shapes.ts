// A server with the relations of shapes.sql, and the engine over its own catalogue.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { type AnalysisContext, analyze } from "../../pkg/sql/analyze.ts";
import type { Facts, Lineage, Source, Understood } from "../../pkg/sql/facts.ts";
import { type Grammar, loadGrammar } from "../../pkg/sql/grammar.ts";
import { freshDatabase, load, majorOf, type RealServer, realServer, resolution } from "../catalog/real-catalog.ts";

export interface Shapes {
  readonly server: RealServer;
  readonly client: pg.Client;
  readonly grammar: Grammar;
  context: AnalysisContext;
  facts(text: string): Facts;
  understood(text: string): Understood;
  /** Loads catalogue and resolution anew. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

export async function openShapes(name: string, more = ""): Promise<Shapes> {
  const server = await realServer();
  try {
    return await openOn(server, name, more);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function openOn(server: RealServer, name: string, more: string): Promise<Shapes> {
  const ddl = readFileSync(join(import.meta.dirname, "shapes.sql"), "utf8");
  const client = await freshDatabase(server, name, ddl + more);
  await client.query("SET search_path = app, public");
  const grammar = (await loadGrammar(await majorOf(client)))!;
  const contextNow = async (): Promise<AnalysisContext> => ({
    snapshot: await load(client),
    resolution: await resolution(client),
    prepared: () => undefined,
    cursor: () => undefined,
  });
  const facts = (text: string) => {
    const { statements } = analyze(grammar, text, shapes.context);
    if (statements.length !== 1) throw new Error(`${statements.length} statements`);
    return statements[0]!.facts;
  };
  const shapes: Shapes = {
    server,
    client,
    grammar,
    context: await contextNow(),
    facts,
    understood(text) {
      const found = facts(text);
      if (!found.understood) throw new Error(`not understood: ${found.why} in ${text}`);
      return found;
    },
    async reload() {
      shapes.context = await contextNow();
    },
    stop: () => server.stop(),
  };
  return shapes;
}

/** `clean`, `copy(customers.email)`, `copy(customers.profile#a.b as text)`, `derived(customers.email, orders.total)`, `unknown`. */
export function spell(lineage: Lineage): string {
  switch (lineage.kind) {
    case "clean":
      return "clean";
    case "copy": {
      const via = (lineage.via ?? []).map(spellSource).join(", ");
      const path = lineage.path === undefined ? "" : `#${lineage.path.join(".")} as ${lineage.as}`;
      return `copy(${spellSource(lineage.column)}${path})${via === "" ? "" : ` via ${via}`}`;
    }
    case "derived":
      return `derived(${lineage.columns.map(spellSource).sort().join(", ")})`;
    case "unknown":
      return "unknown";
    default:
      return lineage satisfies never;
  }
}

export function spellSource(source: Source): string {
  const schema = source.schema === "app" ? "" : `${source.schema}.`;
  return `${schema}${source.table}.${source.column}${source.path === undefined ? "" : `#${source.path.join(".")}`}`;
}
