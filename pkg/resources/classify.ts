// `classify`: which columns hold what.
import { type PatternResult, parseColumnPattern, parseTablePattern } from "../policy/column-pattern.ts";
import type { ClassifyEntry, ColumnPattern } from "../policy/rules.ts";
import { checked, type Decoder, list, matching, optional, record, report, required, textOf } from "./decode.ts";
import { rules } from "./schema.ts";

const className = matching(
  /^[A-Za-z][A-Za-z0-9_-]*([.][A-Za-z0-9_-]+)*$/,
  128,
  "is not a class",
  "use words joined by dots, such as PII.EMAIL",
);

const columnRemedy =
  'write schema.table.column, with * for any name, "quotes" around unusual names and #a.b[*].c for a path inside json';

// What the API server can tell of the spelling; keys in a path that could be an index are left to the reader.
const name = '([^\\s".#]+|"([^"*]|"")+")';
const key = '([^\\s".\\[\\]]+([[][*]\\])*|([[][*]\\])+|"([^"]|"")+")';
const columnSpelling = `^${name}[.]${name}[.]${name}(#${key}([.]${key})*)?$`;
const tableSpelling = `^${name}[.]${name}$`;

export const classifyEntry: Decoder<ClassifyEntry> = checked(
  record({
    columns: optional(
      list(pattern(parseColumnPattern, columnSpelling, columnRemedy), { min: 1 }),
      [],
      'columns are patterns of columns, written schema.table.column: * stands for any run of characters, "quotes" hold unusual names, ' +
        "#a.b is a path inside json and jsonb. A class follows its column through renames, views, expressions and copies. " +
        'Example: ["public.customers.email", "*.*.ssn", "public.customers.profile#kyc.passport_no"].',
    ),
    tables: optional(
      list(pattern(parseTablePattern, tableSpelling, "write schema.table, with * for any name"), { min: 1 }),
      [],
      'tables are patterns of tables, written schema.table, and stand for all their columns. Example: ["public.patients"].',
    ),
    class: required(
      className,
      "class is the name of what these columns hold: words joined by dots, from the general to the particular, for masks to name. " +
        "Example: PII.EMAIL.",
    ),
  }),
  (value, context, tree) => {
    const patterns = [...value.columns, ...value.tables];
    if (patterns.length > 0) return { class: value.class, patterns };
    return report(context, tree.at, "names nothing to classify", "add columns or tables");
  },
  rules({ rule: "has(self.columns) || has(self.tables)", message: "names nothing to classify; add columns or tables" }),
);

function pattern(
  parse: (text: string) => PatternResult<ColumnPattern>,
  spelling: string,
  remedy: string,
): Decoder<ColumnPattern> {
  return checked(
    textOf(1024),
    (value, context, tree) => {
      const parsed = parse(value);
      return parsed.ok ? parsed.value : report(context, tree.at, `${JSON.stringify(value)} ${parsed.problem}`, remedy);
    },
    { pattern: spelling },
  );
}
