// `classify`: which columns hold what.
import { type PatternResult, parseColumnPattern, parseTablePattern } from "../policy/column-pattern.ts";
import type { ClassifyEntry, ColumnPattern } from "../policy/rules.ts";
import { checked, type Decoder, list, optional, record, report, required, text } from "./decode.ts";

const className: Decoder<string> = checked(text, (name, context, tree) =>
  /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/.test(name)
    ? name
    : report(context, tree.at, `${JSON.stringify(name)} is not a class`, "use words joined by dots, such as PII.EMAIL"),
);

const columnRemedy =
  'write schema.table.column, with * for any name, "quotes" around unusual names and #a.b[*].c for a path inside json';

export const classifyEntry: Decoder<ClassifyEntry> = checked(
  record({
    columns: optional(list(pattern(parseColumnPattern, columnRemedy), { min: 1 }), []),
    tables: optional(list(pattern(parseTablePattern, "write schema.table, with * for any name"), { min: 1 }), []),
    class: required(className),
  }),
  (value, context, tree) => {
    const patterns = [...value.columns, ...value.tables];
    if (patterns.length > 0) return { class: value.class, patterns };
    return report(context, tree.at, "names nothing to classify", "add columns or tables");
  },
);

function pattern(parse: (text: string) => PatternResult<ColumnPattern>, remedy: string): Decoder<ColumnPattern> {
  return checked(text, (value, context, tree) => {
    const parsed = parse(value);
    return parsed.ok ? parsed.value : report(context, tree.at, `${JSON.stringify(value)} ${parsed.problem}`, remedy);
  });
}
