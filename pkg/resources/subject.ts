// `subjects` and `exempt`: who a policy is about.
import type { Subject } from "../policy/rules.ts";
import { checked, choice, type Decoder, list, optional, record, report, text } from "./decode.ts";

const names = optional(list(text, { min: 1 }), undefined);

export const subject: Decoder<Subject> = checked(
  record({
    kinds: optional(list(choice("Human", "Agent", "Service"), { min: 1 }), undefined),
    names,
    groups: names,
    notGroups: names,
    logins: names,
    serviceAccounts: optional(list(checked(text, serviceAccount), { min: 1 }), undefined),
    clients: names,
    assuranceBelow: optional(choice("L1", "L2", "L3"), undefined),
    actingFor: names,
  }),
  (value, context, tree) => {
    const present = Object.entries(value).filter(([, each]) => each !== undefined);
    if (present.length > 0) return Object.fromEntries(present) as Subject;
    return report(
      context,
      tree.at,
      "a subject needs a field",
      'name kinds, groups or the like; leave "subjects" out for everyone',
    );
  },
);

function serviceAccount(
  name: string,
  context: Parameters<Decoder<string>>[1],
  tree: Parameters<Decoder<string>>[0],
): string | undefined {
  if (/^[^/\s]+\/[^/\s]+$/.test(name)) return name;
  return report(context, tree.at, `${JSON.stringify(name)} is not a ServiceAccount`, "write namespace/name");
}
