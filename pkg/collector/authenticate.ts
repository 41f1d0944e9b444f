// Who asks: a sender of a registered source or a registered reader, by bearer token or client certificate. Everything else is refused
// before a byte of the body is read.
import { createHash, timingSafeEqual, type X509Certificate } from "node:crypto";
import type { KubeApi } from "../kube/api.ts";
import { type PresentedChain, proveCertificate } from "./certificate-proof.ts";
import { claimsIssuer, type JwksProof, type TokenSubject } from "./jwks-proof.ts";
import { KeptAnswers } from "./kept-answers.ts";
import {
  type Reader,
  type Refused,
  RIGHTS,
  type Right,
  refused,
  type Sender,
  type Source,
  type Verified,
} from "./source.ts";
import { reviewedSender } from "./token-review.ts";

/** A source with what it takes to verify one of its senders. */
export type OpenSource = Source & {
  readonly opened:
    | { readonly kind: "token-review"; readonly api: KubeApi; readonly audience: string }
    | { readonly kind: "jwks"; readonly proof: JwksProof }
    | { readonly kind: "certificate"; readonly authorities: readonly X509Certificate[]; readonly san: string };
};

export type OpenReader = Reader & { readonly authorities: readonly X509Certificate[] };

export interface Credentials {
  readonly authorization: string | undefined;
  readonly chain: PresentedChain | null;
}

export interface AuthenticatorOptions {
  readonly sources: readonly OpenSource[];
  readonly readers: readonly OpenReader[];
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

const TOKEN_LENGTH_MAX = 16_384;

export class Authenticator {
  private readonly options: AuthenticatorOptions;
  private readonly kept: KeptAnswers<Sender>;

  constructor(options: AuthenticatorOptions) {
    this.options = options;
    this.kept = new KeptAnswers(options.monotonicMs);
  }

  sender({ authorization, chain }: Credentials): Promise<Verified<Sender>> {
    if (authorization !== undefined) return this.ofToken(authorization);
    const found = chain === null ? undefined : this.ofCertificate(chain);
    const remedy = "send the pod's token as Authorization: Bearer, or a certificate of a registered source";
    return Promise.resolve(found === undefined ? refused(401, remedy) : { ok: true, who: found });
  }

  async reader(credentials: Credentials, right: Right): Promise<Verified<Reader>> {
    const found = await this.findReader(credentials);
    if (found === undefined) return refused(401, "you are not a registered reader; see `readers` of the sources file");
    if ("ok" in found) return found;
    if (!RIGHTS[found.role].includes(right))
      return refused(403, `the reader ${found.name} is ${found.role}, which has not the right "${right}"`);
    return { ok: true, who: found };
  }

  private async findReader({ authorization, chain }: Credentials): Promise<Reader | Refused | undefined> {
    const { readers, nowMs } = this.options;
    if (authorization === undefined) {
      if (chain === null) return undefined;
      return readers.find(
        ({ by, authorities }) =>
          by.kind === "certificate" && proveCertificate(chain, authorities, by.san, nowMs()) !== null,
      );
    }
    const token = bearer(authorization);
    if (token === null) return undefined;
    const hash = createHash("sha256").update(token).digest();
    const byToken = readers.find(
      ({ by }) => by.kind === "token" && timingSafeEqual(Buffer.from(by.sha256, "hex"), hash),
    );
    if (byToken !== undefined || !readers.some(({ by }) => by.kind === "account")) return byToken;
    const verified = await this.ofToken(authorization);
    if (!verified.ok) return verified.status === 503 ? verified : undefined;
    const { source, account } = verified.who;
    return readers.find(({ by }) => by.kind === "account" && by.source === source && by.account === account);
  }

  private ofCertificate(chain: PresentedChain): Sender | undefined {
    for (const source of this.options.sources) {
      if (source.opened.kind !== "certificate") continue;
      const { authorities, san } = source.opened;
      const match = proveCertificate(chain, authorities, san, this.options.nowMs());
      if (match === null) continue;
      return senderOf(source, { namespace: match.namespace, name: match.san, account: match.san, uid: null });
    }
    return undefined;
  }

  private async ofToken(authorization: string): Promise<Verified<Sender>> {
    const token = bearer(authorization);
    if (token === null) return refused(401, "send the token as Authorization: Bearer");
    return this.kept.of(token, () => this.ask(token));
  }

  /** The sources are asked in their order; one that cannot be asked leaves open whether the token is good. */
  private async ask(token: string): Promise<Verified<Sender>> {
    let last: Refused = refused(401, "the token is of no registered source");
    for (const source of this.options.sources) {
      const verified = await this.askOne(source, token);
      if (verified?.ok) return { ok: true, who: senderOf(source, verified.who) };
      if (verified !== undefined && last.status !== 503) last = verified;
    }
    return last;
  }

  private async askOne({ opened }: OpenSource, token: string): Promise<Verified<TokenSubject> | undefined> {
    if (opened.kind === "token-review") return await reviewedSender(opened.api, token, opened.audience).catch(unasked);
    if (opened.kind === "certificate" || !claimsIssuer(token, opened.proof.issuer)) return undefined;
    return await opened.proof.verify(token, this.options.nowMs());
  }
}

function unasked(): Refused {
  return refused(503, "the API server cannot be asked about the token; try again");
}

/** The namespace of a source is for who names none, and holds all others to it: it makes nobody of another namespace one of its own. */
function senderOf({ name, cluster, environment, namespace }: Source, subject: TokenSubject): Sender {
  const own = subject.namespace ?? namespace;
  const isHeld = namespace === null || own === namespace;
  return { ...subject, source: name, cluster, environment, namespace: isHeld ? own : null };
}

function bearer(authorization: string): string | null {
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization)?.[1];
  return token === undefined || token.length > TOKEN_LENGTH_MAX ? null : token;
}
