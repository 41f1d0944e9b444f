// From the configuration to the operator's parts. Everything that is wrong with what it names is told together.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { Random } from "../../pkg/runtime/random.ts";
import { certificateFromFiles } from "../../pkg/serving/certificate-files.ts";
import { connectCluster } from "./cluster.ts";
import type { OperatorConfig } from "./config.ts";
import { knownFromFolder } from "./known-folder.ts";
import { openSettings } from "./live-settings.ts";
import { admissionMetrics, operatorRegistry, roleMetrics } from "./metrics.ts";
import type { OperatorParts } from "./operator.ts";
import { webhookRole } from "./webhook-role.ts";

export interface Outside {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
}

export type Built =
  | { readonly ok: true; readonly parts: OperatorParts }
  | { readonly ok: false; readonly problems: readonly string[] };

/** @throws KubeError when there is no API server to be had, or no authority to sign with. */
export async function buildOperator(config: OperatorConfig, outside: Outside): Promise<Built> {
  const { logger } = outside;
  const { tls, knownFolder, mutateClientCa } = config;
  const files = tls === null ? null : certificateFromFiles(tls.certificate, tls.key, logger);
  const settings = openSettings(config.injectionSettings, logger);
  const folder = knownFolder === null ? null : knownFromFolder(knownFolder);
  const ca = mutateClientCa === null ? null : readCa(mutateClientCa);
  const problems = [files, settings, folder, ca].flatMap((part) => (part === null || part.ok ? [] : part.problems));
  if (folder !== null && tls === null)
    problems.push(
      "WEIR_TLS_CERTIFICATE and WEIR_TLS_KEY are not set: without an API server there is no CA; name two files",
    );
  if (folder !== null && config.roles.some((role) => role !== "webhook"))
    problems.push("WEIR_KNOWN_FOLDER is set: without an API server there is only --roles=webhook");
  if (folder === null && tls !== null && config.roles.some((role) => role !== "webhook"))
    problems.push(
      "WEIR_TLS_CERTIFICATE is set: sidecars trust the operator's own CA, so that a certificate of another one goes with --roles=webhook alone; leave it out, or name that role",
    );
  if (!settings.ok || problems.length > 0) return { ok: false, problems };

  const registry = operatorRegistry();
  const metrics = admissionMetrics(registry, settings.live.problems);
  const webhook = { ...outside, settings: settings.live, metrics, clientCertificate: ca !== null };
  const shared = { clientCa: ca?.ok ? ca.pem : null, registry, logger };
  if (folder?.ok && files?.ok)
    return {
      ok: true,
      parts: { roles: [webhookRole({ ...webhook, known: folder.known })], certificate: files.source, ...shared },
    };
  const parts = await connectCluster(config, {
    ...webhook,
    roleMetrics: roleMetrics(registry),
    certificate: files?.ok ? files.source : null,
  });
  return { ok: true, parts: { ...parts, ...shared } };
}

type ReadCa =
  | { readonly ok: true; readonly pem: string }
  | { readonly ok: false; readonly problems: readonly string[] };

function readCa(path: string): ReadCa {
  try {
    const pem = readFileSync(path, "utf8");
    new X509Certificate(pem);
    return { ok: true, pem };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "error";
    return {
      ok: false,
      problems: [`WEIR_MUTATE_CLIENT_CA: ${path} is no certificate as PEM (${why}); name a CA's file`],
    };
  }
}
