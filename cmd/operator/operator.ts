// The operator's parts put together: roles behind one HTTPS server, an admin server beside it, and an end that loses no request.
import { setTimeout as delay } from "node:timers/promises";
import type { Registry } from "prom-client";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { startAdminServer } from "../../pkg/serving/admin-server.ts";
import { certificateExpiry } from "../../pkg/serving/certificate-expiry.ts";
import type { CertificateSource } from "../../pkg/serving/certificate-files.ts";
import { startHttpsServer } from "../../pkg/serving/https-server.ts";
import type { OperatorConfig } from "./config.ts";
import { readyMetric } from "./metrics.ts";
import type { Role } from "./role.ts";

export interface OperatorParts {
  readonly roles: readonly Role[];
  readonly certificate: CertificateSource;
  /** PEM of the CA that callers of the webhook must show a certificate of; null: nobody must. */
  readonly clientCa: string | null;
  readonly registry: Registry;
  readonly logger: Logger;
}

export interface Operator {
  readonly port: number;
  readonly adminPort: number;
  /** Unready at once; goes on answering for the drain time, as API servers keep their connections; then closes. */
  stop(why: string): Promise<void>;
}

export async function startOperator(
  config: Pick<OperatorConfig, "listen" | "adminListen" | "drainSeconds">,
  { roles, certificate, clientCa, registry, logger }: OperatorParts,
): Promise<Operator> {
  let phase: "starting" | "serving" | "stopping" = "starting";
  const waitsFor = () => [
    ...(phase === "serving" ? [] : [phase === "starting" ? "the start" : "nothing: it is stopping"]),
    ...roles.flatMap((role) => role.waitsFor().map((what) => `${role.name}: ${what}`)),
  ];
  readyMetric(registry, waitsFor);
  certificateExpiry(registry, () => certificate.current().cert);
  const admin = await startAdminServer(config.adminListen, registry, waitsFor);
  const server = await startHttpsServer({
    listen: config.listen,
    certificate: certificate.current(),
    clientCa,
    routes(app) {
      for (const role of roles) role.routes(app);
    },
  });
  certificate.follow((next) => server.use(next));
  for (const role of roles) await role.start();
  phase = "serving";
  logger.log("info", "operator_started", { port: server.port, roles: roles.map(({ name }) => name).join(",") });
  return {
    port: server.port,
    adminPort: admin.port,
    async stop(why) {
      phase = "stopping";
      logger.log("info", "operator_stopping", { why, drainSeconds: config.drainSeconds });
      server.drain();
      await delay(config.drainSeconds * 1000);
      for (const role of [...roles].reverse()) await role.stop();
      await server.close();
      await certificate.stop();
      await admin.close();
      logger.log("info", "operator_stopped");
    },
  };
}
