// Label selectors as Kubernetes has them.
import type { LabelRequirement, LabelSelector } from "../policy/rules.ts";
import { checked, choice, type Decoder, list, mapOf, optional, record, report, required, text } from "./decode.ts";

const requirement: Decoder<LabelRequirement> = checked(
  record({
    key: required(text),
    operator: required(choice("In", "NotIn", "Exists", "DoesNotExist")),
    values: optional(list(text, { max: 100 }), [] as readonly string[]),
  }),
  (value, context, tree) => {
    const wantsValues = value.operator === "In" || value.operator === "NotIn";
    if (wantsValues === value.values.length > 0) return value;
    return wantsValues
      ? report(context, tree.at, `${value.operator} needs values`, "add values: [...]")
      : report(context, tree.at, `${value.operator} takes no values`, "remove values, or use In");
  },
);

export const labelSelector: Decoder<LabelSelector> = record({
  matchLabels: optional(mapOf(text), {}),
  matchExpressions: optional(list(requirement, { max: 100 }), [] as readonly LabelRequirement[]),
});

/** An empty selector matches everything. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const labelOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labelOf(key) === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = labelOf(key);
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
      }
      return operator satisfies never;
    })
  );
}

/** Label keys that decide. */
export function keysOf(selector: LabelSelector): readonly string[] {
  return [...Object.keys(selector.matchLabels), ...selector.matchExpressions.map(({ key }) => key)];
}
