// Label selectors as Kubernetes has them.
import type { LabelRequirement, LabelSelector } from "../policy/rules.ts";
import {
  checked,
  choice,
  type Decoder,
  decoder,
  list,
  mapOf,
  matching,
  optional,
  record,
  report,
  required,
} from "./decode.ts";
import { rules } from "./schema.ts";

const labelKey = matching(
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?[/])?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  317,
  "is not the key of a label",
  "write it like stage or example.com/stage",
);

const filledLabelValue = matching(
  /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  63,
  "is not the value of a label",
  "use at most 63 letters, digits, -, _ and .",
);
const { minLength: _, pattern, ...openLength } = filledLabelValue.schema;

/** It may be empty. */
const labelValue: Decoder<string> = decoder({ ...openLength, pattern: `^$|${pattern}` }, (tree, context) =>
  tree.kind === "scalar" && tree.value === "" ? "" : filledLabelValue(tree, context),
);

const requirement: Decoder<LabelRequirement> = checked(
  record({
    key: required(labelKey, "key is the label's key, such as stage or example.com/stage."),
    operator: required(
      choice("In", "NotIn", "Exists", "DoesNotExist"),
      "operator says how the label is compared. In: it has one of the values. NotIn: it is absent or has none of them. " +
        "Exists: it is there, whatever its value. DoesNotExist: it is absent.",
    ),
    values: optional(
      list(labelValue, { max: 100 }),
      [] as readonly string[],
      "values are what In and NotIn compare with, at least one; Exists and DoesNotExist take none. Example: [staging, production].",
    ),
  }),
  (value, context, tree) => {
    const wantsValues = value.operator === "In" || value.operator === "NotIn";
    if (wantsValues === value.values.length > 0) return value;
    return wantsValues
      ? report(context, tree.at, `${value.operator} needs values`, "add values: [...]")
      : report(context, tree.at, `${value.operator} takes no values`, "remove values, or use In");
  },
  rules(
    {
      rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
      message: "In and NotIn need values; add values: [...]",
      fieldPath: ".values",
    },
    {
      rule: "self.operator in ['In', 'NotIn'] || !has(self.values) || self.values.size() == 0",
      message: "Exists and DoesNotExist take no values; remove values, or use In",
      fieldPath: ".values",
    },
  ),
);

export const labelSelector: Decoder<LabelSelector> = record({
  matchLabels: optional(
    mapOf(labelValue),
    {},
    "matchLabels are labels that must all be there with exactly these values. Example: {stage: production}.",
  ),
  matchExpressions: optional(
    list(requirement, { max: 32 }),
    [] as readonly LabelRequirement[],
    "matchExpressions are conditions on labels that must all hold. Example: [{key: stage, operator: In, values: [staging, production]}].",
  ),
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
