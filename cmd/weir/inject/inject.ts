// `weir inject -f FILE`: what the webhook would do to manifests, with the webhook's own code.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyPatch } from "../../../pkg/admission/apply-patch.ts";
import { inject as injectPod } from "../../../pkg/admission/inject.ts";
import type { JsonObject } from "../../../pkg/admission/json.ts";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import { explainInjection, titleOf } from "./explain-injection.ts";
import { type Installation, installationFrom } from "./installation.ts";
import { flattened, type Manifests, manifestText, mapObjects, readManifests } from "./manifests.ts";
import { workloadObject } from "./workload-object.ts";

const help = `usage: weir inject -f FILE [-f FILE ...] [--settings FILE] [--databases FILE] [--namespace NAME] [--explain]

Prints the manifests of FILE (- for standard input) with the sidecar in the pods of Deployments, StatefulSets, DaemonSets,
ReplicaSets, Jobs, CronJobs and Pods, also within Lists. It is what the webhook does when a pod is created, by the same code, so
injecting twice changes nothing. Everything else passes as it is; comments are lost.

  -f, --file FILE    manifests, one or several documents
  --settings FILE    settings.json, or the ConfigMaps weir-injection and weir-public as YAML:
                     kubectl get configmap -n weir-system weir-injection weir-public -o yaml
  --databases FILE   GovernedDatabases beside those among the manifests:
                     kubectl get governeddatabases -A -o yaml
  --namespace NAME   of what names none; "default" when not given
  --explain          say in plain words what would be done, and why where nothing would

A namespace counts as opted in, unless its Namespace is among the manifests and is not annotated.
exit codes: 0 good, 1 the manifests have a problem, 64 wrong arguments, 69 a file cannot be read`;

export const inject: Command = {
  summary: "put the sidecar into manifests, as the webhook would",
  help,
  async run(args, terminal) {
    const options = {
      file: { type: "string", short: "f", multiple: true },
      settings: { type: "string" },
      databases: { type: "string" },
      namespace: { type: "string", default: "default" },
      explain: { type: "boolean", default: false },
    } as const;
    const { values } = readArguments(args, options);
    if (values.file === undefined) throw new UsageError("name the manifests: weir inject -f FILE");
    let given: Given;
    try {
      given = readAll({ ...values, file: values.file });
    } catch (error) {
      const { path = "a file", code } = error as NodeJS.ErrnoException;
      process.stderr.write(`weir inject: ${path}: cannot be read (${code ?? "error"})\n`);
      return exits.unavailable;
    }
    const { files, beside, settings } = given;
    const all = [...files, ...beside];
    const found = installationFrom(flattened(all.flatMap(({ objects }) => objects)), settings, {
      namespace: values.namespace,
      version: version(),
    });
    const problems = [...all.flatMap((each) => each.problems), ...(found.ok ? [] : found.problems)];
    if (!found.ok || problems.length > 0) {
      for (const problem of problems) process.stderr.write(`weir inject: ${problem}\n`);
      return exits.failed;
    }
    const told: string[] = [];
    const objects = files.flatMap((each) => each.objects);
    const changed = mapObjects(objects, (object) => injected(object, found.installation, values.namespace, told));
    if (values.explain) terminal.print(told.length === 0 ? "nothing here makes pods" : told.join("\n"));
    else terminal.print(manifestText(changed).trimEnd());
    return exits.good;
  },
};

interface Given {
  readonly files: readonly Manifests[];
  /** What is read and not printed. */
  readonly beside: readonly Manifests[];
  /** The text of `settings.json`. */
  readonly settings: string | undefined;
}

interface Paths {
  readonly file: readonly string[];
  readonly settings?: string | undefined;
  readonly databases?: string | undefined;
}

/** @throws the system's error of a file that cannot be read. */
function readAll({ file, settings: path, databases }: Paths): Given {
  const files = file.map(read);
  const raw = path === undefined ? undefined : textOf(path);
  const settings = raw !== undefined && isSettingsFile(raw) ? raw : undefined;
  const beside = [
    ...(raw === undefined || settings !== undefined ? [] : [readManifests(path!, raw)]),
    ...(databases === undefined ? [] : [read(databases)]),
  ];
  return { files, beside, settings };
}

function injected(object: JsonObject, installation: Installation, fallback: string, told: string[]): JsonObject {
  const workload = workloadObject(object, fallback);
  if (workload === null) return object;
  const name = workload.namespace;
  const outcome = injectPod({
    pod: workload.pod,
    settings: installation.settings,
    namespace: { name, annotations: installation.annotationsOf(name) ?? { "weir.dev/governance": "enabled" } },
    databases: installation.databases.filter(({ namespace }) => namespace === name),
    workload: workload.workload,
  });
  const pod = outcome.injected ? applyPatch(workload.pod, outcome.operations) : workload.pod;
  const title = titleOf(workload.workload, name);
  const [first, ...rest] = explainInjection(outcome, pod);
  told.push(`${title} ${first}`, ...rest);
  if (!outcome.injected) process.stderr.write(`weir inject: ${title}: no sidecar: ${outcome.message}\n`);
  else
    for (const warning of outcome.warnings)
      process.stderr.write(`weir inject: ${title}: ${warning.name}: ${warning.text}\n`);
  return workload.with(pod);
}

function read(path: string): Manifests {
  return readManifests(path, textOf(path));
}

function textOf(path: string): string {
  return readFileSync(path === "-" ? 0 : path, "utf8");
}

/** `settings.json` itself is one JSON object with an image; ConfigMaps have a kind. */
function isSettingsFile(text: string): boolean {
  try {
    return !("kind" in JSON.parse(text));
  } catch {
    return false;
  }
}

function version(): string {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../../../package.json"), "utf8")).version;
}
