import { functionCall, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const INT4_PLUS = 177; // pg_catalog.int4pl
const UPPER = 871; // pg_catalog.upper(text)
const number = (value: number) => Buffer.from(value.toString(16).padStart(8, "0"), "hex");

export default [
  script(
    "function call: text and binary",
    [functionCall(INT4_PLUS, ["2", "3"])],
    [functionCall(INT4_PLUS, [number(2), number(3)], [1], 1)],
    [functionCall(INT4_PLUS, [number(2), "3"], [1, 0], 0)],
  ),
  script("function call: NULL argument of a strict function", [functionCall(INT4_PLUS, [null, "3"])]),
  script("function call: text", [functionCall(UPPER, ["größe"])]),
  script(
    "function call: errors",
    [functionCall(999999, [])],
    [functionCall(INT4_PLUS, ["2"])],
    [functionCall(INT4_PLUS, ["x", "3"])],
    [functionCall(INT4_PLUS, ["2147483647", "1"])],
    [query("SELECT 1")],
  ),
  script(
    "function call: inside a transaction",
    [query("BEGIN")],
    [functionCall(INT4_PLUS, ["2", "3"])],
    [functionCall(INT4_PLUS, ["x", "3"])],
    [functionCall(INT4_PLUS, ["2", "3"])],
    [query("ROLLBACK")],
  ),
  script("function call: amid a pipeline", [
    parse("s", "SELECT 1"),
    sync(),
    functionCall(INT4_PLUS, ["2", "3"]),
    query("SELECT 2"),
    functionCall(UPPER, ["a"]),
  ]),
];
