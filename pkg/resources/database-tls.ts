// `tls` of GovernedDatabase: how the sidecar's own connection to the server is protected.
import type { DatabaseTls, TlsMode } from "../policy/rules.ts";
import { type Context, checked, choice, type Decoder, optional, record, report, textOf } from "./decode.ts";
import { hostName } from "./host-name.ts";
import { rules } from "./schema.ts";
import type { Tree } from "./tree.ts";

const verifying: readonly TlsMode[] = ["VerifyCA", "VerifyFull"];
const modes = ["Disable", "Allow", "Prefer", "Require", "VerifyCA", "VerifyFull"] as const;

const pem: Decoder<string> = checked(
  textOf(65_536),
  (value, context, tree) =>
    /^\s*-----BEGIN CERTIFICATE-----/.test(value)
      ? value
      : report(context, tree.at, "is not a certificate in PEM", "begin it with -----BEGIN CERTIFICATE-----"),
  { pattern: "^\\s*-----BEGIN CERTIFICATE-----" },
);

const file = textOf(1024);
const sidecarFile = "in the sidecar's file system";

const fields = {
  mode: optional<TlsMode, TlsMode>(
    choice(...modes),
    "Require",
    "mode is as strict as libpq's sslmode of that name. Disable: never TLS. Allow and Prefer: TLS or not, as the server likes, " +
      "which protects against nobody in between. Require: TLS, whoever the server is. VerifyCA: with a certificate of a known authority. " +
      "VerifyFull: and of the right name. Default: Require.",
  ),
  ca: optional(
    pem,
    null,
    "ca holds the certificates (PEM) of the authorities that the server's certificate is verified with; for VerifyCA and VerifyFull. " +
      "When not given: those that the system trusts.",
  ),
  caFile: optional(
    file,
    null,
    `caFile is a file ${sidecarFile} with what ca holds, instead of ca; for use outside Kubernetes.`,
  ),
  serverName: optional(
    hostName,
    null,
    "serverName is the name to ask for and to find in the server's certificate. When not given: host. Example: orders.db.example.com.",
  ),
  certificateFile: optional(
    file,
    null,
    `certificateFile is a file ${sidecarFile} with the certificate (PEM) to show to a server that asks for one; together with keyFile.`,
  ),
  keyFile: optional(file, null, `keyFile is a file ${sidecarFile} with the key (PEM) of certificateFile.`),
};

type Tls = { readonly [K in keyof DatabaseTls]: DatabaseTls[K] };

function consistent(value: Tls, context: Context, tree: Tree): DatabaseTls | undefined {
  const { mode, ca, caFile, certificateFile, keyFile } = value;
  const wrong = (message: string, remedy: string) => report(context, tree.at, message, remedy);
  const given = ca !== null ? "ca" : "caFile";
  if ((ca ?? caFile) !== null && !verifying.includes(mode))
    return wrong(`${given} has no effect with mode ${mode}`, `use mode VerifyFull, or remove ${given}`);
  if (ca !== null && caFile !== null) return wrong("ca and caFile say the same", "remove one of them");
  if ((certificateFile === null) !== (keyFile === null))
    return wrong("certificateFile and keyFile belong together", "name both, or remove the one");
  if (certificateFile !== null && mode === "Disable")
    return wrong("certificateFile has no effect with mode Disable", "use mode Require or stricter");
  return value;
}

export const databaseTls: Decoder<DatabaseTls> = checked(
  record(fields),
  consistent,
  rules(
    {
      rule: "!(has(self.ca) || has(self.caFile)) || self.mode in ['VerifyCA', 'VerifyFull']",
      message:
        "ca and caFile have an effect with modes VerifyCA and VerifyFull only; use mode VerifyFull, or remove them",
      fieldPath: ".mode",
    },
    {
      rule: "!has(self.ca) || !has(self.caFile)",
      message: "ca and caFile say the same; remove one of them",
      fieldPath: ".caFile",
    },
    {
      rule: "has(self.certificateFile) == has(self.keyFile)",
      message: "certificateFile and keyFile belong together; name both, or remove the one",
      fieldPath: ".certificateFile",
    },
    {
      rule: "!has(self.certificateFile) || self.mode != 'Disable'",
      message: "certificateFile has no effect with mode Disable; use mode Require or stricter",
      fieldPath: ".certificateFile",
    },
  ),
);
