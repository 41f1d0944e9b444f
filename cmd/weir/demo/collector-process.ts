// The collector as a child process, with a certificate of its own, one sidecar that may send by its certificate, and one auditor who may
// read by a token: all of it made here and good for this run.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeCertificate } from "../../../pkg/localdb/certificate.ts";
import { freePort } from "../../../pkg/localdb/free-port.ts";
import { type Service, startService } from "./service-process.ts";

export interface CollectorAccess {
  readonly url: string;
  /** Of its own certificate and of the sidecar's. */
  readonly ca: string;
  /** What the sidecar shows. */
  readonly sender: { readonly certificate: string; readonly key: string };
  /** An auditor's. */
  readonly tokenFile: string;
}

export interface Collector extends Service, CollectorAccess {
  readonly dataFolder: string;
  readonly logFile: string;
  /** The log's public half, for whoever verifies. */
  readonly logKeyFile: string;
}

/** The source that the sidecar belongs to; what it claims must agree. */
export const place = { cluster: "demo", environment: "demo", namespace: "shop" } as const;

const program = resolve(import.meta.dirname, "../../collector/main.ts");

/** Writes everything into `folder`/collector, starts it and waits until it is ready. */
export async function startCollector(folder: string): Promise<Collector> {
  const own = join(folder, "collector");
  mkdirSync(own, { mode: 0o700 });
  const [port, adminPort] = [await freePort(), await freePort()];
  const access = writeAccess(own, `https://127.0.0.1:${port}`);
  const [dataFolder, logFile] = [join(own, "data"), join(own, "collector.log")];
  const settings = {
    LISTEN: `127.0.0.1:${port}`,
    ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    DATA: dataFolder,
    ORIGIN: "demo.invalid/ledger",
    TLS_CERTIFICATE: join(own, "tls.crt"),
    TLS_KEY: join(own, "tls.key"),
    SOURCES: join(own, "sources.yaml"),
    DRAIN_SECONDS: "0",
  };
  const env = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`WEIR_COLLECTOR_${name}`, value]));
  const service = await startService({ what: "collector", command: [program], env, adminPort, logFile, folder });
  return { ...service, ...access, dataFolder, logFile, logKeyFile: join(dataFolder, "log", "vkey") };
}

function writeAccess(folder: string, url: string): CollectorAccess {
  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const authority = makeCertificate("weir demo", ["demo.invalid"], {});
  const server = makeCertificate("127.0.0.1", ["127.0.0.1"], { issuer: authority });
  const identity = `spiffe://demo.invalid/ns/${place.namespace}/gateway/sidecar`;
  const sender = makeCertificate("sidecar", [identity], { issuer: authority, usage: "clientAuth" });
  const token = randomBytes(24).toString("hex");
  const ca = put("ca.pem", authority.certificate);
  put("tls.crt", server.certificate);
  put("tls.key", server.key);
  const sources = [
    {
      name: place.cluster,
      environment: place.environment,
      certificate: { ca, san: "spiffe://demo.invalid/ns/{namespace}/gateway/*" },
    },
  ];
  const readers = [{ name: "auditor", tokenSha256: createHash("sha256").update(token).digest("hex") }];
  put("sources.yaml", JSON.stringify({ sources, readers }, null, 2)); // JSON is YAML too
  return {
    url,
    ca,
    sender: { certificate: put("sidecar.crt", sender.certificate), key: put("sidecar.key", sender.key) },
    tokenFile: put("auditor.token", `${token}\n`),
  };
}
