import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { isNamed, reaches } from "../../pkg/resources/reached-namespaces.ts";

test.each([
  ["shop", "shop", true],
  ["shop", "shop-2", false],
  ["prod-*", "prod-", true],
  ["prod-*", "prod-eu", true],
  ["prod-*", "nonprod-eu", false],
  ["*-prod", "eu-prod", true],
  ["*-prod", "eu-prod-2", false],
  ["*", "anything", true],
  ["a*b*c", "abc", true],
  ["a*b*c", "axbxbc", true],
  ["a*b*c", "acb", false],
  ["ab*ba", "aba", false],
  ["a*a", "a", false],
])("%s and %s: %s", (pattern, name, is) => {
  expect(isNamed([pattern], name)).toBe(is);
});

test("a namespace that is named is reached whatever its labels say; others by their labels", () => {
  const selector = { matchLabels: { stage: "production" }, matchExpressions: [] };
  const both = { namespaceSelector: selector, namespaceNames: ["prod-*"] };
  expect(reaches(both, "prod-eu", { stage: "test" })).toBe(true);
  expect(reaches(both, "shop", { stage: "production" })).toBe(true);
  expect(reaches(both, "shop", { stage: "test" })).toBe(false);
  expect(reaches({ namespaceSelector: null, namespaceNames: ["prod-*"] }, "shop", {})).toBe(false);
  expect(reaches({ namespaceSelector: null, namespaceNames: null }, "shop", {})).toBe(true);
});

test.each([[[]], [["Shop"]], [["-shop"]], [["a".repeat(64)]], ["shop"], [[7]]])(
  "%j is no list of names",
  (namespaceNames) => {
    const policy = {
      apiVersion: "weir.dev/v1alpha1",
      kind: "ClusterDataPolicy",
      metadata: { name: "c" },
      spec: { namespaceNames },
    };
    expect(fromObjects([policy]).problems[0]).toMatchObject({
      severity: "error",
      path: expect.stringContaining("spec.namespaceNames"),
    });
  },
);
