// Events and a spool folder for the tests of this package.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, keyedDigest } from "../../pkg/audit/digest.ts";
import type { DecisionEvent, OutcomeEvent, SessionEvent } from "../../pkg/audit/event.ts";
import type { Place } from "../../pkg/audit/place.ts";
import { type AuditOptions, type AuditWorld, AuditWriter } from "../../pkg/audit/writer.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import type { Clock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";

export const place: Place = {
  cluster: "eu-1",
  namespace: "shop",
  environment: "production",
  workload: "orders",
  instance: "orders-0",
};

export const digest: Digest = keyedDigest(Buffer.alloc(32, 7));

export const ana: Principal = {
  kind: "Human",
  name: "ana@example.com",
  issuer: "https://id.example.com",
  groups: ["developers", "on-call"],
  assurance: "L2",
  login: "ana",
};

export const agent: Principal = {
  kind: "Agent",
  name: "report-writer",
  issuer: "https://id.example.com",
  groups: [],
  assurance: "L3",
  login: "agents",
  client: "report-writer-7",
  serviceAccount: "ai/report-writer",
  actingFor: ana,
};

/** Facts as the gate gives them for `SELECT email FROM customers WHERE id = $1`. */
export const facts = {
  understood: true,
  kind: "SELECT",
  effects: ["Read"],
  relations: [{ oid: 16384, schema: "public", name: "customers", kind: "table", temporary: false, access: ["Read"] }],
  outputs: [
    {
      name: "email",
      lineage: {
        kind: "copy",
        column: { relation: 16384, attnum: 2, schema: "public", table: "customers", column: "email" },
      },
    },
  ],
};

export function decision(statement: number, more: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    event: "decision",
    session: "5e55",
    principal: ana,
    database: "shop",
    client: "10.1.2.3:40112",
    application: "psql",
    serverDatabase: "orders",
    statement,
    step: "query",
    verdict: "allow",
    rules: [],
    reason: null,
    sqlstate: null,
    text: {
      form: "normalized",
      text: "SELECT email FROM customers WHERE id = $1",
      fingerprint: "00112233445566778899aabbccddeeff",
    },
    facts,
    masks: [],
    policyVersion: "sha256:0a1b",
    traceparent: null,
    ...more,
  };
}

export function outcome(statement: number, more: Partial<OutcomeEvent> = {}): OutcomeEvent {
  return {
    event: "outcome",
    session: "5e55",
    statement,
    status: "completed",
    sqlstate: null,
    rows: 1,
    maskedCells: 0,
    durationUs: 850,
    ...more,
  };
}

export function session(phase: SessionEvent["phase"], more: Partial<SessionEvent> = {}): SessionEvent {
  return {
    event: "session",
    phase,
    session: "5e55",
    principal: ana,
    database: "shop",
    client: "10.1.2.3:40112",
    application: "psql",
    serverDatabase: "orders",
    tls: true,
    reason: null,
    ...more,
  };
}

/** A clock that the test moves. */
export function fixedClock(startMs = 1_800_000_000_000): Clock & { advance(ms: number): void } {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    monotonicNs: () => BigInt(nowMs) * 1_000_000n,
    advance(ms) {
      nowMs += ms;
    },
  };
}

const made: string[] = [];

/** A folder that does not exist yet, inside one that `removeFolders` removes. */
export function newFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "weir-audit-"));
  made.push(parent);
  return join(parent, "spool");
}

export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export function openWriter(
  folder: string,
  options: Partial<AuditOptions> = {},
  world: Partial<AuditWorld> = {},
): AuditWriter {
  return new AuditWriter(
    { folder, place, productVersion: "0.1.0", digest, ...options },
    { clock: fixedClock(), random: systemRandom, ...world },
  );
}
