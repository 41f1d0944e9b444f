// A token to an identity, or to the reason why it does not count. Signature, issuer, audience, times, single use and revocation are
// checked here once, and what can change afterwards is asked again by `Identity.at` in front of each statement.
import type { Identity, Lapse, Standing } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import { type Claims, listIn, timeIn } from "./claims.ts";
import type { Issuer } from "./issuer.ts";
import { type KeySource, type KeySourceWorld, KeySource as Keys, type KeyTimes } from "./key-source.ts";
import { OnceOnly } from "./once-only.ts";
import { principalOf } from "./principal-of.ts";
import { Refuse, type RefusedToken, refusedToken } from "./refused-token.ts";
import { nothingRevoked, type Revocations } from "./revocations.ts";
import { issuerTold, type Signed, verifySignature } from "./verify-signature.ts";

export interface VerifiedToken {
  readonly ok: true;
  readonly identity: Identity;
  /** As the token was when it was verified. */
  readonly principal: Principal;
  readonly expiresAtMs: number;
  readonly issuedAtMs: number | null;
  /** The claim `nonce`, or null. */
  readonly nonce: string | null;
  readonly tokenId: string | null;
  /** Nobody asks whose session it is used in: it stands for no one real. */
  readonly bound?: true;
}

export interface VerifierWorld extends KeySourceWorld {
  /** Asked at each look; null: there is no file of revocations. The same object while it has not changed. */
  readonly revocations?: () => Revocations;
  readonly keyTimes?: KeyTimes;
}

export interface Verifier {
  /** Never rejects. */
  verify(token: string): Promise<VerifiedToken | RefusedToken>;
  /** The token may not be used again, where it has an id. */
  useUp(verified: VerifiedToken): RefusedToken | null;
}

export function createVerifier(issuers: readonly Issuer[], world: VerifierWorld): Verifier {
  return new TokenVerifier(issuers, world);
}

/** Tokens whose signatures are being checked at once; more wait for a later try. */
const UNDER_WAY_MAX = 1_000;

class TokenVerifier implements Verifier {
  readonly #world: VerifierWorld;
  readonly #issuers: ReadonlyMap<string, { readonly issuer: Issuer; readonly keys: KeySource }>;
  readonly #used = new OnceOnly();
  readonly #revocations: () => Revocations;
  #underWay = 0;

