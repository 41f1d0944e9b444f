// What verifies tokens, out of the configuration, and how logins are proved by them.
import { readFileSync } from "node:fs";
import { withDevelopment } from "../../pkg/identity/development.ts";
import { fetchText } from "../../pkg/identity/fetch-text.ts";
import { nothingRevoked, type Revocations, readRevocations } from "../../pkg/identity/revocations.ts";
import { createVerifier, type Verifier } from "../../pkg/identity/verifier.ts";
import { matchesGlob } from "../../pkg/policy/glob.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import type { CertificateNames } from "../../pkg/proxy/proof.ts";
import type { TokenSecret } from "../../pkg/proxy/token-login.ts";
import type { TokenUse } from "./parse-value.ts";
import type { World } from "./parts.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";
import { watchedFiles } from "./watched-files.ts";

/** null: no token counts. @throws Refused */
export function verifierOf(config: Values, world: World): Verifier | null {
  const [issuers, development] = [config["identity.issuers"], config["identity.development"]];
  const isDevelopment = Object.keys(development).length > 0;
  if (isDevelopment)
    world.logger.log("warn", "identity.development", { consequence: "anyone can be whom identity.development names" });
  if (issuers.length === 0) return isDevelopment ? withDevelopment(development, null) : null;
  const { clock, logger } = world;
  const nowMs = () => clock.nowMs();
  const verifier = createVerifier(issuers, { nowMs, fetchText, logger, revocations: revocationsOf(config, world) });
  return isDevelopment ? withDevelopment(development, verifier) : verifier;
}

function revocationsOf(config: Values, { clock, logger }: World): () => Revocations {
  const file = config["identity.revocations"];
  if (file === null) return () => nothingRevoked;
  const problem = (reason: string) =>
    logger.log("error", "identity.revocations", { reason, consequence: "the last good ones stay" });
  try {
    const read = () => readRevocations(readFileSync(file, "utf8"));
    return watchedFiles([file], read, { nowMs: () => clock.nowMs(), problem });
  } catch (error) {
    throw new Refused([`identity.revocations: ${file}: ${(error as Error).message}`]);
  }
}

/** How a token proves logins; `use`: as `identities` says of this one, null for a login that is not listed. */
export function tokenSecret(config: Values, verifier: Verifier, login: string, use: TokenUse | null): TokenSecret {
  const [first] = config["identity.issuers"];
  const issuer = first?.name.replace(/\/$/, "") ?? "";
  return {
    kind: "token",
    ask: use?.ask ?? config["identity.ask"],
    tokens: {
      verify: (token) => verifier.verify(token),
      discovery: `${issuer}/.well-known/openid-configuration`,
      scope: config["identity.scope"],
    },
    accepts: (principal) => (use === null ? isNamed(principal, login) : mayUse(use, principal, login)),
  };
}

/** The login of somebody whom the token names: who acts, or one for whom. */
function isNamed(principal: Principal, login: string): boolean {
  for (let each: Principal | undefined = principal; each !== undefined; each = each.actingFor)
    if (each.name === login) return true;
  return false;
}

function mayUse({ names, groups }: TokenUse, principal: Principal, login: string): boolean {
  if (names.length === 0 && groups.length === 0) return isNamed(principal, login);
  return (
    names.some((name) => matchesGlob(name, principal.name)) ||
    groups.some((group) => principal.groups.some((own) => matchesGlob(group, own)))
  );
}

/** Whom the names of a certificate mean; undefined: none of them does to anyone. */
export function certificateNames(config: Values): CertificateNames | undefined {
  const known = config["identity.certificates"];
  if (known.length === 0) return undefined;
  return ({ alternatives }, login) => {
    for (const { name, kind, groups } of known) {
      const found = alternatives.find((each) => matchesGlob(name, each));
      if (found === undefined) continue;
      const own = found.slice(found.indexOf(":") + 1);
      return { kind, name: own, issuer: "certificate", groups, assurance: "L2", login };
    }
    return null;
  };
}
