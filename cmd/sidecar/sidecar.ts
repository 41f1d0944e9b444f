// Builds the sidecar out of its configuration and the outside world, starts it, and ends it in order.
import { AuditUnavailable } from "../../pkg/audit/audit-unavailable.ts";
import type { Digest } from "../../pkg/audit/digest.ts";
import { AuditWriter } from "../../pkg/audit/writer.ts";
import { createGovernor, type GovernedListener, type Governor } from "../../pkg/proxy/governor.ts";
import { createRelays, type RelayRoute } from "../../pkg/proxy/tcp-relay.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { CommittedMark } from "../../pkg/shipping/committed.ts";
import { bootId } from "./boot-id.ts";
import { bundleSettings } from "./bundle-settings.ts";
import { openBundle } from "./bundle-source.ts";
import type { Surroundings } from "./compile-policies.ts";
import { databaseIdentities } from "./database-identities.ts";
import { gatewayListener } from "./gateway-listener.ts";
import { gatewayReplicas } from "./gateway-replicas.ts";
import { governedListeners, noneYet } from "./governed-listeners.ts";
import { identifyBy } from "./identify.ts";
import { keptClasses } from "./kept-classes.ts";
import { openBehind, serversOf } from "./open-behind.ts";
import { openWatched } from "./open-watched.ts";
import { allOf, certificateOf, digestOf, maskKeysOf, surroundingsOf, type World } from "./parts.ts";
import { placeOf } from "./place-of.ts";
import type { PolicySource } from "./policy-source.ts";
import type { ProvingAt } from "./proved-at.ts";
import { serveAdmin } from "./serve-admin.ts";
import type { Values } from "./settings.ts";
import type { Behind } from "./start-behind.ts";
import { verifierOf } from "./tokens.ts";
import { unhurriedFiles } from "./unhurried-files.ts";
import { watchUnmatched } from "./watch-unmatched.ts";

export interface Sidecar {
  /** Lets sessions end for at most `drainSeconds`, closes the chain of records, and resolves. */
  stop(why: string): Promise<void>;
}

/** @throws Refused, AuditUnavailable, or the system's error when an address cannot be listened on. */
export async function startSidecar(config: Values, world: World): Promise<Sidecar> {
  const { clock, random, logger } = world;
  const [maskKeys, certificate, verifier, [around, openPolicies]] = allOf(
    () => maskKeysOf(config),
    () => certificateOf(config, world),
    () => verifierOf(config, world),
    () => policiesOf(config, world),
  );
  const digest = digestOf(config, world);
  const committed = new CommittedMark();
  const audit = openAudit(config, world, digest, committed);
  const behind = openBehind(config, world, audit, committed);
  const policies = openPolicies();
  let running: Governor | null = null;
  policies.follow((version, reason) => {
    running?.endGone();
    behind?.servers(serversOf(policies.current()));
    audit.write([{ event: "policy", version, reason }]);
  });
  const tick = setInterval(() => {
    audit.tick();
    behind?.tick();
  }, 1000).unref();
  const governor = createGovernor({
    listeners: listenersOf(config, policies, {
      saltKey: random.bytes(32),
      verifier,
      identities: databaseIdentities(world),
    }),
    policies: () => policies.current()?.set ?? null,
    identify: identifyBy(config.identities, () => attestedBy(config, policies)),
    ...gatewayReplicas(config, around.lookup),
    ...(verifier && { tokens: verifier }),
    identityScope: config["identity.setScope"],
    audit,
    digest: (text) => digest.of(text),
    maskKeys,
    certificate,
    classes: keptClasses(config["spool.folder"], logger),
    environment: config.environment,
    cluster: config.cluster,
    limits: limitsOf(config),
    clock,
    random,
    logger,
  });
  running = governor;
  const relays = createRelays(routesOf(config, around), { connections: config["limits.relays"] });
  const state = { stopping: false };
  const stopWatching = watchUnmatched(() => governor.unmatched(), logger);
  const admin = await serveAdmin(config, { governor, relays, audit, policies, behind, certificate, state });
  tellAddresses(config, { listeners: await governor.start(), relays: await relays.start() }, logger);
  const policyVersion = policies.current()?.set.version ?? null;
  if (policyVersion !== null) logger.log("info", "ready", { admin: admin.port, policyVersion });
  else logger.log("warn", "waiting", { admin: admin.port, reason: noneYet(policies) });
  return {
    async stop(why) {
      state.stopping = true;
      logger.log("info", "stopping", { why });
      const timeMs = config.drainSeconds * 1000;
      const endMs = performance.now() + timeMs + config["collector.closeSeconds"] * 1000;
      await Promise.all([governor.drain(timeMs), relays.drain(timeMs)]);
      policies.close();
      clearInterval(tick);
      stopWatching();
      closeAudit(audit, why, logger);
      await endShipping(behind, endMs - performance.now(), logger);
      await admin.close();
      logger.log("info", "stopped");
    },
  };
}

