// One listener for many databases: which of them a client means, and how its login is proved there. All is asked anew at each login, so
// that databases come and go while it runs.
import { onlyFrom } from "../../pkg/identity/only-from.ts";
import type { Verifier } from "../../pkg/identity/verifier.ts";
import type { Governed, GovernedByName, GovernedListener } from "../../pkg/proxy/governor.ts";
import { noSuchDatabase } from "../../pkg/proxy/no-such-database.ts";
import { Slots } from "../../pkg/proxy/slots.ts";
import type { Closed, GovernedUpstream } from "./compile-policies.ts";
import { credentialsOf, type Proving } from "./credentials-of.ts";
import { ofDatabase } from "./database-of.ts";
import { parseGatewayName } from "./gateway-name.ts";
import { noneYet, nowhere } from "./governed-listeners.ts";
import type { PolicySource } from "./policy-source.ts";
import { type Proved, type ProvingAt, provedAt } from "./proved-at.ts";
import type { Values } from "./settings.ts";

export function gatewayListener(config: Values, policies: PolicySource, proving: ProvingAt): GovernedListener | null {
  const listen = config["gateway.listen"];
  if (listen === null) return null;
  const clientCertificate = config["tls.clientCertificate"];
  const gateway = new Databases(config, policies, proving);
  return {
    ...listen,
    ...(clientCertificate !== "Optional" && { clientCertificate }),
    requireTls: config["tls.required"] ? true : "Remote",
    byName: (name) => gateway.byName(name),
  };
}

class Databases {
  readonly #config: Values;
  readonly #policies: PolicySource;
  readonly #proving: ProvingAt;
  /** By `namespace/name`, of those that somebody has logged in to. */
  readonly #sessions = new Map<string, Slots>();

  constructor(config: Values, policies: PolicySource, proving: ProvingAt) {
    this.#config = config;
    this.#policies = policies;
    this.#proving = proving;
  }

  byName(name: string | null): GovernedByName {
    const config = this.#config;
    const asked = parseGatewayName(name ?? "", config.namespace);
    const found = asked === null ? undefined : this.#find(asked.database);
    if (asked === null || found === undefined) return this.#absent(name ?? "");
    const { database } = asked;
    const { database: own, issuers } = ofDatabase(database, config["gateway.databases"], config) ?? {};
    const serverDatabase = asked.serverDatabase ?? latin1(own ?? database.slice(database.indexOf("/") + 1));
    const proved = this.#provedOf(database, found, issuers ?? null);
    return {
      ...this.#governed(database, found, proved),
      serverDatabase,
      sessions: this.#slots(database),
      tokens: proved.tokens === undefined ? proved.proving.verifier : proved.tokens,
      gone: () => this.#policies.current() !== null && this.#find(database) === undefined,
    };
  }

  #find(database: string): GovernedUpstream | Closed | undefined {
    const served = this.#config["gateway.namespaces"];
    if (served.length > 0 && !served.includes(database.slice(0, database.indexOf("/")))) return undefined;
    return this.#policies.current()?.byName.get(database);
  }

  #governed(database: string, found: GovernedUpstream | Closed, { config, proving }: Proved): Governed {
    if (!("closed" in found)) return { ...found, credentials: credentialsOf(found, config, proving) };
    return { ...this.#unreachable(database, config, proving), closed: () => found.closed };
  }

  /** The same questions are put to who asks for a database that is not there, so that only those who are known here learn that. */
  #absent(serverDatabase: string): GovernedByName {
    const isEmpty = this.#policies.current() === null;
    return {
      ...this.#unreachable("", this.#config, this.#proving),
      closed: () => (isEmpty ? noneYet(this.#policies) : noSuchDatabase),
      serverDatabase: serverDatabase.slice(0, 63),
      tokens: null,
      gone: () => true,
    };
  }

  #unreachable(database: string, config: Values, proving: Proving): Governed {
    const canProve = proving.verifier !== null || Object.values(config.identities).some(({ proof }) => proof !== null);
    const credentials = canProve ? "Brokered" : "PassThrough";
    const upstream = nowhere(database);
    return {
      database,
      upstream,
      credentials: credentialsOf({ database, credentials, identity: null, upstream }, config, proving),
    };
  }

  /** Whose tokens count there: as the resource says, of these as the gateway narrows it. Clients are sent to an issuer that counts. */
  #provedOf(database: string, found: GovernedUpstream | Closed, issuers: readonly string[] | null): Proved {
    const identity = () => {
      const now = this.#find(database);
      return now === undefined || "closed" in now ? null : now.identity;
    };
    const proved = "closed" in found ? this.#configured() : provedAt(database, identity, this.#config, this.#proving);
    if (issuers === null) return proved;
    const verifier = narrowed(proved.proving.verifier, issuers);
    const own = proved.config["identity.issuers"].filter(({ name }) => issuers.includes(name));
    const config = { ...proved.config, "identity.issuers": own };
    return { config, proving: { ...proved.proving, verifier }, tokens: verifier };
  }

  #configured(): Proved {
    return { config: this.#config, proving: this.#proving };
  }

  #slots(database: string): Slots | undefined {
    const config = this.#config;
    const own = ofDatabase(database, config["gateway.databases"], config)?.sessions;
    const most = own ?? config["limits.databaseSessions"];
    if (most === 0) return undefined;
    const known = this.#sessions.get(database) ?? new Slots(most);
    this.#sessions.set(database, known);
    return known;
  }
}

const narrowed = (verifier: Verifier | null, issuers: readonly string[] | null): Verifier | null =>
  verifier === null || issuers === null ? verifier : onlyFrom(verifier, issuers);

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");
