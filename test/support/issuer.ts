// An OpenID provider on loopback: a real HTTP server with its configuration and its JWKS, real keys, real signatures.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

export interface IssuerKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export interface TestIssuer {
  readonly url: string;
  readonly jwksUrl: string;
  readonly key: IssuerKey;
  /** How often its JWKS was asked for. */
  readonly asked: () => number;
  /** Signs `claims` over what a good token holds; a claim of undefined is left out. */
  token(claims?: Readonly<Record<string, unknown>>, how?: SigningOptions): Promise<string>;
  /** Publishes these keys from now on. */
  publish(keys: readonly JWK[]): void;
  /** It answers 503 from now on, or again as it should. */
  fail(fails: boolean): void;
  stop(): Promise<void>;
}

export interface SigningOptions {
  readonly key?: IssuerKey;
  readonly header?: Readonly<Record<string, unknown>>;
}

export const AUDIENCE = "weir://shop/main";

export async function newKey(kid: string, algorithm = "RS256"): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return {
    kid,
    algorithm,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" },
  };
}

export async function startIssuer(algorithm = "RS256"): Promise<TestIssuer> {
  const key = await newKey("first", algorithm);
  let published: readonly JWK[] = [key.publicJwk];
  let fails = false;
  let asked = 0;
  const server: Server = createServer((request, response) => {
    if (fails) return void response.writeHead(503).end();
    if (request.url === "/keys") {
      asked += 1;
      return void response.end(JSON.stringify({ keys: published }));
    }
    if (request.url === "/.well-known/openid-configuration")
      return void response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    jwksUrl: `${url}/keys`,
    key,
    asked: () => asked,
    async token(claims = {}, how = {}) {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: url, aud: AUDIENCE, sub: "ana", iat: now, exp: now + 300, ...claims };
      const signing = how.key ?? key;
      const header = { alg: signing.algorithm, kid: signing.kid, typ: "at+jwt", ...how.header };
      return new SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader(header).sign(signing.privateKey);
    },
    publish(keys) {
      published = keys;
    },
    fail(now) {
      fails = now;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
