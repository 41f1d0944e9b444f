// `spec` of GovernedDatabase: where a database is and how clients log in to it.
import type { DatabaseTls, GovernedDatabase } from "../policy/rules.ts";
import { databaseIdentity } from "./database-identity.ts";
import { databaseTls } from "./database-tls.ts";
import {
  checked,
  choice,
  type Decoder,
  decoder,
  integer,
  list,
  mapOf,
  optional,
  record,
  report,
  required,
  textOf,
} from "./decode.ts";
import { hostName } from "./host-name.ts";
import { dottedName } from "./metadata.ts";
import { rules } from "./schema.ts";
import { labelSelector } from "./selector.ts";

export type DatabaseSpec = Omit<GovernedDatabase, "namespace" | "name">;

/** A folder; with `/.s.PGSQL.65535` it must fit into sun_path. */
const socketFolder = /^[/][\x21-\x7e]{0,90}$/;

const hostOrFolder: Decoder<string> = decoder(
  { ...hostName.schema, pattern: `${hostName.schema.pattern}|${socketFolder.source}` },
  (tree, context) => {
    if (tree.kind !== "scalar" || typeof tree.value !== "string" || !tree.value.startsWith("/"))
      return hostName(tree, context);
    if (socketFolder.test(tree.value)) return tree.value.replace(/\/+$/, "") || "/";
    return report(
      context,
      tree.at,
      "is not the folder of a unix socket",
      "write at most 90 printable characters, no space",
    );
  },
);

const engine: Decoder<"PostgreSQL"> = checked(
  choice("PostgreSQL", "MySQL"),
  (value, context, tree) =>
    value === "PostgreSQL"
      ? value
      : report(context, tree.at, `engine ${value} is not supported by this version`, "use PostgreSQL"),
  rules({ rule: "self == 'PostgreSQL'", message: "engine MySQL is not supported by this version; use PostgreSQL" }),
);

const port = integer(1, 65_535);

const fields = {
  engine: required(
    engine,
    "engine is the kind of database server. PostgreSQL: 14 and newer. MySQL: not supported by this version.",
  ),
  host: required(
    hostOrFolder,
    "host is the server's name or address as applications write it, without scheme and port: then their connections come to the sidecar " +
      "with no change of theirs. Outside Kubernetes it may be the folder of a unix socket. Example: orders-db or orders-db.shop.svc.",
  ),
  port: optional(port, 5432, "port is the server's port as applications write it. Default: 5432."),
  tls: optional(
    databaseTls,
    null,
    "tls says how the sidecar's own connection to the server is protected. When not given: mode Require. Example: {mode: VerifyFull}.",
  ),
  servingSecret: optional(
    dottedName,
    null,
    "servingSecret names a Secret of this namespace (type kubernetes.io/tls) with a certificate for host that clients already trust, " +
      "for the sidecar to show them. Example: orders-db-tls.",
  ),
  credentials: optional(
    choice("PassThrough", "Brokered"),
    "PassThrough",
    "credentials says who logs in to the server. PassThrough: applications with their own passwords, which are only relayed; " +
      "this steers honest clients, since whoever knows the password can still go round the sidecar. Brokered: the sidecar, with the login of " +
      "credentialsSecret that the application never sees; this makes going round useless. Default: PassThrough.",
  ),
  credentialsSecret: optional(
    dottedName,
    null,
    "credentialsSecret names the Secret of this namespace with the login of Brokered, keys username and password " +
      "(type kubernetes.io/basic-auth). It is mounted in the sidecar only. Example: orders-db-login.",
  ),
  role: optional(
    textOf(63),
    null,
    "role is the role that every session takes in the database (SET ROLE) and that no client leaves. The login must be allowed to take it.",
  ),
  settings: optional(
    checked(
      mapOf(textOf(1024)),
      pinnable,
      rules({
        rule: "self.all(k, k.matches('^[a-z_][a-z0-9_$.]*$') && !k.matches('^(role|session_authorization|client_encoding)$|^weir[.]'))",
        message: "names of settings are in lower case; use role for a role, and pinIdentity for weir.*",
      }),
    ),
    {},
    "settings are parameters of the server that every session is pinned to; no client changes them. Names in lower case. {principal} and {session} in a " +
      "value stand for who asks. Example: {statement_timeout: 30s}.",
  ),
  pinIdentity: optional(
    choice("Never", "Always"),
    "Never",
    "pinIdentity says whether the server is told who asks. Never: it is not. Always: for row-level security and its own log: weir.principal, weir.kind, weir.groups, " +
      "weir.acting_for and weir.assurance, which no client can set. Default: Never.",
  ),
  identity: optional(
    databaseIdentity,
    null,
    "identity says whose tokens count at this database, as the proof of a login where credentials are Brokered, and in SET weir.identity. When not given: none.",
  ),
  relayPorts: optional(
    checked(list(port, { min: 1, max: 16 }), distinct, { "x-kubernetes-list-type": "set" }),
    [] as readonly number[],
    "relayPorts are other ports of the same host that applications use, such as that of metrics: relayed untouched and ungoverned. " +
      "Not supported by this version. Example: [9187].",
  ),
  workloads: optional(
    labelSelector,
    null,
    "workloads selects the pods of this namespace that use the database, by their labels. When not given, all. " +
      "Example: {matchLabels: {app: shop-api}}.",
  ),
};

