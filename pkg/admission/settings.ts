// What an installation says about its sidecars: `settings.json` of the ConfigMap weir-injection, and what the cluster adds to it.
import { at, isObject, type Json, type JsonObject } from "./json.ts";

export interface Resources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

/** What the chart's values decide. */
export interface InstallSettings {
  readonly image: string;
  readonly imagePullPolicy: "IfNotPresent" | "Always" | "Never";
  readonly imagePullSecrets: readonly string[];
  readonly resources: Resources;
  readonly cluster: string;
  readonly environment: string;
  readonly clusterDomain: string;
  readonly audience: string;
  readonly bundleUrl: string;
  /** Where sidecars ship their records; "" where there is no collector. */
  readonly collectorUrl: string;
  readonly mode: "auto" | "native" | "legacy";
  readonly openshift: boolean;
  readonly optOut: "Allowed" | "Denied";
  /** Containers of a service mesh, which start before the sidecar. */
  readonly meshContainers: readonly string[];
  /** Variables that other webhooks add to every container, such as those of a cloud's workload identity. */
  readonly foreignEnv: readonly string[];
  /** The same for mounts: paths by the volume's name. */
  readonly foreignMounts: Readonly<Record<string, string>>;
  readonly adminPort: number;
  /** Never touched, beside those of the cluster itself. */
  readonly protectedNamespaces: readonly string[];
}

/** With what the running cluster adds. */
export interface InjectionSettings extends InstallSettings {
  /** Ed25519 public keys, raw, base64. */
  readonly bundleKeys: readonly string[];
  /** Server and kubelets run init containers with `restartPolicy: Always`; decides `mode: auto`. */
  readonly nativeSidecars: boolean;
  /** Of this Weir. */
  readonly version: string;
}

export const defaultSettings = {
  imagePullPolicy: "IfNotPresent",
  imagePullSecrets: [],
  resources: { requests: { cpu: "20m", memory: "160Mi" }, limits: { memory: "512Mi" } },
  environment: "",
  clusterDomain: "cluster.local",
  audience: "weir.dev/weir-system",
  bundleUrl: "https://weir-operator.weir-system.svc:443/v1/bundle",
  collectorUrl: "",
  mode: "auto",
  openshift: false,
  optOut: "Allowed",
  meshContainers: [
    "istio-init",
    "istio-validation",
    "istio-proxy",
    "linkerd-init",
    "linkerd-network-validator",
    "linkerd-proxy",
  ],
  foreignEnv: [
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TENANT_ID",
  ],
  foreignMounts: {
    "aws-iam-token": "/var/run/secrets/eks.amazonaws.com/serviceaccount",
    "azure-identity-token": "/var/run/secrets/azure/tokens",
    "eks-pod-identity-token": "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount",
  },
  adminPort: 9464,
  protectedNamespaces: ["weir-system"],
} as const satisfies Omit<InstallSettings, "image" | "cluster">;

export type SettingsOutcome =
  | { readonly ok: true; readonly settings: InstallSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

/** All problems of the file, each as `field: what is wrong; what to do`. */
export function parseSettings(text: string): SettingsOutcome {
  let raw: Json;
  try {
    raw = JSON.parse(text);
  } catch {
    return { ok: false, problems: ["the file is not JSON; render it from the chart again"] };
  }
  if (!isObject(raw)) return { ok: false, problems: ["the file is not a JSON object; render it from the chart again"] };
  const problems: string[] = [];
  const known = Object.keys(fields);
  for (const key of Object.keys(raw).filter((name) => !known.includes(name)))
    problems.push(`${key}: there is no such field; the fields are ${known.join(", ")}`);
  const settings: Record<string, Json> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = raw[name] ?? (defaultSettings as unknown as JsonObject)[name];
    if (value === undefined) problems.push(`${name}: is missing; ${field.form}`);
    else if (!field.fits(value)) problems.push(`${name}: does not fit; ${field.form}`);
    else settings[name] = value;
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings: settings as unknown as InstallSettings };
}

