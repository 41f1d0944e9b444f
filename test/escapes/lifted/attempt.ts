// The shape of an attempt where nothing is protected at first: what is played, in order, by whom. `CANARY` is the secret; directly it is
// seen by a masked session, through Weir it is not.
import { query } from "../../support/messages.ts";

/**
 * Masked sessions through Weir: `a` and `b` of an ordinary login, `su` of a superuser. Beside Weir: `root`, an administrator, and
 * `vault`, the ordinary login on another database.
 */
export type Who = "a" | "b" | "su" | "root" | "vault";

export interface Turn {
  readonly who: Who;
  readonly send: readonly Buffer[];
  /** Replies owed by it: ReadyForQuery. */
  readonly owed: number;
  /** Others go on while it runs. */
  readonly starts?: true;
  /** Instead of `send`: a FunctionCall of `stolen`. */
  readonly calls?: true;
}

export interface Attempt {
  readonly name: string;
  readonly turns: readonly Turn[];
  /** Pattern of the policy's class; `public.people.email` when absent. */
  readonly pattern?: string;
  /** Why an owner who says `AllowConfined` or `Allow` is not promised that it fails. */
  readonly waived?: Waiver;
}

/**
 * `running`: the statement began before anything was protected. `left`: code was left behind, and somebody else's statement runs it.
 * `own activity`: a login sees its own statements on other databases. `outside`: beyond the database; waived by `Allow` alone.
 */
export type Waiver = "running" | "left" | "own activity" | "outside";

export const SECRET = "canary@secret.example";

/** `a: SQL`, or `a> SQL` for one that is not waited for. */
export function turn(line: string): Turn {
  const found = /^(a|b|su|root|vault)(:|>) (.*)$/s.exec(line);
  if (found === null) throw new Error(`a turn begins with who and ": " or "> ", not ${line.slice(0, 20)}`);
  const [, who, how, sql] = found;
  return sent(who as Who, [query(sql!)], 1, how === ">");
}

export function sent(who: Who, send: readonly Buffer[], owed = 1, starts = false): Turn {
  return { who, send, owed, ...(starts && { starts: true as const }) };
}

export const attempt = (name: string, ...turns: readonly (string | Turn)[]): Attempt => ({
  name,
  turns: turns.map((each) => (typeof each === "string" ? turn(each) : each)),
});

export const waived = (waiver: Waiver, name: string, ...turns: readonly (string | Turn)[]): Attempt => ({
  ...attempt(name, ...turns),
  waived: waiver,
});

/** Somebody whom Weir does not see makes what the policy speaks of. */
export const PEOPLE = `root: CREATE TABLE people (email text); INSERT INTO people VALUES ('${SECRET}'); GRANT ALL ON people TO app`;
