// The sidecar as a child process with a configuration of the demo's, in a temporary folder.
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { selfSignedCertificate } from "../../../pkg/localdb/certificate.ts";
import { freePort } from "../../../pkg/localdb/free-port.ts";
import { type CollectorAccess, place } from "./collector-process.ts";
import type { LocalIssuer } from "./issuer.ts";
import { AUDIENCE } from "./people.ts";
import { type Service, startService } from "./service-process.ts";
import { passwordOf } from "./shop-database.ts";

export interface Sidecar extends Service {
  readonly port: number;
  /** Where logins are proved by tokens, over TLS. */
  readonly tokenPort: number;
  /** Of its certificate. */
  readonly caFile: string;
  /** What it is told to take back. */
  readonly revocationsFile: string;
  readonly adminPort: number;
  readonly policyFolder: string;
  readonly spoolFolder: string;
  readonly logFile: string;
}

const program = resolve(import.meta.dirname, "../../sidecar/main.ts");

/** Writes configuration, keys and policies into `folder`, starts the sidecar and waits until it is ready. */
export async function startSidecar(
  folder: string,
  upstreamPort: number,
  collector: CollectorAccess,
  issuer: LocalIssuer,
): Promise<Sidecar> {
  const [port, tokenPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const places = {
    policyFolder: join(folder, "policies"),
    spoolFolder: join(folder, "spool"),
    logFile: join(folder, "sidecar.log"),
    caFile: join(folder, "sidecar-ca.pem"),
    revocationsFile: join(folder, "revoked.json"),
  };
  writePolicies(places.policyFolder, upstreamPort);
  mkdirSync(places.spoolFolder, { mode: 0o700 });
  writeConfiguration(folder, { port, tokenPort, adminPort, collector, issuer, ...places });
  const service = await startService({
    what: "sidecar",
    command: [program, "--config", join(folder, "sidecar.yaml")],
    env: {},
    adminPort,
    logFile: places.logFile,
    folder,
  });
  return { ...service, port, tokenPort, adminPort, ...places };
}

function writePolicies(folder: string, upstreamPort: number): void {
  cpSync(join(import.meta.dirname, "policies"), folder, { recursive: true });
  const file = join(folder, "database.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^( *port:).*$/gm, `$1 ${upstreamPort}`));
}

function writeConfiguration(
  folder: string,
  made: {
    readonly port: number;
    readonly tokenPort: number;
    readonly adminPort: number;
    readonly policyFolder: string;
    readonly spoolFolder: string;
    readonly caFile: string;
    readonly revocationsFile: string;
    readonly collector: CollectorAccess;
    readonly issuer: LocalIssuer;
  },
): void {
  for (const key of ["mask", "digest"])
    writeFileSync(join(folder, `${key}.key`), randomBytes(32).toString("hex"), { mode: 0o600 });
  const put = (file: string, text: string) => {
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const { certificate, key } = selfSignedCertificate(["127.0.0.1", "localhost"]);
  put(made.caFile, certificate);
  put(made.revocationsFile, "{}");
  const configuration = {
    listeners: [
      { listen: `127.0.0.1:${made.port}`, database: "shop/shop" },
      { listen: `127.0.0.1:${made.tokenPort}`, database: "shop/shop-by-token" },
    ],
    tls: { certificate: made.caFile, key: put(join(folder, "sidecar.key"), key) },
    policies: made.policyFolder,
    spool: { folder: made.spoolFolder, bytesMax: "64MiB" },
    keys: { mask: join(folder, "mask.key"), digest: join(folder, "digest.key") },
    identities: {
      dana: { kind: "Human", name: "dana@shop.example", groups: ["developers", "oncall"] },
      ana: { kind: "Human", name: "ana@shop.example", groups: ["analysts"] },
      robo: { kind: "Agent", name: "robo", groups: [], token: true },
    },
    identity: {
      issuers: [{ issuer: made.issuer.url, audiences: [AUDIENCE], name: "email", client: "client_id" }],
      revocations: made.revocationsFile,
    },
    upstreamLogins: {
      "shop/shop": { user: "weir", passwordFile: put(join(folder, "catalog-password"), passwordOf("weir")) },
      "shop/shop-by-token": { user: "app", passwordFile: put(join(folder, "app-password"), passwordOf("app")) },
    },
    ...place,
    collector: { url: made.collector.url, ca: made.collector.ca, ...made.collector.sender },
    admin: { listen: `127.0.0.1:${made.adminPort}` },
    drainSeconds: 2,
  };
  writeFileSync(join(folder, "sidecar.yaml"), JSON.stringify(configuration, null, 2)); // JSON is YAML too
}
