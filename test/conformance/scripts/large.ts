import { bind, copyData, copyDone, describe, execute, flush, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const MIB = 1024 * 1024;

export default [
  script(
    "large: a result of 1 MiB, text and binary",
    [query(`SELECT repeat('x', ${MIB})`)],
    [parse("", `SELECT repeat('x', ${MIB})::bytea`), bind({ results: [1] }), describe("P"), execute(), sync()],
  ),
  script("large: a result of 64 MiB", [query(`SELECT repeat('0123456789abcdef', ${4 * MIB})`)], [query("SELECT 1")]),
  script("large: a parameter of 1 MiB", [
    parse("", "SELECT length($1), md5($1), $1"),
    bind({ values: ["y".repeat(MIB)] }),
    execute(),
    sync(),
  ]),
  script(
    "large: a parameter of 64 MiB",
    [
      parse("", "SELECT octet_length($1::bytea)"),
      bind({ values: [Buffer.alloc(64 * MIB, 7)], formats: [1] }),
      execute(),
      sync(),
    ],
    [query("SELECT 1")],
  ),
  script(
    "large: a text of 2 MiB",
    [query(`SELECT length('${"z".repeat(2 * MIB)}')`)],
    [parse("", `SELECT length('${"z".repeat(2 * MIB)}')`), bind(), execute(), sync()],
  ),
  script("large: a text of 2 MiB with an error at its end", [query(`SELECT '${"z".repeat(2 * MIB)}', nope`)]),
  script(
    "large: twenty thousand rows",
    [query("SELECT n, 'row ' || n, n * 1.5 FROM generate_series(1, 20000) n")],
    [
      parse("", "SELECT n, 'row ' || n, n * 1.5 FROM generate_series(1, 20000) n"),
      bind({ results: [1] }),
      execute("", 7000),
      execute("", 7000),
      execute(),
      sync(),
    ],
  ),
  script("large: a megabyte of small rows with an error at the end", [
    query("SELECT n, 1 / (19999 - n) FROM generate_series(1, 20000) n"),
  ]),
  script(
    "large: 16 MiB each way by COPY",
    { send: [query("COPY pairs FROM STDIN")], until: { frame: "G" } },
    {
      send: [...Array.from({ length: 256 }, (_, n) => copyData(`${n}\t${"k".repeat(65536)}\n`)), copyDone()],
      readies: 0,
    },
    [query("COPY pairs TO STDOUT")],
  ),
  script(
    "large: a CopyData frame of 16 MiB",
    { send: [query("COPY pairs (b) FROM STDIN")], until: { frame: "G" } },
    { send: [copyData(`${"q".repeat(16 * MIB)}\n`), copyDone()], readies: 0 },
    [query("SELECT length(b) FROM pairs")],
  ),
  script("large: 5000 statements in a string", [query("SELECT 1;".repeat(5000))]),
  script("large: a slow reader of pipelined results", [
    ...Array.from({ length: 40 }, () => [parse("", "SELECT repeat('p', 100000)"), bind(), execute(), flush()]).flat(),
    sync(),
  ]),
];
