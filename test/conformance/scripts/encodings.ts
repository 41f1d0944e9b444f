import { bind, execute, parse, query, sync } from "../../support/messages.ts";
import { script } from "../../support/script.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const setting = (encoding: string) => [query(`SET client_encoding = '${encoding}'`)];

export default [
  script(
    "encoding: LATIN1 both ways",
    setting("LATIN1"),
    [query(latin1("SELECT 'ü', length('ü'), 'naïve' AS \"ï\""))],
    [parse("", latin1("SELECT 'ü' || $1")), bind({ values: [latin1("é")] }), execute(), sync()],
    [query("SELECT '\u2603'")],
    [query('SELECT "Größe" FROM "Üml äut ☃"')],
  ),
  script(
    "encoding: a character that does not fit",
    setting("LATIN1"),
    [query("SELECT chr(9731)")],
    [query("SELECT 1")],
  ),
  script(
    "encoding: invalid UTF-8 in a text",
    [query(Buffer.from("SELECT '\xff\xfe'", "latin1"))],
    [query("SELECT 1")],
    [parse("", Buffer.from("SELECT '\xc3('", "latin1")), sync()],
  ),
  script(
    "encoding: invalid UTF-8 in a parameter",
    [parse("", "SELECT $1::text"), bind({ values: [Buffer.from([0xff])] }), execute(), sync()],
    [parse("", "SELECT $1::text"), bind({ values: [Buffer.from([0x61, 0])] }), execute(), sync()],
  ),
  script("encoding: WIN1251", setting("WIN1251"), [
    query(Buffer.concat([Buffer.from("SELECT '"), Buffer.from([0xcf, 0xf0]), Buffer.from("'")])),
  ]),
  script("encoding: EUC_JP", setting("EUC_JP"), [
    query(
      Buffer.concat([
        Buffer.from("SELECT '"),
        Buffer.from([0xc6, 0xfc, 0xcb, 0xdc]),
        Buffer.from("', length('"),
        Buffer.from([0xc6, 0xfc]),
        Buffer.from("')"),
      ]),
    ),
  ]),
  script("encoding: SJIS whose second byte is a backslash", setting("SJIS"), [
    query(Buffer.concat([Buffer.from("SELECT '"), Buffer.from([0x95, 0x5c]), Buffer.from("'")])),
  ]),
  script("encoding: unknown", setting("KLINGON"), setting("UTF8")),
  script("encoding: SQL_ASCII sends bytes as they are", setting("SQL_ASCII"), [query("SELECT 'é', octet_length('é')")]),
  script("encoding: UTF-8 of four bytes, combining and right-to-left", [
    query("SELECT '😀', length('😀'), 'é', 'שלום', U&'\\+01F600'"),
  ]),
  script(
    "encoding: strings of all spellings",
    [query("SELECT E'a\\'b\\n\\x41\\u2603', B'101', X'1F', U&'d!0061t' UESCAPE '!', N'n', $$dollar$$, 'a'\n'b'")],
    [query("SELECT 1_000, 0x1F, 0o17, 0b11, 1e3, .5, 5.")],
  ),
];
