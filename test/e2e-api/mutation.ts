// One change to a pod that is governed as it should be, and what the refusal must say.
import type { Json } from "./governed-pod.ts";

export interface Mutation {
  readonly what: string;
  readonly change: (pod: Json) => void;
  readonly says: RegExp;
}

export const sidecarOf = (pod: Json): Json =>
  [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((c: Json) => c.name === "weir-sidecar");
export const appOf = (pod: Json): Json => pod.spec.containers.find((c: Json) => c.name === "app");
export const volumeOf = (pod: Json, name: string): Json => pod.spec.volumes.find((v: Json) => v.name === name);
export const aliasOf = (pod: Json, ip: string): Json => pod.spec.hostAliases.find((a: Json) => a.ip === ip);
export const envOf = (pod: Json, name: string): Json => sidecarOf(pod).env.find((e: Json) => e.name === name);

export const m = (what: string, says: RegExp, change: (pod: Json) => void): Mutation => ({ what, change, says });
export const side = (what: string, says: RegExp, change: (c: Json, pod: Json) => void): Mutation =>
  m(what, says, (pod) => change(sidecarOf(pod), pod));
