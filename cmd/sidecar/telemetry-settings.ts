// What the configuration says of telemetry, as one value; null when it asks for none.
import type { Endpoint, TelemetrySettings } from "../../pkg/telemetry/telemetry.ts";
import { placeOf } from "./place-of.ts";
import type { Values } from "./settings.ts";

export function telemetrySettings(config: Values, version: string): TelemetrySettings | null {
  const [traces, metrics] = [tracesOf(config), endpointOf(config, "metrics")];
  if (traces === null && metrics === null) return null;
  const intervalMs = config["telemetry.metricsIntervalMs"];
  return {
    folder: config["spool.folder"],
    version,
    resource: resourceOf(config, version),
    traces,
    metrics: metrics && { ...metrics, intervalMs },
    spansPerSecond: config["telemetry.spansPerSecond"],
  };
}

function tracesOf(config: Values): Endpoint | null {
  const own = endpointOf(config, "traces");
  const collector = config["collector.url"];
  if (own !== null || collector === null || config["telemetry.traces"] === "none") return own;
  return {
    url: below(collector, "traces"),
    headers: {},
    token: config["collector.token"],
    ca: config["collector.ca"],
    certificate: config["collector.certificate"],
    key: config["collector.key"],
    timeoutMs: config["telemetry.timeoutMs"],
  };
}

function endpointOf(config: Values, signal: "traces" | "metrics"): Endpoint | null {
  const whole = config[`telemetry.${signal}Endpoint`];
  const base = config["telemetry.endpoint"];
  if (config[`telemetry.${signal}`] === "none" || (whole === null && base === null)) return null;
  return {
    url: whole === null ? below(base!, signal) : whole.href,
    headers: config["telemetry.headers"],
    token: null,
    ca: config["telemetry.ca"],
    certificate: config["telemetry.certificate"],
    key: config["telemetry.key"],
    timeoutMs: config["telemetry.timeoutMs"],
  };
}

function below(base: URL, signal: "traces" | "metrics"): string {
  return `${base.href.replace(/\/$/, "")}/v1/${signal}`;
}

function resourceOf(config: Values, version: string): Readonly<Record<string, string>> {
  const { cluster, namespace, environment, workload, instance } = placeOf(config);
  return {
    "service.name": config["telemetry.serviceName"],
    "service.version": version,
    "service.instance.id": instance,
    "k8s.cluster.name": cluster,
    "k8s.namespace.name": namespace,
    "k8s.pod.name": instance,
    "deployment.environment.name": environment,
    ...(workload !== "" && { "weir.workload": workload }),
    ...config["telemetry.resource"],
  };
}
