// One statement's two records as what a span says, in the words of the stable OpenTelemetry database conventions and our own `weir.*`.
import { createHash } from "node:crypto";
import type { Attributes } from "@opentelemetry/api";
import type { Query } from "./decision-glance.ts";

/** A member of a record that may be anything. */
type Members = Readonly<Record<string, unknown>>;

export interface Server {
  readonly host: string;
  readonly port: number;
}

export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  /** The application's span; null when its statement names none. */
  readonly parentSpanId: string | null;
}

export interface StatementSpan {
  readonly name: string;
  readonly ids: SpanIds;
  readonly startMs: number;
  readonly durationUs: number;
  readonly attributes: Attributes;
  /** SQLSTATE or what happened; null: no error. */
  readonly error: string | null;
}

const SYSTEM = "postgresql";

/** `decision` and `outcome`: parsed records. */
export function statementSpan(decision: Members, outcome: Members, query: Query, server: Server | null): StatementSpan {
  const weir = membersOf(membersOf(decision.unmapped).weir);
  const ended = membersOf(membersOf(outcome.unmapped).weir);
  const error = errorOf(decision, outcome);
  const chain = String(membersOf(weir.chain).uid);
  const sequence = Number(membersOf(decision.metadata).sequence);
  return {
    name: query.summary ?? SYSTEM,
    ids: idsOf(chain, sequence, weir.traceparent),
    startMs: Number(decision.time),
    durationUs: Number(ended.duration_us),
    attributes: {
      "db.system.name": SYSTEM,
      ...present("db.namespace", membersOf(weir.claims).database),
      ...present("db.query.text", query.text),
      ...present("db.query.summary", query.summary),
      ...present("db.response.status_code", sqlstateOf(decision, outcome)),
      ...present("db.response.returned_rows", ended.rows),
      ...present("error.type", error),
      ...(server && { "server.address": server.host, "server.port": server.port }),
      "session.id": String(weir.session),
      ...weirAttributes(decision, weir, ended),
      "weir.record.chain": chain,
      "weir.record.sequence": sequence,
      "weir.outcome.sequence": Number(membersOf(outcome.metadata).sequence),
    },
    error,
  };
}

function weirAttributes(decision: Members, weir: Members, ended: Members): Attributes {
  const user = membersOf(membersOf(decision.actor).user);
  const masks = listOf(weir.masks).map(membersOf);
  return {
    "weir.decision": masks.length > 0 && weir.verdict === "allow" ? "mask" : String(weir.verdict),
    "weir.statement.step": String(weir.step),
    ...present("weir.policy.version", membersOf(decision.policy).version),
    "weir.rules": listOf(weir.rules).map((rule) => `${membersOf(rule).policy}/${membersOf(rule).rule}`),
    ...present("weir.principal.id", user.uid),
    ...present("weir.principal.kind", user.type),
    ...present("weir.principal.assurance", membersOf(weir.who).assurance),
    ...present("weir.database", membersOf(decision.database).name),
    "weir.masked_cells": Number(ended.masked_cells),
    ...(masks.length > 0 && {
      "weir.mask.classes": [...new Set(masks.map((mask) => String(mask.class)))],
      "weir.mask.methods": [...new Set(masks.map((mask) => String(mask.method)))],
    }),
  };
}

/** The server's, or that of the refusal. */
function sqlstateOf(decision: Members, outcome: Members): unknown {
  return outcome.status_code ?? decision.status_code;
}

/** Classes 00 and 01 are success and warnings. */
function errorOf(decision: Members, outcome: Members): string | null {
  const sqlstate = sqlstateOf(decision, outcome);
  if (typeof sqlstate === "string" && !/^0[01]/.test(sqlstate)) return sqlstate;
  const status = String(outcome.status);
  return ["completed", "skipped", "unknown"].includes(status) ? null : status;
}

/** The span's own id is made of the record's place, so that either is found from the other. */
export function idsOf(chain: string, sequence: number, traceparent: unknown): SpanIds {
  const own = createHash("sha256").update(`${chain}/${sequence}`).digest("hex");
  const spanId = own.slice(32, 48);
  if (typeof traceparent !== "string") return { traceId: own.slice(0, 32), spanId, parentSpanId: null };
  return { traceId: traceparent.slice(3, 35), spanId, parentSpanId: traceparent.slice(36, 52) };
}

function present(name: string, value: unknown): Attributes {
  return typeof value === "string" || typeof value === "number" ? { [name]: value } : {};
}

function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null ? (value as Members) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
