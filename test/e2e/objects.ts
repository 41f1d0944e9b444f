// What a platform team, a database team and a developer would write; nothing of Weir's is in the application's manifests.
import { testImage } from "./image.ts";

const restricted = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
const variables = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));

export const namespace = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
});

export const inNamespace = (namespace: string, ...objects: { readonly metadata: object }[]) =>
  objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));

/** A PostgreSQL of namespace data with the customers that are given; `more` runs after they are in. */
export const postgres = (name: string, customers: Record<string, string>, more = "") => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "data", labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: "postgres",
        image: testImage,
        command: ["/e2e/node", "/e2e/postgres.mjs"],
        env: variables({ POSTGRES_PASSWORD: "secret", INIT_SQL: tableOf(customers) + more }),
        readinessProbe: { exec: { command: ["/bin/sh", "-c", "test -f /tmp/ready"] }, periodSeconds: 1 },
        securityContext: restricted,
      },
    ],
  },
});

function tableOf(customers: Record<string, string>): string {
  const rows = Object.entries(customers).map(([name, email], index) => `(${index + 1}, '${name}', '${email}')`);
  return `CREATE TABLE customers (id int PRIMARY KEY, name text, email text);
    INSERT INTO customers VALUES ${rows.join(", ")};`;
}

export const service = (name: string, app: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "data" },
  spec: { selector: { app }, ports: [{ port: 5432 }] },
});

export const database = (name: string, spec: object) => ({
  apiVersion: "weir.dev/v1alpha1",
  kind: "GovernedDatabase",
  metadata: { name },
  spec: { engine: "PostgreSQL", tls: { mode: "Disable" }, ...spec },
});

/** The one of examples/kubernetes/shop.yaml with another method. */
export const policy = (method: string, database = "orders") => ({
  apiVersion: "weir.dev/v1alpha1",
  kind: "DataPolicy",
  metadata: { name: "privacy" },
  spec: {
    databases: [database],
    classify: [{ columns: ["public.customers.email"], class: "PII.EMAIL" }],
    mask: [{ classes: ["PII.EMAIL"], method }],
    guard: [{ name: "no-drop", effects: ["Drop"], action: "Deny", message: "Tables go through migrations." }],
  },
});

export const emails = "SELECT email FROM customers ORDER BY id";
export const orders = { DB_HOST: "orders-db.data", DB_USER: "postgres", DB_PASSWORD: "secret" };

export const client = (name: string, environment: Record<string, string>, ...statements: string[]) => ({
  name,
  image: testImage,
  command: ["/e2e/node", "/e2e/client.mjs", ...statements],
  env: variables(environment),
  securityContext: restricted,
});

/** Containers: `app` logs in for each statement, `pool` keeps its session; `migrate` runs before them and asks once. */
export const application = (environment: Record<string, string>, statement = emails) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "app" },
  spec: {
    selector: { matchLabels: { app: "app" } },
    template: {
      metadata: { labels: { app: "app" } },
      spec: {
        initContainers: [client("migrate", { ...environment, ONCE: "1" }, "SELECT count(*) FROM customers")],
        containers: [
          client("app", { ...environment, EVERY_MS: "250" }, statement),
          client("pool", { ...environment, KEEP: "1", EVERY_MS: "25" }, statement),
        ],
      },
    },
  },
});

/** For the collector's claim, which names no storage class. */
export const volume = (path: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "collector" },
  spec: {
    capacity: { storage: "20Gi" },
    accessModes: ["ReadWriteOnce"],
    local: { path },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "Exists" }] }],
      },
    },
  },
});

export const job = (name: string, ...statements: string[]) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name, namespace: "shop" },
  spec: {
    template: {
      spec: { restartPolicy: "Never", containers: [client("once", { ...orders, ONCE: "1" }, ...statements)] },
    },
  },
});

export const pod = (name: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop" },
  spec: {
    initContainers: [client("migrate", { ...orders, ONCE: "1" }, "SELECT count(*) FROM customers")],
    containers: [client("app", orders, emails)],
  },
});

export const login = (username: string, password: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: `${username}-login` },
  stringData: { username, password },
});

/** A pod that would like to know what a Secret holds. */
export const reader = (secret: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "reader" },
  spec: {
    containers: [{ ...client("reader", {}, emails), envFrom: [{ secretRef: { name: secret } }] }],
  },
});
