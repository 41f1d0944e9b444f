// Records of the live view to lines for people: one per statement, told when its outcome is there or does not come for a while.
import { type Told, whoOf } from "../../../pkg/collector/told.ts";
import type { Terminal } from "../terminal.ts";

/** Steps that people ask for; the others are Weir's own questions. */
const people = new Set(["query", "parse", "execute", "copy", "function"]);
/** Statements that wait for their outcome. */
const WAITING_MAX = 5000;

export class TailLines {
  private readonly terminal: Terminal;
  private readonly waitMs: number;
  private readonly waiting = new Map<string, { readonly told: Told; readonly sinceMs: number }>();

  constructor(terminal: Terminal, waitMs = 2000) {
    this.terminal = terminal;
    this.waitMs = waitMs;
  }

  head(): void {
    this.terminal.print(
      this.terminal.dim(
        cells(["time", "where", "who", "decision", "rule", "outcome"], "statement, without its literals"),
      ),
    );
  }

  take(told: Told, nowMs: number): void {
    const key = `${told.chain}/${told.session}/${told.statement}`;
    switch (told.kind) {
      case "decision":
        if (!people.has(told.step ?? "")) return;
        this.waiting.set(key, { told, sinceMs: nowMs });
        if (this.waiting.size > WAITING_MAX) this.printOldest();
        return;
      case "outcome": {
        const decided = this.waiting.get(key);
        this.waiting.delete(key);
        if (decided !== undefined) this.statement(decided.told, outcomeText(told), told.status === "refused");
        return;
      }
      case "session":
      case "policy":
      case "chain":
        return this.other(told);
      default:
        return told.kind satisfies never;
    }
  }

  gap(why: string): void {
    this.terminal.print(this.terminal.yellow(`── not shown: ${why}`));
  }

  /** Statements that run long are told as open. */
  overdue(nowMs: number): void {
    for (const { sinceMs } of this.waiting.values()) {
      if (nowMs - sinceMs < this.waitMs) return;
      this.printOldest();
    }
  }

  /** Whatever still waits. */
  end(): void {
    while (this.waiting.size > 0) this.printOldest();
  }

  private printOldest(): void {
    const [key, oldest] = this.waiting.entries().next().value!;
    this.waiting.delete(key);
    this.statement(oldest.told, "open", false);
  }

  private statement(told: Told, outcome: string, isRefusedLater: boolean): void {
    const { terminal } = this;
    const line = cells(
      [timeText(told), whereText(told), whoOf(told), told.verdict ?? "", rulesText(told.rules), outcome],
      oneLine(told.text ?? "(keyed digest only)"),
    );
    if (told.verdict === "refuse" || isRefusedLater) terminal.print(terminal.red(line));
    else terminal.print(told.verdict === "mask" || told.verdict === "hold" ? terminal.yellow(line) : line);
  }

  private other(told: Told): void {
    const why = told.reason === null ? "" : `: ${oneLine(told.reason)}`;
    const line = cells(
      [timeText(told), whereText(told), whoOf(told), told.kind, "", told.phase ?? ""],
      `${told.database ?? ""}${why}`,
    );
    this.terminal.print(
      told.phase === "refused" || told.phase === "gap" ? this.terminal.red(line) : this.terminal.dim(line),
    );
  }
}

const WIDTHS = [12, 22, 25, 8, 22, 24];

function cells(texts: readonly string[], last: string): string {
  const cut = texts.map((text, at) => {
    const characters = [...printable(text)];
    const width = WIDTHS[at]!;
    return characters.length > width
      ? `${characters.slice(0, width - 1).join("")}…`
      : characters.join("") + " ".repeat(width - characters.length);
  });
  return `${cut.join("  ")}  ${printable(last)}`.trimEnd();
}

function timeText({ timeMs }: Told): string {
  return new Date(timeMs).toISOString().slice(11, 23);
}

function whereText({ namespace, workload, instance }: Told): string {
  return `${namespace}/${workload || instance}`;
}

/** The first one decided. */
function rulesText(rules: readonly string[]): string {
  const names = [...new Set(rules.map((rule) => rule.slice(rule.lastIndexOf("/") + 1)))];
  return names.length > 1 ? `${names[0]} +${names.length - 1}` : (names[0] ?? "");
}

function outcomeText({ status, rows, maskedCells, sqlstate }: Told): string {
  const masked = maskedCells === null || maskedCells === 0 ? "" : `, ${many(maskedCells, "cell")} masked`;
  if (status === "completed") return `${many(rows ?? 0, "row")}${masked}`;
  if (status === "refused" && rows !== null) return `refused after ${many(rows, "row")}`;
  return `${status ?? "unknown"}${sqlstate === null ? "" : ` ${sqlstate}`}`;
}

const many = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

const TEXT_CHARS_MAX = 200;

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > TEXT_CHARS_MAX ? `${line.slice(0, TEXT_CHARS_MAX - 1)}…` : line;
}

/** Names come from clients: none may move the cursor or change colours. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "·");
}
