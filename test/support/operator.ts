// The operator's webhook in this process, on loopback, with what it knows in memory.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Registry } from "prom-client";
import { openSettings } from "../../cmd/operator/live-settings.ts";
import { admissionMetrics, operatorRegistry } from "../../cmd/operator/metrics.ts";
import { startOperator } from "../../cmd/operator/operator.ts";
import type { ReviewLimits } from "../../cmd/operator/review-limits.ts";
import { webhookRole } from "../../cmd/operator/webhook-role.ts";
import { type Known, type KnownContent, knownFrom } from "../../pkg/admission/known.ts";
import { type ServerCertificate, selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { type Logger, silentLogger } from "../../pkg/runtime/logger.ts";
import { certificateFromFiles } from "../../pkg/serving/certificate-files.ts";
import { settings } from "./injection.ts";

export interface TestOperator {
  readonly port: number;
  readonly adminPort: number;
  readonly certificate: ServerCertificate;
  readonly registry: Registry;
  /** Writes another certificate over the first and has it taken. */
  renew(certificate: ServerCertificate): void;
  /** Writes settings.json anew and has it taken. */
  configure(text: string): void;
  stop(): Promise<void>;
}

export interface TestOperatorOptions {
  readonly known: Known | KnownContent;
  readonly drainSeconds?: number;
  readonly logger?: Logger;
  readonly limits?: ReviewLimits;
  /** PEM. */
  readonly clientCa?: string;
}

const { image, cluster, environment, collectorUrl } = settings;
export const installed = JSON.stringify({ image, cluster, environment, collectorUrl });

export async function startTestOperator(options: TestOperatorOptions): Promise<TestOperator> {
  const folder = mkdtempSync(join(tmpdir(), "weir-operator-"));
  const [crt, key, json] = ["tls.crt", "tls.key", "settings.json"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const write = (pair: ServerCertificate) => {
    writeFileSync(crt, pair.certificate);
    writeFileSync(key, pair.key, { mode: 0o600 });
  };
  const certificate = selfSignedCertificate(["127.0.0.1", "localhost"]);
  write(certificate);
  writeFileSync(json, installed);
  const logger = options.logger ?? silentLogger;
  const opened = { certificate: certificateFromFiles(crt, key, logger), settings: openSettings(json, logger) };
  if (!opened.certificate.ok || !opened.settings.ok) throw new Error("the test's own files do not fit");
  const { source } = opened.certificate;
  const { live } = opened.settings;
  const registry = operatorRegistry();
  const { known: given } = options;
  const known = "waitsFor" in given ? given : knownFrom(() => given);
  const metrics = admissionMetrics(registry, live.problems);
  const { limits, clientCa = null } = options;
  const webhook = webhookRole({
    known,
    settings: live,
    metrics,
    clock: systemClock,
    logger,
    version: "0.1.0",
    clientCertificate: clientCa !== null,
    ...(limits && { limits }),
  });
  const anywhere = { host: "127.0.0.1", port: 0 };
  const operator = await startOperator(
    { listen: anywhere, adminListen: anywhere, drainSeconds: options.drainSeconds ?? 0 },
    { roles: [webhook], certificate: source, clientCa, registry, logger },
  );
  return {
    port: operator.port,
    adminPort: operator.adminPort,
    certificate,
    registry,
    renew(next) {
      write(next);
      source.reload();
    },
    configure(text) {
      writeFileSync(json, text);
      live.reload();
    },
    async stop() {
      await operator.stop("the test's end");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
