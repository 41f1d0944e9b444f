// Specs that are refused, each with what the API server says: the field, what is wrong, and what to do.
import type { Resource } from "../../pkg/resources/resource.ts";

export const refused: readonly (readonly [string, Resource["kind"], object, RegExp])[] = [
  ["an unknown field", "DataPolicy", { databses: ["a"] }, /unknown field "spec.databses"/],
  [
    "an unknown mode",
    "DataPolicy",
    { mode: "Enforced" },
    /spec\.mode: Unsupported value: "Enforced": supported values: "Enforce", "Observe"/,
  ],
  [
    "a subject without a field",
    "DataPolicy",
    { subjects: [{}] },
    /spec\.subjects\[0\]: Invalid value: .*a subject needs a field; name kinds/,
  ],
  [
    "nothing classified",
    "DataPolicy",
    { classify: [{ class: "X" }] },
    /spec\.classify\[0\]: .*names nothing to classify; add columns or tables/,
  ],
  [
    "a column without its table",
    "DataPolicy",
    { classify: [{ columns: ["email"], class: "X" }] },
    /spec\.classify\[0\]\.columns\[0\]/,
  ],
  ["a mask without a method", "DataPolicy", { mask: [{ classes: ["X"] }] }, /spec\.mask\[0\]\.method: Required value/],
  [
    "a parameter of another method",
    "DataPolicy",
    { mask: [{ classes: ["X"], method: "Redact", parameters: { keepFirst: 1 } }] },
    /spec\.mask\[0\]\.parameters\.keepFirst: .*keepFirst is a parameter of Partial only; remove it/,
  ],
  [
    "a choice of another method",
    "DataPolicy",
    { mask: [{ classes: ["X"], method: "Partial", parameters: { kind: "City" } }] },
    /spec\.mask\[0\]\.parameters\.kind: .*kind of Partial is one of Auto, Email/,
  ],
  [
    "ShiftDate without its subject",
    "DataPolicy",
    { mask: [{ classes: ["X"], method: "ShiftDate" }] },
    /spec\.mask\[0\].*ShiftDate needs subject/,
  ],
  [
    "a filter on a read",
    "DataPolicy",
    { guard: [{ name: "a", effects: ["Read"], filter: "Missing", action: "Deny" }] },
    /spec\.guard\[0\]\.filter: .*filter applies to Update and Delete only/,
  ],
  [
    "a share above the whole",
    "DataPolicy",
    { guard: [{ name: "a", effects: ["Read"], rowsOver: "110%", action: "Deny" }] },
    /spec\.guard\[0\]\.rowsOver/,
  ],
  [
    "a guard named as a rule of Weir",
    "DataPolicy",
    { guard: [{ name: "mask", effects: ["Read"], action: "Deny" }] },
    /spec\.guard\[0\]\.name: .*name of a rule of Weir itself/,
  ],
  [
    "two guards of one name",
    "DataPolicy",
    {
      guard: [
        { name: "a", effects: ["Drop"], action: "Deny" },
        { name: "a", effects: ["Grant"], action: "Deny" },
      ],
    },
    /spec\.guard\[1\]: Duplicate value/,
  ],
  [
    "In without values",
    "ClusterDataPolicy",
    { namespaceSelector: { matchExpressions: [{ key: "a", operator: "In" }] } },
    /spec\.namespaceSelector\.matchExpressions\[0\]\.values: .*In and NotIn need values/,
  ],
  [
    "a namespaceSelector of a DataPolicy",
    "DataPolicy",
    { namespaceSelector: {} },
    /unknown field "spec.namespaceSelector"/,
  ],
  ["a database without a host", "GovernedDatabase", { engine: "PostgreSQL" }, /spec\.host: Required value/],
  [
    "MySQL",
    "GovernedDatabase",
    { engine: "MySQL", host: "db" },
    /spec\.engine: .*not supported by this version; use PostgreSQL/,
  ],
  ["a URL for a host", "GovernedDatabase", { engine: "PostgreSQL", host: "postgres://db" }, /spec\.host/],
  [
    "a Secret with PassThrough",
    "GovernedDatabase",
    { engine: "PostgreSQL", host: "db", credentialsSecret: "s" },
    /spec\.credentialsSecret: .*no effect with PassThrough; use credentials: Brokered/,
  ],
  [
    "an authority that is not asked",
    "GovernedDatabase",
    { engine: "PostgreSQL", host: "db", tls: { caFile: "/ca" } },
    /spec\.tls\.mode: .*use mode VerifyFull/,
  ],
  [
    "a certificate without its key",
    "GovernedDatabase",
    { engine: "PostgreSQL", host: "db", tls: { certificateFile: "/c" } },
    /spec\.tls\.certificateFile: .*belong together/,
  ],
];
