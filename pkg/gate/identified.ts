// What became of a token that the gate asked to have verified.
import type { Identity } from "../principal/identity.ts";

export type Identified =
  | { readonly ok: true; readonly identity: Identity }
  /** Texts in fixed words; nothing of the token is in them. */
  | { readonly ok: false; readonly reason: string; readonly message: string; readonly hint: string };
