// No statement of the grammar is forgotten: each is told of, or known to be none of utility's.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Engine } from "../../pkg/sql/engine.ts";
import { utilityFacts } from "../../pkg/sql/utility/utility.ts";

const declarations = readFileSync(
  createRequire(import.meta.url)
    .resolve("@pgsql/types")
    .replace(/index\.js$/, "types.d.ts"),
  "utf8",
);
const kinds = [...declarations.matchAll(/^export interface (\w+Stmt) /gm)].map((match) => match[1]!);

/** Queries and data changes, and nodes that never stand alone. */
const others = [
  "RawStmt",
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "SetOperationStmt",
  "ReturnStmt",
  "PLAssignStmt",
  "ReplicaIdentityStmt",
];

const engine: Engine = {
  context: { snapshot: null, resolution: null, prepared: () => undefined, cursor: () => undefined },
  statement: () => ({ understood: false, why: "inside", syntax: false }),
  relation: () => null,
};

function isForgotten(kind: string): boolean {
  try {
    const facts = utilityFacts(kind, {}, engine);
    return !facts.understood && facts.why === `statement of kind ${kind}`;
  } catch {
    return false; // it has a reader, which misses what the grammar always gives
  }
}

test("every statement kind of PostgreSQL 18 is told of", () => {
  expect(kinds.length).toBeGreaterThan(110);
  expect(kinds.filter(isForgotten).sort()).toEqual(others.sort());
});

test("a kind that is not known is not understood, and named", () => {
  expect(utilityFacts("FutureStmt", {}, engine)).toEqual({
    understood: false,
    why: "statement of kind FutureStmt",
    syntax: false,
  });
  expect(utilityFacts("constructor", {}, engine)).toMatchObject({ understood: false });
});
