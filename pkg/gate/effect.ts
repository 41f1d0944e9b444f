// What the gate tells the proxy to do. The proxy performs the array in order; "record before forward" is that order.
import type { AuditEvent } from "../audit/event.ts";
import type { Permit } from "../policy/permit.ts";

export type Effect =
  /** To the spool, by a completed write, before any later effect of the same array. */
  | {
      readonly do: "record";
      readonly event: AuditEvent;
      readonly onFailure: "Deny" | "Allow";
      /** `Node`: synchronised to disk before anything that follows. */
      readonly durability: "Process" | "Node";
    }
  | { readonly do: "forward"; readonly bytes: Buffer; readonly permit: Permit }
  | { readonly do: "reply"; readonly bytes: Buffer }
  /** Ask the upstream to cancel what runs; the gate hears `cancelDone()` when that connection has ended. */
  | { readonly do: "cancel" }
  /** Verify a token; the gate hears `identified()` when that is done. The token goes nowhere else. */
  | { readonly do: "verify"; readonly token: string }
  /** End the session: this error to the client as FATAL, then both sockets close. */
  | { readonly do: "end"; readonly sqlstate: string; readonly message: string };
