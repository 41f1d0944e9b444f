// The OpenID client of one issuer: its configuration read, the issuer's name compared, every address of it https or of this machine.
import {
  allowInsecureRequests,
  type ClientAuth,
  type Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from "openid-client";
import { isFetchable } from "../../../pkg/identity/fetch-text.ts";
import { issuerFetch } from "./issuer-fetch.ts";
import { issuerProblem, LoginProblem } from "./login-problem.ts";

export interface IssuerAccess {
  /** As `iss` spells it. */
  readonly issuer: string;
  /** PEM file; null: what the system trusts. */
  readonly issuerCa: string | null;
  readonly clientId: string;
}

const endpoints = ["authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "jwks_uri"] as const;

/** Rejects with LoginProblem. */
export async function openClient(access: IssuerAccess, auth: ClientAuth): Promise<Configuration> {
  const { issuer, issuerCa, clientId } = access;
  if (!isFetchable(issuer))
    throw new LoginProblem(`the issuer ${issuer} is neither https nor http of a loopback address`);
  const options = {
    [customFetch]: issuerFetch(issuerCa),
    execute: [enableNonRepudiationChecks, ...(issuer.startsWith("http:") ? [allowInsecureRequests] : [])],
  };
  const client = await discovery(new URL(issuer), clientId, {}, auth, options).catch((error: unknown) => {
    throw issuerProblem(issuer, "reading the OpenID configuration", error);
  });
  const metadata = client.serverMetadata();
  if (metadata.issuer !== issuer) throw new LoginProblem(`${issuer} calls itself ${metadata.issuer.slice(0, 200)}`);
  for (const name of endpoints) {
    const address = metadata[name];
    if (address !== undefined && !isFetchable(address))
      throw new LoginProblem(`the ${name} of ${issuer} is neither https nor http of a loopback address`);
  }
  return client;
}