interface Field {
  fits(value: Json): boolean;
  readonly form: string;
}

// `$(` would be expanded by the kubelet in an environment variable's value.
const line = (value: Json) => typeof value === "string" && /^[\x20-\x7e]{1,512}$/.test(value) && !value.includes("$(");
const oneOf = (...values: readonly string[]): Field => ({
  fits: (value) => values.includes(value as string),
  form: `write one of ${values.join(", ")}`,
});
const textField = (form: string, fits: (value: string) => boolean = () => true): Field => ({
  fits: (value) => line(value) && fits(value as string),
  form,
});
const names = (form: string): Field => ({
  fits: (value) =>
    Array.isArray(value) &&
    value.length <= 100 &&
    value.every((name) => typeof name === "string" && /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)),
  form,
});

const foreignName = /^(AWS|AZURE|GOOGLE|ALIBABA_CLOUD|OCI|IBM)_[A-Z0-9_]{1,100}$/;
const foreignVolume = /^(?!weir-|kube-api-access-)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const foreignPath = /^\/var\/run\/secrets(\/(?!kubernetes\.io\/)[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}){1,4}$/;

const quantities = (value: Json | undefined) =>
  isObject(value) &&
  Object.entries(value).every(
    ([name, quantity]) =>
      /^[a-z0-9./-]{1,64}$/.test(name) &&
      typeof quantity === "string" &&
      /^[0-9]{1,12}(\.[0-9]{1,9})?(m|[kMGTPE]i?)?$/.test(quantity),
  );

const fields: Readonly<Record<keyof InstallSettings, Field>> = {
  image: textField("write an image, at best as repository@sha256:...", (value) => !value.includes(" ")),
  imagePullPolicy: oneOf("IfNotPresent", "Always", "Never"),
  imagePullSecrets: names("write a list of names of Secrets"),
  resources: {
    fits: (value) =>
      isObject(value) &&
      Object.keys(value).every((key) => key === "requests" || key === "limits") &&
      quantities(at(value, "requests")) &&
      quantities(at(value, "limits")),
    form: 'write {"requests": {...}, "limits": {...}} with quantities such as "20m" and "160Mi"',
  },
  cluster: textField("write the cluster's name, as records are to show it"),
  environment: { fits: (value) => value === "" || line(value), form: 'write a name such as "production", or ""' },
  clusterDomain: textField("write a domain such as cluster.local", (value) =>
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(value),
  ),
  audience: textField("write the audience of the sidecar's token, such as weir.dev/weir-system"),
  bundleUrl: textField(
    "write a URL that begins with https://",
    (value) => URL.canParse(value) && value.startsWith("https://"),
  ),
  collectorUrl: {
    fits: (value) => value === "" || (line(value) && /^https:\/\/[^/\s]+\/?$/.test(String(value))),
    form: 'write https://host:port, or "" for none',
  },
  mode: oneOf("auto", "native", "legacy"),
  openshift: { fits: (value) => typeof value === "boolean", form: "write true or false" },
  optOut: oneOf("Allowed", "Denied"),
  meshContainers: names("write a list of container names"),
  // Nothing that the sidecar, Node.js or the loader would read.
  foreignEnv: {
    fits: (value) =>
      Array.isArray(value) && value.length <= 50 && value.every((name) => foreignName.test(String(name))),
    form: "write a list of variables whose names begin with AWS_, AZURE_, GOOGLE_, ALIBABA_CLOUD_, OCI_ or IBM_",
  },
  foreignMounts: {
    fits: (value) =>
      isObject(value) &&
      Object.entries(value).length <= 20 &&
      Object.entries(value).every(([name, path]) => foreignVolume.test(name) && foreignPath.test(String(path))),
    form: 'write {"volume": "/var/run/secrets/..."}, with no name that begins with weir- or kube-api-access-',
  },
  adminPort: {
    fits: (value) => typeof value === "number" && Number.isInteger(value) && value > 1023 && value < 65_536,
    form: "write a port from 1024 to 65535",
  },
  protectedNamespaces: names("write a list of namespaces"),
};
