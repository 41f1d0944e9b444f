// Where the tokens of one `weir connect` come from: a file, a program's own login, what is remembered of a person, or the person.
import { type Configuration, clientCredentialsGrant, None } from "openid-client";
import type { UserConfig } from "../config.ts";
import { type Context, needed } from "../contexts.ts";
import { issuerProblem, LoginProblem } from "../login/login-problem.ts";
import { clientAuth, isMachine } from "../login/machine-login.ts";
import { openBrowser } from "../login/open-browser.ts";
import { openClient } from "../login/open-client.ts";
import { loginByDevice, loginInBrowser } from "../login/person-login.ts";
import { readGiven } from "../login/read-given.ts";
import { type Remembered, remembered } from "../login/remembered.ts";
import { byRefreshToken, type Renew, RenewedTokens, type TokenSource } from "../login/token-source.ts";
import { type Tokens, type TokenUse, tokensOf } from "../login/tokens.ts";

export interface Wanted {
  readonly context: Context;
  readonly config: UserConfig;
  /** A file with a token that somebody else renews. */
  readonly tokenFile: string | undefined;
  readonly device: boolean;
  readonly remember: boolean;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Rejects with LoginProblem or UsageError. */
export async function tokenSourceOf(wanted: Wanted): Promise<TokenSource> {
  const { context, tokenFile } = wanted;
  if (tokenFile !== undefined) return { token: async () => readGiven("--token-file", tokenFile) };
  const { issuer, clientId } = needed(context, ["issuer", "clientId"]);
  const access = { issuer, issuerCa: context.issuerCa ?? null, clientId };
  if (!isMachine(context)) return await personTokens(wanted, await openClient(access, None()));
  const client = await openClient(access, await clientAuth(context));
  const renew = () => credentials(client, context);
  return new RenewedTokens(await renew(), renew, Date.now);
}

async function credentials(client: Configuration, { scope, resource }: Context): Promise<Tokens> {
  const parameters = { ...(scope !== undefined && { scope }), ...(resource !== undefined && { resource }) };
  const answer = await clientCredentialsGrant(client, parameters).catch((error: unknown) => {
    throw issuerProblem(client.serverMetadata().issuer, "asking for a token", error);
  });
  return tokensOf(answer, "access");
}

const SCOPE = "openid offline_access";

async function personTokens(wanted: Wanted, client: Configuration): Promise<TokenSource> {
  const { context, config, remember } = wanted;
  const { issuer, clientId, scope = SCOPE, resource } = context;
  const use = (context.token ?? "access") as TokenUse;
  const beside = resource === undefined ? {} : { resource };
  const kept = remember ? remembered(config.folder, [issuer!, clientId!, scope, resource ?? ""]) : null;
  const renew = byRefreshToken({ client, use, parameters: beside, keep: (next) => kept?.write(next) });
  const tokens =
    (kept && (await fromRemembered(kept, renew))) ?? (await asked(wanted, client, { scope, ...beside }, use));
  if (kept !== null && tokens.refreshToken !== null) kept.write(tokens.refreshToken);
  if (kept !== null && tokens.refreshToken === null)
    wanted.tell(`${issuer} gave nothing to remember: no refresh token (the scope may lack offline_access)`);
  return new RenewedTokens(tokens, renew, Date.now);
}

/** null: there is none, or it counts no more. */
async function fromRemembered(kept: Remembered, renew: Renew): Promise<Tokens | null> {
  const refreshToken = kept.read();
  if (refreshToken === null) return null;
  try {
    return await renew({ token: "", expiresAtMs: 0, refreshToken });
  } catch (error) {
    if (!(error instanceof LoginProblem) || error.exitCode !== 1) throw error;
    kept.write(null);
    return null;
  }
}

/** A person's login, for one token. Rejects with LoginProblem or UsageError. */
export async function personToken(wanted: Omit<Wanted, "tokenFile" | "remember">): Promise<string> {
  const { context } = wanted;
  const { issuer, clientId } = needed(context, ["issuer", "clientId"]);
  const client = await openClient({ issuer, issuerCa: context.issuerCa ?? null, clientId }, None());
  const { scope = "openid", resource } = context;
  const parameters = { scope, ...(resource !== undefined && { resource }) };
  return (await asked(wanted, client, parameters, (context.token ?? "access") as TokenUse)).token;
}

async function asked(
  { device, config, tell, signal }: Omit<Wanted, "tokenFile" | "remember">,
  client: Configuration,
  parameters: Readonly<Record<string, string>>,
  use: TokenUse,
): Promise<Tokens> {
  const open = (url: string) => openBrowser(config.opener, url);
  const login = { client, parameters, tell, open, signal };
  return tokensOf(await (device ? loginByDevice(login) : loginInBrowser(login)), use);
}
