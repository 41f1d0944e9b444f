// `mask`: how classes are hidden, with the parameters of each method checked against its own table.
import { METHODS } from "../policy/decision.ts";
import { METHOD_PARAMETERS, type ParameterSchema } from "../policy/method-parameters.ts";
import type { MaskRule } from "../policy/rules.ts";
import {
  charactersIn,
  checked,
  choice,
  type Decoder,
  decoder,
  type Field,
  list,
  matching,
  optional,
  record,
  report,
  required,
} from "./decode.ts";
import { aboutMethods, aboutParameters, parameterRules, parameterSchema, parametersSchema } from "./mask-schema.ts";
import type { Tree } from "./tree.ts";

type Parameter = string | number | boolean;

const classPattern = matching(
  /^[A-Za-z0-9_.*-]+$/,
  128,
  "is not a class pattern",
  'write a class such as PII.EMAIL, or "PII.*"',
);

const anyParameters: Decoder<Tree> = decoder(parametersSchema, (tree) => tree);

const fields = {
  classes: required(
    list(classPattern, { min: 1, max: 100 }),
    "classes are the classes that this rule hides, as classify gives them, with * for any run of characters. " +
      'Within one policy the most specific pattern decides. Example: ["PII.EMAIL"] or ["PII.*"].',
  ),
  method: required(choice(...METHODS), aboutMethods, 'set method; in Kubernetes "Null" needs its quotes'),
  parameters: optional<Tree, null>(anyParameters, null, aboutParameters),
};

export const maskRule: Decoder<MaskRule> = checked(
  record(fields),
  ({ classes, method, parameters }, context, tree) => {
    const { parameters: schemas } = METHOD_PARAMETERS[method];
    const given = parameters ?? { kind: "map", at: tree.at, entries: [] };
    const inside = { ...context, path: [...context.path, "parameters"] };
    if (given.kind === "map" && given.entries.length > 0 && Object.keys(schemas).length === 0) {
      return report(inside, given.at, `method ${method} takes no parameters`, "remove them");
    }
    const values = record(fieldsOf(schemas))(given, inside);
    return values === undefined ? undefined : { classes, method, parameters: values };
  },
  parameterRules,
);

/** Parameters that are left out get their defaults, so that rules which say the same compare as the same. */
function fieldsOf(schemas: Readonly<Record<string, ParameterSchema>>): Readonly<Record<string, Field<Parameter>>> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const decode = parameter(schema);
      const mustBeGiven = schema.kind === "text" && schema.required;
      return [name, mustBeGiven ? required(decode, "") : optional(decode, schema.default as Parameter, "")];
    }),
  );
}

function parameter(schema: ParameterSchema): Decoder<Parameter> {
  return decoder(parameterSchema(schema), (tree, context) => {
    const value = tree.kind === "scalar" ? tree.value : null;
    const wrong = wrongWith(schema, value);
    return wrong === null && value !== null
      ? value
      : report(context, tree.at, wrong ?? "has no value", `it is ${schema.about}`);
  });
}

function wrongWith(schema: ParameterSchema, value: string | number | boolean | null): string | null {
  switch (schema.kind) {
    case "boolean":
      return typeof value === "boolean" ? null : "must be true or false";
    case "integer":
      return Number.isInteger(value) && inRange(schema, value)
        ? null
        : `must be a whole number from ${schema.min} to ${schema.max}`;
    case "number":
      return inRange(schema, value) && value !== 0 ? null : `must be a number from ${schema.min} to ${schema.max}`;
    case "choice":
      return schema.values.includes(value as string) ? null : `must be one of ${schema.values.join(", ")}`;
    case "text":
      return typeof value === "string" && fits(schema, value)
        ? null
        : `must be a text of at most ${schema.charactersMax} characters that fits`;
  }
  return schema satisfies never;
}

function inRange({ min, max }: { readonly min: number; readonly max: number }, value: unknown): boolean {
  return typeof value === "number" && value >= min && value <= max;
}

function fits({ pattern, charactersMax }: ParameterSchema & { kind: "text" }, value: string): boolean {
  return charactersIn(value) <= charactersMax && new RegExp(`^(?:${pattern})$`, "u").test(value);
}
