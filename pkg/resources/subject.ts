// `subjects` and `exempt`: who a policy is about.
import type { Subject } from "../policy/rules.ts";
import { checked, choice, type Decoder, list, matching, optional, record, report, textOf } from "./decode.ts";
import { rules } from "./schema.ts";

const names = (about: string) => optional(list(textOf(253), { min: 1, max: 100 }), undefined, about);

const serviceAccount = matching(/^[^/\s]+[/][^/\s]+$/, 317, "is not a ServiceAccount", "write namespace/name");

const fields = {
  kinds: optional(
    list(choice("Human", "Agent", "Service"), { min: 1, max: 3 }),
    undefined,
    "kinds match when the one who asks is one of these. Human: a person. Agent: an AI agent, also one that acts for a person. " +
      "Service: an application. Example: [Human, Agent].",
  ),
  names: names('names match the verified name, with * for any run of characters. Example: ["*@example.com"].'),
  groups: names(
    "groups match when the one who asks is in one of them; * stands for any run of characters. Example: [analysts].",
  ),
  notGroups: names("notGroups match when the one who asks is in none of them. Example: [privacy-office]."),
  logins: names("logins match the name of the database login, with * for any run of characters. Example: [reporting]."),
  serviceAccounts: optional(
    list(serviceAccount, { min: 1, max: 100 }),
    undefined,
    "serviceAccounts match the ServiceAccount of the pod, written namespace/name, with * for any run of characters. Example: [shop/api].",
  ),
  clients: names(
    "clients match the client that a token was issued to, with * for any run of characters. Example: [support-copilot].",
  ),
  assuranceBelow: optional(
    choice("L1", "L2", "L3"),
    undefined,
    "assuranceBelow matches who is verified less well than this. L1: an attested workload. L2: a verified token. " +
      "L3: verified with a second factor, or an attested workload with a signed delegation. L0 is a name that was only claimed, " +
      "so L1 matches exactly those.",
  ),
  actingFor: names(
    "actingFor matches who acts on behalf of one of these names, at any depth of the delegation; * alone for anybody. " +
      'Example: ["*@example.com"].',
  ),
};

export const subject: Decoder<Subject> = checked(
  record(fields),
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
  rules({
    rule: Object.keys(fields)
      .map((name) => `has(self.${name})`)
      .join(" || "),
    message:
      "a subject needs a field; name kinds, groups or the like; leave the list out for everyone (of exempt: for nobody)",
  }),
);
