// RFC 8693 at the demo's issuer: a token of a person's becomes one of the client that asks, which acts for that person.
import { createLocalJWKSet, type JWK, type JWTPayload, jwtVerify } from "jose";
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";

export const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const exchangeParameters = [
  "subject_token",
  "subject_token_type",
  "actor_token",
  "actor_token_type",
  "audience",
  "resource",
  "scope",
  "requested_token_type",
  "authorization_details",
];

/** Who acts is the client; the subject's own chain stays behind it. What narrowed the subject's token narrows the new one. */
export function exchangeHandler(provider: Provider, keys: readonly JWK[], audience: string) {
  const published = createLocalJWKSet({
    keys: keys.map(({ kty, n, e, kid, alg }) => ({ kty, n, e, kid, alg }) as JWK),
  });
  return async (ctx: KoaContextWithOIDC) => {
    const { InvalidGrant } = (await import("oidc-provider")).errors;
    const params = ctx.oidc.params as Record<string, string | undefined>;
    const client = ctx.oidc.client!;
    const read = async (token: string | undefined): Promise<JWTPayload> => {
      const { payload } = await jwtVerify(token ?? "", published, { issuer: provider.issuer, audience }).catch(() => {
        throw new InvalidGrant("the token to be exchanged does not count");
      });
      return payload;
    };
    const subject = await read(params.subject_token);
    const actor = params.actor_token === undefined ? client.clientId : (await read(params.actor_token)).sub;
    const token = new provider.AccessToken({
      client,
      accountId: subject.sub!,
      scope: "db",
      gty: "token_exchange",
    } as ConstructorParameters<Provider["AccessToken"]>[0]);
    Object.assign(token, {
      resourceServer: new provider.ResourceServer(audience, { scope: "db", audience, accessTokenFormat: "jwt" }),
      rar: subject.authorization_details ?? detailsIn(params.authorization_details),
      exchanged: { act: { sub: actor, ...(subject.act !== undefined && { act: subject.act }) } },
    });
    ctx.oidc.entity("AccessToken", token);
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: token.expiration,
    };
  };
}

const detailsIn = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));
