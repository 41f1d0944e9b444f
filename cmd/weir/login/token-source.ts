// The token for the next login: the same one while it lasts, a new one by the refresh token before it ends. One request at a time,
// however many ask.
import { type Configuration, refreshTokenGrant, ResponseBodyError } from "openid-client";
import { issuerProblem, LoginProblem } from "./login-problem.ts";
import { type Tokens, type TokenUse, tokensOf } from "./tokens.ts";

export interface TokenSource {
  /** Rejects with LoginProblem. */
  token(): Promise<string>;
}

export interface RefreshingOptions {
  readonly client: Configuration;
  readonly use: TokenUse;
  readonly parameters: Readonly<Record<string, string>>;
  readonly nowMs: () => number;
  /** Told of each new refresh token: issuers replace them. */
  readonly keep: (refreshToken: string | null) => void;
}

/** A token with less of its life left than this is not begun with, unless the issuer's live no longer. */
const LEFT_MS_MIN = 30_000;

export class RefreshingTokens implements TokenSource {
  readonly #options: RefreshingOptions;
  #tokens: Tokens;
  #asking: Promise<Tokens> | null = null;

  constructor(tokens: Tokens, options: RefreshingOptions) {
    this.#tokens = tokens;
    this.#options = options;
  }

  async token(): Promise<string> {
    if (this.#options.nowMs() < this.#tokens.expiresAtMs - LEFT_MS_MIN) return this.#tokens.token;
    this.#asking ??= this.#refresh().finally(() => {
      this.#asking = null;
    });
    return (await this.#asking).token;
  }

  async #refresh(): Promise<Tokens> {
    const { client, use, parameters, keep } = this.#options;
    const before = this.#tokens;
    if (before.refreshToken === null) {
      if (this.#options.nowMs() < before.expiresAtMs) return before;
      throw new LoginProblem("the token has expired and the issuer gave none to renew it with; run weir connect again");
    }
    this.#tokens = await refreshed(client, before.refreshToken, use, parameters, before);
    if (this.#tokens.refreshToken !== before.refreshToken) keep(this.#tokens.refreshToken);
    return this.#tokens;
  }
}

/** Rejects with LoginProblem. */
export async function refreshed(
  client: Configuration,
  refreshToken: string,
  use: TokenUse,
  parameters: Readonly<Record<string, string>>,
  before: Tokens | null,
): Promise<Tokens> {
  try {
    return tokensOf(await refreshTokenGrant(client, refreshToken, { ...parameters }), use, {
      ...(before ?? { token: "", expiresAtMs: 0 }),
      refreshToken,
    });
  } catch (error) {
    const { issuer } = client.serverMetadata();
    if (error instanceof ResponseBodyError && error.error === "invalid_grant")
      throw new LoginProblem(`${issuer} does not renew this login any more; run weir connect again`, undefined, {
        cause: error,
      });
    throw issuerProblem(issuer, "renewing the token", error);
  }
}
