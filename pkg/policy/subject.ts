// Whether a principal is one of those a rule is about.
import type { Principal } from "../principal/principal.ts";
import { matchesGlob } from "./glob.ts";
import type { Subject } from "./rules.ts";

/** All fields that the subject has must match. */
export function isSubject(subject: Subject, principal: Principal): boolean {
  const { kinds, names, groups, notGroups, logins, serviceAccounts, clients, assuranceBelow, actingFor } = subject;
  return (
    (kinds === undefined || kinds.includes(principal.kind)) &&
    (names === undefined || anyMatches(names, [principal.name])) &&
    (groups === undefined || anyMatches(groups, principal.groups)) &&
    (notGroups === undefined || !anyMatches(notGroups, principal.groups)) &&
    (logins === undefined || anyMatches(logins, [principal.login])) &&
    (serviceAccounts === undefined || anyMatches(serviceAccounts, listOf(principal.serviceAccount))) &&
    (clients === undefined || anyMatches(clients, listOf(principal.client))) &&
    (assuranceBelow === undefined || principal.assurance < assuranceBelow) &&
    (actingFor === undefined || anyMatches(actingFor, delegators(principal)))
  );
}

export function isAnySubject(subjects: readonly Subject[], principal: Principal): boolean {
  return subjects.some((subject) => isSubject(subject, principal));
}

function anyMatches(patterns: readonly string[], values: readonly string[]): boolean {
  return patterns.some((pattern) => values.some((value) => matchesGlob(pattern, value)));
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function delegators(principal: Principal): readonly string[] {
  const names: string[] = [];
  for (let each = principal.actingFor; each !== undefined; each = each.actingFor) names.push(each.name);
  return names;
}
