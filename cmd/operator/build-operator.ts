// From the configuration to the operator's parts. Everything that is wrong with what it names is told together.
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { certificateFromFiles } from "./certificate-files.ts";
import type { OperatorConfig } from "./config.ts";
import { knownFromFolder } from "./known-folder.ts";
import { openSettings } from "./live-settings.ts";
import { admissionMetrics, operatorRegistry } from "./metrics.ts";
import type { OperatorParts } from "./operator.ts";
import { webhookRole } from "./webhook-role.ts";

export interface Outside {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}

export type Built =
  | { readonly ok: true; readonly parts: OperatorParts }
  | { readonly ok: false; readonly problems: readonly string[] };

export async function buildOperator(config: OperatorConfig, outside: Outside): Promise<Built> {
  const { logger } = outside;
  const certificate = config.tls
    ? certificateFromFiles(config.tls.certificate, config.tls.key, logger)
    : missing("WEIR_TLS_CERTIFICATE and WEIR_TLS_KEY are not set: a CA of its own is not built yet; name two files");
  const settings = openSettings(config.injectionSettings, logger);
  const known =
    config.knownFolder !== null
      ? knownFromFolder(config.knownFolder)
      : missing("WEIR_KNOWN_FOLDER is not set: reading from an API server is not built yet; name a folder");
  const others = config.roles.filter((role) => role !== "webhook");
  const roles = others.map((role) => missing(`--roles: the role ${role} is not built yet; use --roles=webhook`));
  const problems = [certificate, settings, known, ...roles].flatMap((part) => (part.ok ? [] : part.problems));
  if (!certificate.ok || !settings.ok || !known.ok || problems.length > 0) return { ok: false, problems };

  const registry = operatorRegistry();
  const webhook = webhookRole({
    ...outside,
    known: known.known,
    settings: settings.live,
    metrics: admissionMetrics(registry, settings.live.problems),
  });
  return { ok: true, parts: { roles: [webhook], certificate: certificate.source, registry, logger } };
}

function missing(problem: string): { readonly ok: false; readonly problems: readonly string[] } {
  return { ok: false, problems: [problem] };
}
