// What happened, as the gate tells it; `record.ts` turns it into an OCSF event in canonical JSON and numbers it into the chain.
// Nothing here may hold a literal: no bound value, cell, comment or raw text (invariant 9).
import type { Principal } from "../principal/principal.ts";

export type Verdict = "allow" | "refuse" | "hold" | "observe";

export interface RuleName {
  /** `namespace/policy` or `policy` for a cluster policy. */
  readonly policy: string;
  readonly rule: string;
}

/** How the statement's text is recorded: normalised when proven free of literals, else only as a keyed digest. */
export type StatementText =
  | { readonly form: "normalized"; readonly text: string; readonly fingerprint: string }
  | { readonly form: "digest"; readonly hmac: string; readonly fingerprint: string | null };

export interface SessionEvent {
  readonly event: "session";
  readonly phase: "open" | "close" | "refused";
  readonly session: string;
  readonly principal: Principal | null;
  readonly database: string;
  readonly client: string;
  readonly application: string | null;
  /** What the client calls the database of that server. */
  readonly serverDatabase: string | null;
  readonly tls: boolean;
  readonly reason: string | null;
}

export interface DecisionEvent {
  readonly event: "decision";
  readonly session: string;
  readonly principal: Principal;
  readonly database: string;
  /** Client address and claimed application_name. */
  readonly client: string;
  readonly application: string | null;
  readonly serverDatabase: string | null;
  /** Unique in the session; the outcome names it. */
  readonly statement: number;
  readonly step: "query" | "parse" | "bind" | "execute" | "copy" | "function" | "inspect" | "catalog" | "commit";
  readonly verdict: Verdict;
  readonly rules: readonly RuleName[];
  readonly reason: string | null;
  readonly sqlstate: string | null;
  readonly text: StatementText;
  /** Facts as JSON, free of literals; null when not understood, with `why` in reason. */
  readonly facts: unknown;
  /** Positions and methods of masked output columns. */
  readonly masks: readonly { readonly column: number; readonly method: string; readonly class: string }[];
  readonly policyVersion: string;
  /** The trace that the statement says it belongs to, exactly as W3C Trace Context writes it; null when it says nothing. */
  readonly traceparent: string | null;
}

export type OutcomeStatus = "completed" | "failed" | "refused" | "cancelled" | "broken" | "skipped" | "unknown";

export interface OutcomeEvent {
  readonly event: "outcome";
  readonly session: string;
  readonly statement: number;
  readonly status: OutcomeStatus;
  readonly sqlstate: string | null;
  /** Rows sent to the client, or affected as the command tag says; null when neither. */
  readonly rows: number | null;
  readonly maskedCells: number;
  readonly durationUs: number;
}

export interface PolicyEvent {
  readonly event: "policy";
  readonly version: string;
  readonly reason: string;
}

export type AuditEvent = SessionEvent | DecisionEvent | OutcomeEvent | PolicyEvent;
