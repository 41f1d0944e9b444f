// Subjects: all fields must match; names may hold stars.

import { matchesGlob } from "../../pkg/policy/glob.ts";
import type { Subject } from "../../pkg/policy/rules.ts";
import { isSubject } from "../../pkg/policy/subject.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import { ana, api, robo } from "./shop.ts";

test.each<[string, Subject, Principal, boolean]>([
  ["a kind", { kinds: ["Agent", "Human"] }, ana, true],
  ["another kind", { kinds: ["Service"] }, ana, false],
  ["a group", { groups: ["analysts"] }, ana, true],
  ["a group by pattern", { groups: ["ana*"] }, ana, true],
  ["no group of these", { notGroups: ["privacy-office"] }, ana, true],
  ["a group that excludes", { notGroups: ["analysts"] }, ana, false],
  ["kind and group, one of which fails", { kinds: ["Human"], groups: ["dba"] }, ana, false],
  ["a login", { logins: ["ana"] }, ana, true],
  ["a name", { names: ["*@example.com"] }, ana, true],
  ["a ServiceAccount", { serviceAccounts: ["shop/*"] }, api, true],
  ["a ServiceAccount where there is none", { serviceAccounts: ["*"] }, ana, false],
  ["a client where there is none", { clients: ["*"] }, ana, false],
  ["assurance below what it has", { assuranceBelow: "L2" }, ana, true],
  ["assurance at the limit", { assuranceBelow: "L2" }, { ...ana, assurance: "L2" }, false],
  ["whom it acts for", { actingFor: ["ana@example.com"] }, robo, true],
  ["whom it acts for, two steps away", { actingFor: ["ana@example.com"] }, { ...api, actingFor: robo }, true],
  ["acting for anyone", { actingFor: ["*"] }, ana, false],
])("%s", (_, subject, principal, matches) => {
  expect(isSubject(subject, principal)).toBe(matches);
});

test.each([
  ["a*c", "abc", true],
  ["a*c", "ac", true],
  ["a*c", "ab", false],
  ["*", "", true],
  ["a*b*c", "a1b2c", true],
  ["a*b*c", "acb", false],
  ["ab*ba", "aba", false],
  ["a**b", "ab", true],
  ["a.c", "abc", false],
  ["A", "a", false],
])("the pattern %s and %s", (pattern, text, matches) => {
  expect(matchesGlob(pattern, text)).toBe(matches);
});
