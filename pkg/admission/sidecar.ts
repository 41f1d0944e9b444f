// The sidecar as it must stand in a pod: container, volumes and host aliases, from the settings, the namespace and its databases
// alone. The admission policy of the API server demands the same, so nothing here may depend on anything else.
import { createHash } from "node:crypto";
import { type Capture, type Captured, capture, type GovernedDatabase } from "./capture.ts";
import type { Json, JsonObject } from "./json.ts";
import type { InjectionSettings } from "./settings.ts";

export const SIDECAR = "weir-sidecar";
/** A user that no application has, so that files and processes of the two stay apart. */
const USER_ID = 13306;
const PROGRAM = "/weir/bin/weir-sidecar";

export type SidecarMode = "native" | "legacy";

export interface ExpectedSidecar extends Capture {
  readonly container: JsonObject;
  readonly volumes: readonly JsonObject[];
  readonly hostAliases: readonly JsonObject[];
}

export interface SidecarChoice {
  readonly mode: SidecarMode;
  /** `Deployment/shop-api`. */
  readonly workload: string;
}

/** `databases`: those of the namespace; one that cannot be caught in a pod is left out. */
export function expectedSidecar(
  settings: InjectionSettings,
  namespace: string,
  databases: readonly GovernedDatabase[],
  choice: SidecarChoice = { mode: modeOf(settings), workload: "" },
): ExpectedSidecar {
  const { captured, left } = capture(namespace, databases, settings.clusterDomain);
  const brokered = captured.map(({ database }) => database).filter(({ credentials }) => credentials === "Brokered");
  return {
    container: container(settings, captured, brokered, choice),
    volumes: volumes(settings, brokered),
    hostAliases: captured
      .filter(({ hostnames }) => hostnames.length > 0)
      .map(({ address, hostnames }) => ({ ip: address, hostnames })),
    captured,
    left,
  };
}

export function modeOf(settings: InjectionSettings): SidecarMode {
  if (settings.mode !== "auto") return settings.mode;
  return settings.nativeSidecars ? "native" : "legacy";
}

function container(
  settings: InjectionSettings,
  captured: readonly Captured[],
  brokered: readonly GovernedDatabase[],
  { mode, workload }: SidecarChoice,
): JsonObject {
  return {
    name: SIDECAR,
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    command: [PROGRAM],
    ...(mode === "native" ? { restartPolicy: "Always" } : {}),
    env: environment(settings, captured, brokered, workload),
    ports: [{ name: "weir-admin", containerPort: settings.adminPort, protocol: "TCP" }],
    resources: { requests: settings.resources.requests, limits: settings.resources.limits },
    volumeMounts: mounts(brokered),
    ...probes(settings.adminPort),
    ...(mode === "legacy" ? { lifecycle: { postStart: { exec: { command: [PROGRAM, "wait"] } } } } : {}),
    securityContext: {
      runAsNonRoot: true,
      ...(settings.openshift ? {} : { runAsUser: USER_ID }),
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
}

function environment(
  settings: InjectionSettings,
  captured: readonly Captured[],
  brokered: readonly GovernedDatabase[],
  workload: string,
): readonly Json[] {
  const listeners = captured.map(
    ({ database, address }) => `${address}:${database.port}=${database.namespace}/${database.name}`,
  );
  const values: Readonly<Record<string, Json>> = {
    WEIR_LISTENERS: listeners.join(","),
    WEIR_BUNDLE_URL: settings.bundleUrl,
    WEIR_BUNDLE_TOKEN: "/var/run/weir/identity/token",
    WEIR_BUNDLE_CA: "/var/run/weir/bundle/ca.crt",
    WEIR_BUNDLE_KEYS: settings.bundleKeys.join(","),
    WEIR_BUNDLE_FALLBACK: "/var/run/weir/bundle/bundle.json",
    WEIR_BUNDLE_FOLDER: "/var/lib/weir/bundle",
    WEIR_SPOOL_FOLDER: "/var/lib/weir/spool",
    WEIR_RESOLVE: "Dns",
    WEIR_ADMIN_LISTEN: `:${settings.adminPort}`,
    WEIR_CLUSTER: settings.cluster,
    WEIR_ENVIRONMENT: settings.environment,
    WEIR_NAMESPACE: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } },
    WEIR_INSTANCE: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
    WEIR_WORKLOAD: workload,
    ...(settings.collectorUrl === "" ? {} : shipping(settings.collectorUrl)),
    ...(brokered.length > 0 ? { WEIR_UPSTREAM_LOGINS: logins(brokered) } : {}),
  };
  return Object.entries(values).map(([name, value]) =>
    typeof value === "string" ? { name, value } : { name, valueFrom: value },
  );
}

/** The collector knows the pod by the token that the operator knows it by, and is known by the CA of the same ConfigMap. */
function shipping(url: string): Readonly<Record<string, string>> {
  return {
    WEIR_COLLECTOR_URL: url,
    WEIR_COLLECTOR_TOKEN: "/var/run/weir/identity/token",
    WEIR_COLLECTOR_CA: "/var/run/weir/bundle/ca.crt",
  };
}

/** Files only: who may read a Secret is none of the operator's business. */
function logins(brokered: readonly GovernedDatabase[]): string {
  const entries = brokered.map(({ name }) => [
    name,
    { userFile: `${credentialsPath(name)}/username`, passwordFile: `${credentialsPath(name)}/password` },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

function mounts(brokered: readonly GovernedDatabase[]): readonly JsonObject[] {
  return [
    { name: "weir-identity", mountPath: "/var/run/weir/identity", readOnly: true },
    { name: "weir-bundle", mountPath: "/var/run/weir/bundle", readOnly: true },
    { name: "weir-state", mountPath: "/var/lib/weir" },
    ...brokered.map(({ name }) => ({
      name: credentialsVolume(name),
      mountPath: credentialsPath(name),
      readOnly: true,
    })),
  ];
}

function volumes(settings: InjectionSettings, brokered: readonly GovernedDatabase[]): readonly JsonObject[] {
  const token = { audience: settings.audience, expirationSeconds: 3600, path: "token" };
  return [
    { name: "weir-identity", projected: { sources: [{ serviceAccountToken: token }] } },
    { name: "weir-bundle", configMap: { name: "weir-bundle", optional: true } },
    { name: "weir-state", emptyDir: { sizeLimit: "1Gi" } },
    ...brokered.map(({ name, credentialsSecret }) => ({
      name: credentialsVolume(name),
      secret: { secretName: credentialsSecret ?? "" },
    })),
  ];
}

function probes(port: number): JsonObject {
  const get = (path: string) => ({ httpGet: { path, port, scheme: "HTTP" } });
  return {
    startupProbe: { ...get("/readyz"), periodSeconds: 1, failureThreshold: 120 },
    readinessProbe: { ...get("/readyz"), periodSeconds: 10 },
    livenessProbe: { ...get("/healthz"), periodSeconds: 10, failureThreshold: 6 },
  };
}

function credentialsPath(database: string): string {
  return `/var/run/weir/credentials/${database}`;
}

/** A volume's name is one label of at most 63 characters; a resource's may be longer and have dots. */
function credentialsVolume(database: string): string {
  const name = `weir-credentials-${database}`;
  if (name.length <= 63 && !database.includes(".")) return name;
  return `weir-credentials-${createHash("sha256").update(database).digest("hex").slice(0, 32)}`;
}
