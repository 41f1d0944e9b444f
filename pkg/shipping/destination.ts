// One server that things are posted to: over one kept connection, with a token and certificates that are read anew when their files
// change. An answer that is not understood is a failure like no answer at all.
import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";

export interface DestinationOptions {
  /** Paths are appended to it. `http:` only where nothing secret goes over a network. */
  readonly url: URL;
  /** Files; null: none. */
  readonly token: string | null;
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Post {
  readonly path: string;
  readonly contentType: string;
  readonly isGzip?: boolean;
  readonly body: Buffer;
}

export type Answer =
  | {
      readonly outcome: "answered";
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    }
  /** `why` names what is missing or failed, never a token or an address of another than the destination. */
  | { readonly outcome: "failed"; readonly why: string };

const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

interface Secured {
  readonly material: string;
  readonly agent: Agent | HttpAgent;
}

export class Destination {
  private readonly options: DestinationOptions;
  private readonly base: string;
  private current: Secured | null = null;

  constructor(options: DestinationOptions) {
    this.options = options;
    this.base = options.url.href.replace(/\/$/, "");
  }

  post(post: Post, signal: AbortSignal): Promise<Answer> {
    const prepared = this.prepared(post);
    if (typeof prepared === "string") return Promise.resolve({ outcome: "failed", why: prepared });
    const { timeoutMs = TIMEOUT_MS, url } = this.options;
    const ending = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const options = { method: "POST", ...prepared, signal: ending };
    return new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException) => resolve({ outcome: "failed", why: whyOf(error, timeoutMs) });
      const asked = (url.protocol === "https:" ? request : httpRequest)(this.base + post.path, options);
      asked.on("error", failed);
      asked.on("response", (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("error", failed);
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > ANSWER_BYTES_MAX) asked.destroy(new Error("the answer is too long"));
          else chunks.push(chunk);
        });
        response.on("end", () => {
          if (!response.complete) return failed(new Error("the answer was cut short"));
          const { statusCode: status = 0, headers } = response;
          resolve({ outcome: "answered", status, headers, body: Buffer.concat(chunks) });
        });
      });
      asked.end(post.body);
    });
  }

  close(): void {
    this.current?.agent.destroy();
    this.current = null;
  }

  private prepared({ contentType, isGzip, body }: Post) {
    const { token, headers } = this.options;
    const agent = this.agent();
    if (typeof agent === "string") return agent;
    const bearer = token === null ? null : read(token)?.trim();
    if (bearer === undefined || (bearer !== null && !/^[\x21-\x7e]+$/.test(bearer))) return `${token} holds no token`;
    return {
      agent,
      headers: {
        ...headers,
        "content-type": contentType,
        "content-length": String(body.length),
        ...(isGzip && { "content-encoding": "gzip" }),
        ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
      },
    };
  }

  /** The kept connection's, or a new one when a file has changed; a text says which file is missing. */
  private agent(): Agent | HttpAgent | string {
    const { url, ca, certificate, key } = this.options;
    const files = { ca, cert: certificate, key };
    const read_ = Object.entries(files).map(([name, file]) => [name, file === null ? null : read(file)] as const);
    const missing = read_.find(([, text]) => text === undefined)?.[0] as keyof typeof files | undefined;
    if (missing !== undefined) return `${files[missing]} cannot be read`;
    const material = JSON.stringify(read_);
    if (this.current?.material === material) return this.current.agent;
    this.close();
    const kept = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 2 };
    const secrets = Object.fromEntries(read_.filter(([, text]) => text !== null));
    const agent =
      url.protocol === "https:" ? new Agent({ ...kept, ...secrets, minVersion: "TLSv1.2" }) : new HttpAgent(kept);
    this.current = { material, agent };
    return agent;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function whyOf(error: NodeJS.ErrnoException, timeoutMs: number): string {
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs / 1000} s`;
  if (error.name === "AbortError") return "stopped";
  return error.code ?? error.message;
}

/** Milliseconds that `Retry-After` asks for (RFC 9110, 10.2.3); null when it does not. */
export function retryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | null {
  const text = headers["retry-after"];
  if (text === undefined) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}

/** What a refusal says of itself: `{error}` of a JSON body, bounded, in printable characters. */
export function errorIn(body: Buffer): string {
  try {
    const { error } = JSON.parse(body.toString("utf8"));
    return typeof error === "string" ? error.replace(/[^\x20-\x7e]/g, "?").slice(0, 200) : "";
  } catch {
    return "";
  }
}
