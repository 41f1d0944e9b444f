// ServiceAccount tokens by the word of the API server itself (TokenReview), which also knows which of them were deleted. The request is
// handed in; whoever makes it needs the right to create TokenReviews.
import type { Identity, Standing } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import { serviceAccountOf } from "./principal-of.ts";
import { Refuse, refusedToken } from "./refused-token.ts";
import type { Verifier } from "./verifier.ts";
import { TOKEN_BYTES_MAX } from "./verify-signature.ts";

/** `status` of a TokenReview, as the API server gives it. */
export interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

export interface ReviewOptions {
  /** Rejects when the API server cannot be asked. */
  readonly review: (token: string, audience: string) => Promise<ReviewStatus>;
  readonly audience: string;
  readonly cluster: string;
  readonly nowMs: () => number;
}

/** How old an answer may be before it is asked for again, in the background. */
const FRESH_MS = 60_000;
/** How old when the API server does not answer. */
const GRACE_MS = 600_000;

export function createReviewer(options: ReviewOptions): Verifier {
  return {
    async verify(token) {
      if (token.length > TOKEN_BYTES_MAX) return refusedToken("tooLong");
      try {
        const principal = await reviewed(token, options);
        const identity = new ReviewedIdentity(token, principal, options);
        const unsaid = { issuedAtMs: null, nonce: null, tokenId: null };
        return { ok: true, identity, principal, expiresAtMs: Number.POSITIVE_INFINITY, ...unsaid };
      } catch (error) {
        return refusedToken(error instanceof Refuse ? error.reason : "keysUnavailable");
      }
    },
    useUp: () => refusedToken("claims"),
  };
}

const POD_NAME = "authentication.kubernetes.io/pod-name";

async function reviewed(token: string, { review, audience, cluster }: ReviewOptions): Promise<Principal> {
  const { authenticated, audiences, user } = await review(token, audience);
  if (authenticated !== true) throw new Refuse("signature");
  // An API server without audiences would take any token: only its own word counts.
  if (audiences?.includes(audience) !== true) throw new Refuse("audience");
  const pod = user?.extra?.[POD_NAME]?.[0];
  const bound = pod === undefined ? {} : { "kubernetes.io": { pod: { name: pod } } };
  return { ...serviceAccountOf({ sub: user?.username, ...bound }, cluster), issuer: `kubernetes/${cluster}` };
}

class ReviewedIdentity implements Identity {
  readonly #token: string;
  readonly #options: ReviewOptions;
  #standing: Standing;
  #reviewedAtMs: number;
  #asking = false;

  constructor(token: string, principal: Principal, options: ReviewOptions) {
    this.#token = token;
    this.#options = options;
    this.#standing = { holds: true, principal };
    this.#reviewedAtMs = options.nowMs();
  }

  at(nowMs: number): Standing {
    if (!this.#standing.holds) return this.#standing;
    const ageMs = nowMs - this.#reviewedAtMs;
    if (ageMs >= FRESH_MS) void this.#ask(nowMs);
    return ageMs >= GRACE_MS ? lapsed : this.#standing;
  }

  async #ask(nowMs: number): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      await reviewed(this.#token, this.#options);
      this.#reviewedAtMs = nowMs;
    } catch (error) {
      if (error instanceof Refuse) this.#standing = lapsed;
    } finally {
      this.#asking = false;
    }
  }
}

const lapsed: Standing = {
  holds: false,
  lapse: {
    reason: "revoked",
    message: "the cluster does not vouch for the token of this identity any more",
    hint: "Log in again with the token that the pod has now.",
  },
};
