// The CustomResourceDefinitions of the three kinds, made from the decoders that read the same resources from a folder.
import { databaseSpec } from "./governed-database.ts";
import { clusterPolicySpec, policySpec } from "./policy-spec.ts";
import { API_VERSION, type Resource } from "./resource.ts";
import type { Schema } from "./schema.ts";
import { databaseStatus, policyStatus } from "./status-schema.ts";

interface Kind {
  readonly kind: Resource["kind"];
  readonly plural: string;
  readonly shortName: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly about: string;
  readonly aboutSpec: string;
  readonly spec: Schema;
  readonly status: Schema;
  readonly columns: readonly Column[];
}

interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** 1: with `-o wide` only. */
  readonly priority?: 1;
}

const conditionColumn = (type: string, description: string): Column => ({
  name: type,
  type: "string",
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description,
});

const accepted = conditionColumn("Accepted", "Whether its spec makes sense to this version");
const programmed = conditionColumn("Programmed", "Whether it is in force in every pod that it concerns");
const closing: readonly Column[] = [
  {
    name: "Current",
    type: "integer",
    jsonPath: ".status.podsCurrent",
    description: "Pods that have it in force",
    priority: 1,
  },
  { name: "Pods", type: "integer", jsonPath: ".status.pods", description: "Pods that it concerns", priority: 1 },
  {
    name: "Message",
    type: "string",
    jsonPath: '.status.conditions[?(@.type=="Accepted")].message',
    description: "Why it is accepted or not",
    priority: 1,
  },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since when it is there" },
];

const policyColumns: readonly Column[] = [
  { name: "Mode", type: "string", jsonPath: ".spec.mode", description: "Enforce, or Observe" },
  accepted,
  programmed,
  {
    name: "Databases",
    type: "integer",
    jsonPath: ".status.databases",
    description: "Databases that it reaches",
    priority: 1,
  },
  ...closing,
];

const kinds: readonly Kind[] = [
  {
    kind: "GovernedDatabase",
    plural: "governeddatabases",
    shortName: "gdb",
    scope: "Namespaced",
    about:
      "GovernedDatabase names a database that the pods of its namespace use. In a namespace with the annotation weir.dev/governance: enabled " +
      "their connections to it go through a sidecar that applies the policies.",
    aboutSpec: "spec says which server it is, how to get there and who logs in.",
    spec: databaseSpec.schema,
    status: databaseStatus,
    columns: [
      { name: "Host", type: "string", jsonPath: ".spec.host", description: "The server" },
      { name: "Port", type: "integer", jsonPath: ".spec.port", description: "Its port", priority: 1 },
      { name: "Credentials", type: "string", jsonPath: ".spec.credentials", description: "PassThrough, or Brokered" },
      accepted,
      programmed,
      {
        name: "Policies",
        type: "integer",
        jsonPath: ".status.policies",
        description: "Policies that reach it",
        priority: 1,
      },
      ...closing,
    ],
  },
  {
    kind: "DataPolicy",
    plural: "datapolicies",
    shortName: "dpol",
    scope: "Namespaced",
    about:
      "DataPolicy says what may be done with the data of the GovernedDatabases of its namespace. All policies that match apply together and " +
      "the strictest wins, so adding one only tightens (but for exempt).",
    aboutSpec: "spec says whom the policy is about, what the data is, and what is masked, refused, held and recorded.",
    spec: policySpec.schema,
    status: policyStatus,
    columns: policyColumns,
  },
  {
    kind: "ClusterDataPolicy",
    plural: "clusterdatapolicies",
    shortName: "cdpol",
    scope: "Cluster",
    about:
      "ClusterDataPolicy is a DataPolicy for the GovernedDatabases of all namespaces, or of those that its namespaceSelector names. " +
      "No DataPolicy can loosen it.",
    aboutSpec: "spec says whom the policy is about, what the data is, and what is masked, refused, held and recorded.",
    spec: clusterPolicySpec.schema,
    status: policyStatus,
    columns: policyColumns,
  },
];

export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: Schema } }] };
}

export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return kinds.map(definitionOf);
}

function definitionOf({ kind, plural, shortName, scope, columns, ...schemas }: Kind): CustomResourceDefinition {
  const [group, version] = API_VERSION.split("/") as [string, string];
  const names = {
    kind,
    listKind: `${kind}List`,
    plural,
    singular: kind.toLowerCase(),
    shortNames: [shortName],
    categories: ["weir"],
  };
  const served = {
    name: version,
    served: true,
    storage: true,
    additionalPrinterColumns: columns,
    subresources: { status: {} },
    schema: { openAPIV3Schema: wholeSchema(schemas) },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, labels: { "app.kubernetes.io/part-of": "weir" } },
    spec: { group, scope, names, versions: [served] } as CustomResourceDefinition["spec"],
  };
}

function wholeSchema({
  about,
  aboutSpec,
  spec,
  status,
}: Pick<Kind, "about" | "aboutSpec" | "spec" | "status">): Schema {
  return {
    type: "object",
    description: about,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: `apiVersion is ${API_VERSION}.` },
      kind: { type: "string", description: "kind is the kind of the resource." },
      metadata: { type: "object" },
      spec: { description: aboutSpec, ...spec },
      status,
    },
  };
}
