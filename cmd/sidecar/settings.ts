// Every setting of the sidecar, once: its place in the configuration file, its environment variable, how it is written,
// what it is when it is not, and what it does. docs/configuration.md is printed from this table.
import { collectorUrl } from "./parse-address.ts";
import {
  addressOrAll,
  bundleKeys,
  bytes,
  flag,
  httpsUrl,
  identities,
  listeners,
  namespaceLabels,
  oneOf,
  type Parse,
  relays,
  text,
  upstreamLogins,
  whole,
} from "./parse-value.ts";

export interface Setting<T> {
  /** Environment variable; it wins over the file. */
  readonly env: string;
  readonly parse: Parse<T>;
  /** How it is written, for people. */
  readonly form: string;
  /** Raw, as it would be written. `null`: unset is fine. `undefined`: it must be given. */
  readonly fallback: string | number | readonly never[] | Readonly<Record<string, never>> | null | undefined;
  readonly help: string;
}

/** Order is the order of the page. */
export const settings = {
  listeners: {
    env: "WEIR_LISTENERS",
    parse: listeners,
    form: "list of {listen, database}; in the environment `host:port=database,...`",
    fallback: undefined,
    help: 'Where clients connect, and the GovernedDatabase behind each address (`namespace/name`). An absolute path listens on a unix socket; libpq finds `<folder>/.s.PGSQL.<port>`. Its permissions are `mode`, `"0660"` when not given.',
  },
  policies: {
    env: "WEIR_POLICIES",
    parse: text,
    form: "folder",
    fallback: null,
    help: "GovernedDatabase, DataPolicy and ClusterDataPolicy files (`*.yaml`, `*.yml`); watched, so that changes apply without a restart. This or `bundle.url` must be given.",
  },
  "bundle.url": {
    env: "WEIR_BUNDLE_URL",
    parse: httpsUrl,
    form: "https://host:port/path",
    fallback: null,
    help: "Where the operator serves the signed bundle of policies of this namespace, in place of `policies`; asked by long poll, so that changes apply without a restart.",
  },
  "bundle.token": {
    env: "WEIR_BUNDLE_TOKEN",
    parse: text,
    form: "file",
    fallback: null,
    help: "The ServiceAccount token that proves to the operator which pod asks; read at each request, because the kubelet renews it.",
  },
  "bundle.ca": {
    env: "WEIR_BUNDLE_CA",
    parse: text,
    form: "PEM file",
    fallback: null,
    help: "CA certificates that the operator's certificate must come from; read at each request. May come later than the sidecar.",
  },
  "bundle.keys": {
    env: "WEIR_BUNDLE_KEYS",
    parse: bundleKeys,
    form: "comma list of Ed25519 public keys, base64 of 32 bytes each",
    fallback: null,
    help: "A bundle counts only with a good signature by one of them, wherever it comes from.",
  },
  "bundle.fallback": {
    env: "WEIR_BUNDLE_FALLBACK",
    parse: text,
    form: "file",
    fallback: null,
    help: "A bundle that is there without the operator: the namespace's ConfigMap, mounted. Looked at while it changes; a newer one counts.",
  },
  "bundle.folder": {
    env: "WEIR_BUNDLE_FOLDER",
    parse: text,
    form: "folder",
    fallback: null,
    help: "Where the last good bundle is kept, so that it counts after a restart.",
  },
  namespaceLabels: {
    env: "WEIR_NAMESPACE_LABELS",
    parse: namespaceLabels,
    form: "map of namespace to its labels; in the environment as JSON",
    fallback: {},
    help: "What the `namespaceSelector` of a ClusterDataPolicy selects by. `kubernetes.io/metadata.name` is known anyway. A bundle brings its own.",
  },
  resolve: {
    env: "WEIR_RESOLVE",
    parse: oneOf("System", "Dns"),
    form: "System or Dns",
    fallback: "System",
    help: "How a database's host name becomes an address: as the system does it, or by asking the name servers of `/etc/resolv.conf` (its search list and ndots, A and AAAA) and never `/etc/hosts`, which in a pod leads that name to the sidecar. Asked anew at each login.",
  },
  relays: {
    env: "WEIR_RELAYS",
    parse: relays,
    form: "list of {listen, target}; in the environment `host:port=host:port,...`",
    fallback: [],
    help: "Other ports of a governed host, passed on untouched and unrecorded, because its name leads to the sidecar. The port of a GovernedDatabase is refused here.",
  },
  "spool.folder": {
    env: "WEIR_SPOOL_FOLDER",
    parse: text,
    form: "folder",
    fallback: undefined,
    help: "Where records are written before a statement is forwarded. Must outlive the process.",
  },
  "spool.bytesMax": {
    env: "WEIR_SPOOL_BYTES_MAX",
    parse: bytes(2 ** 20, 2 ** 40),
    form: "bytes, such as 512MiB",
    fallback: "1GiB",
    help: "When the spool has grown to this, `audit.onFailure` of the policy decides.",
  },
  "spool.deadLetterBytesMax": {
    env: "WEIR_SPOOL_DEAD_LETTER_BYTES_MAX",
    parse: bytes(2 ** 16, 2 ** 40),
    form: "bytes, such as 64MiB",
    fallback: "64MiB",
    help: "What the collector will never take is kept beside the spool, in `dead-letters.jsonl`, up to this; beyond it records stay in the spool.",
  },
  "collector.url": {
    env: "WEIR_COLLECTOR_URL",
    parse: collectorUrl,
    form: "https://host:port",
    fallback: null,
    help: "Where records are shipped to, and spans too unless `telemetry.endpoint` says otherwise. Unset: records stay in the spool. The sidecar is ready without it; what happens when the spool is full is policy.",
  },
  "collector.token": {
    env: "WEIR_COLLECTOR_TOKEN",
    parse: text,
    form: "file",
    fallback: null,
    help: "The ServiceAccount token, or another bearer token, that proves to the collector who ships; read at each request. This or `collector.certificate`, for most collectors.",
  },
  "collector.ca": {
    env: "WEIR_COLLECTOR_CA",
    parse: text,
    form: "PEM file",
    fallback: null,
    help: "CA certificates that the collector's certificate must come from; read at each request. May come later than the sidecar. Unset: the public ones.",
  },
  "collector.certificate": {
    env: "WEIR_COLLECTOR_CERTIFICATE",
    parse: text,
    form: "PEM file",
    fallback: null,
    help: "Certificate that is shown to the collector; read at each request.",
  },
  "collector.key": {
    env: "WEIR_COLLECTOR_KEY",
    parse: text,
    form: "PEM file",
    fallback: null,
    help: "Private key of that certificate.",
  },
  "collector.closeSeconds": {
    env: "WEIR_COLLECTOR_CLOSE_SECONDS",
    parse: whole(0, 3600),
    form: "seconds",
    fallback: 4,
    help: "After the last session has ended, how long what is left may take to be shipped; what `drainSeconds` did not need comes on top. Keep both together below the pod's grace period.",
  },
  "tls.certificate": {
    env: "WEIR_TLS_CERTIFICATE",
    parse: text,
    form: "PEM file",
    fallback: null,
    help: "Certificate chain shown to clients that ask for TLS. Without it they are told that there is none.",
  },
  "tls.key": {
    env: "WEIR_TLS_KEY",
    parse: text,
    form: "PEM file",
    fallback: null,
    help: "Private key of that certificate.",
  },
  "tls.clientCa": {
    env: "WEIR_TLS_CLIENT_CA",
    parse: text,
    form: "PEM file",
    fallback: null,
    help: "CA certificates whose client certificates count. With it clients are asked for one; a bad one ends the login, none is fine where nothing below asks for it.",
  },
  "tls.clientCertificate": {
    env: "WEIR_TLS_CLIENT_CERTIFICATE",
    parse: oneOf("Optional", "VerifyCA", "VerifyFull"),
    form: "Optional, VerifyCA or VerifyFull",
    fallback: "Optional",
    help: "What every client must show beside its other proof: VerifyCA a certificate of `tls.clientCa`, VerifyFull one whose common name is the login. Not for unix sockets.",
  },
  "tls.required": {
    env: "WEIR_TLS_REQUIRED",
    parse: flag,
    form: "true or false",
    fallback: "false",
    help: "Refuse clients that do not encrypt, with 28000. Not for unix sockets.",
  },
  "keys.mask": {
    env: "WEIR_MASK_KEY",
    parse: text,
    form: "file of 32 bytes or more",
    fallback: null,
    help: "Master key of keyed mask methods such as Token. A policy that needs it is refused without it.",
  },
  "keys.digest": {
    env: "WEIR_DIGEST_KEY",
    parse: text,
    form: "file of 32 bytes or more",
    fallback: null,
    help: "Key of the digests that stand in records for texts not proven free of literals. Unset: a new one at each start.",
  },
  identities: {
    env: "WEIR_IDENTITIES",
    parse: identities,
    form: "map of login to {kind, name, groups} and for Brokered one of {passwordFile, scramVerifier, certificate, trustLoopback}; in the environment as JSON",
    fallback: {},
    help: "Who a database login is: Human, Agent or Service. A login that is not listed is a Service of that name; with bundles, in a pod, it needs no proof for Brokered from a loopback address. `certificate` is true for a client certificate whose common name is the login, or another common name, or `DNS:`, `URI:` or `EMAIL:` with a name of it.",
  },
  upstreamLogins: {
    env: "WEIR_UPSTREAM_LOGINS",
    parse: upstreamLogins,
    form: "map of GovernedDatabase to {user or userFile, passwordFile}; in the environment as JSON",
    fallback: {},
    help: "The login that the sidecar holds for a database (`namespace/name`, or `name` in its own namespace) whose credentials are Brokered; read at each login, so that it may rotate.",
  },
  environment: {
    env: "WEIR_ENVIRONMENT",
    parse: text,
    form: "text",
    fallback: "default",
    help: "Such as `production`: in every record, and `session.environment` in a policy's `when`.",
  },
  cluster: { env: "WEIR_CLUSTER", parse: text, form: "text", fallback: "default", help: "In every record." },
  namespace: {
    env: "WEIR_NAMESPACE",
    parse: text,
    form: "text",
    fallback: "default",
    help: "In every record; the namespace of resources that name none.",
  },
  workload: {
    env: "WEIR_WORKLOAD",
    parse: text,
    form: "text",
    fallback: null,
    help: "In every record: the Deployment, Job or gateway that this sidecar belongs to.",
  },
  instance: {
    env: "WEIR_INSTANCE",
    parse: text,
    form: "text",
    fallback: null,
    help: "In every record: the pod. Unset: the host's name.",
  },
  "admin.listen": {
    env: "WEIR_ADMIN_LISTEN",
    parse: addressOrAll,
    form: "host:port, or :port for all addresses",
    fallback: "127.0.0.1:9464",
    help: "HTTP: `/healthz`, `/readyz` and `/metrics` (Prometheus). Port 0 takes a free one. `:9464` takes IPv6 too, where there is any.",
  },
  "log.level": {
    env: "WEIR_LOG_LEVEL",
    parse: oneOf("debug", "info", "warn", "error"),
    form: "debug, info, warn or error",
    fallback: "info",
    help: "One line of JSON per event on standard error; never SQL, values or passwords.",
  },
  drainSeconds: {
    env: "WEIR_DRAIN_SECONDS",
    parse: whole(0, 3600),
    form: "seconds",
    fallback: 25,
    help: "After SIGTERM, how long open transactions may take to end. Keep it below the pod's grace period.",
  },
  "limits.sessions": {
    env: "WEIR_LIMITS_SESSIONS",
    parse: whole(1, 100_000),
    form: "number",
    fallback: 5000,
    help: "Client connections at one time; the next one is refused with 53300.",
  },
  "limits.logins": {
    env: "WEIR_LIMITS_LOGINS",
    parse: whole(1, 100_000),
    form: "number",
    fallback: 200,
    help: "Logins under way at one time; the next one is refused with 53300.",
  },
  "limits.relays": {
    env: "WEIR_LIMITS_RELAYS",
    parse: whole(1, 100_000),
    form: "number",
    fallback: 1000,
    help: "Connections through `relays` at one time; the next one is closed.",
  },
  "limits.frameBytes": {
    env: "WEIR_LIMITS_FRAME_BYTES",
    parse: bytes(2 ** 16, 2 ** 30),
    form: "bytes, such as 64MiB",
    fallback: "1GiB",
    help: "Longest single frame; a longer one ends its session with 08P01.",
  },
  "limits.waitingBytes": {
    env: "WEIR_LIMITS_WAITING_BYTES",
    parse: bytes(2 ** 12, 2 ** 30),
    form: "bytes, such as 64MiB",
    fallback: "1MiB",
    help: "What one client may send ahead while a statement of it is being decided; beyond it, reading pauses.",
  },
  "limits.bufferedBytes": {
    env: "WEIR_LIMITS_BUFFERED_BYTES",
    parse: bytes(2 ** 20, 2 ** 34),
    form: "bytes, such as 64MiB",
    fallback: "256MiB",
    help: "What long statements, masked rows and slow peers may hold in all sessions together, half for each direction; beyond it sessions wait for each other. A frame larger than that waits until it is alone. Values that nothing is to be masked in pass in pieces and need none of it.",
  },
  "catalog.probeSeconds": {
    env: "WEIR_CATALOG_PROBE_SECONDS",
    parse: whole(1, 3600),
    form: "seconds",
    fallback: 5,
    help: "How often a session asks the database, in front of a statement, whether its schema has changed.",
  },
  "limits.loginSeconds": {
    env: "WEIR_LIMITS_LOGIN_SECONDS",
    parse: whole(1, 600),
    form: "seconds",
    fallback: 60,
    help: "How long a client may take to log in.",
  },
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

export type SettingName = keyof typeof settings;
/** A setting whose fallback is null may be null; every other one has a value. */
export type Values = {
  readonly [K in SettingName]:
    | ReturnType<(typeof settings)[K]["parse"]>
    | ((typeof settings)[K]["fallback"] extends null ? null : never);
};
