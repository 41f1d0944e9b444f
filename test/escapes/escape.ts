// The shape of an entry in the permanent lists: what is tried, and over which roads through the protocol.
import type { Step } from "../support/script.ts";

/** How one statement is sent: each is a conversation of its own kind. */
export const ROADS = [
  "simple",
  "extended text",
  "extended binary",
  "cursor",
  "copy text",
  "copy csv",
  "copy binary",
] as const;
export type Road = (typeof ROADS)[number];

export interface Leak {
  readonly name: string;
  /** Played in this order in one session; the last is sent over every road that takes it, those before by the road's simple or extended form. */
  readonly sql: readonly string[];
  /** Instead of `sql`: a conversation as it is. */
  readonly steps?: readonly Step[];
  /** Asked by an administrator afterwards: where a protected value may have been carried to. */
  readonly probe?: string;
  /** What it shows differs between the worlds only in the stored state (`probe`), not in what comes back. */
  readonly silent?: boolean;
  /** Rule R12: whether a statement failed stays one bit; what the error says may still tell nothing. */
  readonly oneBit?: boolean;
}

export interface Dodge {
  readonly name: string;
  readonly sql: readonly string[];
  readonly steps?: readonly Step[];
  readonly user?: string;
}

export const leak = (name: string, ...sql: readonly string[]): Leak => ({ name, sql });
export const dodge = (name: string, ...sql: readonly string[]): Dodge => ({ name, sql });
