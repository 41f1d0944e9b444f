// Builds the sidecar out of its configuration and the outside world, starts it, and ends it in order.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { type Digest, keyedDigest, loadDigestKey } from "../../pkg/audit/digest.ts";
import { AuditWriter } from "../../pkg/audit/writer.ts";
import { MaskKeyError, type MaskKeys, parseMaskKeys } from "../../pkg/mask/keys.ts";
import { createGovernor, type GovernedListener, type Governor } from "../../pkg/proxy/governor.ts";
import type { ServingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { Random } from "../../pkg/runtime/random.ts";
import { startAdminServer } from "./admin-server.ts";
import { certificateFrom } from "./certificate-file.ts";
import { credentialsOf } from "./credentials-of.ts";
import { identifyBy } from "./identify.ts";
import { keptClasses } from "./kept-classes.ts";
import { metricsOf } from "./metrics.ts";
import { openWatched, type WatchedPolicies } from "./open-watched.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";
import { unmatchedNote, watchUnmatched } from "./watch-unmatched.ts";

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
}

export interface Sidecar {
  /** Lets sessions end for at most `drainSeconds`, closes the chain of records, and resolves. */
  stop(why: string): Promise<void>;
}

/** @throws Refused, AuditUnavailable, or the system's error when an address cannot be listened on. */
export async function startSidecar(config: Values, world: World): Promise<Sidecar> {
  const [mask, certificate, policies] = allOf(
    () => maskKeysOf(config),
    () => certificateOf(config, world),
    () => openWatched(config, world.logger, () => world.clock.nowMs()),
  );
  const keys = { mask, digest: digestOf(config, world) };
  const audit = openAudit(config, world, keys.digest);
  policies.follow((version, reason) => audit.write([{ event: "policy", version, reason }]));
  const tick = setInterval(() => audit.tick(), 1000).unref();
  const governor = createGovernor({
    listeners: listenersOf(config, policies, world.random.bytes(32)),
    policies: () => policies.current().set,
    identify: identifyBy(config.identities),
    audit,
    digest: (text) => keys.digest.of(text),
    maskKeys: keys.mask,
    certificate,
    classes: keptClasses(config["spool.folder"], world.logger),
    environment: config.environment,
    cluster: config.cluster,
    limits: limitsOf(config),
    ...world,
  });
  const state = { stopping: false };
  const stopWatching = watchUnmatched(() => governor.unmatched(), world.logger);
  const admin = await serveAdmin(config, { governor, audit, policies, state });
  const ports = await governor.start();
  for (const [index, listener] of config.listeners.entries()) {
    const at = "path" in listener ? { path: listener.path } : { host: listener.host, port: ports[index]! };
    world.logger.log("info", "listening", { ...at, database: listener.database });
  }
  world.logger.log("info", "ready", { admin: admin.port, policyVersion: policies.current().set.version });
  return {
    async stop(why) {
      state.stopping = true;
      world.logger.log("info", "stopping", { why });
      policies.close();
      await governor.drain(config.drainSeconds * 1000);
      clearInterval(tick);
      stopWatching();
      audit.close(why);
      await admin.close();
      world.logger.log("info", "stopped");
    },
  };
}

/** Results of all steps, or one Refused with what is wrong in any of them. */
function allOf<T extends readonly unknown[]>(...steps: { [K in keyof T]: () => T[K] }): T {
  const problems: string[] = [];
  const results = steps.map((step) => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  });
  if (problems.length > 0) throw new Refused(problems);
  return results as unknown as T;
}

function maskKeysOf(config: Values): MaskKeys | null {
  const file = config["keys.mask"];
  try {
    return file === null ? null : parseMaskKeys(readFileSync(file));
  } catch (error) {
    if (error instanceof MaskKeyError) throw new Refused([`keys.mask: ${file}: ${error.message}`]);
    throw error;
  }
}

function digestOf(config: Values, { random }: World): Digest {
  const file = config["keys.digest"];
  return file === null ? keyedDigest(random.bytes(32)) : loadDigestKey(file);
}

function certificateOf(config: Values, { clock, logger }: World): () => ServingCertificate | null {
  const [certificate, key, clientCa] = [config["tls.certificate"], config["tls.key"], config["tls.clientCa"]];
  if (certificate === null || key === null) return () => null;
  const problem = (reason: string) =>
    logger.log("error", "tls.certificate", { reason, consequence: "the last good one stays" });
  try {
    return certificateFrom({ certificate, key, clientCa }, { nowMs: () => clock.nowMs(), problem });
  } catch (error) {
    throw new Refused([`tls: ${certificate} and ${key} are no certificate and its key (${(error as Error).message})`]);
  }
}

function openAudit(config: Values, { clock, random, version }: World, digest: Digest): AuditWriter {
  const { cluster, namespace, environment } = config;
  const place = {
    cluster,
    namespace,
    environment,
    workload: config.workload ?? "",
    instance: config.instance ?? hostname(),
  };
  const options = {
    folder: config["spool.folder"],
    totalBytesMax: config["spool.bytesMax"],
    place,
    productVersion: version,
    digest,
  };
  return new AuditWriter(options, { clock, random });
}

/** A database that has moved counts from the next login on, so both are asked anew each time. */
function listenersOf(config: Values, policies: WatchedPolicies, saltKey: Buffer): readonly GovernedListener[] {
  const clientCertificate = config["tls.clientCertificate"];
  return config.listeners.map((listener, index) => ({
    ...listener,
    ...(clientCertificate !== "Optional" && { clientCertificate }),
    requireTls: config["tls.required"],
    database: policies.current().upstreams[index]!.database,
    get upstream() {
      return policies.current().upstreams[index]!.upstream;
    },
    get credentials() {
      return credentialsOf(policies.current().upstreams[index]!, config, saltKey);
    },
  }));
}

function limitsOf(config: Values) {
  return {
    sessions: config["limits.sessions"],
    logins: config["limits.logins"],
    loginTimeMs: config["limits.loginSeconds"] * 1000,
    frameBytesMax: config["limits.frameBytes"],
    waitingBytesMax: config["limits.waitingBytes"],
    bufferedBytes: config["limits.bufferedBytes"],
    probeEveryMs: config["catalog.probeSeconds"] * 1000,
  };
}

interface Parts {
  readonly governor: Governor;
  readonly audit: AuditWriter;
  readonly policies: WatchedPolicies;
  readonly state: { readonly stopping: boolean };
}

function serveAdmin(config: Values, { governor, audit, policies, state }: Parts) {
  const metrics = metricsOf({
    governor: () => governor.counters(),
    audit: () => audit.counters(),
    unmatchedPatterns: () => governor.unmatched().length,
    policyProblems: () => policies.problems().length,
    policyReloads: () => policies.reloads(),
  });
  return startAdminServer({
    listen: config["admin.listen"],
    readiness() {
      const full = audit.writable ? [] : ["the spool takes no records now; see the log and weir_audit_spool_bytes"];
      const notes = [
        ...(state.stopping ? ["stopping"] : []),
        ...full,
        ...policies.problems(),
        ...governor.unmatched().map(unmatchedNote),
      ];
      return { ready: !state.stopping, notes, policyVersion: policies.current().set.version };
    },
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
  });
}
