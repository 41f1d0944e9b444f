// Requests to the API server as plain data. Answers with any status come back as values; `KubeError` is for when no answer came.
// @kubernetes/client-node reads the kubeconfig and renews credentials, nothing else.
import { request as requestHttp } from "node:http";
import { Agent, type RequestOptions, request as requestHttps } from "node:https";
import type { Readable } from "node:stream";

export interface KubeCall {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the root, such as `/api/v1/namespaces`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface KubeAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the API server's own objects; each reader checks what it takes
  readonly body: any;
  readonly retryAfterMs: number | null;
}

export interface KubeStream {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly bytes: Readable;
}

export interface KubeApi {
  /** @throws KubeError when there is no answer, or none that is JSON. */
  call(call: KubeCall): Promise<KubeAnswer>;
  /** For a watch: resolves with the head of the answer; `signal` ends the stream. @throws KubeError */
  stream(call: KubeCall): Promise<KubeStream>;
  close(): void;
}

export class KubeError extends Error {
  /** The API server's status; null when it did not answer. */
  readonly status: number | null;

  constructor(message: string, status: number | null = null, cause?: unknown) {
    super(message, { cause });
    this.name = "KubeError";
    this.status = status;
  }
}

export interface ApiServer {
  /** Such as `https://10.0.0.1:443`, perhaps with a path. */
  readonly url: string;
  /** Adds credentials and TLS settings to a request. */
  authorize(options: RequestOptions): Promise<void>;
}

const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export function kubeApi(server: ApiServer): KubeApi {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 100 });

  async function stream({ signal, ...call }: KubeCall): Promise<KubeStream> {
    const options = await optionsOf(call, server, agent);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const url = urlOf(server.url, call);
    return new Promise((resolve, reject) => {
      const send = url.protocol === "http:" ? requestHttp : requestHttps;
      const sent = send(url, signal === undefined ? options : { ...options, signal }, (response) =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfterMs: secondsToMs(response.headers["retry-after"]),
          bytes: response,
        }),
      );
      sent.on("error", (cause: NodeJS.ErrnoException) => reject(noAnswer(call, cause)));
      sent.end(body);
    });
  }

  return {
    stream,
    async call(call) {
      const timeout = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS);
      const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
      const { status, retryAfterMs, bytes } = await stream({ ...call, signal });
      return { status, retryAfterMs, body: await readJson(call, status, bytes) };
    },
    close: () => agent.destroy(),
  };
}

/** The answer's body, when its status is one of success. @throws KubeError with the API server's own message otherwise. */
// biome-ignore lint/suspicious/noExplicitAny: see KubeAnswer
export async function expectOk(api: KubeApi, call: KubeCall): Promise<any> {
  const { status, body } = await api.call(call);
  if (status >= 200 && status < 300) return body;
  throw new KubeError(`${nameOf(call)}: ${status} ${messageOf(body)}`, status);
}

export function messageOf(body: unknown): string {
  const message = (body as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message.slice(0, 500) : "";
}

async function optionsOf(call: KubeCall, server: ApiServer, agent: Agent): Promise<RequestOptions> {
  const options: RequestOptions = { method: call.method ?? "GET", headers: {} };
  await server.authorize(options);
  const type = call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" };
  const headers = { accept: "application/json", "user-agent": "weir", ...type, ...(options.headers as object) };
  const secure = server.url.startsWith("https:");
  return { ...options, headers, agent: secure ? agent : undefined };
}

function urlOf(server: string, { path, query = {} }: KubeCall): URL {
  const url = new URL(server.replace(/\/+$/, "") + path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

async function readJson(call: KubeCall, status: number, bytes: Readable): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of bytes) {
      length += chunk.length;
      if (length > ANSWER_BYTES_MAX) throw new KubeError(`${nameOf(call)}: the answer is too long`, status);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof KubeError ? cause : noAnswer(call, cause as Error);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    if (status >= 400) return { message: Buffer.concat(chunks).toString("utf8").slice(0, 200) };
    throw new KubeError(`${nameOf(call)}: the answer is not JSON`, status);
  }
}

function noAnswer(call: KubeCall, cause: NodeJS.ErrnoException): KubeError {
  return new KubeError(`${nameOf(call)}: no answer (${cause.code ?? cause.message})`, null, cause);
}

function nameOf({ method = "GET", path }: KubeCall): string {
  return `${method} ${path}`;
}

function secondsToMs(text: string | undefined): number | null {
  const seconds = Number(text);
  return text !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
