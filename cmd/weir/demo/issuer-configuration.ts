// What the demo's issuer does and for whom, as `oidc-provider` wants to be told.
import type { JWK } from "jose";
import type {
  AccessToken,
  AuthorizationDetail,
  ClientCredentials,
  ClientMetadata,
  Configuration,
  KoaContextWithOIDC,
} from "oidc-provider";
import type { IssuerOptions } from "./issuer.ts";

export const PUBLIC_CLIENT = "weir";

/** May be changed while it runs. */
export interface Changing {
  readonly refreshes: boolean;
  readonly restricts: boolean;
  readonly tokenSeconds: number;
}

export function configuration(options: IssuerOptions, changing: Changing, keys: readonly JWK[]): Configuration {
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
    features: features(audience, changing),
  };
}

function features(audience: string, changing: Changing): NonNullable<Configuration["features"]> {
  return {
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
