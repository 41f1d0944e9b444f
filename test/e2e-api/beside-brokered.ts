// Pods in which the sidecar holds a login: what else may stand there.
import { governedPod, type Json, plainPod } from "./governed-pod.ts";
import type { Installed } from "./installed.ts";

export function besideBrokered(api: () => Installed): void {
  const said = async (change: (pod: Json) => void, pod = governedPod("strong")) => {
    change(pod);
    return (await api().tryPod(pod)).body.message ?? "accepted";
  };
  const app = (pod: Json) => pod.spec.containers.find(({ name }: Json) => name === "app");
  const adds =
    (...add: string[]) =>
    (pod: Json) => {
      app(pod).securityContext = { capabilities: { add } };
    };

  test("no container is privileged or adds what reaches them, in init and ephemeral containers neither", async () => {
    const powerful = /privileged or adds a capability/;
    for (const capability of ["NET_ADMIN", "net_raw", "CAP_SYS_PTRACE", "SYS_ADMIN", "ALL"])
      expect(await said(adds("CHOWN", capability))).toMatch(powerful);
    const privileged = { name: "first", image: "x", securityContext: { privileged: true } };
    expect(await said((pod) => pod.spec.initContainers.push(privileged))).toMatch(powerful);
    await api().create("pods", governedPod("debugged-too"));
    const debug = { name: "debug", image: "x", securityContext: { capabilities: { add: ["SYS_PTRACE"] } } };
    const path = "/api/v1/namespaces/shop/pods/debugged-too/ephemeralcontainers";
    const { body } = await api().send("PATCH", path, { spec: { ephemeralContainers: [debug] } });
    expect(body.message).toMatch(powerful);
  });

  test("a mesh may lead the pod's traffic, and what is harmless may be added", async () => {
    expect(await said(adds("NET_BIND_SERVICE", "CHOWN"))).toBe("accepted");
    const mesh = (add: string[]) => (pod: Json) => {
      pod.spec.initContainers[0] = { name: "istio-init", image: "x", securityContext: { capabilities: { add } } };
    };
    expect(await said(mesh(["NET_ADMIN", "NET_RAW"]))).toBe("accepted");
    expect(await said(mesh(["SYS_ADMIN"]))).toMatch(/privileged or adds/);
  });

  test("no volume is the node's own files", async () => {
    const host = (path: string) => (pod: Json) => pod.spec.volumes.push({ name: "host", hostPath: { path } });
    for (const path of ["/", "/var/lib/kubelet", "/proc", "/etc/localtime/.."])
      expect(await said(host(path))).toMatch(/has a hostPath|hostPath.path/);
    expect(await said(host("/etc/localtime"))).toBe("accepted");
  });

  test("where nothing is brokered they may stand", async () => {
    await api().namespace("relayed", { "weir.dev/governance": "enabled" });
    const pod = plainPod("strong", "relayed");
    pod.spec.containers[0].securityContext = { privileged: true };
    pod.spec.volumes = [{ name: "host", hostPath: { path: "/" } }];
    expect(await api().tryPod(pod)).toMatchObject({ status: 201 });
  });
}
