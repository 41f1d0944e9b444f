// The compiled rules of one or more databases: plain JSON-able data, made by `resources`, packed into bundles, judged by `decide`.
import type { Assurance, PrincipalKind } from "../principal/principal.ts";
import type { EffectKind } from "../sql/facts.ts";
import type { MethodName } from "./decision.ts";

/** Who a rule is about: every field that is present must match. Names may hold `*` for any run of characters. */
export interface Subject {
  readonly kinds?: readonly PrincipalKind[];
  readonly names?: readonly string[];
  readonly groups?: readonly string[];
  /** Matches a principal that is in none of these groups. */
  readonly notGroups?: readonly string[];
  readonly logins?: readonly string[];
  /** `namespace/name`. */
  readonly serviceAccounts?: readonly string[];
  readonly clients?: readonly string[];
  /** Matches a principal that is verified less well than this. */
  readonly assuranceBelow?: Assurance;
  /** Names of a principal on whose behalf it acts, at any depth of the delegation; `*` for anyone at all. */
  readonly actingFor?: readonly string[];
}

/** A name with `*` for any run of characters. Not `exact` (unquoted): in lower case, and compared without regard to case. */
export interface NamePattern {
  readonly name: string;
  readonly exact: boolean;
}

/** What one pattern names. `path` is a path of keys inside json or jsonb, which leads through every array on its way. */
export interface ColumnPattern {
  /** As the policy spells it; identifies the pattern when labels are carried over a reload. */
  readonly text: string;
  readonly schema: NamePattern;
  readonly table: NamePattern;
  readonly column: NamePattern;
  readonly path: readonly string[];
}

export interface ClassifyEntry {
  readonly class: string;
  readonly patterns: readonly ColumnPattern[];
}

