// The part of OpenAPI v3 that a structural schema of Kubernetes may have, and how the fields of a map are told to the API server.

/** A rule of CEL over `self`; where it is false, the API server refuses with `message`. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** Field below, with a leading dot, that the refusal names. */
  readonly fieldPath?: string;
}

export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly enum?: readonly string[];
  readonly format?: "int32" | "int64" | "double" | "date-time";
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly maxProperties?: number;
  readonly anyOf?: readonly Schema[];
  readonly "x-kubernetes-int-or-string"?: true;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic";
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

export function rules(...all: readonly Rule[]): Schema {
  return { "x-kubernetes-validations": all };
}

interface Described {
  readonly decode: { readonly schema: Schema };
  readonly required: boolean;
  readonly about: string;
  readonly written?: string | number | boolean;
}

export function properties(fields: Readonly<Record<string, Described>>): Schema {
  const entries = Object.entries(fields);
  const needed = entries.filter(([, field]) => field.required).map(([name]) => name);
  return {
    ...(needed.length > 0 ? { required: needed } : {}),
    properties: Object.fromEntries(
      entries.map(([name, { decode, about, written }]) => [
        name,
        { description: about, ...decode.schema, ...(written === undefined ? {} : { default: written }) },
      ]),
    ),
  };
}
