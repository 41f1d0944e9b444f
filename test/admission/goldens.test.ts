import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import jsonPatch from "fast-json-patch";
import { applyPatch } from "../../pkg/admission/apply-patch.ts";
import { databases, goldens, goldenText, injectInto, settings, shape, shapes, variants } from "../support/injection.ts";
import { breaksRestricted } from "../support/pod-security.ts";

const cases = shapes.flatMap((name) => Object.entries(variants).map(([variant, into]) => ({ name, variant, into })));

test.each(shapes)("%s is patched as its golden says (scripts/refresh-goldens.ts writes them anew)", (name) => {
  expect(goldenText(name)).toBe(readFileSync(join(goldens, `${name}.patch.yaml`), "utf8"));
});

test("every golden has both halves and no third", () => {
  const expected = shapes.flatMap((name) => [`${name}.patch.yaml`, `${name}.pod.yaml`]);
  expect(readdirSync(goldens).sort()).toEqual([...expected, "databases.yaml"].sort());
  expect(shapes.length).toBeGreaterThan(10);
});

test("every database of the goldens is used by one of them", () => {
  const told = shapes.map(goldenText).join("");
  for (const { namespace, name } of databases) expect(told).toContain(`=${namespace}/${name}`);
});

test.each(cases)("$name $variant: injected twice is injected once", ({ name, into }) => {
  const once = injectInto(shape(name), into);
  if (!once.injected) return;
  const twice = injectInto(applyPatch(shape(name), once.operations), into);
  expect(twice).toMatchObject({ injected: true, operations: [] });
});

test.each(cases)("$name $variant: another implementation applies the patch to the same result", ({ name, into }) => {
  const outcome = injectInto(shape(name), into);
  if (!outcome.injected) return;
  const patched = jsonPatch.applyPatch(
    structuredClone(shape(name)),
    structuredClone(outcome.operations) as never,
    true,
  );
  expect(patched.newDocument).toEqual(applyPatch(shape(name), outcome.operations));
});

test.each(cases)("$name $variant: nothing breaks Pod Security restricted that did not before", ({ name, into }) => {
  const outcome = injectInto(shape(name), into);
  if (!outcome.injected) return;
  expect(breaksRestricted(applyPatch(shape(name), outcome.operations))).toEqual(breaksRestricted(shape(name)));
});

test("the restricted shape is restricted, and stays so", () => {
  expect(breaksRestricted(shape("restricted"))).toEqual([]);
  const outcome = injectInto(shape("restricted"), settings);
  if (!outcome.injected) throw new Error(outcome.message);
  expect(breaksRestricted(applyPatch(shape("restricted"), outcome.operations))).toEqual([]);
  expect(breaksRestricted(shape("istio-classic"))).not.toEqual([]);
});
