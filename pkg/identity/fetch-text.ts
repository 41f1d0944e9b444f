// One GET of a small text, over TLS; in clear only from this machine itself. No redirect is followed.
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

export interface FetchTextOptions {
  /** PEM file; null: what the system trusts. */
  readonly caFile: string | null;
  readonly bytesMax: number;
  readonly timeLimitMs: number;
}

export type FetchText = (url: string, options: FetchTextOptions) => Promise<string>;

/** https, or http of a loopback address. */
export function isFetchable(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Rejects with an Error whose message says what is wrong with the answer. */
export const fetchText: FetchText = (url, { caFile, bytesMax, timeLimitMs }) =>
  new Promise((resolve, reject) => {
    if (!isFetchable(url)) return reject(new Error("the address is not https"));
    const signal = AbortSignal.timeout(timeLimitMs);
    const headers = { accept: "application/json" };
    const asked = url.startsWith("https:")
      ? httpsRequest(url, { signal, headers, ...(caFile !== null && { ca: readFileSync(caFile) }) })
      : httpRequest(url, { signal, headers });
    asked.on("error", (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
    asked.on("response", (response) => collect(response, bytesMax).then(resolve, reject));
    asked.end();
  });

async function collect(response: IncomingMessage, bytesMax: number): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`it answered ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`it answered with more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
