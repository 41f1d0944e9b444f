// A real OpenID provider on loopback (`oidc-provider`): code with PKCE, device code, refresh, client credentials, and the exchange of
// tokens for agents that act for people. Whoever asks for a name at its login page gets it: it is for the demo and the tests only.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type Provider from "oidc-provider";
import type { ClientMetadata } from "oidc-provider";
import { configuration } from "./issuer-configuration.ts";
import { EXCHANGE, exchangeHandler, exchangeParameters } from "./issuer-exchange.ts";
import { loginPage } from "./issuer-login-page.ts";

export interface Person {
  readonly email: string;
  readonly groups: readonly string[];
}

export interface IssuerOptions {
  /** Name at the login page to who it is. */
  readonly people: Readonly<Record<string, Person>>;
  /** Clients beside `weir`, which is public and of people. */
  readonly clients: readonly ClientMetadata[];
  /** What tokens are for: `aud`. */
  readonly audience: string;
  readonly tokenSeconds: number;
}

export interface LocalIssuer {
  readonly url: string;
  /** How often each path was asked, such as `/token`. */
  asked(path: string): number;
  /** Whether refresh tokens count from now on. */
  refreshes(does: boolean): void;
  /** Whether it knows RFC 9396 from now on. */
  restricts(does: boolean): void;
  /** Signs with a new key from now on; the old one is withdrawn, and all that it remembers is forgotten. */
  replaceKey(kid: string): Promise<void>;
  /** Access tokens made from now on live for so long. */
  tokensLive(seconds: number): void;
  stop(): Promise<void>;
}

export async function startLocalIssuer(options: IssuerOptions): Promise<LocalIssuer> {
  const { default: Made } = await quietly(() => import("oidc-provider"));
  const asked = new Map<string, number>();
  const changing = { refreshes: true, restricts: true, tokenSeconds: options.tokenSeconds };
  let running: Running | null = null;
  const server = createServer((request, response) => {
    const path = request.url!.split("?")[0]!;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (path.startsWith("/login/")) void loginPage(running!.provider, options, request, response);
    else running!.handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const run = async (kid: string): Promise<Running> => {
    const keys = [await signingKey(kid)];
    const provider = await quietly(async () => new Made(url, configuration(options, changing, keys)));
    provider.registerGrantType(EXCHANGE, exchangeHandler(provider, keys, options.audience), exchangeParameters, []);
    return { provider, handle: provider.callback() };
  };
  running = await run("first");
  return {
    url,
    asked: (path) => asked.get(path) ?? 0,
    refreshes(does) {
      changing.refreshes = does;
    },
    restricts(does) {
      changing.restricts = does;
    },
    async replaceKey(kid) {
      running = await run(kid);
    },
    tokensLive(seconds) {
      changing.tokenSeconds = seconds;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Running {
  readonly provider: Provider;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => unknown;
}

async function signingKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
}

/** The provider warns of what is right for development only; that is what this one is for. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { info, warn } = console;
  console.info = console.warn = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}
