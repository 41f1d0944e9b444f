// `weir token sign`: a token of one's own key for one use in one session, bound to what SHOW weir.nonce says there.
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import { toldProblem } from "../login/login-problem.ts";
import { signingKeyIn } from "../login/machine-login.ts";
import { handOver } from "./hand-over.ts";
import { restrictionHelp, restrictionOf, restrictionOptions } from "./restrictions.ts";

/** The longest that a sidecar takes for a token that counts once in a session. */
const LIFE_SECONDS = 60;

export const tokenSign: Command = {
  summary: "sign a token for one use in one session, by a key of your own",
  help: `usage: weir token sign --key-file FILE --issuer NAME --audience NAME --subject NAME --nonce NONCE [options]

Signs a token that lives ${LIFE_SECONDS} seconds and counts once, in the one session whose \`SHOW weir.nonce\` said NONCE; then, in that session:
SET weir.identity = '<token>', or SELECT set_config('weir.identity', $1, true). The sidecar knows the key by
\`identity.issuers: [{issuer: NAME, keysFile: FILE, audiences: [NAME]}]\`; \`weir token key\` makes one.

  --key-file FILE      a private key, as a JWK or PEM
  --issuer NAME        of the sidecar's configuration
  --audience NAME      the same
  --subject NAME       who asks; with --actor: for whom
  --actor NAME         who acts for the subject (RFC 8693)
  --groups A,B         of the subject
  --nonce NONCE        from SHOW weir.nonce
  --out FILE           into a file of mode 0600 in place of standard output

${restrictionHelp}

exit codes: 0 signed, 64 wrong arguments`,
  async run(args) {
    const { values } = readArguments(args, {
      ...restrictionOptions,
      "key-file": { type: "string" },
      issuer: { type: "string" },
      audience: { type: "string" },
      subject: { type: "string" },
      actor: { type: "string" },
      groups: { type: "string", multiple: true },
      nonce: { type: "string" },
      out: { type: "string" },
    });
    const given = ["key-file", "issuer", "audience", "subject", "nonce"] as const;
    const missing = given.filter((name) => values[name] === undefined);
    if (missing.length > 0) throw new UsageError(missing.map((name) => `name it with --${name}`).join("\n"));
    try {
      const restriction = restrictionOf(values, Date.now());
      const { privateKey, algorithm, keyId } = await signingKeyIn("--key-file", values["key-file"]!);
      const groups = values.groups?.flatMap((text) => text.split(","));
      const signed = await new SignJWT({
        nonce: values.nonce!,
        ...(groups !== undefined && { groups }),
        ...(values.actor !== undefined && { act: { sub: values.actor } }),
        ...(restriction !== null && { authorization_details: [restriction] }),
      })
        .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keyId !== undefined && { kid: keyId }) })
        .setIssuer(values.issuer!)
        .setAudience(values.audience!)
        .setSubject(values.subject!)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(`${LIFE_SECONDS}s`)
        .sign(privateKey);
      handOver(signed, values.out);
      return exits.good;
    } catch (error) {
      return toldProblem(error);
    }
  },
};
