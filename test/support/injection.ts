// What the tests of admission inject into what: settings, databases and the shapes of test/admission/goldens.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import type { GovernedDatabase } from "../../pkg/admission/capture.ts";
import { type InjectionOutcome, inject } from "../../pkg/admission/inject.ts";
import { type JsonObject, textAt } from "../../pkg/admission/json.ts";
import { defaultSettings, type InjectionSettings } from "../../pkg/admission/settings.ts";
import { parseResources } from "../../pkg/resources/parse-resources.ts";

/** For tests that look deep into a pod or spoil it. */
// biome-ignore lint/suspicious/noExplicitAny: what a pod is made of is not typed here on purpose
export type Loose = any;

export const goldens = resolve(import.meta.dirname, "../admission/goldens");

export const settings: InjectionSettings = {
  ...defaultSettings,
  image: `registry.example.com/weir/sidecar@sha256:${"0123456789abcdef".repeat(4)}`,
  cluster: "test",
  environment: "staging",
  collectorUrl: "https://weir-collector.weir-system.svc:4318",
  bundleKeys: ["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
  nativeSidecars: true,
  version: "0.1.0",
};

export const variants = {
  native: settings,
  legacy: { ...settings, mode: "legacy" },
  openshift: { ...settings, openshift: true, imagePullSecrets: ["weir-registry"] },
} as const satisfies Readonly<Record<string, InjectionSettings>>;

export function databasesIn(text: string): readonly GovernedDatabase[] {
  const { resources, problems } = parseResources([{ file: "databases.yaml", text }]);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return resources.flatMap((each) => (each.kind === "GovernedDatabase" ? [each.database] : []));
}

export const databases = databasesIn(readFileSync(join(goldens, "databases.yaml"), "utf8"));

export const shapes = readdirSync(goldens)
  .filter((name) => name.endsWith(".pod.yaml"))
  .map((name) => name.replace(".pod.yaml", ""));

export function shape(name: string): JsonObject {
  return parse(readFileSync(join(goldens, `${name}.pod.yaml`), "utf8"));
}

/** Into a namespace that has opted in. */
export function injectInto(pod: JsonObject, into: InjectionSettings = settings): InjectionOutcome {
  const name = textAt(pod, "metadata", "namespace") ?? "shop";
  return inject({
    pod,
    settings: into,
    namespace: { name, annotations: { "weir.dev/governance": "enabled" } },
    databases: databases.filter((each) => each.namespace === name),
  });
}

/** The golden's other half: what each variant gives, as YAML documents. */
export function goldenText(name: string): string {
  const documents = Object.entries(variants).map(([variant, into]) => {
    const outcome = injectInto(shape(name), into);
    const told = outcome.injected
      ? {
          variant,
          ...(outcome.warnings.length > 0
            ? { warnings: outcome.warnings.map((each) => `${each.name}: ${each.text}`) }
            : {}),
          patch: outcome.operations,
        }
      : { variant, notInjected: outcome.message };
    return stringify(told, { lineWidth: 0 });
  });
  return documents.join("---\n");
}
