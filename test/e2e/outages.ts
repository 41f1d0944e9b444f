import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../e2e-api/installed.ts";
import { timeUntilInForce } from "./in-force.ts";
import { emails, job, pod } from "./objects.ts";
import { type OnNode, TWO_MINUTES } from "./on-node.ts";
import { typed } from "./typed.ts";

const operator = ["-n", "weir-system", "wait", "pod", "-l", "app.kubernetes.io/component=operator"];

export function outages(cluster: () => OnNode): void {
  const said = async (what: string, container: string) =>
    (await cluster().lines("shop", what, container)).map(({ text }) => text).join("\n");

  test("before an outage, `weir inject` tells what it would do", async () => {
    const { type, folder } = cluster();
    await type(typed.settings);
    await type(typed.databases);
    writeFileSync(join(folder, "pod.yaml"), JSON.stringify(pod("rendered")));
    expect(await type(typed.explain)).toMatch(
      /Pod shop\/rendered gets weir-sidecar[\s\S]*orders-db\.data\.svc\.cluster\.local/,
    );
  }, 60_000);

  test("with the operator away, pods run on, and one without a sidecar is refused", async () => {
    const { kubectl, apply } = cluster();
    await kubectl("-n", "weir-system", "scale", "deployment/weir-operator", "--replicas=0");
    await kubectl(...operator, "--for=delete", "--timeout=90s");
    expect(await said("deployment/app", "app")).toMatch(/"email":null/);
    await apply(job("refused", emails));
    await until(
      async () => /no weir-sidecar/.test(await kubectl("-n", "shop", "describe", "job/refused")),
      TWO_MINUTES,
    );
  }, 300_000);

  test("a pod that was rendered beforehand starts, with the policies of the namespace's ConfigMap", async () => {
    const { kubectl, type } = cluster();
    await type(typed.inject);
    await kubectl("-n", "shop", "wait", "pod/rendered", "--for=condition=Ready", "--timeout=120s");
    await until(async () => /"email":null/.test(await said("pod/rendered", "app")), TWO_MINUTES);
    expect(await said("pod/rendered", "migrate")).toMatch(/"count":"2"/);
  }, 300_000);

  test("with the API server away too, the application goes on, governed", async () => {
    const { kubectl, part, linesOnNode } = cluster();
    const select = ["-n", "shop", "get", "pods", "-l", "app=app", "-o"];
    const [name = "", address = ""] = (
      await kubectl(...select, "jsonpath={.items[0].metadata.name} {.items[0].status.podIP}")
    ).split(" ");
    await part("stop", "kube-apiserver");
    try {
      await expect(kubectl("get", "namespaces")).rejects.toThrow(/refused|Unable to connect/);
      const stoppedMs = Date.now();
      for (const container of ["app", "pool"]) {
        const since = () => linesOnNode("shop", name, container).filter(({ atMs }) => atMs > stoppedMs);
        await until(async () => since().length >= 20, TWO_MINUTES);
        expect(since().filter(({ text }) => !text.includes('[{"email":null},{"email":null}]'))).toEqual([]);
      }
      expect((await fetch(`http://${address}:9464/readyz`)).status).toBe(200);
    } finally {
      await part("start", "kube-apiserver");
    }
  }, 300_000);

  test("when both are back, what was refused has come by itself, and policies change again", async () => {
    const { kubectl } = cluster();
    await until(
      () =>
        kubectl("get", "--raw", "/readyz").then(
          () => true,
          () => false,
        ),
      TWO_MINUTES,
    );
    await kubectl("-n", "weir-system", "scale", "deployment/weir-operator", "--replicas=2");
    await kubectl("-n", "weir-system", "rollout", "status", "deployment/weir-operator", "--timeout=120s");
    await kubectl("-n", "shop", "wait", "job/refused", "--for=condition=Complete", "--timeout=240s");
    await timeUntilInForce(cluster(), "Partial");
    await until(async () => /a\*\*\*@example\.com/.test(await said("pod/rendered", "app")), TWO_MINUTES);
    await kubectl("-n", "shop", "delete", "pod/rendered", "job/refused", "--wait=false");
  }, 500_000);
}
