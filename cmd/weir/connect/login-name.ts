// The login that a token is for, where nobody names another: who acts (RFC 8693), else the subject, or the claim that is named.
import { claimAt, isObject } from "../../../pkg/identity/claims.ts";
import { LoginProblem } from "../login/login-problem.ts";
import { claimsOf } from "../login/tokens.ts";

/** @throws LoginProblem */
export function loginOf(token: string, claim: string | undefined): string {
  const { claims } = claimsOf(token);
  const found = claim === undefined ? (actorOf(claims) ?? claims.sub) : claimAt(claims, claim);
  if (typeof found === "string" && found !== "" && found.length <= 256 && !/\p{C}/u.test(found)) return found;
  throw new LoginProblem(
    `the token has no claim "${claim ?? "sub"}" that could be a login; name it with --login, or another with --login-claim`,
  );
}

function actorOf({ act }: Readonly<Record<string, unknown>>): unknown {
  return isObject(act) ? act.sub : undefined;
}
