// What `weir inject` knows of an installation, from manifests: the ConfigMaps weir-injection and weir-public, Namespaces and
// GovernedDatabases.

import type { GovernedDatabase } from "../../../pkg/admission/capture.ts";
import { type JsonObject, textAt, textsAt } from "../../../pkg/admission/json.ts";
import { type InjectionSettings, parseSettings } from "../../../pkg/admission/settings.ts";
import { fromObjects } from "../../../pkg/resources/parse-resources.ts";
import { formatProblem, hasErrors } from "../../../pkg/resources/problem.ts";

export interface Installation {
  readonly settings: InjectionSettings;
  readonly databases: readonly GovernedDatabase[];
  /** Of a Namespace that is among the manifests; undefined for others. */
  annotationsOf(namespace: string): Readonly<Record<string, string>> | undefined;
}

export type InstallationOutcome =
  | { readonly ok: true; readonly installation: Installation }
  | { readonly ok: false; readonly problems: readonly string[] };

const remedy =
  "name a file with --settings: kubectl get configmap -n weir-system weir-injection weir-public -o yaml > installation.yaml";

/** `settings`: the text of settings.json itself, where that was given instead of its ConfigMap. */
export function installationFrom(
  objects: readonly JsonObject[],
  settings: string | undefined,
  options: { readonly namespace: string; readonly version: string },
): InstallationOutcome {
  const configMap = (name: string) =>
    objects.find((each) => each.kind === "ConfigMap" && textAt(each, "metadata", "name") === name);
  const text = settings ?? textAt(configMap("weir-injection"), "data", "settings.json");
  const keys = (textAt(configMap("weir-public"), "data", "keys") ?? "").split(",").filter((key) => key !== "");
  const problems: string[] = [];
  const parsed = text === undefined ? null : parseSettings(text);
  if (parsed === null) problems.push(`there is no ConfigMap weir-injection; ${remedy}`);
  else if (!parsed.ok) problems.push(...parsed.problems.map((problem) => `settings.json: ${problem}`));
  if (keys.length === 0) problems.push(`there is no ConfigMap weir-public with the keys of bundles; ${remedy}`);
  const declared = fromObjects(
    objects.filter((each) => each.kind === "GovernedDatabase"),
    { namespace: options.namespace },
  );
  if (hasErrors(declared.problems)) problems.push(...declared.problems.map(formatProblem));
  if (!parsed?.ok || problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    installation: {
      settings: { ...parsed.settings, bundleKeys: keys, nativeSidecars: true, version: options.version },
      databases: declared.resources.flatMap((each) => (each.kind === "GovernedDatabase" ? [each.database] : [])),
      annotationsOf: (name) => {
        const found = objects.find((each) => each.kind === "Namespace" && textAt(each, "metadata", "name") === name);
        return found === undefined ? undefined : textsAt(found, "metadata", "annotations");
      },
    },
  };
}
