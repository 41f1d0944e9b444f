// The namespaces that a ClusterDataPolicy reaches: those that it names, which nobody can rename, and those whose labels its selector
// matches, which whoever edits a namespace may change.
import type { LabelSelector } from "../policy/rules.ts";
import { matching } from "./decode.ts";
import { selects } from "./selector.ts";

export const NAME_LABEL = "kubernetes.io/metadata.name";

/** `*` stands for any characters, none too. */
export const namespacePattern = matching(
  /^[a-z0-9*]([-a-z0-9*]{0,61}[a-z0-9*])?$/,
  63,
  "is not the name of a namespace, nor a pattern of names",
  "use lower-case letters, digits and -, and * for any of them, such as shop or prod-*",
);

export interface Reach {
  /** Both null: all namespaces. */
  readonly namespaceSelector: LabelSelector | null;
  readonly namespaceNames: readonly string[] | null;
}

/** `labels` undefined: they are not known. */
export function reaches(
  { namespaceSelector, namespaceNames }: Reach,
  name: string,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (namespaceSelector === null && namespaceNames === null) return true;
  if (isNamed(namespaceNames, name)) return true;
  return namespaceSelector !== null && selects(namespaceSelector, { ...labels, [NAME_LABEL]: name });
}

export function isNamed(patterns: readonly string[] | null, name: string): boolean {
  return (patterns ?? []).some((pattern) => fits(pattern.split("*"), name));
}

/** `parts`: what stands between the asterisks. */
function fits([first = "", ...rest]: readonly string[], name: string): boolean {
  if (!name.startsWith(first)) return false;
  const last = rest.pop();
  if (last === undefined) return name === first;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
