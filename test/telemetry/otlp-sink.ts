// An OTLP endpoint that keeps what it is sent, as data: spans with their attributes.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { fieldsOf } from "../../pkg/shipping/protobuf.ts";

export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Sink {
  readonly url: string;
  readonly port: number;
  readonly spans: SentSpan[];
  readonly resources: Readonly<Record<string, unknown>>[];
  /** Whole requests, decompressed, with their path and headers. */
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }[];
  status: number;
  stop(): Promise<void>;
}

type Fields = NonNullable<ReturnType<typeof fieldsOf>>;
const all = (bytes: Buffer, field: number) =>
  (fieldsOf(bytes) as Fields).filter(([found]) => found === field).map(([, value]) => value as Buffer);
const one = (bytes: Buffer, field: number) => all(bytes, field)[0] ?? Buffer.alloc(0);
const number = (bytes: Buffer, field: number) => Number(all(bytes, field)[0] ?? 0);

export async function startSink(): Promise<Sink> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    sink.requests.push({ path: request.url!, headers: request.headers, body });
    if (request.url === "/v1/traces" && sink.status === 200) take(body);
    response.writeHead(sink.status, { "content-type": "application/x-protobuf" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sink: Sink = {
    url: `http://127.0.0.1:${port}`,
    port,
    spans: [],
    resources: [],
    requests: [],
    status: 200,
    stop: () => new Promise((resolve) => server.close(() => resolve()) && server.closeAllConnections()),
  };
  function take(body: Buffer): void {
    for (const resourceSpans of all(body, 1)) {
      sink.resources.push(attributesOf(one(resourceSpans, 1), 1));
      for (const scopeSpans of all(resourceSpans, 2))
        for (const span of all(scopeSpans, 2)) sink.spans.push(spanOf(span));
    }
  }
  return sink;
}

function spanOf(span: Buffer): SentSpan {
  return {
    traceId: one(span, 1).toString("hex"),
    spanId: one(span, 2).toString("hex"),
    parentSpanId: one(span, 4).toString("hex"),
    name: one(span, 5).toString(),
    kind: number(span, 6),
    startNs: one(span, 7).readBigUInt64LE(),
    endNs: one(span, 8).readBigUInt64LE(),
    status: number(one(span, 15), 3),
    attributes: attributesOf(span, 9),
  };
}

function attributesOf(message: Buffer, field: number): Record<string, unknown> {
  return Object.fromEntries(
    all(message, field).map((attribute) => [one(attribute, 1).toString(), plainOf(one(attribute, 2))]),
  );
}

/** Strings, whole numbers and lists of them. */
function plainOf(value: Buffer): unknown {
  const [first] = fieldsOf(value) as Fields;
  if (first === undefined) return null;
  const [kind, content] = first;
  if (kind === 1) return (content as Buffer).toString();
  if (kind === 5) return all(content as Buffer, 1).map(plainOf);
  return content;
}
