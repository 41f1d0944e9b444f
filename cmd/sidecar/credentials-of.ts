// How logins are proved at one database, out of the configuration.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ClientSecret, Credentials } from "../../pkg/proxy/credentials.ts";
import { parseVerifier } from "../../pkg/proxy/scram-keys.ts";
import type { GovernedUpstream } from "./compile-policies.ts";
import type { LoginProof } from "./parse-value.ts";
import type { Values } from "./settings.ts";

/** `saltKey`: random bytes of this process. Password files are read at each login, so that a rotated one counts at once. */
export function credentialsOf(
  { credentials, database }: GovernedUpstream,
  config: Values,
  saltKey: Buffer,
): Credentials {
  if (credentials === "PassThrough") return { mode: "PassThrough" };
  const { user, passwordFile } = config.upstreamLogins[database]!;
  return {
    mode: "Brokered",
    user,
    password: async () => withoutLineEnd(await readFile(passwordFile)),
    clients: (login) =>
      Object.hasOwn(config.identities, login) ? secretOf(config.identities[login]!.proof) : undefined,
    saltKey,
  };
}

function secretOf(proof: LoginProof | null): ClientSecret | undefined {
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
