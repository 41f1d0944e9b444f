// Unusual forms of every utility statement: with a catalogue all are understood, without one none makes the analysis throw.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AnalysisContext, analyze, type Grammar } from "../../pkg/sql/analyze.ts";
import { loadGrammar } from "../../pkg/sql/grammar.ts";
import { freshDatabase, majorOf, type RealServer, realServer } from "../catalog/real-catalog.ts";
import { realContext } from "../sql-functions/real-context.ts";
import { ddl } from "./schema.ts";

const texts = readFileSync(join(import.meta.dirname, "every-form.sql"), "utf8")
  .trim()
  .split(";\n");

let server: RealServer;
let context: AnalysisContext;
let grammar: Grammar;

beforeAll(async () => {
  server = await realServer();
  const client = await freshDatabase(server, "utility_forms", ddl);
  grammar = (await loadGrammar(await majorOf(client)))!;
  context = await realContext(client);
}, 120_000);
afterAll(() => server.stop());

test("every form that this major's grammar accepts is understood", () => {
  const told = texts.map((text) => ({ text, facts: analyze(grammar, text, context).statements[0]!.facts }));
  const unknown = told.filter(({ facts }) => !facts.understood && !facts.syntax);
  expect(unknown).toEqual([]);
  expect(told.filter(({ facts }) => facts.understood).length).toBeGreaterThan(170);
});

test("without a catalogue every one is told of or refused, and none throws", () => {
  const blind = { ...context, snapshot: null, resolution: null };
  expect(texts.map((text) => analyze(grammar, text, blind).statements.length)).toEqual(texts.map(() => 1));
});
