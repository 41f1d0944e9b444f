// The operator in a cluster: its roles on one connection to the API server, and a certificate of its own CA unless it was given one.
import { readFileSync } from "node:fs";
import { startCertificates } from "../../pkg/controller/certificates.ts";
import { connectKube } from "../../pkg/kube/connect.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { Random } from "../../pkg/runtime/random.ts";
import type { CertificateSource } from "../../pkg/serving/certificate-files.ts";
import type { Certificate } from "../../pkg/serving/https-server.ts";
import { startBundleRole } from "./bundle-role.ts";
import type { OperatorConfig } from "./config.ts";
import { startControllerRole } from "./controller-role.ts";
import { startKnown } from "./known.ts";
import type { ProblemPart, RoleMetrics } from "./metrics.ts";
import type { OperatorParts } from "./operator.ts";
import type { Role, RoleName } from "./role.ts";
import { type WebhookOptions, webhookRole } from "./webhook-role.ts";

export interface ClusterOptions extends Omit<WebhookOptions, "known"> {
  readonly random: Random;
  /** null: of the operator's own CA. */
  readonly certificate: CertificateSource | null;
  readonly roleMetrics: RoleMetrics;
}

type Parts = Pick<OperatorParts, "roles" | "certificate">;

/** @throws KubeError when there is no API server to be had, or no authority to sign with. */
export async function connectCluster(config: OperatorConfig, options: ClusterOptions): Promise<Parts> {
  const { releaseNamespace } = config;
  const { settings, clock, random, roleMetrics: metrics } = options;
  const api = connectKube(null);
  const loggerOf = (part: ProblemPart) => counting(options.logger, () => metrics.problem(part));
  const shared = { api, releaseNamespace, clock, random };
  const certificate = options.certificate ?? (await ownCertificate(api, config, options));
  const makers: Readonly<Record<RoleName, () => Role | Promise<Role>>> = {
    async webhook() {
      const onError = (problem: string) => loggerOf("known").log("warn", "known", { problem });
      const known = await startKnown({ api, releaseNamespace, onError });
      const role = webhookRole({ ...options, known });
      return {
        ...role,
        async stop() {
          await role.stop();
          await known.stop();
        },
      };
    },
    controller() {
      const { cluster, clusterDomain } = settings.current();
      const role = startControllerRole({
        ...shared,
        logger: loggerOf("controller"),
        ...collectorOf(config, clusterDomain),
        cluster,
        clusterDomain,
      });
      metrics.leads(role.isLeader);
      return { name: "controller", routes() {}, waitsFor: role.waitsFor, start: async () => {}, stop: role.stop };
    },
    bundles() {
      const { audience } = settings.current();
      const role = startBundleRole({
        ...shared,
        logger: loggerOf("bundles"),
        audience,
        identity: config.podName,
        onAnswer: metrics.bundleAnswered,
      });
      return {
        name: "bundles",
        routes: (server) => void server.register(role.plugin),
        waitsFor: role.waitsFor,
        start: async () => {},
        stop: role.stop,
      };
    },
  };
  const roles: Role[] = [];
  for (const name of config.roles) roles.push(await makers[name]());
  return { roles, certificate: { ...certificate, stop: () => stopAll(certificate, api) } };
}

/** `localhost` is for who looks through `kubectl port-forward`. */
function collectorOf({ collectorSecret, collectorCa, releaseNamespace }: OperatorConfig, clusterDomain: string) {
  const service = `weir-collector.${releaseNamespace}`;
  const names = [`${service}.svc`, service, `${service}.svc.${clusterDomain}`, "localhost"];
  return {
    served: collectorSecret === null ? null : { secret: collectorSecret, names },
    ...(collectorCa !== null && { alsoTrusted: () => readFileSync(collectorCa, "utf8") }),
  };
}

async function stopAll(certificate: CertificateSource, api: { close(): void }): Promise<void> {
  await certificate.stop();
  api.close();
}

/** A leaf of this replica's own; its CA is written into the webhook's configuration. `localhost` is for looking at oneself. */
async function ownCertificate(
  api: ReturnType<typeof connectKube>,
  { releaseNamespace, roles }: OperatorConfig,
  { clock, logger, roleMetrics: metrics }: ClusterOptions,
): Promise<CertificateSource> {
  let use: (certificate: Certificate) => void = () => {};
  const service = `weir-operator.${releaseNamespace}.svc`;
  const certificates = await startCertificates({
    api,
    namespace: releaseNamespace,
    names: [service, `weir-operator.${releaseNamespace}`, "localhost"],
    patchWebhook: roles.includes("webhook"),
    nowMs: () => clock.nowMs(),
    onError: (problem) =>
      counting(logger, () => metrics.problem("certificates")).log("warn", "certificates", { problem }),
    onLeaf: ({ certificate, key }) => use({ cert: certificate, key }),
  });
  if (roles.includes("webhook")) metrics.trusted(certificates.isWebhookRight);
  return {
    current: () => ({ cert: certificates.leaf().certificate, key: certificates.leaf().key }),
    follow(next) {
      use = next;
    },
    stop: () => certificates.stop(),
  };
}

/** Each warning and error that it logs is counted as well. */
function counting(logger: Logger, count: () => void): Logger {
  return {
    log(level, event, fields) {
      if (level === "warn" || level === "error") count();
      logger.log(level, event, fields);
    },
  };
}
