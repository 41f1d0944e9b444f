// `identity` of GovernedDatabase: whose tokens count at this database, and what was taken back. It travels in the bundle, so that a change
// acts on pods that run.
import type { DatabaseIdentity, TokenIssuer } from "../policy/rules.ts";
import {
  type Context,
  checked,
  choice,
  type Decoder,
  list,
  mapOf,
  matching,
  optional,
  record,
  report,
  required,
  textOf,
} from "./decode.ts";
import { rules } from "./schema.ts";
import type { Tree } from "./tree.ts";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const;
const kind = choice("Human", "Agent", "Service");
const name = textOf(256);
const address = matching(
  /^https:[/][/][^ ]+$/,
  1024,
  "is no https address",
  "write an address that begins with https://",
);

/** The keys that an issuer publishes, as JSON Web Key Set (RFC 7517). */
const keySet = matching(
  /^[ \t\r\n]*[{][ \t\r\n]*"keys"[ \t\r\n]*:[ \t\r\n]*[[]/,
  65_536,
  "is no JSON Web Key Set",
  'write what the issuer publishes: {"keys": [...]}',
);

const issuerFields = {
  issuer: required(
    textOf(1024),
    "issuer is who signs the tokens, exactly as they spell it in iss. Example: https://id.example.com.",
  ),
  audiences: required(
    list(name, { min: 1, max: 20 }),
    "audiences are the values of aud of which a token must have one. Example: [orders].",
  ),
  keysUrl: optional(
    address,
    null,
    "keysUrl is where the issuer publishes its keys (JWKS). When not given: where its OpenID configuration says.",
  ),
  keys: optional(
    keySet,
    null,
    "keys holds the issuer's keys (JWKS, as JSON), for sidecars that cannot reach it, instead of keysUrl.",
  ),
  algorithms: optional(
    list(choice(...ALGORITHMS), { min: 1, max: ALGORITHMS.length }),
    ["RS256", "ES256"] as readonly (typeof ALGORITHMS)[number][],
    "algorithms are those that a token may be signed with. Default: [RS256, ES256].",
  ),
  kind: optional(kind, "Human", "kind is what its subjects are: Human, Agent or Service. Default: Human."),
  actorKind: optional(
    kind,
    "Agent",
    "actorKind is what those are who act for a subject (act of RFC 8693): Human, Agent or Service. Default: Agent.",
  ),
  name: optional(name, "sub", "name is the claim with the subject's name. Default: sub. Example: email."),
  groups: optional(name, "groups", "groups is the claim with its groups. Default: groups."),
  client: optional(name, "azp", "client is the claim with the client that the token was given to. Default: azp."),
  claims: optional(
    list(name, { max: 50 }),
    [] as readonly string[],
    "claims are those that policies may see as principal.claims. Example: [department].",
  ),
  once: optional(
    choice("Never", "Always"),
    "Never",
    "once says whether a token counts a single time. Never: as often as it is shown. Always: once, and it needs a jti. Default: Never.",
  ),
  kubernetes: optional(
    name,
    null,
    "kubernetes says that its tokens are those of ServiceAccounts of the cluster of this name: the principal is a Service, namespace/account.",
  ),
};

const issuer: Decoder<TokenIssuer> = checked(
  record(issuerFields),
  ({ once, ...value }, context, tree) => {
    if (value.keys !== null && value.keysUrl !== null)
      return report(context, tree.at, "keys and keysUrl are given both", "give one of them");
    if (value.keys === null && value.keysUrl === null && !/^https:[/][/]/.test(value.issuer))
      return report(
        context,
        tree.at,
        "issuer is no https address, so its keys cannot be found",
        "give keys or keysUrl",
      );
    return { ...value, once: once === "Always" };
  },
  rules(
    { rule: "!has(self.keys) || !has(self.keysUrl)", message: "keys and keysUrl are given both; give one of them" },
    {
      rule: "has(self.keys) || has(self.keysUrl) || self.issuer.startsWith('https://')",
      message: "issuer is no https address, so its keys cannot be found; give keys or keysUrl",
    },
  ),
);

const time = matching(
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})$/,
  40,
  "is no time",
  "write it like 2026-11-28T12:00:00Z",
);

const revokedFields = {
  tokens: optional(
    list(name, { max: 1000 }),
    [] as readonly string[],
    "tokens are ids (jti) of tokens that count no more.",
  ),
  principals: optional(
    mapOf(time, 1000),
    {} as Readonly<Record<string, string>>,
    "principals says of a name, or issuer/name, that tokens issued before a time count no more: sessions that are open end with their next statement, idle ones " +
      "by themselves. Example: {ana@example.com: 2026-11-28T12:00:00Z}.",
  ),
  groups: optional(
    mapOf(list(name, { max: 100 }), 1000),
    {} as Readonly<Record<string, readonly string[]>>,
    "groups are those that a name has now, whatever its token says. Example: {ana@example.com: [analysts]}.",
  ),
};

const fields = {
  issuers: required(
    list(issuer, { min: 1, max: 20 }),
    "issuers are those whose tokens count at this database, as logins and in SET weir.identity.",
  ),
  ask: optional(
    choice("Password", "OAuthBearer"),
    null,
    "ask is how a client is asked for its token. Password: as its password, which every client can. OAuthBearer: by SASL OAUTHBEARER (libpq 18). Default: as the sidecar is configured.",
  ),
  scope: optional(name, null, "scope is what OAUTHBEARER clients are told to ask their issuer for. Default: openid."),
  revoked: optional(
    record(revokedFields),
    { tokens: [], principals: {}, groups: {} },
    "revoked is what counts no more, at once, also in sessions that are open.",
  ),
};

export const databaseIdentity: Decoder<DatabaseIdentity> = checked(record(fields), distinct, {});

function distinct(value: DatabaseIdentity, context: Context, tree: Tree): DatabaseIdentity | undefined {
  const names = value.issuers.map((each) => each.issuer);
  const twice = names.find((each, at) => names.indexOf(each) !== at);
  if (twice === undefined) return value;
  return report(context, tree.at, `names the issuer ${twice} twice`, "give each issuer once");
}
