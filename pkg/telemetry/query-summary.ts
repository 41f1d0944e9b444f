// A short name for a statement, as `db.query.summary` of the OpenTelemetry conventions has it: operations and their targets in the order
// of the text. Made of normalised text only, for people and dashboards; nothing is decided by it.

const LENGTH_MAX = 255;
const token = /"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*|\$\d+|[(),;.*]|\S/gu;
const operations = new Set([
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "MERGE",
  "COPY",
  "TRUNCATE",
  "CALL",
  "REFRESH",
  "LOCK",
]);
/** A target follows these. */
const before = new Set([
  "FROM",
  "JOIN",
  "INTO",
  "UPDATE",
  "TABLE",
  "USING",
  "COPY",
  "CALL",
  "TRUNCATE",
  "VIEW",
  "LOCK",
]);
/** Written with the word behind: CREATE TABLE. */
const definitions = new Set(["CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE"]);
const noise = new Set([
  "ONLY",
  "LATERAL",
  "IF",
  "NOT",
  "EXISTS",
  "CONCURRENTLY",
  "OR",
  "REPLACE",
  "TEMP",
  "TEMPORARY",
  "UNLOGGED",
]);
const notNames = new Set(["SELECT", "SET", "VALUES", "WHERE", "(", ")", ",", ";", "."]);

/** Null when there is nothing to say. */
export function querySummary(normalized: string): string | null {
  const words = normalized.match(token) ?? [];
  const said: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const upper = words[at]!.toUpperCase();
    if (operations.has(upper) && !isForUpdate(words, at)) said.push(words[at]!);
    if (at === 0 && definitions.has(upper)) at = definition(words, said);
    else if (before.has(upper) && !isForUpdate(words, at)) at = targets(words, at + 1, said) - 1;
  }
  if (said.length === 0 && words.length > 0) said.push(words[0]!);
  return fitted(said);
}

/** `FOR UPDATE` locks; `DO UPDATE` and `ON UPDATE` are no operation of their own. */
function isForUpdate(words: readonly string[], at: number): boolean {
  return /^(FOR|DO|ON|KEY)$/i.test(words[at - 1] ?? "");
}

/** CREATE [OR REPLACE TEMP] TABLE name. Returns the index of its last word. */
function definition(words: readonly string[], said: string[]): number {
  said.push(words[0]!);
  let at = skipNoise(words, 1);
  if (words[at] === undefined) return at;
  said.push(words[at]!);
  at = skipNoise(words, at + 1);
  const name = nameAt(words, at);
  if (name !== null) said.push(name.text);
  return name === null ? at : name.end - 1;
}

/** A name or a list of names. Returns the index behind them. */
function targets(words: readonly string[], from: number, said: string[]): number {
  // TRUNCATE TABLE and LOCK TABLE.
  let at = skipNoise(words, words[from]?.toUpperCase() === "TABLE" ? from + 1 : from);
  for (;;) {
    const name = nameAt(words, at);
    if (name === null) return at;
    said.push(name.text);
    at = name.end;
    // An alias may stand between a name and the next one.
    if (words[at]?.toUpperCase() === "AS") at++;
    const comma =
      words[at] === "," ? at : words[at + 1] === "," && !notNames.has(words[at]?.toUpperCase() ?? "") ? at + 1 : -1;
    if (comma === -1) return at;
    at = skipNoise(words, comma + 1);
  }
}

function nameAt(words: readonly string[], at: number): { readonly text: string; readonly end: number } | null {
  const first = words[at];
  if (first === undefined || notNames.has(first.toUpperCase()) || !/^["\p{L}_]/u.test(first)) return null;
  let [text, end] = [first, at + 1];
  while (words[end] === "." && words[end + 1] !== undefined) {
    text += `.${words[end + 1]}`;
    end += 2;
  }
  return { text, end };
}

function skipNoise(words: readonly string[], from: number): number {
  let at = from;
  while (noise.has(words[at]?.toUpperCase() ?? "")) at++;
  return at;
}

function fitted(words: readonly string[]): string | null {
  let text = "";
  for (const word of words) {
    const longer = text === "" ? word : `${text} ${word}`;
    if (longer.length > LENGTH_MAX) break;
    text = longer;
  }
  return text === "" ? null : text;
}
