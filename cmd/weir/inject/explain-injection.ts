// An injection in plain words: what is put in, where each database is caught, or why nothing is done.
import type { InjectionOutcome } from "../../../pkg/admission/inject.ts";
import { at, type JsonObject, listAt } from "../../../pkg/admission/json.ts";
import { reasons } from "../../../pkg/admission/reason.ts";
import { SIDECAR } from "../../../pkg/admission/sidecar.ts";

/** `after`: the pod with its sidecar. */
export function explainInjection(outcome: InjectionOutcome, after: JsonObject): readonly string[] {
  if (!outcome.injected) {
    const { means, remedy } = reasons[outcome.reason];
    const about = outcome.about === "" ? "" : ` (${outcome.about})`;
    return ["gets no sidecar.", `  why:        ${outcome.reason}: ${means}${about}`, `  what to do: ${remedy}`];
  }
  const { sidecar, mode, operations, warnings } = outcome;
  return [
    operations.length === 0 ? "has its sidecar already; nothing is changed." : `gets ${SIDECAR} ${place(mode, after)}.`,
    ...sidecar.captured.flatMap(({ database, address, hostnames }) => [
      `  GovernedDatabase ${database.name}: the sidecar listens on ${address}:${database.port} and goes on to ${database.host}:${database.port}`,
      ...(hostnames.length > 0 ? [`    inside the pod these names lead there: ${hostnames.join(", ")}`] : []),
      ...(database.credentials === "Brokered"
        ? [`    the login is in Secret ${database.credentialsSecret}, which only the sidecar mounts`]
        : ["    the application's own login is relayed"]),
    ]),
    ...(operations.length === 0 ? [] : [`  also added: ${added(operations.map(({ path }) => path))}`]),
    ...warnings.map(({ name, text }) => `  note: ${name}: ${text}`),
  ];
}

function place(mode: "native" | "legacy", after: JsonObject): string {
  const list = mode === "native" ? "initContainers" : "containers";
  const names = listAt(after, "spec", list).map((each) => String(at(each, "name")));
  const index = names.indexOf(SIDECAR);
  const before = names[index + 1];
  const behind = names[index - 1];
  const kind =
    mode === "native"
      ? "as a native sidecar (an init container that goes on running)"
      : "as an ordinary container (legacy mode), which the others wait for";
  return `${kind}${behind === undefined ? "" : `, after ${behind}`}${before === undefined ? "" : `, before ${before}`}`;
}

const words: Readonly<Record<string, string>> = {
  volumes: "volumes",
  hostAliases: "host aliases",
  annotations: "annotations",
  imagePullSecrets: "image pull secrets",
};

function added(paths: readonly string[]): string {
  const found = Object.keys(words).filter((key) =>
    paths.some((path) => path.split("/").includes(key) || (key === "annotations" && path === "/metadata")),
  );
  return found.map((key) => words[key]).join(", ");
}

export function titleOf(workload: string, namespace: string): string {
  const [kind, name] = workload.split("/");
  return `${kind} ${namespace}/${name}`;
}