function listenersOf(config: Values, policies: PolicySource, proving: ProvingAt): readonly GovernedListener[] {
  const gateway = gatewayListener(config, policies, proving);
  return [...governedListeners(config, policies, proving), ...(gateway === null ? [] : [gateway])];
}

/** Of a gateway nobody vouches for who comes from a loopback address: a forwarded port leads everyone there. */
function attestedBy(config: Values, policies: PolicySource): string | null {
  return config["gateway.listen"] === null ? (policies.attested?.() ?? null) : null;
}

/** The second opens them: bundles are followed from then on, and only a folder can be wrong before. */
function policiesOf(config: Values, world: World): readonly [Surroundings, () => PolicySource] {
  const around = surroundingsOf(config, world);
  const bundle = bundleSettings(config);
  if (bundle !== null)
    return [around, () => openBundle(bundle, config, { logger: world.logger, surroundings: around })];
  const source = openWatched(config.policies!, config, world.logger, around);
  return [around, () => source];
}

function routesOf(config: Values, { lookup }: Surroundings): readonly RelayRoute[] {
  return config.relays.map(({ host, port, target }) => ({
    listen: { host, port },
    target: { ...target, ...(lookup && { lookup }) },
  }));
}

interface Ports {
  readonly listeners: readonly number[];
  readonly relays: readonly number[];
}

function tellAddresses(config: Values, ports: Ports, logger: Logger): void {
  for (const [index, listener] of config.listeners.entries()) {
    const at = "path" in listener ? { path: listener.path } : { host: listener.host, port: ports.listeners[index]! };
    logger.log("info", "listening", { ...at, database: listener.database });
  }
  const gateway = config["gateway.listen"];
  if (gateway !== null) logger.log("info", "listening", { host: gateway.host, port: ports.listeners.at(-1)! });
  for (const [index, { host, target }] of config.relays.entries())
    logger.log("info", "relaying", { host, port: ports.relays[index]!, target: `${target.host}:${target.port}` });
}

/** What could not be written any more is logged: what was is shipped all the same. */
function closeAudit(audit: AuditWriter, why: string, logger: Logger): void {
  try {
    audit.close(why);
  } catch (error) {
    if (!(error instanceof AuditUnavailable)) throw error;
    logger.log("error", "audit.unavailable", { reason: error.message });
  }
}

async function endShipping(behind: Behind | null, timeMs: number, logger: Logger): Promise<void> {
  if (behind === null) return;
  const left = await behind.finish(Math.max(0, timeMs));
  if (left === null) return;
  if (left.records === 0) logger.log("info", "shipping.done");
  else logger.log("warn", "shipping.left", { records: left.records, consequence: "they lie in the spool" });
}

function openAudit(
  config: Values,
  { clock, random, version }: World,
  digest: Digest,
  mark: CommittedMark,
): AuditWriter {
  const place = placeOf(config);
  const options = {
    folder: config["spool.folder"],
    totalBytesMax: config["spool.bytesMax"],
    place,
    productVersion: version,
    digest,
  };
  const committed = (segment: number, bytes: number) => mark.set(segment, bytes);
  return new AuditWriter(options, { clock, random, committed, files: unhurriedFiles, boot: bootId() });
}

function limitsOf(config: Values) {
  return {
    sessions: config["limits.sessions"],
    principalSessions: config["limits.principalSessions"],
    logins: config["limits.logins"],
    ...(config["identity.sessionSeconds"] > 0 && { sessionAgeMsMax: config["identity.sessionSeconds"] * 1000 }),
    loginTimeMs: config["limits.loginSeconds"] * 1000,
    frameBytesMax: config["limits.frameBytes"],
    waitingBytesMax: config["limits.waitingBytes"],
    bufferedBytes: config["limits.bufferedBytes"],
    probeEveryMs: config["catalog.probeSeconds"] * 1000,
  };
}
