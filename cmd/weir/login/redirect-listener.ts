// Where the browser comes back to: one path on a random port of 127.0.0.1 (RFC 8252 section 7.3), open until the answer to our own
// question has come. What carries another `state` is told so and changes nothing: anybody on this machine, and any page that a
// browser shows, can ask this port.
import { timingSafeEqual } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface RedirectListener {
  readonly redirectUri: string;
  /** The address that the browser was sent to, with its query. Rejects with the reason of `signal`. */
  answer(state: string, signal: AbortSignal): Promise<URL>;
  close(): void;
}

const PATH = "/callback";
const HEADER_BYTES_MAX = 16 * 1024;

export async function listenForRedirect(): Promise<RedirectListener> {
  let wanted: { readonly state: string; readonly take: (url: URL) => void } | null = null;
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: 10_000 }, (request, response) => {
    const url = URL.parse(request.url ?? "", origin);
    // A page elsewhere whose name leads here (DNS rebinding) carries that name.
    if (request.headers.host !== new URL(origin).host || url?.pathname !== PATH || request.method !== "GET")
      return page(response, 404, "There is nothing here.");
    const [state = ""] = url.searchParams.getAll("state");
    if (wanted === null || url.searchParams.getAll("state").length !== 1 || !same(state, wanted.state))
      return page(
        response,
        400,
        "This is no answer to the login that weir waits for. Start it again from the terminal.",
      );
    const { take } = wanted;
    wanted = null;
    page(response, 200, "weir has what it needs, or says in the terminal what is missing. You may close this window.");
    take(url);
  });
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    redirectUri: `${origin}${PATH}`,
    answer: (state, signal) =>
      new Promise((resolve, reject) => {
        wanted = { state, take: resolve };
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      }),
    close() {
      server.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1000).unref();
    },
  };
}

function page(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  response.end(`<!doctype html><title>weir</title><p>${text}</p>\n`);
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
