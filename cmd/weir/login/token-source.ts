// The token for the next login: the same one while it lasts, a new one before it ends. One request at a time, however many ask.
import { type Configuration, ResponseBodyError, refreshTokenGrant } from "openid-client";
import { exits } from "../command.ts";
import { issuerProblem, LoginProblem } from "./login-problem.ts";
import { type Tokens, type TokenUse, tokensOf } from "./tokens.ts";

export interface TokenSource {
  /** Rejects with LoginProblem. */
  token(): Promise<string>;
}

/** Gets the tokens that come after these. */
export type Renew = (before: Tokens) => Promise<Tokens>;

/** A login does not begin with a token that has less of its life left. */
const LEFT_MS_MIN = 30_000;

export class RenewedTokens implements TokenSource {
  readonly #renew: Renew;
  readonly #nowMs: () => number;
  #tokens: Tokens;
  #asking: Promise<Tokens> | null = null;

  constructor(tokens: Tokens, renew: Renew, nowMs: () => number) {
    this.#tokens = tokens;
    this.#renew = renew;
    this.#nowMs = nowMs;
  }

  async token(): Promise<string> {
    if (this.#nowMs() < this.#tokens.expiresAtMs - LEFT_MS_MIN) return this.#tokens.token;
    this.#asking ??= this.#next().finally(() => {
      this.#asking = null;
    });
    return (await this.#asking).token;
  }

  async #next(): Promise<Tokens> {
    try {
      this.#tokens = await this.#renew(this.#tokens);
    } catch (error) {
      // An issuer that is away for a moment is no reason to refuse a token that still counts.
      const isAway = error instanceof LoginProblem && error.exitCode === exits.unavailable;
      if (!isAway || this.#nowMs() >= this.#tokens.expiresAtMs) throw error;
    }
    return this.#tokens;
  }
}

export interface RefreshOptions {
  readonly client: Configuration;
  readonly use: TokenUse;
  /** Such as `resource`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Told of each new refresh token, because issuers replace them. */
  readonly keep: (refreshToken: string) => void;
}

/** Without a refresh token it rejects with LoginProblem, as when the issuer wants to see the person again. */
export function byRefreshToken({ client, use, parameters, keep }: RefreshOptions): Renew {
  const { issuer } = client.serverMetadata();
  return async ({ refreshToken }) => {
    if (refreshToken === null)
      throw new LoginProblem(
        `the token is running out, and ${issuer} gave none to renew it with; run weir connect again`,
      );
    try {
      const answer = await refreshTokenGrant(client, refreshToken, { ...parameters });
      const tokens = tokensOf(answer, use, refreshToken);
      if (tokens.refreshToken !== null && tokens.refreshToken !== refreshToken) keep(tokens.refreshToken);
      return tokens;
    } catch (error) {
      if (error instanceof ResponseBodyError && error.error === "invalid_grant")
        throw new LoginProblem(`${issuer} does not renew this login any more; run weir connect again`);
      throw issuerProblem(issuer, "renewing the token", error);
    }
  };
}
