// `spec` of GovernedDatabase: where a database is and how clients log in to it.
import type { GovernedDatabase, TlsMode } from "../policy/rules.ts";
import { checked, choice, type Decoder, integer, mapOf, optional, record, report, required, text } from "./decode.ts";
import { dottedName } from "./metadata.ts";
import { labelSelector } from "./selector.ts";

export type DatabaseSpec = Omit<GovernedDatabase, "namespace" | "name">;

const host: Decoder<string> = checked(text, (value, context, tree) =>
  /^[A-Za-z0-9._:-]{1,253}$/.test(value)
    ? value
    : report(
        context,
        tree.at,
        `${JSON.stringify(value)} is not a host name or address`,
        "write it without scheme and port",
      ),
);

const tls: Decoder<GovernedDatabase["tls"]> = checked(
  record({
    mode: optional<TlsMode, TlsMode>(choice("Disable", "Require", "VerifyCA", "VerifyFull"), "Require"),
    caFile: optional(text, null),
    serverName: optional(host, null),
  }),
  (value, context, tree) => {
    const verifies = value.mode === "VerifyCA" || value.mode === "VerifyFull";
    if (verifies || value.caFile === null) return value;
    return report(
      context,
      tree.at,
      `caFile has no effect with mode ${value.mode}`,
      "use mode VerifyFull, or remove caFile",
    );
  },
);

const defaultTls: GovernedDatabase["tls"] = { mode: "Require", caFile: null, serverName: null };

export const databaseSpec: Decoder<DatabaseSpec> = checked(
  record({
    engine: required(choice("PostgreSQL", "MySQL")),
    host: required(host),
    port: optional(integer(1, 65_535), 5432),
    tls: optional(tls, defaultTls),
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
    return { ...rest, engine };
  },
);
