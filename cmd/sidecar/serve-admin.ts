// The sidecar's parts as its platform sees them: ready or why not, and what they measure.
import type { AuditWriter } from "../../pkg/audit/writer.ts";
import type { Governor } from "../../pkg/proxy/governor.ts";
import type { OpenSession } from "../../pkg/proxy/open-sessions.ts";
import type { ServingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import type { Relays } from "../../pkg/proxy/tcp-relay.ts";
import { certificateExpiry } from "../../pkg/serving/certificate-expiry.ts";
import { type AdminServer, type Readiness, startAdminServer } from "./admin-server.ts";
import { NONE_YET } from "./governed-listeners.ts";
import { metricsOf } from "./metrics.ts";
import type { PolicySource } from "./policy-source.ts";
import type { Values } from "./settings.ts";
import type { Behind } from "./start-behind.ts";
import { unmatchedNote } from "./watch-unmatched.ts";

export interface Parts {
  readonly governor: Governor;
  readonly relays: Relays;
  readonly audit: AuditWriter;
  readonly policies: PolicySource;
  /** null: nothing is shipped. */
  readonly behind: Behind | null;
  /** That clients see; null: none. */
  certificate(): ServingCertificate | null;
  readonly state: { readonly stopping: boolean };
}

export function serveAdmin(config: Values, parts: Parts): Promise<AdminServer> {
  const { governor, relays, audit, policies, behind } = parts;
  const metrics = metricsOf({
    governor: () => governor.counters(),
    audit: () => audit.counters(),
    relays: () => relays.counters(),
    unmatchedPatterns: () => governor.unmatched().length,
    policyProblems: () => policies.problems().length,
    policyReloads: () => policies.reloads(),
    bundle: () => policies.bundle(),
    behind: () => behind?.counters() ?? null,
  });
  certificateExpiry(metrics, () => parts.certificate()?.der ?? null);
  return startAdminServer({
    listen: config["admin.listen"],
    readiness: () => readinessOf(parts),
    sessions: () => governor.sessions().map(toldOf),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
  });
}

function readinessOf({ governor, audit, policies, state }: Parts): Readiness {
  const current = policies.current();
  const bundle = policies.bundle();
  const notes = [
    ...(state.stopping ? ["stopping"] : []),
    ...(audit.writable ? [] : ["the spool takes no records now; see the log and weir_audit_spool_bytes"]),
    ...(current === null ? [NONE_YET] : []),
    ...policies.problems(),
    ...governor.unmatched().map(unmatchedNote),
  ];
  return {
    ready: !state.stopping && current !== null,
    notes,
    policyVersion: current?.set.version ?? null,
    ...(bundle && { bundle: { version: bundle.version, ageSeconds: bundle.ageSeconds } }),
  };
}

function toldOf({ session, principal, database, client, sinceMs }: OpenSession): object {
  const { kind, name, issuer, assurance, login } = principal;
  const since = new Date(sinceMs).toISOString();
  return { session, principal: { kind, name, issuer, assurance }, login, database, client, since };
}
