// Text for people: colours where the terminal has them, plain text everywhere else.

export interface Terminal {
  print(line?: string): void;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/** Colours follow https://no-color.org and need a terminal. */
export function terminalOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const colours = stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    print: (line = "") => void stream.write(`${line}\n`),
    bold: paint(1),
    dim: paint(2),
    red: paint(31),
    green: paint(32),
    yellow: paint(33),
    cyan: paint(36),
  };
}

/** Aligned columns under a ruled head. `paint` colours a cell after it has its width. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (text: string, column: number) => string = (text) => text,
): readonly string[] {
  const widths = head.map((name, column) => Math.max(width(name), ...rows.map((row) => width(row[column] ?? ""))));
  const line = (cells: readonly string[], colour: typeof paint) =>
    cells
      .map((cell, column) => colour(cell + " ".repeat(Math.max(0, widths[column]! - width(cell))), column))
      .join("  ")
      .trimEnd();
  return [
    line(head, (text) => text),
    widths.map((count) => "─".repeat(count)).join("──"),
    ...rows.map((row) => line(row, paint)),
  ];
}

const width = (text: string) => [...text].length;
