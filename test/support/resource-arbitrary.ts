// Resources as people write them, good and bad, made from the schemas of the definitions: mostly fitting, now and then off by one.
import fc from "fast-check";
import { METHOD_PARAMETERS } from "../../pkg/policy/method-parameters.ts";
import type { CustomResourceDefinition } from "../../pkg/resources/crd.ts";
import { parameterSchema } from "../../pkg/resources/mask-schema.ts";
import type { Schema } from "../../pkg/resources/schema.ts";
import { oddities, plainTexts, texts, tooMuch } from "./resource-texts.ts";

export function resourceArbitrary(definition: CustomResourceDefinition, oddOf1000: number): fc.Arbitrary<object> {
  const { spec } = definition.spec.versions[0].schema.openAPIV3Schema.properties ?? {};
  return valuesOf(spec ?? {}, "spec", oddOf1000) as fc.Arbitrary<object>;
}

/** Of a thousand values this many are something else altogether. */
function valuesOf(schema: Schema, name: string, odd: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 1000 - odd, arbitrary: fitting(schema, name, odd) },
    { weight: odd, arbitrary: fc.constantFrom(...oddities, ...tooMuch(schema)) },
  );
}

function fitting(schema: Schema, name: string, odd: number): fc.Arbitrary<unknown> {
  if (schema["x-kubernetes-int-or-string"]) return fc.oneof(fc.constantFrom(0, 1000, 2 ** 53 - 1), textsOf(name, odd));
  switch (schema.type) {
    case "object":
      return objectOf(schema, name, odd);
    case "array":
      return fc.array(valuesOf(schema.items ?? {}, name, odd), {
        minLength: schema.minItems ?? 0,
        maxLength: 3,
        size: "max",
      });
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.oneof(
        fc.constantFrom(schema.minimum, schema.maximum),
        fc.integer({ min: schema.minimum ?? 0, max: 1000 }).filter((value) => value <= (schema.maximum ?? value)),
      );
    case "number":
      return fc.constantFrom(schema.minimum, schema.maximum, 0.5, 10);
    case "string":
      if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
      return name === "when" ? fc.constantFrom("true", "session.environment == 'test'") : textsOf(name, odd);
  }
  throw new Error(`${name} has a schema without a type`);
}

/** The first of a list always fit; the others come seldom where oddities do. */
function textsOf(name: string, odd: number): fc.Arbitrary<string> {
  const all = texts[name] ?? plainTexts;
  return fc.oneof(
    { weight: 1000 - odd, arbitrary: fc.constantFrom(...all.slice(0, 2)) },
    { weight: odd * 3, arbitrary: fc.constantFrom(...all) },
  );
}

function objectOf(schema: Schema, name: string, odd: number): fc.Arbitrary<unknown> {
  if (schema.additionalProperties !== undefined)
    return fc.dictionary(fc.constantFrom("stage", "team"), valuesOf(schema.additionalProperties, name, odd));
  if (name === "mask" && schema.properties?.parameters !== undefined)
    return fc.oneof(maskOf(odd), plainObjectOf(schema, odd));
  return plainObjectOf(schema, odd);
}

/** A mask with parameters of its own method. */
function maskOf(odd: number): fc.Arbitrary<unknown> {
  return fc.constantFrom(...Object.entries(METHOD_PARAMETERS)).chain(([method, { parameters }]) => {
    const model = Object.fromEntries(
      Object.entries(parameters).map(([name, each]) => [name, valuesOf(parameterSchema(each), name, odd)]),
    );
    const requiredKeys = Object.keys(parameters).filter((name) => name === "subject");
    return fc.record({
      classes: fc.constant(["X"]),
      method: fc.constant(method),
      parameters: fc.record(model, { requiredKeys }),
    });
  });
}

function plainObjectOf(schema: Schema, odd: number): fc.Arbitrary<unknown> {
  const fields = Object.entries(schema.properties ?? {});
  const model = Object.fromEntries(fields.map(([key, each]) => [key, valuesOf(each, key, odd)]));
  const requiredKeys = [...(schema.required ?? [])];
  const whole = fc
    .tuple(fc.record(model, { requiredKeys }), fc.subarray(fields.map(([key]) => key)))
    .map(([value, kept]) =>
      Object.fromEntries(Object.entries(value).filter(([key]) => requiredKeys.includes(key) || kept.includes(key))),
    );
  const unknown = whole.map((value) => ({ ...value, unheardOf: "x" }));
  const without = whole.map((value) => Object.fromEntries(Object.entries(value).slice(1)));
  return fc.oneof({ weight: 2000, arbitrary: whole }, { weight: odd, arbitrary: fc.oneof(unknown, without) });
}
