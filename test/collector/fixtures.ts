// A collector on loopback with TLS, its sources and readers, and a client for it.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { type RequestOptions, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Collector, type CollectorParts, startCollector } from "../../cmd/collector/collector.ts";
import type { CollectorConfig } from "../../cmd/collector/config.ts";
import { openSources } from "../../cmd/collector/open-sources.ts";
import { makeCertificate, type ServerCertificate } from "../../pkg/localdb/certificate.ts";
import { type Clock, systemClock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { certificateFromFiles } from "../../pkg/serving/certificate-files.ts";

export const READER = "reader-token-of-the-tests";
export const SCOPED = "a-reader-with-a-scope";
export const VIEWER = "a-reader-who-only-views";
export const HOLDER = "holder-token-of-the-tests";
const AUDIENCE = "weir.dev/weir-system";
const ISSUER = "https://kubernetes.default.svc";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked
  readonly json: any;
}

/** Everything that outlives a restart of the collector. */
export interface Site {
  readonly folder: string;
  readonly ca: ServerCertificate;
  readonly config: CollectorConfig;
  /** A ServiceAccount token as a projected volume has it. */
  token(claims?: {
    namespace?: string;
    account?: string;
    pod?: string;
    audience?: string;
    issuer?: string;
  }): Promise<string>;
}

const folders: string[] = [];
const collectors: Collector[] = [];

export async function newSite(more: Partial<CollectorConfig> = {}, extraSources = "", witnesses = ""): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "weir-collector-"));
  folders.push(folder);
  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const ca = makeCertificate("ca", ["ca"], {});
  const server = makeCertificate("127.0.0.1", ["127.0.0.1"], { issuer: ca });
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwks = put(
    "jwks.json",
    JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: "ES256", kid: "1" }] }),
  );
  const caFile = put("ca.pem", ca.certificate);
  const sha256 = (token: string) => createHash("sha256").update(token).digest("hex");
  const sources = put(
    "sources.yaml",
    `sources:
- {name: eu-1, environment: production, jwks: {file: ${jwks}, issuer: "${ISSUER}", audience: ${AUDIENCE}}}
- {name: paris, cluster: eu-1, environment: production, certificate: {ca: ${caFile}, san: "spiffe://weir/ns/{namespace}/gateway/*"}}
${extraSources}
readers:
- {name: auditor, tokenSha256: ${sha256(READER)}}
- {name: counsel, may: [read, hold], tokenSha256: ${sha256(HOLDER)}}
- {name: eu-auditor, role: auditor, scope: {namespaces: [shop], from: 2027-01-15, before: 2027-01-16}, tokenSha256: ${sha256(SCOPED)}}
- {name: looker, role: viewer, scope: {clusters: [us-1]}, tokenSha256: ${sha256(VIEWER)}}
- {name: watcher, account: {source: eu-1, account: monitoring/watcher}}
${witnesses}`,
  );
  const config: CollectorConfig = {
    listen: { host: "127.0.0.1", port: 0 },
    adminListen: { host: "127.0.0.1", port: 0 },
    data: join(folder, "data"),
    origin: "ledger.example.com/test",
    tls: { certificate: put("tls.crt", server.certificate), key: put("tls.key", server.key) },
    sources,
    ownCluster: null,
    logKey: null,
    keepDays: null,
    exportFolder: null,
    requestBytes: 64 * 1024 * 1024,
    traceBytes: 1024 * 1024,
    checkpointMs: 10_000,
    store: { engine: "duckdb", memoryMiB: 256 },
    unclosedAfterMs: 3_600_000,
    drainMs: 0,
    logLevel: "info",
    ...more,
  };
  const token: Site["token"] = ({
    namespace = "shop",
    account = "orders",
    pod = "orders-0",
    audience = AUDIENCE,
    issuer = ISSUER,
  } = {}) =>
    new SignJWT({
      "kubernetes.io": { namespace, pod: { name: pod, uid: `uid-${pod}` }, serviceaccount: { name: account } },
    })
      .setProtectedHeader({ alg: "ES256", kid: "1" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(`system:serviceaccount:${namespace}:${account}`)
      .setExpirationTime("60d")
      .sign(privateKey);
  return { folder, ca, config, token };
}

export interface TestCollector extends Collector {
  readonly lines: readonly string[];
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  metric(name: string): Promise<number>;
}

export interface AskOptions {
  readonly token?: string | null;
  readonly body?: Buffer | string | object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: RequestOptions;
}

export async function startOn(site: Site, outside: Partial<CollectorParts> = {}): Promise<TestCollector> {
  const lines: string[] = [];
  const logger: Logger = {
    log: (level, event, fields) => void lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`),
  };
  const certificate = certificateFromFiles(site.config.tls.certificate, site.config.tls.key, logger);
  const sources = openSources(site.config);
  if (!certificate.ok || !sources.ok) throw new Error(JSON.stringify([certificate, sources]));
  const clock: Clock = systemClock;
  const parts = {
    clock,
    random: systemRandom,
    logger,
    version: "0.1.0",
    certificate: certificate.source,
    opened: sources.opened,
    ...outside,
  };
  const collector = await startCollector(site.config, parts);
  collectors.push(collector);
  return {
    ...collector,
    lines,
    async stop(why) {
      collectors.splice(collectors.indexOf(collector), 1);
      await collector.stop(why);
    },
    ask: (method, path, options = {}) => ask(collector.port, site.ca.certificate, method, path, options),
    async metric(name) {
      const text = await (await fetch(`http://127.0.0.1:${collector.adminPort}/metrics`)).text();
      return Number(new RegExp(`^weir_collector_${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, "m").exec(text)?.[1]);
    },
  };
}

/** What `GET /v1/chains` tells, without the collector's own chain, which the look-ups of tests fill. */
// biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked
export async function chainsOf({ ask }: Pick<TestCollector, "ask">): Promise<any[]> {
  const { chains } = (await ask("GET", "/v1/chains")).json;
  return chains.filter(({ namespace }: { readonly namespace: string }) => namespace !== "weir-collector");
}

export function ask(port: number, ca: string, method: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const { token = READER, body, headers = {}, tls = {} } = options;
  const bytes =
    body === undefined || Buffer.isBuffer(body) ? body : typeof body === "string" ? body : JSON.stringify(body);
  const type = Buffer.isBuffer(body) ? "application/x-protobuf" : "application/json";
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: "127.0.0.1", port, method, path, ca, agent: false },
        headers: {
          ...(bytes !== undefined && { "content-type": type, "content-length": Buffer.byteLength(bytes) }),
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...tls,
      },
      async (response) => {
        const chunks: Buffer[] = [];
        try {
          for await (const chunk of response) chunks.push(chunk);
        } catch (cause) {
          return reject(cause);
        }
        const all = Buffer.concat(chunks);
        const isJson = String(response.headers["content-type"]).startsWith("application/json");
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          bytes: all,
          json: isJson ? JSON.parse(all.toString()) : null,
        });
      },
    );
    sent.on("error", reject);
    sent.end(bytes);
  });
}

export async function cleanUp(): Promise<void> {
  for (const collector of collectors.splice(0)) await collector.stop("test");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
