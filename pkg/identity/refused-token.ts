// Why a token does not count. The texts are fixed, or name what the configuration names; nothing of a token ever stands in them.

const texts = {
  malformed: ["it is no signed token (JWT)", "Send the token as the identity provider gave it, and nothing else."],
  tooLong: ["it is too long", "Ask the identity provider for a token with fewer claims."],
  algorithm: [
    "it is signed with an algorithm that is not accepted from its issuer",
    "Have the issuer sign with one of the algorithms that identity.issuers lists for it.",
  ],
  type: [
    "it is a token of another type",
    "Send an access or identity token, not one that is meant for something else.",
  ],
  issuer: ["its issuer is not one of those that count here", "Get a token from an issuer that identity.issuers lists."],
  unknownKey: [
    "it is signed with a key that its issuer does not publish",
    "Get a new token; the issuer may have changed its keys.",
  ],
  keysUnavailable: [
    "the keys of its issuer cannot be fetched at the moment",
    "Try again later; Weir's log says why the issuer does not answer.",
  ],
  signature: ["its signature is wrong", "Send the token unchanged, as the identity provider gave it."],
  audience: ["it is meant for somebody else", "Ask for a token with an audience that identity.issuers lists."],
  expired: ["it has expired", "Get a new token."],
  notYet: ["it is not valid yet", "Compare the clocks of the identity provider and of Weir."],
  lifetime: ["it says no end of its life, or a later one than is accepted", "Ask for a token that expires sooner."],
  claims: ["a claim that is needed is missing or of a wrong form", "Compare its claims with identity.issuers."],
  delegation: [
    "whoever acts in it is not told well (claim act)",
    "Each act needs a sub of this issuer, and no more of them may be nested than eight.",
  ],
  restrictions: [
    "its authorization_details of type weir are not understood",
    "Use the fields databases, actions, tables, rows and expires only.",
  ],
  replayed: ["it counts once, and it was used already", "Get a new token for each use."],
  busy: ["too many tokens are being verified or remembered", "Try again later."],
  revoked: ["it was revoked", "Get a new token, or ask an administrator why."],
  login: [
    "it is not for this login",
    "Connect as the one whom the token names, or have the login listed in identities.",
  ],
  nonce: [
    "it was not made for this session",
    "Sign a token for each use, with the nonce that SHOW weir.nonce gives in this very session.",
  ],
  bearer: [
    "it names no workload that this session belongs to",
    "Have it issued to this workload (azp or act), or sign a token that carries the nonce of SHOW weir.nonce.",
  ],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export type TokenReason = keyof typeof texts;

export interface RefusedToken {
  readonly ok: false;
  readonly reason: TokenReason;
  /** Begins with a small letter: "it has expired". */
  readonly message: string;
  readonly hint: string;
}

export function refusedToken(reason: TokenReason): RefusedToken {
  const [message, hint] = texts[reason];
  return { ok: false, reason, message, hint };
}

/** Ends a verification; never leaves the package. */
export class Refuse extends Error {
  readonly reason: TokenReason;

  constructor(reason: TokenReason) {
    super(reason);
    this.reason = reason;
  }
}
