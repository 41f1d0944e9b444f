// Text in, facts out: each statement of a text with its place, what it does, and its fingerprint.
import type { Resolution, Snapshot } from "../catalog/snapshot.ts";
import { watchConstants } from "./constant-watch.ts";
import { contextAfter } from "./context-after.ts";
import type { Analysis, Facts, Statement } from "./facts.ts";
import type { Grammar } from "./grammar.ts";
import { statementFacts } from "./lineage/statement.ts";
import { beginTotals } from "./lineage/total.ts";
import { kindOf, type Node } from "./node.ts";
import { normalize } from "./normalize.ts";
import { ownStatement, withOwn } from "./own-statement.ts";
import { whyUnsafe } from "./safe-text.ts";

export type { Grammar } from "./grammar.ts";

/** What a text is judged against. `snapshot: null`: no catalogue is loaded, so relations resolve to "not known". */
export interface AnalysisContext {
  readonly snapshot: Snapshot | null;
  readonly resolution: Resolution | null;
  /** Type OIDs of the parameters as Parse declares them (0: left to the server); undefined when that is not known. */
  readonly parameterTypes?: readonly number[];
  /** Facts of a prepared statement, by its SQL and protocol name, or undefined when there is none. */
  prepared(name: string): Facts | undefined;
  /** Facts of an open cursor or portal. */
  cursor(name: string): Facts | undefined;
  /** The open transaction has changed how names resolve, or the catalogue: what ends it or rolls back in it changes them again. */
  readonly unsettled?: boolean;
}

const statementsMax = 10_000;

/**
 * Never throws. A text that the grammar rejects is one statement over all of it, `syntax: true`. In a text of several statements,
 * those after one that may change how names resolve are judged without a catalogue, and names of the session mean what those before
 * made of them.
 */
export function analyze(grammar: Grammar, text: string, context: AnalysisContext): Analysis {
  const unsafe = whyUnsafe(text, context.resolution);
  if (unsafe !== null) return wholeText(grammar, text, unsafe, false);
  const parsed = grammar.parse(text);
  if (!parsed.ok) return wholeText(grammar, text, parsed.why, parsed.syntax);
  if (parsed.statements.length > statementsMax) return wholeText(grammar, text, "too many statements", false);
  const bytes = Buffer.from(text, "utf8");
  const statements: Statement[] = [];
  beginTotals();
  let known = context;
  for (const raw of parsed.statements) {
    const statement = analyzeStatement(grammar, bytes, raw, known);
    statements.push(statement);
    known = contextAfter(known, statement.facts);
  }
  return { statements };
}

function wholeText(grammar: Grammar, text: string, why: string, syntax: boolean): Analysis {
  const bytes = Buffer.from(text, "utf8");
  return { statements: [described(grammar, bytes, null, 0, bytes.length, { understood: false, why, syntax }, false)] };
}

function analyzeStatement(grammar: Grammar, text: Buffer, raw: Node, context: AnalysisContext): Statement {
  const start = raw.stmt_location ?? 0;
  const end = raw.stmt_len === undefined ? text.length : start + raw.stmt_len;
  let sessionDependent = false;
  const watched: AnalysisContext = {
    ...context,
    prepared(name) {
      sessionDependent = true;
      return context.prepared(name);
    },
    cursor(name) {
      sessionDependent = true;
      return context.cursor(name);
    },
  };
  const constants = watchConstants(raw.stmt, text);
  const found = statementFacts(grammar, watched, raw.stmt);
  const own = ownStatement(raw.stmt);
  const facts = own === null ? found : withOwn(found, own);
  // A token is kept nowhere: the text that holds one is read anew each time.
  if (own !== null && own.do !== "show") sessionDependent = true;
  const statement = described(grammar, text, raw.stmt, start, end, facts, sessionDependent);
  const isFree = !constants.asked && facts.understood && statement.normalized !== null && queries.has(kindOf(raw.stmt));
  return isFree ? { ...statement, freeLiterals: constants.places } : statement;
}

/** Of these the tree is known to hold literals only as constants of expressions. */
const queries = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);

function described(
  grammar: Grammar,
  text: Buffer,
  node: Node | null,
  startByte: number,
  endByte: number,
  facts: Facts,
  sessionDependent: boolean,
): Statement {
  return {
    facts,
    startByte,
    endByte,
    ...normalize(grammar, text, node, startByte, endByte, facts.understood),
    sessionDependent,
  };
}
