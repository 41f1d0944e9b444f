// A gateway of the tests: a process of its own in front of real servers, with tokens of real issuers.
import { join } from "node:path";
import pg from "pg";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { AUDIENCE, type TestIssuer } from "../support/issuer.ts";
import { PASSWORD } from "../support/server.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

export const own = selfSignedCertificate(["localhost", "127.0.0.1"]);

export interface GatewayOptions {
  /** YAML of the policy folder, by file. */
  readonly policies: Readonly<Record<string, string>>;
  readonly issuers: readonly TestIssuer[];
  readonly settings?: Readonly<Record<string, string>>;
}

/** Every database's login is `app`. */
export function startGateway({ policies, issuers, settings = {} }: GatewayOptions): Promise<SidecarProcess> {
  const logins = ["shop/orders", "shop/ledger", "hr/people", "shop/late"];
  return startSidecar(1, {
    policies: { "database.yaml": "", ...policies },
    files: { "tls.crt": own.certificate, "tls.key": own.key, password: PASSWORD, "mask.key": "k".repeat(32) },
    settings: (folder) => ({
      WEIR_GATEWAY_LISTEN: "0.0.0.0:0",
      WEIR_NAMESPACE: "shop",
      WEIR_TLS_CERTIFICATE: join(folder, "tls.crt"),
      WEIR_TLS_KEY: join(folder, "tls.key"),
      WEIR_MASK_KEY: join(folder, "mask.key"),
      WEIR_IDENTITY_ISSUERS: JSON.stringify(
        issuers.map(({ url, jwksUrl }) => ({ issuer: url, keysUrl: jwksUrl, audiences: [AUDIENCE] })),
      ),
      WEIR_UPSTREAM_LOGINS: JSON.stringify(
        Object.fromEntries(logins.map((name) => [name, { user: "app", passwordFile: join(folder, "password") }])),
      ),
      ...settings,
    }),
  });
}

export interface Wish {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ssl?: pg.ClientConfig["ssl"];
  readonly [other: string]: unknown;
}

export async function connected(port: number, wish: Wish): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, ssl: { ca: own.certificate }, ...wish });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** What became of a connection: SQLSTATE and text, or "none". */
export const refusal = (promise: Promise<pg.Client>) =>
  promise.then(
    async (client) => {
      await client.end();
      return { code: "none", message: "accepted" };
    },
    ({ code, message }) => ({ code: code as string, message: message as string }),
  );

export const database = (namespace: string, name: string, port: number, credentials = "Brokered") =>
  `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: ${name}, namespace: ${namespace}}
spec: {engine: PostgreSQL, host: 127.0.0.1, port: ${port}, tls: {mode: Disable}, credentials: ${credentials}}
---
`;
