// `spec` of GovernedDatabase: where a database is and how clients log in to it.
import type { DatabaseTls, GovernedDatabase, TlsMode } from "../policy/rules.ts";
import { checked, choice, type Decoder, integer, mapOf, optional, record, report, required, text } from "./decode.ts";
import { dottedName } from "./metadata.ts";
import { labelSelector } from "./selector.ts";

export type DatabaseSpec = Omit<GovernedDatabase, "namespace" | "name">;

const hostName = /^[A-Za-z0-9._:-]{1,253}$/;
/** A folder; with `/.s.PGSQL.65535` it must fit into sun_path. */
const socketFolder = /^\/[\x21-\x7e]{0,90}$/;

const host: Decoder<string> = checked(text, (value, context, tree) =>
  hostName.test(value)
    ? value
    : report(
        context,
        tree.at,
        `${JSON.stringify(value)} is not a host name or address`,
        "write it without scheme and port",
      ),
);

const hostOrFolder: Decoder<string> = (tree, context) => {
  if (tree.kind !== "scalar" || typeof tree.value !== "string" || !tree.value.startsWith("/"))
    return host(tree, context);
  if (socketFolder.test(tree.value)) return tree.value.replace(/\/+$/, "") || "/";
  return report(
    context,
    tree.at,
    "is not the folder of a unix socket",
    "write at most 90 printable characters, no space",
  );
};

const verifying: readonly TlsMode[] = ["VerifyCA", "VerifyFull"];
const modes = ["Disable", "Allow", "Prefer", "Require", "VerifyCA", "VerifyFull"] as const;

const tls: Decoder<DatabaseTls> = checked(
  record({
    mode: optional<TlsMode, TlsMode>(choice(...modes), "Require"),
    caFile: optional(text, null),
    serverName: optional(host, null),
    certificateFile: optional(text, null),
    keyFile: optional(text, null),
  }),
  (value, context, tree) => {
    const { mode, caFile, certificateFile, keyFile } = value;
    if (caFile !== null && !verifying.includes(mode))
      return report(
        context,
        tree.at,
        `caFile has no effect with mode ${mode}`,
        "use mode VerifyFull, or remove caFile",
      );
    if ((certificateFile === null) !== (keyFile === null))
      return report(context, tree.at, "certificateFile and keyFile belong together", "name both, or remove the one");
    if (certificateFile !== null && mode === "Disable")
      return report(
        context,
        tree.at,
        "certificateFile has no effect with mode Disable",
        "use mode Require or stricter",
      );
    return value;
  },
);

const noFiles = { caFile: null, serverName: null, certificateFile: null, keyFile: null };
const encrypted: DatabaseTls = { mode: "Require", ...noFiles };
const disabled: DatabaseTls = { mode: "Disable", ...noFiles };

export const databaseSpec: Decoder<DatabaseSpec> = checked(
  record({
    engine: required(choice("PostgreSQL", "MySQL")),
    host: required(hostOrFolder),
    port: optional(integer(1, 65_535), 5432),
    tls: optional(tls, null),
    servingSecret: optional(dottedName, null),
    credentials: optional(choice("PassThrough", "Brokered"), "PassThrough"),
    credentialsSecret: optional(dottedName, null),
    role: optional(text, null),
    settings: optional(mapOf(text), {}),
    workloads: optional(labelSelector, null),
  }),
  (value, context, tree) => {
    const { engine, ...rest } = value;
    if (engine === "MySQL")
      return report(context, tree.at, "engine MySQL is not supported by this version", "use PostgreSQL");
    if (value.credentials === "PassThrough" && value.credentialsSecret !== null) {
      return report(
        context,
        tree.at,
        "credentialsSecret has no effect with PassThrough",
        "use credentials: Brokered, or remove it",
      );
    }
    const local = value.host.startsWith("/");
    if (local && value.tls !== null && value.tls.mode !== "Disable")
      return report(context, tree.at, `there is no TLS over the unix socket in ${value.host}`, "remove tls");
    return { ...rest, engine, tls: value.tls ?? (local ? disabled : encrypted) };
  },
);
