// The keys of one issuer as they are published now. A key that is not known is asked for, but not again and again; while the issuer
// does not answer, what it published last counts for a while; what it has taken away counts no more.
import { readFile } from "node:fs/promises";
import type { Logger } from "../runtime/logger.ts";
import { type FetchText, isFetchable } from "./fetch-text.ts";
import type { Algorithm, Issuer } from "./issuer.ts";
import { readKeySet, type VerifyingKey } from "./key-set.ts";
import { Refuse } from "./refused-token.ts";

export interface KeySourceWorld {
  readonly nowMs: () => number;
  readonly fetchText: FetchText;
  readonly logger: Logger;
}

export interface KeyTimes {
  /** Older than this, the keys are asked for again, in the background. */
  readonly refreshMs: number;
  /** Without an answer for this long, nothing of the issuer counts. */
  readonly graceMs: number;
  /** A key that is not known is asked for at most this often. */
  readonly retryMs: number;
}

export const keyTimes: KeyTimes = { refreshMs: 300_000, graceMs: 24 * 3_600_000, retryMs: 10_000 };
const BYTES_MAX = 1 << 19;
const TIME_LIMIT_MS = 5_000;

export class KeySource {
  readonly #issuer: Issuer;
  readonly #world: KeySourceWorld;
  readonly #times: KeyTimes;
  #keys: readonly VerifyingKey[] | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #trying: Promise<void> | null = null;
  /** Counts changes of what is published. */
  generation = 0;

  constructor(issuer: Issuer, world: KeySourceWorld, times: KeyTimes = keyTimes) {
    this.#issuer = issuer;
    this.#world = world;
    this.#times = times;
  }

  /** The key that a token's header names. Rejects with Refuse. */
  async find(kid: string | undefined, algorithm: Algorithm): Promise<VerifyingKey> {
    if (this.#isOld()) await this.#refresh();
    else this.look();
    let found = this.#pick(kid, algorithm);
    if (found === null && this.#mayRetry()) {
      await this.#refresh();
      found = this.#pick(kid, algorithm);
    }
    if (found !== null) return found;
    throw new Refuse(this.#keys === null || this.#isOld() ? "keysUnavailable" : "unknownKey");
  }

  /** Whether the issuer still publishes it, as far as is known. */
  publishes(thumbprint: string): boolean {
    return this.#keys?.some((key) => key.thumbprint === thumbprint) === true && !this.#isOld();
  }

  /** Asks anew in the background when it is time. */
  look(): void {
    if (this.#world.nowMs() - this.#readAtMs > this.#times.refreshMs && this.#mayRetry()) void this.#refresh();
  }

  #isOld(): boolean {
    return this.#world.nowMs() - this.#readAtMs > this.#times.graceMs;
  }

  #mayRetry(): boolean {
    return this.#trying !== null || this.#world.nowMs() - this.#triedAtMs >= this.#times.retryMs;
  }

  /** Without a `kid` only where there is no choice. */
  #pick(kid: string | undefined, algorithm: Algorithm): VerifyingKey | null {
    if (this.#isOld()) return null;
    const fitting = (this.#keys ?? []).filter((key) => key.algorithms.includes(algorithm));
    const named = kid === undefined ? fitting : fitting.filter((key) => key.kid === kid);
    return named.length === 1 ? named[0]! : null;
  }

  /** All who ask at one time wait for one answer. */
  #refresh(): Promise<void> {
    if (this.#trying === null && !this.#mayRetry()) return Promise.resolve();
    this.#trying ??= this.#read().finally(() => {
      this.#trying = null;
    });
    return this.#trying;
  }

  async #read(): Promise<void> {
    this.#triedAtMs = this.#world.nowMs();
    try {
      const keys = await readKeySet(await this.#text());
      if (namesOf(keys) !== namesOf(this.#keys ?? [])) this.generation += 1;
      this.#keys = keys;
      this.#readAtMs = this.#world.nowMs();
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      this.#world.logger.log("warn", "identity.keys", { issuer: this.#issuer.name, reason });
    }
  }

  async #text(): Promise<string> {
    const { keys, name } = this.#issuer;
    if (keys.kind === "text") return keys.text;
    if (keys.kind === "file") return readFile(keys.file, "utf8");
    const options = { caFile: keys.caFile, bytesMax: BYTES_MAX, timeLimitMs: TIME_LIMIT_MS };
    if (keys.url !== null) return this.#world.fetchText(keys.url, options);
    const about = `${name.replace(/\/$/, "")}/.well-known/openid-configuration`;
    return this.#world.fetchText(jwksUri(await this.#world.fetchText(about, options), name), options);
  }
}

function namesOf(keys: readonly VerifyingKey[]): string {
  return keys.map(({ thumbprint, kid }) => `${thumbprint} ${kid}`).join();
}

function jwksUri(text: string, issuer: string): string {
  const told = JSON.parse(text) as { issuer?: unknown; jwks_uri?: unknown };
  if (told.issuer !== issuer) throw new Error("its OpenID configuration is that of another issuer");
  if (typeof told.jwks_uri !== "string" || !isFetchable(told.jwks_uri))
    throw new Error("its OpenID configuration has no jwks_uri of https");
  return told.jwks_uri;
}