export interface MaskRule {
  /** Class names, `*` for any run of characters. The most specific one that matches decides within a policy. */
  readonly classes: readonly string[];
  readonly method: MethodName;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

export type RowsOver = { readonly rows: number } | { readonly share: number };

export interface Guard {
  readonly name: string;
  readonly effects: readonly EffectKind[];
  /** `NotByKey` matches every write that is not proven to be by a full unique key. */
  readonly filter: "Missing" | "NotByKey" | null;
  /** Matches above this many rows, or above this share (0..1) of the table. */
  readonly rowsOver: RowsOver | null;
  readonly action: "Deny" | "RequireApproval" | "Warn";
  readonly message: string | null;
  /** When an approval is asked for; null: BeforeRun. */
  readonly approval: "BeforeRun" | "BeforeCommit" | null;
}

/** How much one principal may take in a time. */
export interface Budget {
  readonly per: "Principal";
  readonly windowSeconds: number;
  readonly rows: number | null;
  readonly protectedCells: number | null;
  readonly action: "Deny" | "RequireApproval" | "Warn";
}

/** What unclassified text results are scanned for. */
export type Detector = "Email" | "PaymentCard" | "Secrets";

export type PredicateRule = "Deny" | "AllowEquality" | "Allow";

/** `Refuse`: masks bind all the same. `AllowConfined`: not where only this database can be read. `Allow`: not at all. */
export type Lifting = "Refuse" | "AllowConfined" | "Allow";

export interface Approval {
  readonly groups: readonly string[];
  readonly count: number;
  readonly validForSeconds: number;
  readonly waitUpToSeconds: number;
}

/** `Namespace`: a DataPolicy. `Cluster`: a ClusterDataPolicy, which stands above it. */
export interface Policy {
  /** `namespace/name`, or `name` of a ClusterDataPolicy. */
  readonly name: string;
  readonly scope: "Namespace" | "Cluster";
  /** Namespaces it reaches, resolved from the selector; null for all. */
  readonly namespaces: readonly string[] | null;
  /** Names of GovernedDatabases in those namespaces; null for all. */
  readonly databases: readonly string[] | null;
  readonly mode: "Enforce" | "Observe";
  /** Empty: everyone. */
  readonly subjects: readonly Subject[];
  /** CEL text; null when none. */
  readonly when: string | null;
  readonly classify: readonly ClassifyEntry[];
  readonly mask: readonly MaskRule[];
  /** Subjects that the masks of this scope, and of those below it, spare. */
  readonly exempt: readonly Subject[];
  /** `schema.name(types)` of opaque functions that the owner vouches for, under this policy's own rules. */
  readonly safeFunctions: readonly string[];
  /** null when the policy does not say; its own masks then come with Deny. */
  readonly predicates: PredicateRule | null;
  /** What masks do where no column of the database has a class. */
  readonly whereNothingMatches: Lifting;
  readonly guards: readonly Guard[];
  readonly budgets: readonly Budget[];
  readonly approval: Approval | null;
  readonly detect: readonly Detector[];
  readonly audit: { readonly onFailure: "Deny" | "Allow" | null; readonly durability: "Process" | "Node" };
  readonly onStale: { readonly afterSeconds: number; readonly action: "Continue" | "DenyWrites" | "Deny" } | null;
}

/** libpq's sslmodes. Allow and Prefer go on in clear where they must, and so protect against nobody in between. */
export type TlsMode = "Disable" | "Allow" | "Prefer" | "Require" | "VerifyCA" | "VerifyFull";

export interface DatabaseTls {
  readonly mode: TlsMode;
  /** PEM of the authorities, or a file with it; both null: what the system trusts. For the modes that verify. */
  readonly ca: string | null;
  readonly caFile: string | null;
  /** The name to ask for and to find in the certificate; null: the host. */
  readonly serverName: string | null;
  /** PEM of what the sidecar shows to a server that asks for a client certificate; both or neither. */
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

/** Whose tokens count: one who signs them, and how their claims become a principal. */
export interface TokenIssuer {
  /** Exactly as `iss` spells it. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Of its JWKS; null: as its OpenID configuration says, unless `keys` holds them. */
  readonly keysUrl: string | null;
  readonly keys: string | null;
  readonly algorithms: readonly string[];
  readonly kind: "Human" | "Agent" | "Service";
  readonly actorKind: "Human" | "Agent" | "Service";
  readonly name: string;
  readonly groups: string;
  readonly client: string;
  readonly claims: readonly string[];
  readonly once: boolean;
  /** Name of the cluster whose ServiceAccounts it speaks for; null: claims are read as above. */
  readonly kubernetes: string | null;
}

export interface DatabaseIdentity {
  readonly issuers: readonly TokenIssuer[];
  readonly ask: "Password" | "OAuthBearer" | null;
  readonly scope: string | null;
  readonly revoked: {
    readonly tokens: readonly string[];
    readonly principals: Readonly<Record<string, string>>;
    readonly groups: Readonly<Record<string, readonly string[]>>;
  };
}

export interface GovernedDatabase {
  readonly namespace: string;
  readonly name: string;
  readonly engine: "PostgreSQL";
  /** A name, an address, or the folder of a unix socket (begins with `/`): then there is no TLS. */
  readonly host: string;
  readonly port: number;
  readonly tls: DatabaseTls;
  /** Secret with a certificate that clients already trust. */
  readonly servingSecret: string | null;
  /** `PassThrough`: the client's own login is relayed. `Brokered`: the sidecar holds the login. */
  readonly credentials: "PassThrough" | "Brokered";
  /** Secret with the login of `Brokered`; null: from the sidecar's configuration. */
  readonly credentialsSecret: string | null;
  /** Upstream role and settings that each session is pinned to. */
  readonly role: string | null;
  readonly settings: Readonly<Record<string, string>>;
  /** Who asks is told to the server as `weir.principal` and its neighbours. */
  readonly pinIdentity: boolean;
  /** null: as the sidecar is configured. */
  readonly identity: DatabaseIdentity | null;
  /** Other ports of the host, to be relayed untouched. */
  readonly relayPorts: readonly number[];
  /** Workloads that use it; null for all of the namespace. */
  readonly workloads: LabelSelector | null;
}

export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

export interface PolicySet {
  /** Hex, 16 bytes: SHA-256 of the content, so equal rules have equal versions. */
  readonly version: string;
  readonly databases: readonly GovernedDatabase[];
  readonly policies: readonly Policy[];
}

export interface DatabaseName {
  readonly namespace: string;
  readonly name: string;
}

/** What is known of a session beside its principal; all of it may be used in `when`. */
export interface SessionContext {
  readonly environment: string;
  readonly cluster: string;
  /** Claimed by the client, so it never authorises; null when it said none. */
  readonly application: string | null;
  readonly clientAddress: string;
}
