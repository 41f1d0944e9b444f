// `status` of the resources, as the operator writes it.
import type { Schema } from "./schema.ts";

const text = (maxLength: number, description: string): Schema => ({ type: "string", maxLength, description });
const count = (description: string): Schema => ({ type: "integer", format: "int32", minimum: 0, description });

/** Of metav1.Condition. */
const condition: Schema = {
  type: "object",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: {
      ...text(316, "type is what the condition is about: Accepted, ResolvedRefs or Programmed."),
      pattern: "^[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
    },
    status: {
      type: "string",
      enum: ["True", "False", "Unknown"],
      description: "status says whether it holds. True: it does. False: it does not. Unknown: that is not known yet.",
    },
    observedGeneration: {
      type: "integer",
      format: "int64",
      minimum: 0,
      description:
        "observedGeneration is the metadata.generation that the condition speaks of; below it, the condition is out of date.",
    },
    lastTransitionTime: {
      type: "string",
      format: "date-time",
      description: "lastTransitionTime is when status last changed.",
    },
    reason: {
      ...text(1024, "reason says in one word why, for programs: Valid, Invalid, RefNotFound, Pending and the like."),
      minLength: 1,
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    },
    message: text(32_768, "message says why, for people, and what to do."),
  },
};

const problem: Schema = {
  type: "object",
  required: ["field", "message", "remedy"],
  properties: {
    field: text(1024, "field is the path of the field, such as spec.mask[0].method."),
    message: text(8192, "message is what is wrong with it."),
    remedy: text(8192, "remedy is what to do about it."),
  },
};

const common = {
  observedGeneration: {
    type: "integer",
    format: "int64",
    minimum: 0,
    description:
      "observedGeneration is the metadata.generation that this status speaks of; below it, the status is out of date.",
  },
  conditions: {
    type: "array",
    maxItems: 16,
    items: condition,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
    description:
      "conditions are what holds of the resource. Accepted: its spec makes sense to this version. ResolvedRefs: what it names exists. " +
      "Programmed: it is in force in every pod that it concerns.",
  },
  problems: {
    type: "array",
    maxItems: 32,
    items: problem,
    "x-kubernetes-list-type": "atomic",
    description: "problems are all that is wrong with the resource, with the field and the remedy; the first 32.",
  },
  pods: count("pods is how many running pods the resource concerns."),
  podsCurrent: count("podsCurrent is how many of them have this generation of it in force."),
} as const satisfies Readonly<Record<string, Schema>>;

const description = "status is what the operator found; it is never read from a file.";

export const policyStatus: Schema = {
  type: "object",
  description,
  properties: { ...common, databases: count("databases is how many GovernedDatabases the policy reaches.") },
};

export const databaseStatus: Schema = {
  type: "object",
  description,
  properties: {
    ...common,
    policies: count("policies is how many policies reach the database."),
    protection: {
      type: "string",
      enum: ["Steering", "Custody"],
      description:
        "protection says what going round the sidecar would take. Steering: the password of the application, since credentials are PassThrough. " +
        "Custody: the Secret of the sidecar, since they are Brokered.",
    },
  },
};
