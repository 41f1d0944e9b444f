import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { manifestText, readManifests } from "../../cmd/weir/inject/manifests.ts";
import { injectInto, type Loose, settings } from "../support/injection.ts";
import { installed } from "../support/operator.ts";

const program = resolve(import.meta.dirname, "../../cmd/weir/main.ts");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-inject-"));
  put(
    "installation.yaml",
    stringify({
      apiVersion: "v1",
      kind: "List",
      items: [
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "weir-injection" },
          data: { "settings.json": installed },
        },
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "weir-public" },
          data: { keys: settings.bundleKeys.join(",") },
        },
      ],
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFileSync(join(folder, name), text);

function weir(args: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "inject", ...args], {
    encoding: "utf8",
    input,
    cwd: folder,
  });
  return { status, stdout, stderr };
}
const documents = (text: string): Loose[] => parseAllDocuments(text).map((each) => each.toJS());

const database = `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: orders, namespace: shop}
spec: {engine: PostgreSQL, host: postgres-orders}
`;
const podSpec = "{containers: [{name: app, image: app:1}]}";
const workload = (kind: string, spec: string) =>
  `apiVersion: x\nkind: ${kind}\nmetadata: {name: web, namespace: shop}\nspec: ${spec}\n`;
const template = `{template: {metadata: {labels: {app: web}}, spec: ${podSpec}}}`;
const kinds = [
  ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Rollout"].map((kind) => workload(kind, template)),
  workload("CronJob", `{schedule: "* * * * *", jobTemplate: {spec: ${template}}}`),
  workload("Pod", podSpec),
];
const podOf = (object: Loose) =>
  object.kind === "Pod"
    ? object
    : object.kind === "CronJob"
      ? object.spec.jobTemplate.spec.template
      : object.spec.template;

test("every workload of several documents and of lists gets its sidecar; everything else passes", () => {
  const list = stringify({ apiVersion: "v1", kind: "List", items: kinds.map((text) => documents(text)[0]) });
  const service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";
  const { status, stdout, stderr } = weir(
    ["-f", "-", "--settings", "installation.yaml"],
    [database, service, ...kinds, list].join("---\n"),
  );
  expect([status, stderr]).toEqual([0, ""]);
  const [first, second, ...rest] = documents(stdout);
  expect([first, second]).toEqual([...documents(database), ...documents(service)]);
  const pods = rest.flatMap((each) => (each.kind === "List" ? each.items : [each]));
  expect(pods).toHaveLength(2 * kinds.length);
  for (const object of pods) {
    const [sidecar] = podOf(object).spec.initContainers;
    expect(sidecar.name).toBe("weir-sidecar");
    expect(sidecar.env).toContainEqual({ name: "WEIR_WORKLOAD", value: `${object.kind}/web` });
  }
});

test("what it makes is what the webhook makes of the pod, which then changes nothing", () => {
  const all = [
    "apiVersion: weir.dev/v1alpha1\nkind: GovernedDatabase\nmetadata: {name: billing, namespace: shop}\nspec: {engine: PostgreSQL, host: billing.cluster-cx7.eu-central-1.rds.amazonaws.com, port: 5433, tls: {mode: VerifyFull}}\n",
    database,
  ].join("---\n");
  put("databases.yaml", all);
  const { stdout } = weir(["-f", "-", "--settings", "installation.yaml", "--databases", "databases.yaml"], kinds[0]);
  const [{ spec }] = documents(stdout);
  const pod = {
    ...spec.template,
    metadata: {
      ...spec.template.metadata,
      namespace: "shop",
      labels: { app: "web", "pod-template-hash": "5d4f" },
      ownerReferences: [{ kind: "ReplicaSet", name: "web-5d4f", controller: true }],
    },
  };
  expect(injectInto(pod)).toMatchObject({ injected: true, operations: [] });
});

test("injecting its own output changes nothing", () => {
  const once = weir(["-f", "-", "--settings", "installation.yaml"], [database, ...kinds].join("---\n")).stdout;
  expect(weir(["-f", "-", "--settings", "installation.yaml"], once).stdout).toBe(once);
});

test("--explain says it in plain words", () => {
  const agent = workload("DaemonSet", "{template: {spec: {hostNetwork: true, containers: [{name: a, image: a}]}}}");
  const migrating = workload(
    "Deployment",
    "{template: {spec: {initContainers: [{name: migrate, image: m}], containers: [{name: a, image: a}]}}}",
  );
  const { status, stdout } = weir(
    ["-f", "-", "--settings", "installation.yaml", "--explain"],
    [database, migrating, agent].join("---\n"),
  );
  expect([status, stdout]).toEqual([
    0,
    `Deployment shop/web gets weir-sidecar as a native sidecar (an init container that goes on running), before migrate.
  GovernedDatabase orders: the sidecar listens on 127.83.0.1:5432 and goes on to postgres-orders:5432
    inside the pod these names lead there: postgres-orders, postgres-orders.shop, postgres-orders.shop.svc, postgres-orders.shop.svc.cluster.local
    the application's own login is relayed
  also added: volumes, host aliases, annotations
DaemonSet shop/web gets no sidecar.
  why:        HostNetwork: with hostNetwork the pod shares the node's loopback addresses with other pods
  what to do: remove hostNetwork, or use a Weir gateway
`,
  ]);
});

test("a namespace among the manifests that has not opted in is respected, and told on standard error", () => {
  const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
  const { status, stdout, stderr } = weir(
    ["-f", "-", "--settings", "installation.yaml"],
    [namespace, database, kinds[0]].join("---\n"),
  );
  expect([status, documents(stdout).at(-1)]).toEqual([0, documents(kinds[0]!)[0]]);
  expect(stderr).toMatch(
    /^weir inject: Deployment shop\/web: no sidecar: NotGoverned: .* kubectl annotate namespace NAME/,
  );
});

test("problems of files, settings and databases come together", () => {
  const { status, stdout, stderr } = weir(["-f", "-"], `${database.replace("engine", "engin")}---\na: [\n`);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr.split("\n").map((line) => line.slice(0, 45))).toEqual([
    expect.stringMatching(/^weir inject: -:\d+: /),
    "weir inject: there is no ConfigMap weir-injec",
    "weir inject: there is no ConfigMap weir-publi",
    "weir inject: GovernedDatabase shop/orders: sp",
    "weir inject: GovernedDatabase shop/orders: sp",
    "",
  ]);
});

test("wrong arguments and files that are not there have their exit codes", () => {
  expect(weir([])).toMatchObject({
    status: 64,
    stderr: expect.stringContaining("name the manifests: weir inject -f FILE"),
  });
  expect(weir(["-f", "none.yaml"])).toMatchObject({
    status: 69,
    stderr: "weir inject: none.yaml: cannot be read (ENOENT)\n",
  });
});

test("YAML is read and written as kubectl does", () => {
  const text = 'a: "yes"\nb: yes\nc: 0644\nd: 10:30\ne: 2026-11-28\nf: "0644"\n';
  const { objects } = readManifests("x", text);
  expect(objects).toEqual([{ a: "yes", b: true, c: 420, d: "10:30", e: "2026-11-28", f: "0644" }]);
  expect(readManifests("x", manifestText(objects)).objects).toEqual(objects);
  expect(manifestText(objects)).toMatch(/^a: "yes"\nb: true\nc: 420\n/);
});
