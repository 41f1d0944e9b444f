// The listeners of the configuration as the governor takes them. A database that has moved counts from the next login on, so all that
// policies decide is asked anew each time.
import type { GovernedListener } from "../../pkg/proxy/governor.ts";
import type { Upstream } from "../../pkg/proxy/upstream.ts";
import type { GovernedUpstream } from "./compile-policies.ts";
import { credentialsOf } from "./credentials-of.ts";
import { databaseOf } from "./database-of.ts";
import type { PolicySource } from "./policy-source.ts";
import { type ProvingAt, provedAt } from "./proved-at.ts";
import type { Values } from "./settings.ts";

export function governedListeners(
  config: Values,
  policies: PolicySource,
  proving: ProvingAt,
): readonly GovernedListener[] {
  const clientCertificate = config["tls.clientCertificate"];
  return config.listeners.map((listener, index) => {
    const database = databaseOf(listener, config);
    const now = () => {
      const current = policies.current();
      return current === null ? { closed: noneYet(policies) } : current.upstreams[index]!;
    };
    const open = (): GovernedUpstream => {
      const found = now();
      if (!("closed" in found)) return found;
      return { database, credentials: "PassThrough", identity: null, upstream: nowhere(database) };
    };
    const proof = () => provedAt(database, () => open().identity, config, proving);
    return {
      ...listener,
      ...(clientCertificate !== "Optional" && { clientCertificate }),
      requireTls: config["tls.required"],
      database,
      closed() {
        const found = now();
        return "closed" in found ? found.closed : null;
      },
      get upstream() {
        return open().upstream;
      },
      get credentials() {
        const { config: own, proving: proved } = proof();
        return credentialsOf(open(), own, proved);
      },
      get tokens() {
        const { tokens } = proof();
        return tokens === undefined ? proving.verifier : tokens;
      },
    };
  });
}

export const NONE_YET = "no bundle of policies has been received yet";

/** With the first reason there is. */
export function noneYet(policies: PolicySource): string {
  const [why] = policies.problems();
  return why === undefined ? NONE_YET : `${NONE_YET} (${why})`;
}

/** Stands where a closed listener has none; its logins are refused before anything connects. */
export function nowhere(name: string): Upstream {
  return { name, host: "nowhere.invalid", port: 1, tls: { mode: "require" } };
}