function distinct(
  ports: readonly number[],
  context: Parameters<Decoder<unknown>>[1],
  tree: Parameters<Decoder<unknown>>[0],
): readonly number[] | undefined {
  if (new Set(ports).size === ports.length) return ports;
  return report(context, tree.at, "names a port twice", "name each port once");
}

/** What has a place of its own, or is Weir's. */
const elsewhere = /^(role|session_authorization|client_encoding)$|^weir[.]/;

function pinnable(
  settings: Readonly<Record<string, string>>,
  context: Parameters<Decoder<unknown>>[1],
  tree: Parameters<Decoder<unknown>>[0],
): Readonly<Record<string, string>> | undefined {
  for (const name of Object.keys(settings)) {
    if (!/^[a-z_][a-z0-9_$.]*$/.test(name))
      return report(context, tree.at, `${JSON.stringify(name)} is no name of a setting`, "write it in lower case");
    if (elsewhere.test(name))
      return report(
        context,
        tree.at,
        `${name} cannot be pinned here`,
        "use role for a role, and pinIdentity for weir.*",
      );
  }
  return settings;
}

const noFiles = { ca: null, caFile: null, serverName: null, certificateFile: null, keyFile: null };
const encrypted: DatabaseTls = { mode: "Require", ...noFiles };
const disabled: DatabaseTls = { mode: "Disable", ...noFiles };

export const databaseSpec: Decoder<DatabaseSpec> = checked(
  record(fields),
  (value, context, tree) => {
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
    if (value.relayPorts.includes(value.port))
      return report(context, tree.at, "relayPorts names port, which is governed", "remove it from relayPorts");
    return { ...value, pinIdentity: value.pinIdentity === "Always", tls: value.tls ?? (local ? disabled : encrypted) };
  },
  rules(
    {
      rule: "self.credentials == 'Brokered' || !has(self.credentialsSecret)",
      message: "credentialsSecret has no effect with PassThrough; use credentials: Brokered, or remove it",
      fieldPath: ".credentialsSecret",
    },
    {
      rule: "!self.host.startsWith('/') || !has(self.tls) || self.tls.mode == 'Disable'",
      message: "there is no TLS over a unix socket; remove tls",
      fieldPath: ".tls",
    },
    {
      rule: "!has(self.relayPorts) || !(self.port in self.relayPorts)",
      message: "relayPorts names port, which is governed; remove it from relayPorts",
      fieldPath: ".relayPorts",
    },
  ),
);
