// What only shows when all resources are seen together: names twice, references that lead nowhere, masks of classes nobody gives.
import { matchesGlob } from "../policy/glob.ts";
import { hint } from "../runtime/closest.ts";
import type { Declared } from "./parse-resources.ts";
import type { Problem } from "./problem.ts";
import { type PolicyResource, problemAt, type Resource } from "./resource.ts";

export function crossCheck(resources: readonly Resource[], declared: readonly Declared[]): readonly Problem[] {
  const policies = resources.filter((each) => each.kind !== "GovernedDatabase");
  const whole = policies.length === declared.filter((each) => each.kind !== "GovernedDatabase").length;
  return [
    ...namesTwice(declared),
    ...policies.flatMap((policy) => [
      ...guardsTwice(policy),
      ...missingDatabases(policy, declared),
      // Without a policy that could not be read nobody knows which classes it gives.
      ...(whole ? unclassified(policy, policies) : []),
    ]),
  ];
}

function namesTwice(declared: readonly Declared[]): readonly Problem[] {
  const first = new Map<string, Declared>();
  return declared.flatMap((each) => {
    const key = `${each.kind} ${each.namespace ?? ""}/${each.name}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, each);
      return [];
    }
    const { line } = other.source.tree.at;
    const place = line === 0 ? other.source.file : `${other.source.file}:${line}`;
    const name = each.namespace === null ? each.name : `${each.namespace}/${each.name}`;
    return [
      problemAt(
        each.source,
        ["metadata", "name"],
        `${each.kind} ${name} is there already, at ${place}`,
        "rename or remove one of them",
      ),
    ];
  });
}

function guardsTwice({ spec, source }: PolicyResource): readonly Problem[] {
  return spec.guard.flatMap(({ name }, i) =>
    spec.guard.findIndex((other) => other.name === name) === i
      ? []
      : [
          problemAt(
            source,
            ["spec", "guard", i, "name"],
            `there is a guard "${name}" in this policy already`,
            "give each guard a name of its own",
          ),
        ],
  );
}

function missingDatabases(
  { spec, namespace, source }: PolicyResource,
  declared: readonly Declared[],
): readonly Problem[] {
  const databases = declared.filter(
    (each) => each.kind === "GovernedDatabase" && (namespace === null || each.namespace === namespace),
  );
  const names = databases.map((each) => each.name);
  return (spec.databases ?? []).flatMap((name, i) => {
    if (names.includes(name)) return [];
    const where = namespace === null ? "in any namespace" : `in namespace ${namespace}`;
    const near = hint(name, names);
    const remedy = near === "" ? "add the GovernedDatabase, or correct the name" : near.replace(/^; /, "");
    return [problemAt(source, ["spec", "databases", i], `there is no GovernedDatabase "${name}" ${where}`, remedy)];
  });
}

/** A warning, because the policy that gives the class may come later. */
function unclassified(
  { spec, namespace, source }: PolicyResource,
  policies: readonly PolicyResource[],
): readonly Problem[] {
  const near = policies.filter(
    (other) => namespace === null || other.namespace === null || other.namespace === namespace,
  );
  const classes = near.flatMap((other) => other.spec.classify.map((entry) => entry.class));
  return spec.mask.flatMap((rule, i) =>
    rule.classes.flatMap((pattern, j) => {
      if (classes.some((name) => matchesGlob(pattern, name))) return [];
      const remedy = hint(pattern, classes).replace(/^; /, "") || "classify columns, or remove it";
      return [
        problemAt(
          source,
          ["spec", "mask", i, "classes", j],
          `no policy gives class "${pattern}" to a column`,
          remedy,
          "warning",
        ),
      ];
    }),
  );
}
