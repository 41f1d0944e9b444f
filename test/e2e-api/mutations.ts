// All changes that the admission policies refuse.
import { container, environment, probes, security } from "./container-mutations.ts";
import { type Mutation, m, side } from "./mutation.ts";
import { capture, mounts, pod, secrets, volumes } from "./pod-mutations.ts";

export const mutations: readonly Mutation[] = [
  ...container,
  ...environment,
  ...capture,
  ...security,
  ...probes,
  ...mounts,
  ...volumes,
  ...secrets,
  ...pod,
];

export const nativeOnly: readonly Mutation[] = [
  side("an init container that ends", /restartPolicy must be/, (c) => {
    delete c.restartPolicy;
    for (const name of ["startupProbe", "readinessProbe", "livenessProbe"]) delete c[name];
  }),
  m("after a user's init container", /its place must be/, (p) => {
    p.spec.initContainers.reverse();
  }),
];

export const legacyOnly: readonly Mutation[] = [
  m("alone, where exec needs no container's name", /its list must be beside another/, (p) => {
    p.spec.containers.length = 1;
    p.spec.initContainers = [{ name: "app", image: "app" }];
  }),
  m("after the application", /its place must be/, (p) => {
    p.spec.containers.reverse();
  }),
  side("without the wait", /lifecycle must be/, (c) => {
    delete c.lifecycle;
  }),
  side("with another command after start", /lifecycle must be/, (c) => {
    c.lifecycle.postStart.exec.command = ["/bin/true"];
  }),
];
