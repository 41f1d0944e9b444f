// The whole thing on a real node, in the order of its life: an application that knows nothing of Weir, the lines that a newcomer types,
// outages, databases that move, the end. Each part leaves the cluster as the next one expects it.
import { rmSync } from "node:fs";
import { auditorsMinutes } from "./auditors-minutes.ts";
import { databases } from "./databases.ts";
import { firstMinutes } from "./first-minutes.ts";
import { lastMinutes } from "./last-minutes.ts";
import { application, emails, inNamespace, namespace, orders, postgres, service, volume } from "./objects.ts";
import { type OnNode, onNode, volumeFolder } from "./on-node.ts";
import { outages } from "./outages.ts";

let node: OnNode;
const cluster = () => node;

beforeAll(async () => {
  node = await onNode();
  const role = "CREATE ROLE ledger LOGIN PASSWORD 'first'; GRANT SELECT ON customers TO ledger;";
  await node.apply(namespace("data"), namespace("shop"), volume(volumeFolder()));
  await node.apply(
    postgres("postgres", { Ada: "ada@example.com", Bob: "bob@example.org" }, role),
    service("orders-db", "postgres"),
  );
  await node.kubectl("-n", "data", "wait", "pod/postgres", "--for=condition=Ready", "--timeout=120s");
  await node.apply(...inNamespace("shop", application(orders, emails)));
}, 400_000);

afterAll(async () => {
  if (node !== undefined) rmSync(node.folder, { recursive: true });
  await node?.api.stop();
});

describe("the first minutes", () => firstMinutes(cluster));
describe("the auditor's minutes", () => auditorsMinutes(cluster));
describe("outages", () => outages(cluster));
describe("databases", () => databases(cluster));
describe("the last minutes", () => lastMinutes(cluster));
