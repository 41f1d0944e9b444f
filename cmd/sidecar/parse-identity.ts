// The settings of `identity`: which tokens and certificates count, and whom they mean.
import { isFetchable } from "../../pkg/identity/fetch-text.ts";
import {
  ALGORITHMS,
  type ClaimMapping,
  type Issuer,
  type KeyPlace,
  SKEW_SECONDS_MAX,
} from "../../pkg/identity/issuer.ts";
import type { PrincipalKind } from "../../pkg/principal/principal.ts";
import { fields, flag, Invalid, list, map, oneOf, type Parse, text, whole, within } from "./parse-value.ts";

const kinds = ["Human", "Agent", "Service"] as const;
const kind = oneOf(...kinds);
const texts: Parse<readonly string[]> = (raw) => list(raw, "texts").map(text);

const ISSUER = [
  "issuer",
  "keysUrl",
  "keysFile",
  "ca",
  "audiences",
  "algorithms",
  "types",
  "skewSeconds",
  "lifeSeconds",
  "once",
  "kubernetes",
  "kind",
  "kindClaim",
  "actorKind",
  "name",
  "groups",
  "client",
  "claims",
  "mfa",
] as const;
type Written = Readonly<Record<(typeof ISSUER)[number], unknown>>;

/** A list of issuers of tokens. */
export const issuers: Parse<readonly Issuer[]> = (raw) => {
  const all = list(raw, "issuers of the form {issuer, audiences, ...}").map((entry, index) =>
    issuer(entry, `[${index}]`),
  );
  const twice = all.find(({ name }, index) => all.findIndex((each) => each.name === name) !== index);
  if (twice !== undefined) throw new Invalid(`${twice.name} is named twice; give each issuer once`);
  return all;
};

function issuer(raw: unknown, place: string): Issuer {
  const written = fields(raw, ISSUER, place);
  const at = <T>(name: keyof Written, parse: Parse<T>, fallback?: T): T =>
    within(`${place}.${name}`, () =>
      written[name] === undefined && fallback !== undefined ? fallback : parse(written[name]),
    );
  return {
    name: at("issuer", text),
    keys: within(place, () => keyPlace(written)),
    audiences: at("audiences", some),
    algorithms: at("algorithms", (value) => some(value).map(oneOf(...ALGORITHMS)), ["RS256", "ES256"]),
    types: at("types", some, ["jwt", "at+jwt"]).map((type) => type.toLowerCase()),
    skewSeconds: at("skewSeconds", whole(0, SKEW_SECONDS_MAX), 30),
    lifeSecondsMax: at("lifeSeconds", whole(1, 31_536_000), 86_400),
    once: at("once", flag, false),
    mapping:
      written.kubernetes === undefined
        ? claimMapping(written, place)
        : { form: "kubernetes", cluster: at("kubernetes", text) },
  };
}

const some: Parse<readonly string[]> = (raw) => {
  const found = texts(raw ?? []);
  if (found.length === 0) throw new Invalid("name at least one");
  return found;
};

function keyPlace({ keysUrl, keysFile, ca, issuer: name }: Written): KeyPlace {
  if (keysFile !== undefined) {
    if (keysUrl !== undefined || ca !== undefined) throw new Invalid("give keysFile alone, or keysUrl and ca");
    return { kind: "file", file: within("keysFile", () => text(keysFile)) };
  }
  const url = keysUrl === undefined ? null : within("keysUrl", () => address(keysUrl));
  if (url === null) within("issuer", () => address(name, "; or give keysUrl or keysFile"));
  return { kind: "url", url, caFile: ca === undefined ? null : within("ca", () => text(ca)) };
}

function address(raw: unknown, or = ""): string {
  const url = text(raw);
  if (isFetchable(url)) return url;
  throw new Invalid(`write an address that begins with https:// (http:// for a loopback address)${or}`);
}

function claimMapping(written: Written, place: string): ClaimMapping {
  const named = (name: keyof Written, fallback: string) =>
    written[name] === undefined ? fallback : within(`${place}.${name}`, () => text(written[name]));
  const kindOf = (name: keyof Written, fallback: PrincipalKind) =>
    written[name] === undefined ? fallback : within(`${place}.${name}`, () => kind(written[name]));
  return {
    form: "claims",
    kind: kindOf("kind", "Human"),
    kindClaim:
      written.kindClaim === undefined ? null : within(`${place}.kindClaim`, () => kindClaim(written.kindClaim)),
    actorKind: kindOf("actorKind", "Agent"),
    name: named("name", "sub"),
    groups: named("groups", "groups"),
    client: named("client", "azp"),
    claims: within(`${place}.claims`, () => texts(written.claims ?? [])),
    mfa: within(`${place}.mfa`, () => {
      const { acr, amr } = fields(written.mfa ?? {}, ["acr", "amr"], "");
      return { acr: texts(acr ?? []), amr: texts(amr ?? []) };
    }),
  };
}

/** `{claim: profile.type, Human: [employee], Agent: [bot]}` */
function kindClaim(raw: unknown): NonNullable<ClaimMapping["kindClaim"]> {
  const { claim, ...byKind } = fields(raw, ["claim", ...kinds], "");
  const values = Object.entries(byKind).flatMap(([name, words]) =>
    within(name, () => texts(words ?? [])).map((word) => [word, name as PrincipalKind] as const),
  );
  return { claim: within("claim", () => text(claim)), values: Object.fromEntries(values) };
}

/** Whom names of client certificates mean. */
export interface CertificatePrincipal {
  /** `URI:`, `DNS:` or `EMAIL:` and a name, `*` for any run of characters. */
  readonly name: string;
  readonly kind: PrincipalKind;
  readonly groups: readonly string[];
}

export const certificatePrincipals: Parse<readonly CertificatePrincipal[]> = (raw) =>
  list(raw, "entries of the form {name, kind, groups}").map((entry, index) => {
    const { name, kind: written, groups } = fields(entry, ["name", "kind", "groups"], `[${index}]`);
    return within(`[${index}]`, () => ({
      name: within("name", () => subjectName(name)),
      kind: within("kind", () => kind(written)),
      groups: within("groups", () => texts(groups ?? [])),
    }));
  });

function subjectName(raw: unknown): string {
  const name = text(raw);
  if (/^(URI|DNS|EMAIL):./.test(name)) return name;
  throw new Invalid("write URI:, DNS: or EMAIL: and a name, such as URI:spiffe://prod/ns/shop/sa/*");
}

/** Identities without any proof, for the demo and for development. */
export interface DevelopmentIdentity {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly groups: readonly string[];
}

export const developmentIdentities: Parse<Readonly<Record<string, DevelopmentIdentity>>> = (raw) =>
  map(raw, (value, key) => {
    const { kind: written, name, groups } = fields(value, ["kind", "name", "groups"], `.${key}`);
    if (!/^[a-z0-9-]{1,64}$/.test(key)) throw new Invalid(`.${key}: write it in small letters, digits and hyphens`);
    return {
      kind: within(`.${key}.kind`, () => kind(written)),
      name: name === undefined ? key : within(`.${key}.name`, () => text(name)),
      groups: within(`.${key}.groups`, () => texts(groups ?? [])),
    };
  });
