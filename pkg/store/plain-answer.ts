// A question answered by plainly looking at every row: what the engines must agree with, and how a pack of evidence is checked where
// there is no index.
import { steadyOrder } from "./compile.ts";
import { type Fields, VIEWS, type ViewName } from "./fields.ts";
import { type AnswerField, answerFields, type Condition, type Measure, type Order, type Question } from "./question.ts";
import type { DecisionRow, SegmentRows, SessionRow } from "./segment-rows.ts";
import type { Cell } from "./store.ts";

type Row = Readonly<Record<string, Cell>>;

/** Fields that only put rows in order. */
const hidden = { ordinal: "integer" } as const satisfies Fields;

export interface PlainAnswer {
  readonly fields: readonly AnswerField[];
  readonly rows: readonly (readonly Cell[])[];
  readonly more: boolean;
}

/** `limit` null: all rows. */
export function plainAnswer(segments: readonly SegmentRows[], question: Question, limit: number | null): PlainAnswer {
  const { from, where, groupBy, measures } = question;
  const rows = viewRows(segments, question.from).filter((row) => where.every((condition) => meets(row, condition)));
  const isGrouped = groupBy !== undefined || measures !== undefined;
  const shown = isGrouped ? grouped(rows, groupBy ?? [], measures ?? [{ count: "rows" }]) : rows;
  const order = steadyOrder(question);
  const sorted = [...shown].sort((a, b) => comparedBy(order, a, b));
  const fields = answerFields(from, question);
  const offset = limit === null ? 0 : (question.offset ?? 0);
  const part = sorted.slice(offset, limit === null ? undefined : offset + limit);
  return {
    fields,
    rows: part.map((row) => fields.map(({ name }) => row[name] ?? null)),
    more: limit !== null && sorted.length > offset + limit,
  };
}

function viewRows(segments: readonly SegmentRows[], view: ViewName): readonly Row[] {
  const fields: Fields = { ...VIEWS[view], ...hidden };
  const all = <K extends keyof Omit<SegmentRows, "entry">>(name: K) =>
    segments.flatMap((rows) => rows[name] as readonly SegmentRows[K][number][]);
  const only = (row: object): Row =>
    Object.fromEntries(Object.keys(fields).map((name) => [name, (row as Row)[name] ?? null]));
  switch (view) {
    case "lookups":
    case "others":
      return all(view).map(only);
    case "sessions":
      return sessions(all("sessions")).map(only);
    case "statements":
      return decisionsOf(segments).map(only);
    case "columns":
    case "changes": {
      const decisions = new Map(decisionsOf(segments).map((row) => [`${row.chain} ${row.number}`, row]));
      return all(view).map((own) => only({ ...decisions.get(`${own.chain} ${own.number}`), ...own }));
    }
    default:
      return view satisfies never;
  }
}

/** Each with one outcome: of its own chain before others, then the one that the log has first. */
function decisionsOf(segments: readonly SegmentRows[]): readonly Row[] {
  const key = (row: Pick<DecisionRow, "cluster" | "namespace" | "session" | "statement">) =>
    JSON.stringify([row.cluster, row.namespace, row.session, row.statement]);
  const outcomes = Map.groupBy(
    segments.flatMap((rows) => rows.outcomes),
    key,
  );
  const none = { status: null, sqlstate: null, rows: null, maskedCells: null, durationUs: null };
  return segments.flatMap(({ decisions }) =>
    decisions.map((decision): Row => {
      const [first = none] = (outcomes.get(key(decision)) ?? []).toSorted(
        (a, b) =>
          Number(a.chain !== decision.chain) - Number(b.chain !== decision.chain) ||
          a.entry - b.entry ||
          a.number - b.number,
      );
      const { status, sqlstate, rows, maskedCells, durationUs } = first;
      return { ...decision, status, sqlstate, rows, maskedCells, durationUs } as unknown as Row;
    }),
  );
}

function sessions(rows: readonly SessionRow[]): readonly object[] {
  const key = ({ cluster, namespace, session }: SessionRow) => JSON.stringify([cluster, namespace, session]);
  const ends = Map.groupBy(
    rows.filter(({ phase }) => phase === "close"),
    key,
  );
  return rows
    .filter(({ phase }) => phase !== null && phase !== "close")
    .map((row) => {
      const closed = ends.get(key(row)) ?? [];
      const reasons = closed.flatMap(({ reason }) => reason ?? []).sort(compareTexts);
      return {
        ...row,
        ended: closed.length === 0 ? null : Math.min(...closed.map(({ time }) => time)),
        endReason: reasons[0] ?? null,
      };
    });
}

function meets(row: Row, { field, op, value }: Condition): boolean {
  const cell = row[field] ?? null;
  const members = Array.isArray(cell) ? cell : cell === null ? [] : [cell];
  switch (op) {
    case "null":
      return (members.length === 0) === value;
    case "eq":
      return members.includes(value);
    case "ne":
      return !members.includes(value);
    case "in":
      return (value as readonly Cell[]).some((each) => members.includes(each));
    case "like": {
      const pattern = globOf(value as string);
      return members.some((each) => pattern.test(each));
    }
    case "gte":
      return members.some((each) => each >= value);
    case "lt":
      return members.some((each) => each < value);
    default:
      return op satisfies never;
  }
}

function globOf(glob: string): RegExp {
  return new RegExp(
    `^${glob
      .split("*")
      .map((part) => part.replace(/[\\^$.|?+()[\]{}*]/g, "\\$&"))
      .join("[^]*")}$`,
    "u",
  );
}

function grouped(rows: readonly Row[], groupBy: readonly string[], measures: readonly Measure[]): readonly Row[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(groupBy.map((name) => row[name] ?? null)));
  // Without groups there is one, of no rows perhaps.
  const parts = groupBy.length === 0 ? [rows] : [...groups.values()];
  return parts.map((part) => ({
    ...Object.fromEntries(groupBy.map((name) => [name, part[0]![name] ?? null])),
    ...Object.fromEntries(measures.map((measure) => measured(part, measure))),
  }));
}

function measured(rows: readonly Row[], measure: Measure): readonly [string, Cell] {
  if ("count" in measure) return ["count", rows.length];
  const [what, field] = Object.entries(measure)[0]! as [string, string];
  const values = rows.map((row) => row[field] ?? null).filter((value) => value !== null);
  const name = `${what} ${field}`;
  if (what === "distinct") return [name, new Set(values).size];
  if (values.length === 0) return [name, null];
  const numbers = values as number[];
  if (what === "sum") return [name, numbers.reduce((sum, value) => sum + value, 0)];
  return [name, numbers.reduce((a, b) => (what === "min" ? Math.min(a, b) : Math.max(a, b)))];
}

/** Nothing stands last, whichever way. */
function comparedBy(order: readonly Order[], a: Row, b: Row): number {
  for (const { by, descending } of order) {
    const [left, right] = [a[by] ?? null, b[by] ?? null];
    if (left === null || right === null) {
      if (left === right) continue;
      return left === null ? 1 : -1;
    }
    const compared = compareCells(left, right);
    if (compared !== 0) return descending ? -compared : compared;
  }
  return 0;
}

function compareCells(a: Cell, b: Cell): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let at = 0; at < Math.min(a.length, b.length); at++) {
      const compared = compareTexts(a[at]!, b[at]!);
      if (compared !== 0) return compared;
    }
    return a.length - b.length;
  }
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  return Number(a) - Number(b);
}

/** By their bytes in UTF-8. */
function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
