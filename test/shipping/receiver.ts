// A collector as small as a test can have it: takes chains, segments and heartbeats, checks everything, and keeps records in a file. It
// can be told to misbehave, and run as a process that kills itself: `node receiver.ts FOLDER PORT SEED` (see `fatal`).

import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { GENESIS, recordHash } from "../../pkg/audit/chain.ts";
import { isSignedBy } from "../../pkg/ledger/ed25519.ts";
import { parseHeader, verifySegment } from "../../pkg/ledger/segment.ts";
import { fieldsOf } from "../../pkg/shipping/protobuf.ts";

export interface SentLog {
  readonly name: string;
  readonly body: Buffer;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface SentSegment {
  readonly resource: Readonly<Record<string, string | number>>;
  readonly logs: readonly SentLog[];
}

/** Decides what becomes of a request in place of the receiver; false: it goes on. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface Kept {
  readonly chain: string;
  readonly number: number;
  readonly record: string;
}

export interface ReceiverOptions {
  readonly folder: string;
  readonly port?: number;
  readonly tls?: ServerOptions;
  readonly token?: string;
  readonly fault?: () => Fault | null;
  /** Called around the write of records. */
  readonly moment?: (when: "before" | "after") => void;
}

const JSON_TYPE = { "content-type": "application/json" };
const PROTOBUF = { "content-type": "application/x-protobuf" };

export class Receiver {
  readonly segments: SentSegment[] = [];
  readonly heartbeats: Record<string, unknown>[] = [];
  /** Paths asked for. */
  readonly asked: string[] = [];
  readonly keys = new Map<string, Buffer>();
  /** Records of the next segments that are refused for ever. */
  rejects = 0;
  private readonly standings = new Map<string, { next: number; lastHash: string; hashes: string[] }>();
  private readonly options: ReceiverOptions;
  private readonly file: string;

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.file = join(options.folder, "received.jsonl");
    if (!existsSync(this.file)) return;
    const text = readFileSync(this.file, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    writeFileSync(this.file, whole);
    for (const { chain, number, record } of this.kept()) this.note(chain, number, recordHash(Buffer.from(record)));
  }

