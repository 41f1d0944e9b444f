// The parameters of all mask methods as one schema: a structural schema has no alternatives, so rules say which belongs to which method.
import { METHODS } from "../policy/decision.ts";
import { METHOD_PARAMETERS, type ParameterSchema } from "../policy/method-parameters.ts";
import { type Rule, rules, type Schema } from "./schema.ts";

interface Use {
  readonly method: string;
  readonly schema: ParameterSchema;
}

/** Strictest first. */
const methods = METHODS.map((name) => [name, METHOD_PARAMETERS[name]] as const);

/** Every parameter's name with the methods that take it. */
const uses: ReadonlyMap<string, readonly Use[]> = new Map(
  [...new Set(methods.flatMap(([, { parameters }]) => Object.keys(parameters)))].map((name) => [
    name,
    methods.flatMap(([method, { parameters }]) => {
      const schema = parameters[name];
      return schema === undefined ? [] : [{ method, schema }];
    }),
  ]),
);

export const parametersSchema: Schema = {
  type: "object",
  properties: Object.fromEntries([...uses].map(([name, all]) => [name, parameterOf(all)])),
};

export const aboutMethods =
  `method is how values are hidden; of several policies the stricter method wins, and the strictest comes first here. ${methods.map(([name, { about, needsKey }]) => `${name}: ${about}${needsKey ? " (needs the master key)" : ""}.`).join(" ")} ` +
  "NULL stays NULL. What is derived from a column is replaced whole by its type's neutral value, and so is a copy of a type that the method does not fit. " +
  'In YAML write "Null" with its quotes.';

export const aboutParameters =
  "parameters refine the method; each method has its own, and what is left out has its default. Example: {kind: Email, keepFirst: 2} for Partial.";

export const parameterRules: Schema = rules(...[...uses].flatMap(([name, all]) => rulesOf(name, all)));

/** Patterns are written for JavaScript, which spells code points as `\u0000`; the API server's Go wants `\x{0000}`. */
export function parameterSchema(schema: ParameterSchema): Schema {
  switch (schema.kind) {
    case "boolean":
      return { type: "boolean" };
    case "integer":
      return { type: "integer", format: "int32", minimum: schema.min, maximum: schema.max };
    case "number":
      // The API server cuts a fraction off the minimum before it compares a whole number with it.
      return {
        type: "number",
        minimum: schema.min,
        maximum: schema.max,
        ...rules({ rule: "self != 0.0", message: `must be a number from ${schema.min} to ${schema.max}` }),
      };
    case "choice":
      return { type: "string", enum: schema.values };
    case "text":
      return {
        type: "string",
        maxLength: schema.charactersMax,
        pattern: `^(${schema.pattern.replaceAll(/\\u([0-9a-f]{4})/g, "\\x{$1}")})$`,
      };
  }
  return schema satisfies never;
}

/** No default here: it would give every mask the parameters of every method. */
function parameterOf(all: readonly Use[]): Schema {
  const whole = all.map(({ schema }) => parameterSchema(schema)).reduce(merged);
  const sentences = all.map(({ method, schema }) => {
    const values = schema.kind === "choice" ? ` One of ${schema.values.join(", ")}.` : "";
    const fallback =
      schema.kind === "text" && schema.required
        ? " It must be given."
        : ` Default: ${schema.default === "" ? "none" : JSON.stringify(schema.default)}.`;
    return `Of ${method}: ${schema.about}.${values}${fallback}`;
  });
  return { description: [...new Set(sentences)].join(" "), ...whole };
}

/** Methods may share a name with choices of their own; any other difference would be a mistake in the table. */
function merged(left: Schema, right: Schema): Schema {
  if (left.enum !== undefined && right.enum !== undefined)
    return { ...left, enum: [...new Set([...left.enum, ...right.enum])] };
  if (JSON.stringify(left) !== JSON.stringify(right)) throw new Error("one parameter has two schemas");
  return left;
}

function rulesOf(name: string, all: readonly Use[]): readonly Rule[] {
  const given = `has(self.parameters) && has(self.parameters.${name})`;
  const takers = all.map(({ method }) => method);
  const fieldPath = `.parameters.${name}`;
  const belongs: Rule = {
    rule: `!(${given}) || self.method in ${celList(takers)}`,
    message: `${name} is a parameter of ${takers.join(" and ")} only; remove it, or use that method`,
    fieldPath,
  };
  const choices = all.length === 1 ? [] : all.flatMap(({ method, schema }) => choiceRule(name, method, schema, given));
  const needed = all.flatMap(({ method, schema }) =>
    schema.kind === "text" && schema.required
      ? [
          {
            rule: `self.method != '${method}' || (${given})`,
            message: `${method} needs ${name}: ${schema.about}`,
            fieldPath,
          },
        ]
      : [],
  );
  return [belongs, ...choices, ...needed];
}

function choiceRule(name: string, method: string, schema: ParameterSchema, given: string): readonly Rule[] {
  if (schema.kind !== "choice") return [];
  return [
    {
      rule: `self.method != '${method}' || !(${given}) || self.parameters.${name} in ${celList(schema.values)}`,
      message: `${name} of ${method} is one of ${schema.values.join(", ")}`,
      fieldPath: `.parameters.${name}`,
    },
  ];
}

function celList(words: readonly string[]): string {
  return `[${words.map((word) => `'${word}'`).join(", ")}]`;
}
