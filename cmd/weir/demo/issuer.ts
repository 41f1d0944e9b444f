// A real OpenID provider on loopback (`oidc-provider`): code with PKCE, device code, refresh, client credentials, and the exchange of
// tokens for agents that act for people. Whoever asks for a name at its login page gets it: it is for the demo and the tests only.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type Provider from "oidc-provider";
import type {
  AccessToken,
  AuthorizationDetail,
  ClientCredentials,
  ClientMetadata,
  Configuration,
  KoaContextWithOIDC,
} from "oidc-provider";
import { EXCHANGE, exchangeHandler, exchangeParameters } from "./issuer-exchange.ts";

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
  /** Access tokens made from now on live for so long. */
  tokensLive(seconds: number): void;
  stop(): Promise<void>;
}

export const PUBLIC_CLIENT = "weir";

export async function startLocalIssuer(options: IssuerOptions): Promise<LocalIssuer> {
  const { default: Made } = await quietly(() => import("oidc-provider"));
  const asked = new Map<string, number>();
  const changing = { refreshes: true, restricts: true, tokenSeconds: options.tokenSeconds };
  const parts: { provider?: Provider; handle?: (request: IncomingMessage, response: ServerResponse) => unknown } = {};
  const server = createServer((request, response) => {
    const path = request.url!.split("?")[0]!;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (path.startsWith("/login/")) void loginPage(parts.provider!, options, request, response);
    else parts.handle!(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = [await signingKey("first")];
  const provider = await quietly(async () => new Made(url, configuration(options, changing, keys)));
  provider.registerGrantType(EXCHANGE, exchangeHandler(provider, keys, options.audience), exchangeParameters, []);
  parts.provider = provider;
  parts.handle = provider.callback();
  return {
    url,
    asked: (path) => asked.get(path) ?? 0,
    refreshes(does) {
      changing.refreshes = does;
    },
    restricts(does) {
      changing.restricts = does;
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

async function signingKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
}

interface Changing {
  readonly refreshes: boolean;
  readonly restricts: boolean;
  readonly tokenSeconds: number;
}

function configuration(options: IssuerOptions, changing: Changing, keys: readonly JWK[]): Configuration {
  const { people, clients, audience } = options;
  return {
    clients: [publicClient, ...clients].map((client) => ({ ...client, authorization_details_types: ["weir"] })),
    jwks: { keys: [...keys] } as unknown as NonNullable<Configuration["jwks"]>,
    cookies: { keys: ["of the demo"] },
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
    claims: { openid: ["sub"], email: ["email", "groups"] },
    scopes: ["openid", "offline_access", "email", "db"],
    ttl: {
      AccessToken: () => changing.tokenSeconds,
      ClientCredentials: () => changing.tokenSeconds,
      RefreshToken: 3600,
      IdToken: 300,
      DeviceCode: 600,
      Session: 3600,
      Grant: 3600,
      Interaction: 600,
    },
    interactions: { url: (_ctx, { uid }) => `/login/${uid}` },
    findAccount: (_ctx, id) =>
      people[id] === undefined || (!changing.refreshes && isRefresh(_ctx))
        ? undefined
        : { accountId: id, claims: async () => ({ sub: id, ...people[id]!, groups: [...people[id]!.groups] }) },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client!.clientId,
        accountId: ctx.oidc.session!.accountId!,
      });
      grant.addOIDCScope("openid offline_access email");
      grant.addResourceScope(audience, "db");
      await grant.save();
      return grant;
    },
    extraTokenClaims: async (_ctx, token) => claimsOf(people, token),
    features: {
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        successSource: async (ctx) => {
          ctx.body = "<title>Done</title><p>weir goes on in the terminal.</p>";
        },
        userCodeConfirmSource: async (ctx, form) => {
          ctx.body = `<title>Is this you?</title>${form}`;
        },
      },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => audience,
        useGrantedResource: async () => true,
        getResourceServerInfo: async () => ({ scope: "db", audience, accessTokenFormat: "jwt" }),
      },
      richAuthorizationRequests: {
        enabled: true,
        types: { weir: { validate: async () => {} } },
        authorizationDetailsForGrantSource: async (ctx) => detailsIn(ctx),
        authorizationDetailsForAccessToken: async (ctx) => (changing.restricts ? detailsIn(ctx) : undefined),
      },
    },
  };
}

const publicClient: ClientMetadata = {
  client_id: PUBLIC_CLIENT,
  token_endpoint_auth_method: "none",
  application_type: "native",
  redirect_uris: ["http://127.0.0.1/callback"],
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
};

const isRefresh = (ctx: KoaContextWithOIDC) => ctx.oidc.params?.grant_type === "refresh_token";

function detailsIn(ctx: KoaContextWithOIDC) {
  const text = ctx.oidc.params?.authorization_details;
  return typeof text === "string" ? (JSON.parse(text) as AuthorizationDetail[]) : undefined;
}

function claimsOf(people: IssuerOptions["people"], token: AccessToken | ClientCredentials) {
  const person = "accountId" in token ? people[token.accountId] : undefined;
  return {
    ...(person && { email: person.email, groups: person.groups }),
    ...(token as { exchanged?: object }).exchanged,
  };
}

/** Asks for a name and believes it. */
async function loginPage(
  provider: Provider,
  { people }: IssuerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const html = (text: string) => response.setHeader("content-type", "text/html; charset=utf-8").end(text);
  try {
    const { prompt } = await provider.interactionDetails(request, response);
    if (request.method !== "POST") {
      const question = prompt.name === "consent" ? "May weir act for you?" : "Who are you?";
      const names = prompt.name === "consent" ? ["yes"] : Object.keys(people);
      const buttons = names.map((name) => `<button name="login" value="${name}">${name}</button>`);
      html(`<title>${question}</title><h1>${question}</h1><form method="post">${buttons.join(" ")}</form>`);
      return;
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    const result =
      prompt.name === "consent" ? { consent: {} } : loginOf(people, new URLSearchParams(body).get("login"));
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  } catch {
    response.statusCode = 400;
    html("this login is over");
  }
}

function loginOf(people: IssuerOptions["people"], name: string | null) {
  return name !== null && Object.hasOwn(people, name)
    ? { login: { accountId: name, amr: ["pwd", "mfa"] } }
    : { error: "access_denied", error_description: "nobody has this name" };
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
