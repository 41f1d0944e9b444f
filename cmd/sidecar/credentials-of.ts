// How logins are proved at one database, out of the configuration.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Verifier } from "../../pkg/identity/verifier.ts";
import type { ClientSecret, Credentials } from "../../pkg/proxy/credentials.ts";
import { parseVerifier } from "../../pkg/proxy/scram-keys.ts";
import type { GovernedUpstream } from "./compile-policies.ts";
import { ofDatabase } from "./database-of.ts";
import type { LoginProof, UpstreamLogin } from "./parse-value.ts";
import type { Values } from "./settings.ts";
import { certificateNames, tokenSecret } from "./tokens.ts";

export interface Proving {
  /** Random bytes of this process. */
  readonly saltKey: Buffer;
  /** null: no token counts. */
  readonly verifier: Verifier | null;
}

/** Password files are read at each login, so that a rotated one counts at once. */
export function credentialsOf(
  { credentials, database }: GovernedUpstream,
  config: Values,
  { saltKey, verifier }: Proving,
): Credentials {
  if (credentials === "PassThrough") return { mode: "PassThrough" };
  const login = upstreamLoginOf(database, config)!;
  const certificates = certificateNames(config);
  return {
    mode: "Brokered",
    get user() {
      return "user" in login ? login.user : withoutLineEnd(readFileSync(login.userFile)).toString();
    },
    password: async () => withoutLineEnd(await readFile(login.passwordFile)),
    clients: (login) => {
      if (!Object.hasOwn(config.identities, login)) return unlisted(config, verifier, login);
      const { proof } = config.identities[login]!;
      if (proof?.kind !== "token") return secretOf(proof);
      return verifier === null ? undefined : tokenSecret(config, verifier, login, proof);
    },
    ...(certificates && { certificates }),
    saltKey,
  };
}

/** By `namespace/name`; in the sidecar's own namespace the name is enough. */
export function upstreamLoginOf(database: string, config: Values): UpstreamLogin | undefined {
  return ofDatabase(database, config.upstreamLogins, config);
}

/** In a pod, where policies come in bundles, whoever reaches a loopback address is the workload that the login is held for. */
function unlisted(config: Values, verifier: Verifier | null, login: string): ClientSecret | undefined {
  if (config["bundle.url"] !== null) return { kind: "trustLoopback" };
  return verifier === null ? undefined : tokenSecret(config, verifier, login, null);
}

function secretOf(proof: Exclude<LoginProof, { kind: "token" }> | null): ClientSecret | undefined {
  switch (proof?.kind) {
    case "passwordFile":
      return { kind: "password", password: withoutLineEnd(readFileSync(proof.file)) };
    case "scramVerifier": {
      const verifier = parseVerifier(proof.text);
      return verifier === null ? undefined : { kind: "verifier", verifier };
    }
    case "certificate":
      return { kind: "certificate", name: proof.name };
    case "trustLoopback":
      return { kind: "trustLoopback" };
    case undefined:
      return undefined;
  }
}

function withoutLineEnd(bytes: Buffer): Buffer {
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? -2 : -1) : bytes.length;
  return bytes.subarray(0, end);
}
