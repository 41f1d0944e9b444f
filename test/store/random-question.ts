// Random questions that the language allows.
import fc from "fast-check";
import { type Fields, VIEWS, type ViewName } from "../../pkg/store/fields.ts";
import { answerFields, type Condition, type Measure, type Question } from "../../pkg/store/question.ts";
import { someText } from "./random-traffic.ts";

const globs = fc.oneof(
  someText,
  someText.map((text) => `${text.slice(0, 2)}*`),
  fc.constant("*"),
  fc.constant("*a*"),
  fc.constant("%"),
);

function conditionOn(field: string, type: Fields[string]): fc.Arbitrary<Condition> {
  const is = (op: Condition["op"], value: fc.Arbitrary<Condition["value"]>) =>
    fc.record({ field: fc.constant(field), op: fc.constant(op), value });
  const scalar: fc.Arbitrary<string | number | boolean> =
    type === "boolean"
      ? fc.boolean()
      : type === "time"
        ? fc.integer({ min: 0, max: 6 }).map((hour) => 1_800_000_000_000 + hour * 3_600_000)
        : type === "integer"
          ? fc.integer({ min: 0, max: 9 })
          : fc.oneof(someText, fc.constantFrom("Human", "eu", "shop", "Read", "Masked", "completed"));
  const all = [
    is("eq", scalar),
    is("ne", scalar),
    is("in", fc.array(scalar, { minLength: 1, maxLength: 3 })),
    is("null", fc.boolean()),
  ];
  if (type === "text" || type === "texts") all.push(is("like", globs));
  if (type === "time" || type === "integer") all.push(is("gte", scalar), is("lt", scalar));
  return fc.oneof(...all);
}

export const question: fc.Arbitrary<Question> = fc.constantFrom(...(Object.keys(VIEWS) as ViewName[])).chain((from) => {
  const fields: Fields = VIEWS[from];
  const names = Object.keys(fields);
  const integers = names.filter((name) => fields[name] === "integer");
  const measure: fc.Arbitrary<Measure> = fc.oneof(
    fc.constant({ count: "rows" } as const),
    fc.constantFrom(...integers).map((sum) => ({ sum })),
    fc.constantFrom(...integers, "time").map((min) => ({ min })),
    fc.constantFrom(...integers, "time").map((max) => ({ max })),
    fc.constantFrom(...names.filter((name) => fields[name] !== "texts")).map((distinct) => ({ distinct })),
  );
  const one = fc.constantFrom(...names).chain((name) => conditionOn(name, fields[name]!));
  const shape = fc.oneof(
    fc.constant({}),
    fc.record({ select: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 5 }) }),
    fc.record({
      groupBy: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }),
      measures: fc.uniqueArray(measure, { minLength: 1, maxLength: 3, selector: (each) => JSON.stringify(each) }),
    }),
    fc.record({
      measures: fc.uniqueArray(measure, { minLength: 1, maxLength: 3, selector: (each) => JSON.stringify(each) }),
    }),
  );
  return fc
    .tuple(fc.array(one, { maxLength: 2 }), shape, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 3 }))
    .chain(([where, chosen, limit, offset]) => {
      const answered = answerFields(from, chosen).map(({ name }) => name);
      return fc
        .uniqueArray(fc.constantFrom(...answered), { maxLength: 2 })
        .chain((bys) => fc.tuple(...bys.map((by) => fc.record({ by: fc.constant(by), descending: fc.boolean() }))))
        .map((orderBy): Question => ({ from, where, ...chosen, orderBy, limit, offset }));
    });
});
