// A person's login: authorization code with PKCE in the browser of this machine (RFC 8252, RFC 7636), or a code that is typed in at
// another one (RFC 8628).
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  initiateDeviceAuthorization,
  pollDeviceAuthorizationGrant,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type TokenEndpointResponse,
} from "openid-client";
import { isFetchable } from "../../../pkg/identity/fetch-text.ts";
import { issuerProblem, LoginProblem, printable } from "./login-problem.ts";
import { listenForRedirect } from "./redirect-listener.ts";

export interface PersonLogin {
  readonly client: Configuration;
  /** Scope, and what else the issuer is to be told, such as `resource`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly tell: (line: string) => void;
  /** Shows the address to the person; it has been told already. */
  readonly open: (url: string) => void;
  readonly signal: AbortSignal;
}

const LOGIN_WITHIN_MS = 10 * 60_000;

/** Rejects with LoginProblem, or with the reason of `signal`. */
export async function loginInBrowser({ client, parameters, tell, open, signal }: PersonLogin) {
  const { issuer } = client.serverMetadata();
  const listener = await listenForRedirect();
  const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
  try {
    const asked = authorizationUrl(client, {
      ...parameters,
      redirect_uri: listener.redirectUri,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    const coming = listener.answer(state, AbortSignal.any([signal, timeLimit()]));
    tell(`Log in with your browser:\n\n  ${asked}\n`);
    open(asked);
    const answer = await coming;
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    return await authorizationCodeGrant(client, answer, checks);
  } catch (error) {
    throw problem(issuer, "the login", error, signal);
  } finally {
    listener.close();
  }
}

function authorizationUrl(client: Configuration, parameters: Record<string, string>): string {
  try {
    return buildAuthorizationUrl(client, parameters).href;
  } catch {
    throw new LoginProblem(`${client.serverMetadata().issuer} has no logins by browser; try --device`);
  }
}

/** The same, where there is no browser on this machine. */
export async function loginByDevice(login: PersonLogin): Promise<TokenEndpointResponse> {
  const { client, parameters, tell, signal } = login;
  const { issuer } = client.serverMetadata();
  try {
    const started = await initiateDeviceAuthorization(client, { ...parameters });
    const {
      verification_uri: page,
      verification_uri_complete: complete,
      user_code: code,
      expires_in: seconds,
    } = started;
    for (const address of [page, complete ?? page])
      if (!isFetchable(address))
        throw new LoginProblem(`the page for device codes of ${issuer} is neither https nor of this machine`);
    tell(
      `Log in with any browser, within ${Math.ceil(seconds / 60)} minutes:\n\n  ${page}\n  code ${printable(code)}\n`,
    );
    if (complete !== undefined) tell(`  or at once: ${printable(complete)}\n`);
    return await pollDeviceAuthorizationGrant(client, started, undefined, { signal });
  } catch (error) {
    throw problem(issuer, "the login", error, signal);
  }
}

function timeLimit(): AbortSignal {
  return AbortSignal.timeout(LOGIN_WITHIN_MS);
}

function problem(issuer: string, doing: string, error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  if ((error as Error).name === "TimeoutError")
    return new LoginProblem(`nobody logged in within ${LOGIN_WITHIN_MS / 60_000} minutes`);
  return issuerProblem(issuer, doing, error);
}
