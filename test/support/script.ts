// A conversation with a server as data: what is sent on which connection, and what is waited for before going on.

/** What ends a step. `ready`: as many ReadyForQuery as everything sent so far is owed. `frame`: one of this type since the step began. */
export type Until = "ready" | "quiet" | "closed" | "nothing" | { readonly frame: string };

export interface Send {
  readonly send: readonly Buffer[];
  /** Name of the connection, opened at its first use; "a" by default. */
  readonly on?: string;
  readonly until?: Until;
  /** ReadyForQuery owed for this step; by default one for each Query, Sync and FunctionCall in it. */
  readonly readies?: number;
  /** Sent in slices of this many bytes, each in a write of its own. */
  readonly sliceBytes?: number;
}

/** A plain array is sent in one write on connection "a". */
export type Step =
  | readonly Buffer[]
  | Send
  /** CancelRequest for a connection. */
  | { readonly cancel: string }
  /** Asked by an administrator beside the script until it returns true. */
  | { readonly wait: string };

export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly user?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly version?: number;
}

export function script(name: string, ...steps: readonly Step[]): Script {
  return { name, steps };
}
