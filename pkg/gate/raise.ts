// What stands in for a refused statement: a text that parses and fails when it runs, so that the server itself raises the error
// and keeps transaction, pipeline and savepoint state. The literal is coerced in parse analysis, after earlier statements ran.
import type { Refusal } from "../policy/decision.ts";
import type { StandIn } from "./model.ts";

/** Makes names that no client can guess: 128 random bits a session, and a counter. */
export class OwnNames {
  readonly #prefix: string;
  #count = 0;

  constructor(random: Buffer) {
    if (random.length < 16) throw new Error("own names need 128 random bits");
    this.#prefix = `weir_${random.subarray(0, 16).toString("hex")}`;
  }

  next(): string {
    this.#count += 1;
    return `${this.#prefix}_${this.#count}`;
  }
}

/** SQL that fails at run time with `marker` in its message (22P02). */
export function raisingSql(marker: string): string {
  return `SELECT '${marker}'::pg_catalog.int4`;
}

/** A refused COMMIT: the transaction ends as after a COMMIT that failed (state I), then the error. */
export function rollbackThenRaiseSql(marker: string): string {
  return `ROLLBACK; ${raisingSql(marker)}`;
}

/** SQLSTATE with which the server answers each kind of stand-in. */
export const ANSWERS = {
  text: "22P02",
  statement: "26000",
  portal: "34000",
  function: "42883",
  copy: "57014",
} as const;

export function refusedBy(
  refusal: Refusal,
  marker: string | null,
  kind: keyof typeof ANSWERS,
  number: number | null,
): StandIn {
  return { marker, sqlstate: ANSWERS[kind], tell: { say: "refusal", refusal }, number };
}

/** Sent as it is, because the failed transaction makes the server refuse it with 25P02, which the client reads as it is. */
export function abortedBy(refusal: Refusal, number: number | null): StandIn {
  return { marker: null, sqlstate: "", tell: { say: "refusal", refusal }, number };
}

/** The client named something that Weir does not know: the server says so of our name, and the client reads its own. */
export function absentName(name: string, marker: string, kind: "statement" | "portal"): StandIn {
  return { marker, sqlstate: ANSWERS[kind], tell: { say: "name", name }, number: null };
}
