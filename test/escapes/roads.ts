// The same statement over every road through the protocol.
import { bind, describe, execute, parse, query, sync } from "../support/messages.ts";
import type { Step } from "../support/script.ts";
import type { Road } from "./escape.ts";

const extended = (sql: string, results: readonly number[]): Step => [
  parse("", sql),
  describe("S"),
  bind({ results }),
  describe("P"),
  execute(),
  sync(),
];
const READS = /^\s*(SELECT|WITH|VALUES|TABLE)\b/i;

/** Only what reads goes into a cursor; COPY takes one statement that returns rows. */
export function roadsFor(sql: readonly string[]): readonly Road[] {
  const plain: readonly Road[] = ["simple", "extended text", "extended binary"];
  return sql.length === 1 && READS.test(sql[0]!) ? [...plain, "cursor", "copy text", "copy csv", "copy binary"] : plain;
}

/** The steps that send `sql`: whatever comes before the last one in the road's nearest plain form. */
export function stepsOn(road: Road, sql: readonly string[]): readonly Step[] {
  const last = sql.at(-1)!;
  const before = sql.slice(0, -1);
  switch (road) {
    case "simple":
      return sql.map((text) => [query(text)]);
    case "extended text":
      return sql.map((text) => extended(text, []));
    case "extended binary":
      return sql.map((text) => extended(text, [1]));
    case "cursor":
      return [
        ...before,
        "BEGIN",
        `DECLARE road CURSOR FOR ${last}`,
        "FETCH 3 FROM road",
        "FETCH ALL FROM road",
        "COMMIT",
      ].map((text) => [query(text)]);
    case "copy text":
      return [...before, `COPY (${last}) TO STDOUT`].map((text) => [query(text)]);
    case "copy csv":
      return [
        ...before.map((text): Step => [query(text)]),
        extended(`COPY (${last}) TO STDOUT (FORMAT csv, HEADER)`, []),
      ];
    case "copy binary":
      return [...before, `COPY (${last}) TO STDOUT (FORMAT binary)`].map((text) => [query(text)]);
  }
}