  constructor(issuers: readonly Issuer[], world: VerifierWorld) {
    this.#world = world;
    this.#revocations = world.revocations ?? (() => nothingRevoked);
    this.#issuers = new Map(
      issuers.map((issuer) => [issuer.name, { issuer, keys: new Keys(issuer, world, world.keyTimes) }]),
    );
  }

  async verify(token: string): Promise<VerifiedToken | RefusedToken> {
    if (this.#underWay >= UNDER_WAY_MAX) return refusedToken("busy");
    this.#underWay += 1;
    try {
      return await this.#verify(token);
    } catch (error) {
      if (error instanceof Refuse) return refusedToken(error.reason);
      throw error;
    } finally {
      this.#underWay -= 1;
    }
  }

  useUp(verified: VerifiedToken): RefusedToken | null {
    const { tokenId, principal, expiresAtMs } = verified;
    if (tokenId === null) return refusedToken("claims");
    const use = this.#used.use(`${principal.issuer}\0${tokenId}`, expiresAtMs, this.#world.nowMs());
    return use === "first" ? null : refusedToken(use === "again" ? "replayed" : "busy");
  }

  async #verify(token: string): Promise<VerifiedToken | RefusedToken> {
    const known = this.#issuers.get(issuerTold(token));
    if (known === undefined) throw new Refuse("issuer");
    const { issuer, keys } = known;
    const signed = await verifySignature(token, issuer, keys);
    const { claims } = signed;
    if (claims.iss !== issuer.name) throw new Refuse("issuer");
    if (!listIn(claims.aud).some((audience) => issuer.audiences.includes(audience))) throw new Refuse("audience");
    const times = timesOf(claims, issuer, this.#world.nowMs());
    const tokenId = typeof claims.jti === "string" && claims.jti.length <= 256 ? claims.jti : null;
    const identity = new TokenIdentity({
      principal: principalOf(claims, issuer),
      signed,
      keys,
      revocations: this.#revocations,
      tokenId,
      ...times,
    });
    const standing = identity.at(this.#world.nowMs());
    if (!standing.holds) throw new Refuse(standing.lapse.reason === "expired" ? "expired" : "revoked");
    const nonce = typeof claims.nonce === "string" ? claims.nonce : null;
    const verified = { ok: true, identity, principal: standing.principal, nonce, tokenId, ...times } as const;
    return (issuer.once ? this.useUp(verified) : null) ?? verified;
  }
}

interface Times {
  /** The clocks' difference is in it. */
  readonly expiresAtMs: number;
  readonly issuedAtMs: number | null;
}

function timesOf(claims: Claims, { skewSeconds, lifeSecondsMax }: Issuer, nowMs: number): Times {
  const skewMs = skewSeconds * 1000;
  const [expires, notBefore, issued] = [timeIn(claims.exp), timeIn(claims.nbf), timeIn(claims.iat)];
  if (expires === null) throw new Refuse("lifetime");
  if (nowMs >= expires + skewMs) throw new Refuse("expired");
  if (notBefore !== null && nowMs < notBefore - skewMs) throw new Refuse("notYet");
  if (issued !== null && nowMs < issued - skewMs) throw new Refuse("notYet");
  if (expires - nowMs > lifeSecondsMax * 1000) throw new Refuse("lifetime");
  return { expiresAtMs: expires + skewMs, issuedAtMs: issued };
}

interface Proof extends Times {
  readonly principal: Principal;
  readonly signed: Signed;
  readonly keys: KeySource;
  readonly revocations: () => Revocations;
  readonly tokenId: string | null;
}

class TokenIdentity implements Identity {
  readonly #proof: Proof;
  #standing: Standing;
  /** What the standing was worked out from. */
  #revocations: Revocations | null = null;
  #generation = -1;

  constructor(proof: Proof) {
    this.#proof = proof;
    this.#standing = { holds: true, principal: proof.principal };
  }

  at(nowMs: number): Standing {
    const { keys, expiresAtMs, revocations } = this.#proof;
    if (!this.#standing.holds) return this.#standing;
    if (nowMs >= expiresAtMs) return this.#lapsed("expired");
    keys.look();
    const told = revocations();
    if (told === this.#revocations && keys.generation === this.#generation) return this.#standing;
    this.#revocations = told;
    this.#generation = keys.generation;
    if (!keys.publishes(this.#proof.signed.thumbprint)) return this.#lapsed("keyWithdrawn");
    if (isRevoked(this.#proof, told)) return this.#lapsed("revoked");
    this.#standing = { holds: true, principal: withGroupsOf(this.#proof.principal, told) };
    return this.#standing;
  }

  /** For good: a token that has lapsed does not come back. */
  #lapsed(reason: TokenLapse): Standing {
    this.#standing = { holds: false, lapse: { reason, ...lapses[reason] } };
    return this.#standing;
  }
}

const RENEW = "Get a new token and log in with it, or set weir.identity to it.";
type TokenLapse = Exclude<Lapse["reason"], "sessionAge">;
const lapses: Readonly<Record<TokenLapse, { readonly message: string; readonly hint: string }>> = {
  expired: { message: "the token of this identity has expired", hint: RENEW },
  revoked: { message: "the token of this identity was revoked", hint: RENEW },
  keyWithdrawn: { message: "the key that signed the token of this identity counts no more", hint: RENEW },
};

/** Revoking anyone of the chain revokes what acts for him. */
function isRevoked({ tokenId, issuedAtMs, principal }: Proof, { tokens, before }: Revocations): boolean {
  if (tokenId !== null && tokens.has(tokenId)) return true;
  for (let each: Principal | undefined = principal; each !== undefined; each = each.actingFor) {
    const time = before.get(`${each.issuer}/${each.name}`) ?? before.get(each.name);
    // A token that does not say when it was issued may be an old one.
    if (time !== undefined && (issuedAtMs === null || issuedAtMs < time)) return true;
  }
  return false;
}

function withGroupsOf(principal: Principal, told: Revocations): Principal {
  const groups = told.groups.get(`${principal.issuer}/${principal.name}`) ?? told.groups.get(principal.name);
  const actingFor = principal.actingFor === undefined ? undefined : withGroupsOf(principal.actingFor, told);
  if (groups === undefined && actingFor === principal.actingFor) return principal;
  return { ...principal, ...(groups !== undefined && { groups }), ...(actingFor !== undefined && { actingFor }) };
}
