// `weir token key`: a key of one's own for `weir token sign`, and its public half as the sidecar's configuration names it.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import { toldProblem } from "../login/login-problem.ts";
import { writeOwn } from "../login/own-file.ts";
import type { Terminal } from "../terminal.ts";

const ALGORITHM = "ES256";

export const tokenKey: Command = {
  summary: "make a key for `weir token sign`",
  help: `usage: weir token key --out FILE

Makes a private key (P-256) into FILE, mode 0600, and prints its public half as a JWKS: for \`keysFile\` of an issuer in the sidecar's
\`identity.issuers\`.

exit codes: 0 made, 64 wrong arguments, also when FILE is there already`,
  async run(args, terminal) {
    const { values } = readArguments(args, { out: { type: "string" } });
    if (values.out === undefined) throw new UsageError("name the file with --out FILE");
    if (existsSync(values.out)) throw new UsageError(`--out: ${values.out} is there already; a key is not replaced`);
    try {
      return await make(resolve(values.out), terminal);
    } catch (error) {
      return toldProblem(error);
    }
  },
};

async function make(file: string, terminal: Terminal): Promise<number> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const open = await exportJWK(publicKey);
  const about = { kid: await calculateJwkThumbprint(open), alg: ALGORITHM, use: "sig" };
  writeOwn(file, `${JSON.stringify({ ...(await exportJWK(privateKey)), ...about })}\n`);
  terminal.print(JSON.stringify({ keys: [{ ...open, ...about }] }));
  return exits.good;
}
