// The operator in a cluster: its roles on one connection to the API server, and a certificate of its own CA unless it was given one.
import { readFileSync } from "node:fs";
import { startCertificates } from "../../pkg/controller/certificates.ts";
import { connectKube } from "../../pkg/kube/connect.ts";
import type { Random } from "../../pkg/runtime/random.ts";
import type { CertificateSource } from "../../pkg/serving/certificate-files.ts";
import type { Certificate } from "../../pkg/serving/https-server.ts";
import { startBundleRole } from "./bundle-role.ts";
import type { OperatorConfig } from "./config.ts";
import { startControllerRole } from "./controller-role.ts";
import { startKnown } from "./known.ts";
import type { OperatorParts } from "./operator.ts";
import type { Role, RoleName } from "./role.ts";
import { type WebhookOptions, webhookRole } from "./webhook-role.ts";

export interface ClusterOptions extends Omit<WebhookOptions, "known"> {
  readonly random: Random;
  /** null: of the operator's own CA. */
  readonly certificate: CertificateSource | null;
}

type Parts = Pick<OperatorParts, "roles" | "certificate">;

/** @throws KubeError when there is no API server to be had, or no authority to sign with. */
export async function connectCluster(config: OperatorConfig, options: ClusterOptions): Promise<Parts> {
  const { releaseNamespace } = config;
  const { settings, clock, random, logger } = options;
  const api = connectKube(null);
  const shared = { api, releaseNamespace, clock, random, logger };
  const certificate = options.certificate ?? (await ownCertificate(api, config, options));
  const makers: Readonly<Record<RoleName, () => Role | Promise<Role>>> = {
    async webhook() {
      const onError = (problem: string) => logger.log("warn", "known", { problem });
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
      const role = startControllerRole({ ...shared, ...collectorOf(config, clusterDomain), cluster, clusterDomain });
      return { name: "controller", routes() {}, waitsFor: role.waitsFor, start: async () => {}, stop: role.stop };
    },
    bundles() {
      const { audience } = settings.current();
      const role = startBundleRole({ ...shared, audience, identity: config.podName });
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
  { clock, logger }: ClusterOptions,
): Promise<CertificateSource> {
  let use: (certificate: Certificate) => void = () => {};
  const service = `weir-operator.${releaseNamespace}.svc`;
  const certificates = await startCertificates({
    api,
    namespace: releaseNamespace,
    names: [service, `weir-operator.${releaseNamespace}`, "localhost"],
    patchWebhook: roles.includes("webhook"),
    nowMs: () => clock.nowMs(),
    onError: (problem) => logger.log("warn", "certificates", { problem }),
    onLeaf: ({ certificate, key }) => use({ cert: certificate, key }),
  });
  return {
    current: () => ({ cert: certificates.leaf().certificate, key: certificates.leaf().key }),
    follow(next) {
      use = next;
    },
    stop: () => certificates.stop(),
  };
}
