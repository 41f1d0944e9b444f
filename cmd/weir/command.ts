// What a command of `weir` is, and how its arguments are read.
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { hint } from "../../pkg/runtime/closest.ts";
import type { Terminal } from "./terminal.ts";

/** Exit codes of every command; a command's help names those of its own. */
export const exits = {
  good: 0,
  /** What was looked at does not hold. */
  failed: 1,
  /** Wrong arguments or configuration. */
  usage: 64,
  /** Something it needs is not there. */
  unavailable: 69,
  /** An error of Weir's own. */
  internal: 70,
  /** Ended by Ctrl-C or a signal before it was done, as shells count it. */
  interrupted: 130,
} as const;

export interface Command {
  readonly summary: string;
  readonly help: string;
  /** Arguments after the command's name; resolves with the exit code. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** Wrong arguments: told on standard error with a pointer to --help, exit 64. */
export class UsageError extends Error {}

/** Options and positionals of a command. Throws `UsageError` for what it does not know, with the nearest that it does. */
export function readArguments<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  positionalsMost = 0,
) {
  const loose = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  const known = Object.keys(options).map((name) => `--${name}`);
  for (const token of loose.tokens) {
    if (token.kind === "option" && !(token.name in options)) {
      throw new UsageError(`there is no option ${token.rawName}${hint(`--${token.name}`, known)}`);
    }
  }
  if (loose.positionals.length > positionalsMost)
    throw new UsageError(`"${loose.positionals[positionalsMost]}" is one argument too many`);
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}
