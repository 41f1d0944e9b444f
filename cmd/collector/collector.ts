// The collector's parts put together: the ledger under its lock, one HTTPS server for sidecars and readers, an admin server beside it,
// and an end that leaves everything signed and closed.
import { createHmac } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { Authenticator } from "../../pkg/collector/authenticate.ts";
import { ByteBudget } from "../../pkg/collector/byte-budget.ts";
import { ChainWatch } from "../../pkg/collector/chain-watch.ts";
import { Checkpoints } from "../../pkg/collector/checkpoints.ts";
import { type CollectorFiles, systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { lockData } from "../../pkg/collector/data-lock.ts";
import type { Forwarder } from "../../pkg/collector/forwarder.ts";
import { Indexer } from "../../pkg/collector/indexer.ts";
import { Intake } from "../../pkg/collector/intake.ts";
import { intakeRoutes } from "../../pkg/collector/intake-routes.ts";
import { KeptLedger } from "../../pkg/collector/kept-ledger.ts";
import { openLogKey } from "../../pkg/collector/log-key.ts";
import { Lookups } from "../../pkg/collector/lookups.ts";
import { collectorRegistry, intakeMetrics, requestMetrics, watchedGauges } from "../../pkg/collector/metrics.ts";
import { ObjectExport } from "../../pkg/collector/object-export.ts";
import { queryRoutes } from "../../pkg/collector/query-routes.ts";
import { readRoutes } from "../../pkg/collector/read-routes.ts";
import { guardingOf } from "../../pkg/collector/reader-guard.ts";
import { Registrar } from "../../pkg/collector/registrar.ts";
import { Retention, type RetentionOptions } from "../../pkg/collector/retention.ts";
import { SavedViews } from "../../pkg/collector/saved-views.ts";
import { TailReaders } from "../../pkg/collector/tail-route.ts";
import { ThreadedIndex } from "../../pkg/collector/threaded-index.ts";
import { podIsGone } from "../../pkg/collector/token-review.ts";
import { TraceRing } from "../../pkg/collector/trace-ring.ts";
import { Upkeep } from "../../pkg/collector/upkeep.ts";
import { VKEY_FILE } from "../../pkg/ledger/log-state.ts";
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { Random } from "../../pkg/runtime/random.ts";
import { startAdminServer } from "../../pkg/serving/admin-server.ts";
import { certificateExpiry } from "../../pkg/serving/certificate-expiry.ts";
import type { CertificateSource } from "../../pkg/serving/certificate-files.ts";
import { startHttpsServer } from "../../pkg/serving/https-server.ts";
import type { CollectorConfig } from "./config.ts";
import { forwardCounters, openForwarders } from "./open-forwarders.ts";
import type { OpenedSources } from "./open-sources.ts";

export interface Outside {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly files?: CollectorFiles;
  /** Of the product. */
  readonly version: string;
}

export interface CollectorParts extends Outside {
  readonly opened: OpenedSources;
  readonly certificate: CertificateSource;
}

export interface Collector {
  readonly port: number;
  readonly adminPort: number;
  /** Does now what is done every few seconds. */
  upkeep(): Promise<void>;
  /** Goes on answering for the drain time; then everything that was taken is signed and closed. */
  stop(why: string): Promise<void>;
}

const DAY_MS = 86_400_000;
const UPKEEP_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** @throws CollectorError, LedgerError */
export async function startCollector(config: CollectorConfig, parts: CollectorParts): Promise<Collector> {
  const lock = lockData(config.data);
  try {
    return await startLocked(config, parts, () => lock.release());
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

async function startLocked(config: CollectorConfig, parts: CollectorParts, unlock: () => void): Promise<Collector> {
  const { logger, certificate, opened } = parts;
  const core = await openCore(config, parts);
  const { registry, kept, checkpoints, upkeep, intake, tails, traces, store, indexer, forwarders, lookups } = core;
  let phase: "serving" | "stopping" = "serving";
  const waitsFor = () => [
    ...(phase === "serving" ? [] : ["nothing: it is stopping"]),
    ...(kept.current() === null ? ["the ledger: it is being opened again"] : []),
  ];
  certificateExpiry(registry, () => certificate.current().cert);
  const admin = await startAdminServer(config.adminListen, registry, waitsFor);
  const { clientAuthorities } = opened;
  const server = await startHttpsServer({
    listen: config.listen,
    certificate: certificate.current(),
    clientCa: clientAuthorities.length === 0 ? null : clientAuthorities.join("\n"),
    routes: core.routes,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  certificate.follow((next) => server.use(next));
  checkpoints.start();
  upkeep.start(UPKEEP_MS);
  indexer?.start();
  for (const forwarder of forwarders) forwarder.start();
  const { port } = server;
  logger.log("info", "collector_started", { port, origin: config.origin, entries: kept.current()?.log.size });
  return {
    port,
    adminPort: admin.port,
    async upkeep() {
      await checkpoints.now();
      await upkeep.now();
    },
    async stop(why) {
      phase = "stopping";
      logger.log("info", "collector_stopping", { why });
      server.drain();
      await delay(config.drainMs);
      tails.closeAll();
      await server.close();
      await lookups.close();
      await intake.settled();
      await upkeep.stop();
      await indexer?.stop();
      await Promise.all(forwarders.map((forwarder) => forwarder.stop()));
      await store?.close();
      await checkpoints.stop();
      await kept.close();
      traces.close();
      await certificate.stop();
      for (const api of opened.apis.values()) api.close();
      await admin.close();
      unlock();
      logger.log("info", "collector_stopped");
    },
  };
}

async function openCore(
  config: CollectorConfig,
  { clock, random, logger, opened, version, files = systemCollectorFiles }: CollectorParts,
) {
  const { data: folder, origin } = config;
  const nowMs = () => clock.nowMs();
  const monotonicMs = () => Number(clock.monotonicNs() / 1_000_000n);
  const signer = await openLogKey({ folder, origin, file: config.logKey, files, random });
  const kept = await KeptLedger.open({ folder, origin, files, logger });
  await files.replaceAll([[join(folder, "log", VKEY_FILE), Buffer.from(`${signer.vkey}\n`)]]);
  logger.log("info", "log_key", { vkey: signer.vkey });
  const { witnesses, sources, readers, apis } = opened;
  const shared = { ledger: kept, logger, nowMs };
  const registry = collectorRegistry();
  const metrics = { ...intakeMetrics(registry), ...requestMetrics(registry) };
  const checkpoints = new Checkpoints({ ...shared, signer, witnesses, everyMs: config.checkpointMs });
  const exported = new ObjectExport({ ...shared, files, dataFolder: folder, folder: config.exportFolder });
  const keepMs = config.keepDays === null ? null : config.keepDays * DAY_MS;
  const exportedUpTo: RetentionOptions["exportedUpTo"] = (ledger) => exported.exportedUpTo(ledger);
  const store =
    config.store.engine === "none"
      ? null
      : new ThreadedIndex({ config: config.store, data: folder, origin: config.origin }, logger);
  const indexer = store === null ? null : new Indexer({ ...shared, store });
  const retention = new Retention({
    ...shared,
    keepMs,
    exportedUpTo,
    checkpoint: () => checkpoints.now(),
    ...(indexer !== null && { onDeleted: (entries) => indexer.forget(entries) }),
  });
  const watch = new ChainWatch({
    ...shared,
    unclosedAfterMs: config.unclosedAfterMs,
    async isGone({ source, namespace, sender, uid }) {
      const api = apis.get(source);
      return api === undefined ? null : await podIsGone(api, namespace, sender, uid);
    },
  });
  const chores = [
    { name: "export", turn: () => exported.turn() },
    { name: "retention", turn: () => retention.turn() },
    { name: "lookups", turn: async () => kept.current()?.index.seen(lookups.chain, nowMs()) },
    { name: "watch", turn: () => watch.look() },
  ];
  const upkeep = new Upkeep(chores, logger);
  const intake = new Intake({ ...shared, metrics });
  const registrar = new Registrar(shared);
  const traces = new TraceRing(folder, config.traceBytes);
  const budget = new ByteBudget(config.requestBytes);
  const tails = new TailReaders();
  const forwarding = { ...shared, files, dataFolder: folder, random: () => random.bytes(4).readUInt32LE() / 2 ** 32 };
  const forwarders = await openForwarders(opened.forward, forwarding);
  const authenticator = new Authenticator({ sources, readers, nowMs, monotonicMs });
  const lookups = new Lookups({
    intake,
    registrar,
    random,
    logger,
    nowMs,
    productVersion: version,
    instance: hostname(),
  });
  const guarding = guardingOf(authenticator, lookups);
  const views = await SavedViews.open(files, folder);
  const salt = random.bytes(32);
  const digest = (text: string) => createHmac("sha256", salt).update(text).digest("hex");
  const witnessKeys = witnesses.map(({ witness }) => witness.key.vkey);
  const evidence = { signer, witnessKeys, nowMs };
  watchedGauges(registry, () => gaugesOf({ kept, checkpoints, budget, intake, tails, indexer, forwarders, nowMs }));
  const routes = (app: FastifyInstance) => {
    intakeRoutes(app, { authenticator, intake, registrar, traces, budget, metrics, logger });
    queryRoutes(app, { guarding, store, views, digest, nowMs, version });
    readRoutes(app, {
      ...shared,
      authenticator,
      guarding,
      traces,
      tails,
      files,
      dataFolder: folder,
      checkpoints,
      evidence,
    });
  };
  return { registry, kept, checkpoints, upkeep, intake, tails, traces, store, indexer, forwarders, lookups, routes };
}

interface Gauged {
  readonly kept: KeptLedger;
  readonly checkpoints: Checkpoints;
  readonly budget: ByteBudget;
  readonly intake: Intake;
  readonly tails: TailReaders;
  /** null: there is no index. */
  readonly indexer: Indexer | null;
  readonly forwarders: readonly Forwarder[];
  readonly nowMs: () => number;
}

function gaugesOf({ kept, checkpoints, budget, intake, tails, indexer, forwarders, nowMs }: Gauged) {
  const ledger = kept.current();
  const counts = ledger?.index.counts() ?? {};
  const forwarded = forwardCounters(forwarders);
  return {
    chains_open: counts.open ?? 0,
    chains_silent: counts.silent ?? 0,
    chains_closed: counts.closed ?? 0,
    chains_unclosed: counts.unclosed ?? 0,
    chain_gaps: counts.gaps ?? 0,
    chain_forks: counts.forks ?? 0,
    log_entries: ledger?.log.size ?? 0,
    checkpoint_entries: ledger?.log.checkpointHead?.size ?? 0,
    checkpoint_age_seconds: checkpoints.newestMs === null ? 0 : (nowMs() - checkpoints.newestMs) / 1000,
    witnesses_behind: checkpoints.witnessesBehind,
    request_bytes: budget.inUse,
    segments_queued: intake.queued,
    tail_readers: tails.count,
    ledger_ready: ledger === null ? 0 : 1,
    indexed_entries: indexer?.counters().indexed ?? 0,
    forwarded_records: forwarded.sent,
    forward_refused: forwarded.refused,
    forward_missed: forwarded.missed,
    forward_failures: forwarded.failures,
    forward_behind_entries: forwarded.behind,
    index_behind_entries: indexer?.behind ?? 0,
    index_failures: indexer?.counters().failures ?? 0,
    index_missing_segments: indexer?.counters().missing ?? 0,
    index_remade: indexer?.counters().remade ?? 0,
  };
}
