import {
  bind,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  parse,
  query,
  sync,
} from "../../support/messages.ts";
import { type Step, script } from "../../support/script.ts";

const start = (text: string): Step => ({ send: [query(text)], until: { frame: "G" } });
const go = (...send: readonly Buffer[]): Step => ({ send, readies: 0 });
const all: Step = [query("SELECT * FROM pairs ORDER BY a, b")];
const begin = start("COPY pairs FROM STDIN");

const binary = (...rows: readonly (readonly Buffer[])[]): Buffer => {
  const field = (bytes: Buffer) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  const body = rows.map((row) => Buffer.concat([Buffer.from([0, row.length]), ...row.map(field)]));
  return Buffer.concat([
    Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"),
    Buffer.alloc(8),
    ...body,
    Buffer.from([0xff, 0xff]),
  ]);
};
const rows = binary([Buffer.from([0, 0, 0, 1]), Buffer.from("one")], [Buffer.from([0, 0, 0, 2]), Buffer.from("zwölf")]);

export default [
  script("copy in: text", begin, go(copyData("1\tone\n2\t\\N\n3\ttab\\there\n"), copyDone()), all),
  script("copy in: no data", begin, go(copyDone()), all),
  script(
    "copy in: one byte a frame",
    begin,
    go(...[..."1\tone\n2\ttwo\n"].map((char) => copyData(char)), copyDone()),
    all,
  ),
  script("copy in: empty frames between", begin, go(copyData(""), copyData("1\tone\n"), copyData(""), copyDone()), all),
  script("copy in: no newline at the end", begin, go(copyData("1\tone\n2\ttwo"), copyDone()), all),
  script("copy in: end-of-data marker", begin, go(copyData("1\tone\n\\.\n"), copyDone()), all),
  script(
    "copy in: csv",
    start("COPY pairs FROM STDIN (FORMAT csv, HEADER, QUOTE '''', DELIMITER ';', NULL 'nil')"),
    go(copyData("a;b\n1;'o;n''e\n\n'\n2;nil\n"), copyDone()),
    all,
  ),
  script(
    "copy in: csv header must match",
    // At once, as below: before PostgreSQL 15 it is an error.
    [query("COPY pairs FROM STDIN (FORMAT csv, HEADER match)"), copyData("a,c\n1,x\n"), copyDone()],
    all,
  ),
  script("copy in: binary", start("COPY pairs FROM STDIN (FORMAT binary)"), go(copyData(rows), copyDone()), all),
  script(
    "copy in: binary cut anywhere",
    start("COPY pairs FROM STDIN (FORMAT binary)"),
    go(
      ...Array.from({ length: Math.ceil(rows.length / 3) }, (_, n) => copyData(rows.subarray(n * 3, n * 3 + 3))),
      copyDone(),
    ),
    all,
  ),
  script(
    "copy in: broken binary",
    start("COPY pairs FROM STDIN (FORMAT binary)"),
    go(copyData("not binary at all\n"), copyDone()),
    all,
  ),
  script(
    "copy in: some columns and WHERE",
    start("COPY items (id, name) FROM STDIN WHERE id > 100"),
    go(copyData("99\tno\n101\tyes\n"), copyDone()),
    [query("SELECT id, name, mood FROM items WHERE id > 90")],
  ),
  script(
    "copy in: ON_ERROR ignore",
    // At once: a server that does not know ON_ERROR (before PostgreSQL 17) answers with an error and drops the rest.
    [
      query("COPY pairs FROM STDIN (ON_ERROR ignore, LOG_VERBOSITY verbose)"),
      copyData("1\ta\nx\tb\n3\tc\n"),
      copyDone(),
    ],
    all,
  ),
  script("copy in: CopyFail", begin, go(copyData("1\tone\n"), copyFail("changed my mind")), all),
  script("copy in: CopyFail at once", begin, go(copyFail("")), all),
  script(
    "copy in: bad value, the rest ignored",
    begin,
    go(copyData("1\tone\nx\tbad\n"), copyData("2\tlate\n"), copyData("3\tlater\n"), copyDone()),
    all,
  ),
  script("copy in: too many fields", begin, go(copyData("1\ta\tb\n"), copyDone()), all),
  script("copy in: too few fields", begin, go(copyData("1\n"), copyDone()), all),
  script(
    "copy in: constraint",
    start("COPY items (id, name) FROM STDIN"),
    go(copyData("500\tnew\n1\tagain\n"), copyDone()),
    [query("SELECT count(*) FROM items")],
  ),
  script(
    "copy in: trigger notices",
    start("COPY notes (item, note) FROM STDIN"),
    go(copyData("1\tfirst\n2\tsecond\n"), copyDone()),
    [query("SELECT item, note FROM notes ORDER BY id")],
  ),
  script(
    "copy in: Flush and Sync during it are ignored",
    begin,
    { send: [copyData("1\tone\n"), flush(), sync(), copyData("2\ttwo\n"), copyDone()], readies: 0 },
    all,
  ),
  script(
    "copy in: inside a string of statements",
    {
      send: [
        query(
          "INSERT INTO pairs VALUES (0, 'before'); COPY pairs FROM STDIN; SELECT count(*) FROM pairs; COPY pairs FROM STDIN; SELECT count(*) FROM pairs",
        ),
      ],
      until: { frame: "G" },
    },
    { send: [copyData("1\tone\n"), copyDone()], until: { frame: "G" }, readies: 0 },
    go(copyData("2\ttwo\n3\tthree\n"), copyDone()),
    all,
  ),
  script(
    "copy in: failing inside a string",
    { send: [query("INSERT INTO pairs VALUES (0, 'before'); COPY pairs FROM STDIN; SELECT 1")], until: { frame: "G" } },
    go(copyFail("no")),
    all,
  ),
  script(
    "copy in: inside a transaction that then fails",
    [query("BEGIN")],
    begin,
    go(copyData("1\tone\n"), copyFail("no")),
    [query("SELECT 1")],
    [query("COMMIT")],
    all,
  ),
  script(
    "copy in: extended",
    { send: [parse("", "COPY pairs FROM STDIN"), bind(), describe("P"), execute(), flush()], until: { frame: "G" } },
    { send: [copyData("1\tone\n"), copyDone(), sync()] },
    all,
  ),
  script(
    "copy in: extended, Sync sent along is swallowed",
    { send: [parse("", "COPY pairs FROM STDIN"), bind(), execute(), sync()], until: { frame: "G" }, readies: 0 },
    { send: [copyData("1\tone\n"), copyDone(), sync()] },
    all,
  ),
  script(
    "copy in: extended, all in one write",
    [parse("", "COPY pairs FROM STDIN"), bind(), execute(), copyData("1\tone\n"), copyDone(), sync()],
    all,
  ),
  script(
    "copy in: extended, fails, rest of the pipeline is skipped",
    {
      send: [
        parse("", "COPY pairs FROM STDIN"),
        bind(),
        execute(),
        copyData("x\n"),
        copyDone(),
        parse("", "INSERT INTO pairs VALUES (9)"),
        bind(),
        execute(),
        sync(),
      ],
    },
    all,
  ),
  script(
    "copy in: extended, CopyFail",
    [parse("", "COPY pairs FROM STDIN"), bind(), execute(), copyData("1\tx\n"), copyFail("no"), sync()],
    all,
  ),
  script(
    "copy in: extended, statements before and after",
    [
      parse("", "INSERT INTO pairs VALUES (0)"),
      bind(),
      execute(),
      parse("", "COPY pairs FROM STDIN"),
      bind(),
      execute(),
      copyData("1\tone\n"),
      copyDone(),
      parse("", "INSERT INTO pairs VALUES (2)"),
      bind(),
      execute(),
      sync(),
    ],
    all,
  ),
  script(
    "copy in: CopyData and CopyDone out of place",
    [query("SELECT 1")],
    { send: [copyData("stray\n"), copyDone(), copyFail("stray")], until: "quiet" },
    [query("SELECT 2")],
  ),
  script(
    "copy in: a megabyte in frames of 8 KiB",
    begin,
    go(...Array.from({ length: 128 }, (_, n) => copyData(`${n}\t${"x".repeat(8184)}\n`)), copyDone()),
    [query("SELECT count(*), sum(length(b)) FROM pairs")],
  ),
  script(
    "copy in: a megabyte in one frame",
    begin,
    go(copyData(Array.from({ length: 128 }, (_, n) => `${n}\t${"x".repeat(8184)}\n`).join("")), copyDone()),
    [query("SELECT count(*), sum(length(b)) FROM pairs")],
  ),
  script(
    "copy in: into a view, a partition, a missing table",
    [query("COPY cheap FROM STDIN")],
    start("COPY parts FROM STDIN"),
    go(copyData("1\ta\t5\n2\tb\t6\n"), copyDone()),
    [query("SELECT tableoid::regclass, * FROM parts ORDER BY id")],
    [query("COPY nothing FROM STDIN")],
  ),
  script(
    "copy in: with FREEZE and old spelling",
    { send: [query("BEGIN; CREATE TABLE fresh (a int); COPY fresh FROM STDIN WITH (FREEZE)")], until: { frame: "G" } },
    go(copyData("1\n"), copyDone()),
    [query("COMMIT")],
    start("COPY pairs FROM STDIN WITH DELIMITER '|' NULL AS 'x'"),
    go(copyData("1|x\n"), copyDone()),
    all,
  ),
];
