// Replies the server owes, in the order of the frames that asked for them. What each reply does to the frame at the head is a
// total table, so every "what if this arrives now?" has an answer that compiles. Source: "Message Flow", PostgreSQL manual.

/** What was asked. `sync` stands for everything a Sync owes: one ReadyForQuery. */
export type Asked =
  | "query"
  | "parse"
  | "bind"
  | "describeStatement"
  | "describePortal"
  | "execute"
  | "close"
  | "sync"
  | "function";

/** Server messages that answer something. Notices, notifications and parameter status answer nothing and may come at any time. */
export type Reply =
  | "parseComplete"
  | "bindComplete"
  | "closeComplete"
  | "parameterDescription"
  | "rowDescription"
  | "noData"
  | "dataRow"
  | "commandComplete"
  | "emptyQuery"
  | "portalSuspended"
  | "copyIn"
  | "copyOut"
  | "copyBoth"
  | "copyData"
  | "copyDone"
  | "functionResult"
  | "error"
  | "ready";

/** `stay`: the frame at the head owes more. `done`: it owes nothing more. `skip`: the server ignores everything up to the next Sync. */
export type Step = "stay" | "done" | "skip";

const nothing: Record<Reply, Step | null> = {
  parseComplete: null,
  bindComplete: null,
  closeComplete: null,
  parameterDescription: null,
  rowDescription: null,
  noData: null,
  dataRow: null,
  commandComplete: null,
  emptyQuery: null,
  portalSuspended: null,
  copyIn: null,
  copyOut: null,
  copyBoth: null,
  copyData: null,
  copyDone: null,
  functionResult: null,
  error: null,
  ready: null,
};
const run: Partial<Record<Reply, Step>> = {
  dataRow: "stay",
  copyIn: "stay",
  copyOut: "stay",
  copyBoth: "stay",
  copyData: "stay",
  copyDone: "stay",
};

export const steps: Record<Asked, Record<Reply, Step | null>> = {
  query: {
    ...nothing,
    ...run,
    rowDescription: "stay",
    commandComplete: "stay",
    emptyQuery: "stay",
    error: "stay",
    ready: "done",
  },
  function: { ...nothing, functionResult: "stay", error: "stay", ready: "done" },
  sync: { ...nothing, error: "stay", ready: "done" },
  parse: { ...nothing, parseComplete: "done", error: "skip" },
  bind: { ...nothing, bindComplete: "done", error: "skip" },
  close: { ...nothing, closeComplete: "done", error: "skip" },
  describeStatement: {
    ...nothing,
    parameterDescription: "stay",
    rowDescription: "done",
    noData: "done",
    error: "skip",
  },
  describePortal: { ...nothing, rowDescription: "done", noData: "done", error: "skip" },
  execute: { ...nothing, ...run, commandComplete: "done", emptyQuery: "done", portalSuspended: "done", error: "skip" },
};

function isWhole({ asked }: { readonly asked: Asked }): boolean {
  return asked === "query" || asked === "function";
}

/** A queue of asked frames with whatever their owner keeps beside each. */
export class OwedQueue<T extends { readonly asked: Asked }> {
  #entries: T[] = [];
  #at = 0;
  #wholes = 0;

  get length(): number {
    return this.#entries.length - this.#at;
  }

  get head(): T | undefined {
    return this.#entries[this.#at];
  }

  push(entry: T): void {
    this.#entries.push(entry);
    if (isWhole(entry)) this.#wholes += 1;
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#at];
    if (entry === undefined) return undefined;
    this.#at += 1;
    if (isWhole(entry)) this.#wholes -= 1;
    if (this.#at === this.#entries.length) {
      this.#entries = [];
      this.#at = 0;
    } else if (this.#at > 1024 && this.#at > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#at);
      this.#at = 0;
    }
    return entry;
  }

  /** Takes out everything the server skips after an error: up to, not including, the next sync. */
  skip(): readonly T[] {
    const waiting = this.#entries.slice(this.#at);
    const sync = waiting.findIndex((entry) => entry.asked === "sync");
    const skipped = sync === -1 ? waiting : waiting.slice(0, sync);
    this.#entries = sync === -1 ? [] : waiting.slice(sync);
    this.#at = 0;
    this.#wholes -= skipped.filter(isWhole).length;
    return skipped;
  }

  /** Whether a sync is still to be answered. */
  get hasSync(): boolean {
    for (let at = this.#at; at < this.#entries.length; at++) if (this.#entries[at]!.asked === "sync") return true;
    return false;
  }

  /** Whether a message is to be answered that is a batch of its own: a Query or a FunctionCall. */
  get hasWhole(): boolean {
    return this.#wholes > 0;
  }

  some(test: (entry: T) => boolean): boolean {
    for (let at = this.#at; at < this.#entries.length; at++) if (test(this.#entries[at]!)) return true;
    return false;
  }

  /** All that is left, when the session ends. */
  drain(): readonly T[] {
    const left = this.#entries.slice(this.#at);
    this.#entries = [];
    this.#at = 0;
    this.#wholes = 0;
    return left;
  }
}
