// How logins and statements are proved at one database: as its GovernedDatabase says, or else as the sidecar is configured.
import type { Verifier } from "../../pkg/identity/verifier.ts";
import type { DatabaseIdentity } from "../../pkg/policy/rules.ts";
import type { Proving } from "./credentials-of.ts";
import { type DatabaseIdentities, issuerOf } from "./database-identities.ts";
import type { Values } from "./settings.ts";

export interface Proved {
  /** With the issuers that count there. */
  readonly config: Values;
  readonly proving: Proving;
  /** Of statements; absent: those of the configuration. */
  readonly tokens?: Verifier | null;
}

export interface ProvingAt extends Proving {
  readonly identities: DatabaseIdentities;
}

/** `identity`: what the resource says now, asked anew each time. */
export function provedAt(
  database: string,
  identity: () => DatabaseIdentity | null,
  config: Values,
  proving: ProvingAt,
): Proved {
  const now = identity();
  if (now === null) return { config, proving };
  const verifier = proving.identities.verifier(database, identity);
  return {
    config: {
      ...config,
      "identity.issuers": now.issuers.map(issuerOf),
      "identity.ask": now.ask ?? config["identity.ask"],
      "identity.scope": now.scope ?? config["identity.scope"],
    },
    proving: { ...proving, verifier },
    tokens: verifier,
  };
}
