// Compiling: plain data with a version of its content; what configuration lacks is reported where it is asked for.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPolicySet } from "../../pkg/resources/compile.ts";
import { formatProblem } from "../../pkg/resources/problem.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const files = readdirSync(fixtures).map((file) => ({ file, text: readFileSync(join(fixtures, file), "utf8") }));
const labels = { shop: { stage: "production" }, lab: { stage: "test" } };

test("a set is plain JSON, the same for files in any order", () => {
  const { set, problems } = loadPolicySet(files, { maskKey: true, namespaceLabels: labels });
  expect(problems).toEqual([]);
  expect(JSON.parse(JSON.stringify(set))).toEqual(set);
  expect(set?.version).toMatch(/^[0-9a-f]{32}$/);
  expect(loadPolicySet([...files].reverse(), { maskKey: true, namespaceLabels: labels }).set).toEqual(set);
});

test("the version changes with the content and not with layout and comments", () => {
  const version = (change: (text: string) => string) =>
    loadPolicySet(
      files.map(({ file, text }) => ({ file, text: change(text) })),
      { maskKey: true, namespaceLabels: labels },
    ).set?.version;
  expect(version((text) => `# a comment\n${text}`)).toBe(version((text) => text));
  expect(version((text) => text.replace("rowsOver: 500", "rowsOver: 501"))).not.toBe(version((text) => text));
});

test("a keyed method without a key is reported where it stands, and there is no set", () => {
  const { set, problems } = loadPolicySet(files, { maskKey: false, namespaceLabels: labels });
  expect(set).toBeNull();
  expect(problems.map(formatProblem)).toEqual([
    "customer-privacy.yaml:19:43: spec.mask[1].method: Token needs a mask key and there is none; configure a file with the mask key, or use a method without one, such as Redact",
  ]);
});

test("a namespace selector is resolved; labels that are not configured are an error, not an empty match", () => {
  const { set } = loadPolicySet(files, { maskKey: true, namespaceLabels: labels });
  expect(set?.policies.map(({ name, scope, namespaces }) => ({ name, scope, namespaces }))).toEqual([
    { name: "production-baseline", scope: "Cluster", namespaces: ["shop"] },
    { name: "rehearse-phones", scope: "Cluster", namespaces: null },
    { name: "shop/agents", scope: "Namespace", namespaces: ["shop"] },
    { name: "shop/customer-privacy", scope: "Namespace", namespaces: ["shop"] },
    { name: "shop/safe-writes", scope: "Namespace", namespaces: ["shop"] },
  ]);
  expect(loadPolicySet(files, { maskKey: true }).problems.map(formatProblem)).toEqual([
    "production-baseline.yaml:8:5: spec.namespaceSelector: the labels of namespace shop are not known; configure them, or select by kubernetes.io/metadata.name or namespaceNames",
  ]);
});

test("the name of a namespace is a label without configuration", () => {
  const cluster = (name: string) => ({
    file: "c.yaml",
    text: `{apiVersion: weir.dev/v1alpha1, kind: ClusterDataPolicy, metadata: {name: c}, spec: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${name}}}}}`,
  });
  const reached = (name: string) =>
    loadPolicySet([files.find(({ file }) => file === "database.yaml")!, cluster(name)], { maskKey: true }).set
      ?.policies[0]?.namespaces;
  expect(reached("shop")).toEqual(["shop"]);
  expect(reached("other")).toEqual([]);
});
