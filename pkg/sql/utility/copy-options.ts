// Options of COPY in every spelling; the grammar has turned the old ones (CSV HEADER QUOTE '"') into the new. Defaults as
// ProcessCopyOptions (commands/copy.c) sets them.
import type { CopyFacts } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import { kindOf, type Node, texts } from "../node.ts";
import { type Option, optionsOf, optionText } from "./options.ts";

export type CopyLayout = Pick<
  CopyFacts,
  "format" | "delimiter" | "nullText" | "quote" | "escape" | "header" | "encoding"
> & {
  /** Column names under FORCE_QUOTE; "*" for all. */
  readonly forceQuote: readonly string[] | "*";
};

/** Options that only say what comes in, or how the server treats it. */
const passed = new Set([
  "freeze",
  "force_not_null",
  "force_null",
  "default",
  "on_error",
  "log_verbosity",
  "reject_limit",
]);
const read = new Set(["format", "delimiter", "null", "quote", "escape", "header", "force_quote", "encoding"]);

export function copyLayout(nodes: Node): CopyLayout {
  const options = optionsOf(nodes);
  for (const { name } of options) {
    if (!passed.has(name) && !read.has(name)) throw new NotKnown("COPY with an unknown option");
  }
  const of = (wanted: string) => options.find(({ name }) => name === wanted);
  const format = formatOf(of("format"));
  const csv = format === "csv";
  const quote = textOr(of("quote"), csv ? '"' : "");
  return {
    format,
    delimiter: textOr(of("delimiter"), csv ? "," : "\t"),
    nullText: textOr(of("null"), csv ? "" : "\\N"),
    quote,
    escape: textOr(of("escape"), csv ? quote : ""),
    header: headerOf(of("header")),
    encoding: encodingOf(of("encoding")),
    forceQuote: forceQuoteOf(of("force_quote")),
  };
}

function formatOf(option: Option | undefined): CopyFacts["format"] {
  const format = option === undefined ? "text" : optionText(option.value);
  if (format === "text" || format === "csv" || format === "binary") return format;
  throw new NotKnown("COPY in an unknown format");
}

function textOr(option: Option | undefined, otherwise: string): string {
  return option === undefined ? otherwise : (optionText(option.value) ?? otherwise);
}

/** MATCH is for COPY FROM: a header line comes first. */
function headerOf(option: Option | undefined): boolean {
  if (option === undefined) return false;
  const word = optionText(option.value)?.toLowerCase() ?? "true";
  if (["true", "on", "1", "match"].includes(word)) return true;
  if (["false", "off", "0"].includes(word)) return false;
  throw new NotKnown("COPY with an unknown kind of header");
}

function forceQuoteOf(option: Option | undefined): CopyLayout["forceQuote"] {
  if (option === undefined) return [];
  if (kindOf(option.value) === "A_Star") return "*";
  if (kindOf(option.value) === "List") return texts(option.value.List.items);
  throw new NotKnown("COPY with an unknown kind of FORCE_QUOTE");
}

/** Encodings in which no byte of a longer character looks like ASCII (those that a server may have), so that lines and cells stay apart. */
const safe =
  /^(utf8|unicode|sqlascii|latin([1-9]|10)|iso8859\d{1,2}|win(dows)?(125[0-8]|866|874)|koi8[ru]?|euc(jp|kr|cn|tw|jis2004)|muleinternal|ascii)$/;

function encodingOf(option: Option | undefined): string | null {
  if (option === undefined) return null;
  const written = optionText(option.value) ?? "";
  const name = written.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (!safe.test(name)) throw new NotKnown("COPY in an encoding that cannot be read reliably");
  return written;
}
