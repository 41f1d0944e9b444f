import { writeFileSync } from "node:fs";
import pg from "pg";
import { until } from "../e2e-api/installed.ts";
import { timeUntil } from "./in-force.ts";
import * as objects from "./objects.ts";
import { hostsFile, type OnNode, TWO_MINUTES } from "./on-node.ts";

const governance = (name: string) => ["annotate", "namespace", name, "weir.dev/governance=enabled"];

export function databases(cluster: () => OnNode): void {
  const printed = (namespace: string, container: string, tail?: number) =>
    cluster().lines(namespace, "deployment/app", container, tail);
  const said = async (namespace: string, container: string) =>
    (await printed(namespace, container)).map(({ text }) => text).join("\n");
  const address = (name: string) =>
    cluster().kubectl("-n", "data", "get", "pod", name, "-o", "jsonpath={.status.podIP}");
  const restarts = (namespace: string) =>
    cluster().kubectl(
      "-n",
      namespace,
      "get",
      "pods",
      "-l",
      "app=app",
      "-o",
      "jsonpath={.items[*].metadata.uid} {.items[*].status..restartCount}",
    );

  test("a database that moves to another address is found again, without a restart", async () => {
    const { apply, kubectl } = cluster();
    const host = "warehouse.example.test";
    await apply(
      objects.postgres("old", { Eve: "eve@example.com" }),
      objects.postgres("new", { Mia: "mia@example.net" }),
    );
    await kubectl("-n", "data", "wait", "pod/old", "pod/new", "--for=condition=Ready", "--timeout=120s");
    writeFileSync(hostsFile(), `${await address("old")} ${host}\n`);
    await apply(objects.namespace("ware"));
    await kubectl(...governance("ware"));
    const policies = [objects.database("stock", { host }), objects.policy("Partial", "stock")];
    await apply(...objects.inNamespace("ware", ...policies));
    await apply(...objects.inNamespace("ware", objects.application({ ...objects.orders, DB_HOST: host })));
    await until(async () => /"e\*\*\*@example\.com"/.test(await said("ware", "app")), TWO_MINUTES);
    const before = await restarts("ware");
    writeFileSync(hostsFile(), `${await address("new")} ${host}\n`);
    const movedMs = Date.now();
    await kubectl("-n", "data", "delete", "pod/old");
    await timeUntil("found at its new address", movedMs, /"m\*\*\*@example\.net"/, () => printed("ware", "app", 400));
    expect(await restarts("ware")).toBe(before);
  }, 400_000);

  test("brokered: the application has no password, and a rotation drops no session", async () => {
    const { apply, kubectl } = cluster();
    const spec = { host: "orders-db.data", credentials: "Brokered", credentialsSecret: "ledger-login" };
    await apply(objects.namespace("pay"));
    await kubectl(...governance("pay"));
    await apply(...objects.inNamespace("pay", objects.login("ledger", "first"), objects.database("ledger", spec)));
    const who = "SELECT current_user, pg_backend_pid() AS pid";
    const application = objects.application({ DB_HOST: "orders-db.data", DB_USER: "shop" }, who);
    await apply(...objects.inNamespace("pay", application));
    await until(async () => /"current_user":"ledger"/.test(await said("pay", "app")), TWO_MINUTES);
    const session = async () => /"pid":(\d+)/.exec((await said("pay", "pool")).split("\n").at(-1)!)?.[1];
    await until(async () => (await session()) !== undefined, TWO_MINUTES);
    const before = [await session(), await restarts("pay")];
    await changePassword(await address("postgres"), "second");
    await until(async () => /"connect":false/.test(await said("pay", "app")), TWO_MINUTES);
    const rotatedMs = Date.now();
    await apply(...objects.inNamespace("pay", objects.login("ledger", "second")));
    const loggedIn = () => printed("pay", "app", 400);
    await timeUntil("new logins with the new password", rotatedMs, /"current_user":"ledger"/, loggedIn);
    expect([await session(), await restarts("pay")]).toEqual(before);
  }, 400_000);

  test("no other container is given the brokered Secret", async () => {
    const [thief] = objects.inNamespace("pay", objects.reader("ledger-login"));
    await expect(cluster().apply(thief)).rejects.toThrow(/brokered[\s\S]*only weir-sidecar may have it/);
  }, 60_000);
}

async function changePassword(host: string, password: string): Promise<void> {
  const administrator = new pg.Client({ host, user: "postgres", password: "secret", database: "postgres" });
  await administrator.connect();
  await administrator.query(`ALTER ROLE ledger PASSWORD '${password}'`);
  await administrator.end();
}
