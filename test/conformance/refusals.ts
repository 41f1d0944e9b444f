// docs/design.md section 5, the table of refusals, as data: each conversation is played through the sidecar with what policy refuses,
// and directly with what PostgreSQL itself fails at that very place.
// biome-ignore-all format: one conversation a line
import { bind, copyData, copyDone, describe, execute, flush, functionCall, parse, query, sync } from "../support/messages.ts";
import type { Step } from "../support/script.ts";

/** "reload": the second policy comes into force; directly it does nothing. */
export type Act = Step | "reload";

export interface Conversation {
  readonly name: string;
  readonly refused: readonly Act[];
  readonly failing: readonly Act[];
  /** SQLSTATE of the sidecar's error where it shows; null where PostgreSQL answers 25P02 in a failed transaction. */
  readonly code: string | null;
}

/** Needed at once: no DELETE, at most three rows a read. */
export const BEFORE = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: rules}
spec:
  guard:
    - {name: no-delete, effects: [Delete], action: Deny}
    - {name: few-rows, effects: [Read], rowsOver: 3, action: Deny}
`;
/** After "reload" nothing may be written any more. */
export const AFTER = `${BEFORE}    - {name: frozen, effects: [Insert, Update, CopyIn], action: Deny}
`;

type Bad<T> = readonly [refused: T, failing: T];
function both<T>(name: string, [refused, failing]: Bad<T>, build: (bad: T) => readonly Act[], code: string | null = "42501"): Conversation {
  return { name, refused: build(refused), failing: build(failing), code };
}

const run = (sql: string): readonly Buffer[] => [parse("", sql), bind(), execute()];
const put = (n: number) => `INSERT INTO made VALUES (${n})`;
const q = (sql: string): Step => [query(sql)];
const usable: readonly Step[] = [q("SELECT 'usable'"), [...run("SELECT 'too'"), sync()]];
const settled: readonly Step[] = [q("ROLLBACK"), ...usable];

const statement: Bad<string> = ["DELETE FROM gone", "SELECT 1/0"];
const parsed: Bad<string> = ["DELETE FROM gone", "SELECT nope FROM gone"];
const bound: Bad<string> = ["s", "absent"];
const portal: Bad<string> = ["p", "absent"];
const oid: Bad<number> = [1765, 0]; // setval(regclass, bigint, boolean): a FunctionCall is never understood, so every guard refuses it
const rows: Bad<string> = ["SELECT n FROM many", "SELECT n / least(abs(4 - n), 1) FROM many"];
const copied: Bad<string> = ["COPY (SELECT n FROM many) TO STDOUT", "COPY (SELECT n / least(abs(4 - n), 1) FROM many) TO STDOUT"];
/** Something that makes COMMIT fail: a policy that changed, or a deferred constraint. */
const write: Bad<readonly string[]> = [[put(7), "INSERT INTO late VALUES (1), (2)"], [put(7), "INSERT INTO late VALUES (1), (1)"]];

const flushed = (...send: readonly Buffer[]): Step => ({ send: [...send, flush()], until: "quiet" });
const startCopy = (text: string): Step => ({ send: [query(text)], until: { frame: "G" } });

export const conversations: readonly Conversation[] = [
  // Query of one statement
  both("query: autocommit", statement, (bad) => [q(put(1)), q(bad), q(put(2)), ...settled]),
  both("query: in a transaction", statement, (bad) => [q("BEGIN"), q(put(1)), q(bad), q(put(2)), q("COMMIT"), ...usable]),
  both("query: in a failed transaction", statement, (bad) => [q("BEGIN"), q("SELECT 1/0"), q(bad), q("COMMIT"), ...usable], null),
  both("query: after a savepoint", statement, (bad) => [q("BEGIN"), q(put(1)), q("SAVEPOINT s"), q(bad), q("ROLLBACK TO s"), q(put(2)), q("COMMIT"), ...usable]),
  both("query: amid Queries in one write", statement, (bad) => [[query(put(1)), query(bad), query(put(2))], ...settled]),
  both("query: amid a pipeline without Sync", statement, (bad) => [[...run(put(1)), query(bad), ...run(put(2)), sync()], ...settled]),
  // one statement of a string
  both("string: first", statement, (bad) => [q(`${bad}; ${put(1)}; ${put(2)}`), ...settled]),
  both("string: middle", statement, (bad) => [q(`${put(1)}; ${bad}; ${put(2)}`), ...settled]),
  both("string: last", statement, (bad) => [q(`${put(1)}; ${put(2)}; ${bad}`), ...settled]),
  both("string: with comments and blanks around", statement, (bad) => [q(`${put(1)}; /* x */ ${bad} -- y\n ; ${put(2)}`), ...settled]),
  both("string: in a transaction", statement, (bad) => [q("BEGIN"), q(`${put(1)}; ${bad}; ${put(2)}`), q(put(3)), q("COMMIT"), ...usable]),
  both("string: in a failed transaction", statement, (bad) => [q("BEGIN"), q("SELECT 1/0"), q(`${bad}; ${put(2)}`), q("COMMIT"), ...usable], null),
  both("string: that ends a failed transaction before it", statement, (bad) => [q("BEGIN"), q("SELECT 1/0"), q(`ROLLBACK; ${put(1)}; ${bad}; ${put(2)}`), ...settled]),
  both("string: that began its own transaction", statement, (bad) => [q(`BEGIN; ${put(1)}; ${bad}; ${put(2)}`), q("COMMIT"), ...usable]),
  both("string: after a COMMIT inside", statement, (bad) => [q(`BEGIN; ${put(1)}; COMMIT; ${put(2)}; ${bad}; ${put(3)}`), ...settled]),
  both("string: two of them", statement, (bad) => [q(`${put(1)}; ${bad}; ${bad}`), ...settled]),
  // Parse
  both("parse: alone", parsed, (bad) => [[parse("", bad), sync()], ...settled]),
  both("parse: described and executed", parsed, (bad) => [[parse("", bad), describe("S"), bind(), describe("P"), execute(), sync()], ...settled]),
  both("parse: amid a pipeline", parsed, (bad) => [[...run(put(1)), ...run(bad), ...run(put(2)), sync(), ...run(put(3)), sync()], ...settled]),
  both("parse: first of a pipeline", parsed, (bad) => [[...run(bad), ...run(put(1)), sync(), ...run(put(2)), sync()], ...settled]),
  both("parse: in a transaction", parsed, (bad) => [q("BEGIN"), q(put(1)), [...run(bad), sync()], [...run(put(2)), sync()], q("COMMIT"), ...usable]),
  both("parse: in a failed transaction", parsed, (bad) => [q("BEGIN"), q("SELECT 1/0"), [...run(bad), sync()], q("COMMIT"), ...usable], null),
  both("parse: in a pipeline that began a transaction", parsed, (bad) => [[...run("BEGIN"), ...run(put(1)), ...run(bad), ...run(put(2)), sync()], q("COMMIT"), ...usable]),
  both("parse: named, then used in another segment", parsed, (bad) => [[parse("s", bad), sync(), bind({ statement: "s" }), execute(), sync()], ...settled]),
  both("parse: keeps the named statement of before", parsed, (bad) => [[parse("s", "SELECT 'kept'"), sync()], [parse("s2", bad), sync()], [bind({ statement: "s" }), execute(), sync()], ...settled]),
  both("parse: drops the unnamed statement of before", parsed, (bad) => [[parse("", "SELECT 'gone'"), sync()], [parse("", bad), sync()], [bind(), execute(), sync()], ...settled]),
  both("parse: with Flush instead of Sync", parsed, (bad) => [flushed(parse("", bad), bind(), execute()), flushed(...run(put(1))), [sync()], ...settled]),
  // Bind: the policy has changed since Parse
  both("bind: autocommit", bound, (bad) => [[parse("s", put(1)), sync()], "reload", [bind({ statement: bad }), execute(), sync()], ...settled]),
  both("bind: amid a pipeline", bound, (bad) => [[parse("s", put(1)), sync()], "reload", [...run("SELECT 1"), bind({ statement: bad, portal: "p" }), execute("p"), ...run("SELECT 2"), sync(), ...run("SELECT 3"), sync()], ...settled]),
  both("bind: in a transaction", bound, (bad) => [[parse("s", put(1)), sync()], q("BEGIN"), q("SELECT 1"), "reload", [bind({ statement: bad }), execute(), sync()], q("SELECT 2"), q("ROLLBACK"), ...usable]),
  both("bind: in a failed transaction", ["s", "s"], (bad) => [[parse("s", put(1)), sync()], q("BEGIN"), q("SELECT 1/0"), "reload", [bind({ statement: bad }), execute(), sync()], q("ROLLBACK"), ...usable], null),
  // Execute: the policy has changed since Bind
  both("execute: in a transaction", portal, (bad) => [q("BEGIN"), [parse("", put(1)), bind({ portal: "p" }), sync()], "reload", [execute(bad), sync()], q("SELECT 1"), q("ROLLBACK"), ...usable]),
  both("execute: after Flush, in a pipeline", portal, (bad) => [flushed(...run("SELECT 1"), parse("", put(1)), bind({ portal: "p" })), "reload", [execute(bad), ...run("SELECT 2"), sync(), ...run("SELECT 3"), sync()], ...settled]),
  both("execute: the second of two executions", portal, (bad) => [q("BEGIN"), [parse("s", put(1)), bind({ statement: "s", portal: "one" }), execute("one"), bind({ statement: "s", portal: "p" }), sync()], "reload", [execute(bad), sync()], q("ROLLBACK"), ...usable]),
  // FunctionCall
  both("function call: autocommit", oid, (bad) => [[functionCall(bad, ["made_seq", "5", "t"])], ...settled]),
  both("function call: in a transaction", oid, (bad) => [q("BEGIN"), q(put(1)), [functionCall(bad, ["made_seq", "5", "t"])], q("SELECT 1"), q("COMMIT"), ...usable]),
  both("function call: in a failed transaction", oid, (bad) => [q("BEGIN"), q("SELECT 1/0"), [functionCall(bad, ["made_seq", "5", "t"])], q("COMMIT"), ...usable], null),
  both("function call: amid Queries in one write", oid, (bad) => [[query(put(1)), functionCall(bad, ["made_seq", "5", "t"]), query(put(2))], ...settled]),
  // COPY IN in progress
  both("copy in: started, refused at once", statement, (bad) => [q(bad === "SELECT 1/0" ? "COPY nothing FROM STDIN" : "COPY (DELETE FROM gone RETURNING a) TO STDOUT"), ...settled]),
  both("copy in: under way", [false, true], (client) => [startCopy("COPY made FROM STDIN"), { send: [copyData("1\n")], until: "quiet", readies: 0 }, "reload", { send: client ? [Buffer.from("f\0\0\0\x05\0", "latin1")] : [copyData("2\n"), copyDone()], readies: 0 }, ...settled]),
  both("copy in: under way, in a transaction", [false, true], (client) => [q("BEGIN"), startCopy("COPY made FROM STDIN"), { send: [copyData("1\n")], until: "quiet", readies: 0 }, "reload", { send: client ? [Buffer.from("f\0\0\0\x05\0", "latin1")] : [copyData("2\n"), copyDone()], readies: 0 }, q("SELECT 1"), q("ROLLBACK"), ...usable]),
  both("copy in: under way, extended", [false, true], (client) => [{ send: [...run("SELECT 1"), ...run("COPY made FROM STDIN"), flush()], until: { frame: "G" } }, { send: [copyData("1\n")], until: "quiet", readies: 0 }, "reload", [...(client ? [Buffer.from("f\0\0\0\x05\0", "latin1")] : [copyData("2\n"), copyDone()]), ...run("SELECT 2"), sync()], ...settled]),
  both("copy in: under way, amid a string", [false, true], (client) => [startCopy(`SELECT 1; COPY made FROM STDIN; SELECT 2`), { send: [copyData("1\n")], until: "quiet", readies: 0 }, "reload", { send: client ? [Buffer.from("f\0\0\0\x05\0", "latin1")] : [copyData("2\n"), copyDone()], readies: 0 }, ...settled]),
  // rows already flowing
  both("rows: extended", rows, (bad) => [[...run(bad), sync()], ...settled]),
  both("rows: extended, described", rows, (bad) => [[parse("", bad), bind({ results: [1] }), describe("P"), execute(), sync()], ...settled]),
  both("rows: extended, amid a pipeline", rows, (bad) => [[...run(put(1)), ...run(bad), ...run(put(2)), sync(), ...run(put(3)), sync()], ...settled]),
  both("rows: extended, in a transaction", rows, (bad) => [q("BEGIN"), q(put(1)), [...run(bad), sync()], q("SELECT 1"), q("COMMIT"), ...usable]),
  both("rows: extended, in a failed transaction", rows, (bad) => [q("BEGIN"), q("SELECT 1/0"), [...run(bad), sync()], q("COMMIT"), ...usable], null),
  both("rows: extended, in pages", rows, (bad) => [q("BEGIN"), [parse("", bad), bind({ portal: "p" }), execute("p", 2), sync()], [execute("p", 2), sync()], q("ROLLBACK"), ...usable]),
  both("rows: extended, one page asks for more", rows, (bad) => [[parse("", bad), bind(), execute("", 1), execute("", 1), execute("", 5), sync()], ...settled]),
  both("rows: simple", rows, (bad) => [q(bad), ...settled]),
  both("rows: simple, in a transaction", rows, (bad) => [q("BEGIN"), q(put(1)), q(bad), q("SELECT 1"), q("COMMIT"), ...usable]),
  both("rows: simple, in a failed transaction", rows, (bad) => [q("BEGIN"), q("SELECT 1/0"), q(bad), q("COMMIT"), ...usable], null),
  both("rows: a limited statement amid a string is refused at its place", [rows[0], statement[1]], (bad) => [q(`${put(1)}; ${bad}; ${put(2)}`), ...settled]),
  both("rows: simple, Queries behind it in the same write", rows, (bad) => [[query(bad), query(put(1)), query("SELECT 'next'")], ...settled]),
  both("rows: COPY OUT", copied, (bad) => [q(bad), ...settled]),
  both("rows: COPY OUT in a transaction", copied, (bad) => [q("BEGIN"), q(put(1)), q(bad), q("SELECT 1"), q("COMMIT"), ...usable]),
  both("rows: COPY OUT, extended", copied, (bad) => [[...run(put(1)), ...run(bad), ...run(put(2)), sync()], ...settled]),
  // COMMIT: the policy has changed since the write
  both("commit: simple", write, (sqls) => [q("BEGIN"), ...sqls.map(q), "reload", q("COMMIT"), ...usable]),
  both("commit: END", write, (sqls) => [q("BEGIN"), ...sqls.map(q), "reload", q("END"), ...usable]),
  both("commit: AND CHAIN", write, (sqls) => [q("BEGIN"), ...sqls.map(q), "reload", q("COMMIT AND CHAIN"), ...usable]),
  both("commit: in a string", write, (sqls) => [q("BEGIN"), ...sqls.map(q), "reload", q("SELECT 1; COMMIT; SELECT 2"), ...usable]),
  both("commit: extended", write, (sqls) => [q("BEGIN"), ...sqls.map(q), "reload", [...run("COMMIT"), sync()], ...usable]),
  both("commit: amid a pipeline", write, (sqls) => [q("BEGIN"), ...sqls.map(q), "reload", [...run("SELECT 1"), ...run("COMMIT"), ...run("SELECT 2"), sync(), ...run("SELECT 3"), sync()], ...usable]),
  both("commit: PREPARE TRANSACTION", write, (sqls) => [q("BEGIN"), ...sqls.map(q), "reload", q("PREPARE TRANSACTION 'gid'"), ...usable, q("ROLLBACK PREPARED 'gid'")]),
  both("commit: in a failed transaction", write, (sqls) => [q("BEGIN"), ...sqls.map(q), q("SELECT 1/0"), "reload", q("COMMIT"), ...usable], null),
  // Sync that would commit
  both("sync: would commit an implicit transaction", write, (sqls) => [flushed(...sqls.flatMap(run)), "reload", [sync()], ...usable]),
  both("sync: with more statements before it", write, (sqls) => [flushed(...sqls.flatMap(run)), "reload", [...run("SELECT 1"), sync(), ...run("SELECT 2"), sync()], ...usable]),
];
