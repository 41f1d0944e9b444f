// The cluster that the other tests of this folder stand on.
import { existsSync } from "node:fs";
import { describeApi, startApi, type TestApi } from "../cluster/start-api.ts";

describeApi("a real API server on loopback", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi();
  }, 120_000);
  afterAll(() => api?.stop(), 60_000);

  test("answers the administrator and nobody without credentials", async () => {
    expect(await api.call("GET", "/version")).toMatchObject({ status: 200, body: { major: "1" } });
    expect(await api.call("GET", "/api/v1/secrets", { token: "none" })).toMatchObject({ status: 401 });
  });

  test("runs the controllers: a Deployment makes its pods", async () => {
    const made = await api.kubectl(["create", "deployment", "shop", "--image=localhost/none:1", "--replicas=2"]);
    expect(made).toMatchObject({ code: 0 });
    const waited = ["wait", "pods", "-l", "app=shop", "--for=create", "--timeout=30s"];
    expect(await api.kubectl(waited)).toMatchObject({ code: 0 });
    expect(await api.kubectl(["delete", "deployment", "shop"])).toMatchObject({ code: 0 });
  });

  test("gives a pod's token that TokenReview verifies with its audience", async () => {
    const asked = { spec: { audiences: ["weir.dev/weir-system"], expirationSeconds: 3600 } };
    const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    const { body } = await api.call("POST", path, { body: asked });
    const review = (audience: string) =>
      api.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
        body: { spec: { token: body.status.token, audiences: [audience] } },
      });
    expect((await review("weir.dev/weir-system")).body.status).toMatchObject({ authenticated: true });
    expect((await review("another")).body.status.authenticated).not.toBe(true);
  });

  test("has a kubeconfig of its own, which goes away with it", async () => {
    const other = process.env.KUBECONFIG ? undefined : await startApi();
    if (other === undefined) return;
    expect(other.server).not.toBe(api.server);
    await other.stop();
    expect(existsSync(other.kubeconfig)).toBe(false);
    await expect(other.call("GET", "/version")).rejects.toThrow();
    expect(await api.call("GET", "/readyz")).toMatchObject({ status: 200 });
  }, 120_000);
});
