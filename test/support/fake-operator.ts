// A fake operator for tests: serves one signed bundle over HTTPS by long poll, to whoever shows the right token.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { BUNDLE_FORMAT, type Bundle, versionOf } from "../../pkg/bundle/bundle.ts";
import type { KeyLink } from "../../pkg/bundle/key-links.ts";
import { newSigningKeyPem, type SigningKey, signingKey } from "../../pkg/bundle/keys.ts";
import { wrap } from "../../pkg/bundle/wrap.ts";
import { makeCertificate } from "../../pkg/localdb/certificate.ts";

export const TOKEN = "the-token-of-this-pod";
export const signer: SigningKey = signingKey(newSigningKeyPem());

export interface FakeOperator {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** What `Weir-Applied` said last. */
  readonly applied: () => string | null;
  /** Requests that were answered so far. */
  readonly answered: () => number;
  /** Serves this from now on; nothing (503) before. */
  serve(wrapped: string, version: string): void;
  stop(): Promise<void>;
}

export async function startFakeOperator(): Promise<FakeOperator> {
  const { certificate, key } = makeCertificate("operator", ["localhost", "127.0.0.1"]);
  let current: { wrapped: string; version: string } | null = null;
  let applied: string | null = null;
  let answered = 0;
  const waiting = new Map<() => void, NodeJS.Timeout>();

  function answer(request: IncomingMessage, response: ServerResponse, waitS: number): void {
    const told = (status: number, body = "", headers = {}) => {
      answered += 1;
      response.writeHead(status, headers).end(body);
    };
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return told(401, '{"error":"who are you"}');
    applied = String(request.headers["weir-applied"] ?? "") || null;
    if (current === null) return told(503, '{"error":"no bundle yet"}');
    const { wrapped, version } = current;
    if (request.headers["if-none-match"] !== `"${version}"`) return told(200, wrapped, { etag: `"${version}"` });
    if (waitS === 0) return told(304);
    const changed = () => {
      clearTimeout(waiting.get(changed));
      waiting.delete(changed);
      answer(request, response, 0);
    };
    waiting.set(changed, setTimeout(changed, waitS * 1000));
  }

  const server = createServer({ cert: certificate, key }, (request, response) => {
    const wait = new URL(request.url!, "https://operator").searchParams.get("wait");
    answer(request, response, Number(wait));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `https://127.0.0.1:${port}/v1/bundle`,
    ca: certificate,
    applied: () => applied,
    answered: () => answered,
    serve(wrapped, version) {
      current = { wrapped, version };
      for (const changed of [...waiting.keys()]) changed();
    },
    async stop() {
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export interface Made {
  readonly wrapped: string;
  readonly version: string;
}

const policy = (name: string, spec: object) => ({
  apiVersion: "weir.dev/v1alpha1",
  kind: "DataPolicy",
  metadata: { name, namespace: "shop" },
  spec,
});

/** A bundle of namespace shop: database `main` at a port of loopback, and policies by name. */
export function makeBundle(
  generation: number,
  port: number,
  policies: Readonly<Record<string, object>>,
  other: {
    readonly key?: SigningKey;
    readonly links?: readonly KeyLink[];
    readonly namespace?: string;
    readonly more?: readonly object[];
    readonly host?: string;
    readonly credentials?: "Brokered";
    /** Leaves `main` out. */
    readonly without?: boolean;
    readonly closed?: Readonly<Record<string, string>>;
  } = {},
): Made {
  const { host = "127.0.0.1", credentials = "PassThrough" } = other;
  const spec = { engine: "PostgreSQL", host, port, tls: { mode: "Disable" }, credentials };
  const database = { ...policy("main", spec), kind: "GovernedDatabase" };
  const resources = [
    ...(other.without ? [] : [database]),
    ...Object.entries(policies).map(([name, each]) => policy(name, each)),
  ];
  const namespace = other.namespace ?? "shop";
  const bundle = {
    format: BUNDLE_FORMAT,
    cluster: "test",
    namespace,
    generation,
    resources: [...resources, ...(other.more ?? [])],
    namespaceLabels: { [namespace]: { tier: "gold" } },
    ...(other.closed && { closed: other.closed }),
  } as Bundle;
  return { wrapped: wrap(bundle, other.key ?? signer, other.links), version: versionOf(bundle) };
}