  kept(): Kept[] {
    if (!existsSync(this.file)) return [];
    return readFileSync(this.file, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** Forgets what it had acknowledged, as a collector does whose disk was lost. */
  forget(): void {
    this.standings.clear();
  }

  standing(chain: string) {
    const { next, lastHash } = this.standings.get(chain) ?? { next: 0, lastHash: GENESIS };
    return { chain, next, lastHash };
  }

  readonly listener: RequestListener = (request, response) => {
    this.answer(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  };

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(request.url!);
    const fault = this.options.fault?.() ?? null;
    if (fault !== null && (await fault(request, response))) return;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { token } = this.options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return void response.writeHead(401, JSON_TYPE).end('{"error":"who are you"}');
    if (request.url === "/v1/chains") return this.chain(JSON.parse(body.toString()), response);
    if (request.url === "/v1/heartbeats") {
      this.heartbeats.push(JSON.parse(body.toString()));
      return void response.writeHead(200, JSON_TYPE).end("{}");
    }
    if (request.url === "/v1/logs") return this.logs(gunzipSync(body), response);
    response.writeHead(404, JSON_TYPE).end('{"error":"no such path"}');
  }

  private chain(asked: Record<string, string>, response: ServerResponse): void {
    const publicKey = Buffer.from(asked.publicKey!, "base64");
    const signed = Buffer.from(`weir.dev/chain-key/v1\n${asked.chain}\n${asked.publicKey}`);
    if (!isSignedBy(publicKey, signed, Buffer.from(asked.proof!, "base64")))
      return void response.writeHead(400, JSON_TYPE).end('{"error":"proof"}');
    this.keys.set(asked.chain!, publicKey);
    response.writeHead(200, JSON_TYPE).end(JSON.stringify(this.standing(asked.chain!)));
  }

  private logs(body: Buffer, response: ServerResponse): void {
    const segment = decode(body);
    const { logs } = segment;
    const [records, last] = [logs.slice(0, -1), logs.at(-1)!];
    const header = parseHeader(last.body.toString())!;
    const { chain, first } = header;
    const standing = this.standings.get(chain) ?? { next: 0, lastHash: GENESIS, hashes: [] };
    const key = this.keys.get(chain);
    if (key === undefined) return void response.writeHead(403, JSON_TYPE).end('{"error":"no such key"}');
    const fault = verifySegment(
      header,
      String(last.attributes["weir.signature"]),
      records.map((log) => log.body),
      key,
    );
    if (fault !== null) return void response.writeHead(400, JSON_TYPE).end(JSON.stringify({ error: fault.why }));
    if (this.rejects > 0) {
      this.rejects -= 1;
      const told = Buffer.from([8, records.length, 18, 4, ...Buffer.from("fork")]);
      return void response.writeHead(200, PROTOBUF).end(Buffer.from([10, told.length, ...told]));
    }
    const declared = segment.resource["weir.chain.gap"] === 1;
    if (first > standing.next && !declared) return this.conflict(chain, response);
    if (first === standing.next && header.prev !== standing.lastHash) return this.conflict(chain, response);
    const fresh = records.filter((_, index) => first + index >= standing.next);
    const again = records.slice(0, records.length - fresh.length);
    if (again.some((log, index) => standing.hashes[first + index] !== recordHash(log.body)))
      return this.conflict(chain, response);
    this.options.moment?.("before");
    this.keep(chain, first + again.length, fresh);
    this.options.moment?.("after");
    this.segments.push(segment);
    response.writeHead(200, PROTOBUF).end();
  }

  private conflict(chain: string, response: ServerResponse): void {
    response.writeHead(409, JSON_TYPE).end(JSON.stringify({ error: "does not follow", ...this.standing(chain) }));
  }

  private keep(chain: string, first: number, logs: readonly SentLog[]): void {
    const lines = logs.map(({ body }, index) =>
      JSON.stringify({ chain, number: first + index, record: body.toString() }),
    );
    appendFileSync(this.file, lines.map((line) => `${line}\n`).join(""));
    for (const [index, { body }] of logs.entries()) this.note(chain, first + index, recordHash(body));
  }

  private note(chain: string, number: number, hash: string): void {
    const standing = this.standings.get(chain) ?? { next: 0, lastHash: GENESIS, hashes: [] };
    standing.hashes[number] = hash;
    this.standings.set(chain, { next: number + 1, lastHash: hash, hashes: standing.hashes });
  }
}

type Fields = NonNullable<ReturnType<typeof fieldsOf>>;
const all = (bytes: Buffer, field: number) =>
  (fieldsOf(bytes) as Fields).filter(([found]) => found === field).map(([, value]) => value);
const one = (bytes: Buffer, field: number) => all(bytes, field)[0] as Buffer;

/** One ResourceLogs, as a sidecar sends. */
export function decode(request: Buffer): SentSegment {
  const resourceLogs = one(request, 1);
  const scopeLogs = one(resourceLogs, 2);
  const logs = (all(scopeLogs, 2) as Buffer[]).map((log) => ({
    name: one(log, 12).toString(),
    body: one(one(log, 5), 1),
    attributes: attributesOf(log, 6),
  }));
  return { resource: attributesOf(one(resourceLogs, 1), 1), logs };
}

function attributesOf(message: Buffer, field: number): Record<string, string | number> {
  return Object.fromEntries(
    (all(message, field) as Buffer[]).map((attribute) => {
      const [[kind, value]] = fieldsOf(one(attribute, 2)) as [Fields[number]];
      return [one(attribute, 1).toString(), kind === 1 ? String(value) : (value as number)];
    }),
  );
}

export interface Running {
  readonly receiver: Receiver;
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  stop(): Promise<void>;
}

export async function startReceiver(options: ReceiverOptions): Promise<Running> {
  const receiver = new Receiver(options);
  const server =
    options.tls === undefined ? createServer(receiver.listener) : createTlsServer(options.tls, receiver.listener);
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    receiver,
    server,
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    stop: () => new Promise((resolve) => server.close(() => resolve()) && server.closeAllConnections()),
  };
}
