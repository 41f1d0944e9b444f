// How the OpenID client reaches an issuer: over TLS with a CA that may be named, in clear only from this machine itself, no redirect
// followed, the answer bounded in time and length.
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { CustomFetch } from "openid-client";
import { isFetchable } from "../../../pkg/identity/fetch-text.ts";
import { exits } from "../command.ts";
import { LoginProblem } from "./login-problem.ts";

const BYTES_MAX = 1 << 20;
const TIME_LIMIT_MS = 30_000;

/** `caFile`: PEM; null: what the system trusts. Rejects with LoginProblem. */
export function issuerFetch(caFile: string | null): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    if (!isFetchable(url)) throw new LoginProblem(`${originOf(url)} is neither https nor a loopback address`);
    const until = AbortSignal.any([AbortSignal.timeout(TIME_LIMIT_MS), ...(signal === undefined ? [] : [signal])]);
    const ca = caFile === null || !url.startsWith("https:") ? {} : { ca: readFileSync(caFile) };
    return await ask(url, { method, headers, signal: until, agent: false, ...ca }, textOf(body)).catch((cause) => {
      throw cause instanceof LoginProblem ? cause : unreachable(url, cause as Error);
    });
  };
}

function textOf(body: Parameters<CustomFetch>[1]["body"]): string {
  if (body === null || body === undefined) return "";
  if (typeof body === "string" || body instanceof URLSearchParams) return body.toString();
  throw new Error("only forms and texts are sent to an issuer");
}

function ask(url: string, options: RequestOptions, body: string): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith("https:") ? httpsRequest : httpRequest;
    const length = body === "" ? {} : { "content-length": Buffer.byteLength(body) };
    const asked = request(url, { ...options, headers: { ...(options.headers as object), ...length } });
    asked.on("error", reject);
    asked.on("response", (response) => collect(url, response).then(resolve, reject));
    asked.end(body);
  });
}

async function collect(url: string, response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) throw new LoginProblem(`${originOf(url)} answered with more than ${BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const headers = new Headers();
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    headers.append(response.rawHeaders[at]!, response.rawHeaders[at + 1]!);
  const status = response.statusCode ?? 500;
  const isEmpty = status === 204 || status === 304;
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers });
}

function unreachable(url: string, cause: Error): LoginProblem {
  const why = cause.name === "TimeoutError" ? "no answer in time" : ((cause as NodeJS.ErrnoException).code ?? "error");
  const remedy = /CERT|SELF_SIGNED|UNABLE_TO/.test(why) ? "; name its CA with --issuer-ca FILE" : "";
  return new LoginProblem(`${originOf(url)} cannot be reached: ${why}${remedy}`, exits.unavailable, { cause });
}

const originOf = (url: string) => URL.parse(url)?.origin ?? "the address";
