// One line of JSON per event on a stream that `main` hands in. Fields never hold SQL text, values, passwords or tokens.

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
}

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** undefined when it is none. */
export function logLevelIn(text: string): LogLevel | undefined {
  return Object.hasOwn(order, text) ? (text as LogLevel) : undefined;
}

/** A logger that writes events of `level` and above to `write`, one line each. */
export function jsonLogger(write: (line: string) => void, level: LogLevel, nowMs: () => number): Logger {
  return {
    log(at, event, fields) {
      if (order[at] < order[level]) return;
      write(`${JSON.stringify({ time: new Date(nowMs()).toISOString(), level: at, event, ...fields })}\n`);
    },
  };
}

export const silentLogger: Logger = { log() {} };
