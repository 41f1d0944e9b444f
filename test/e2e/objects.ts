// What a platform team, a database team and a developer would write; nothing of Weir's is in the application's manifests.
import { testImage } from "./image.ts";

const restricted = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
const variables = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));
const login = { DB_HOST: "orders-db.data", DB_USER: "postgres", DB_PASSWORD: "secret" };

export const namespace = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
});

const customers = `CREATE TABLE customers (id int PRIMARY KEY, name text, email text);
  INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com'), (2, 'Bob', 'bob@example.org')`;

export const postgres = [
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "postgres", namespace: "data", labels: { app: "postgres" } },
    spec: {
      containers: [
        {
          name: "postgres",
          image: testImage,
          command: ["/e2e/node", "/e2e/postgres.mjs"],
          env: variables({ POSTGRES_PASSWORD: "secret", INIT_SQL: customers }),
          readinessProbe: { exec: { command: ["/bin/sh", "-c", "test -f /tmp/ready"] }, periodSeconds: 1 },
          securityContext: restricted,
        },
      ],
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "orders-db", namespace: "data" },
    spec: { selector: { app: "postgres" }, ports: [{ port: 5432 }] },
  },
];

export const governed = [
  {
    apiVersion: "weir.dev/v1alpha1",
    kind: "GovernedDatabase",
    metadata: { name: "orders", namespace: "shop" },
    spec: { engine: "PostgreSQL", host: "orders-db.data.svc.cluster.local", tls: { mode: "Disable" } },
  },
  policy("Partial"),
];

export function policy(method: string) {
  return {
    apiVersion: "weir.dev/v1alpha1",
    kind: "DataPolicy",
    metadata: { name: "privacy", namespace: "shop" },
    spec: {
      databases: ["orders"],
      classify: [{ columns: ["public.customers.email"], class: "PII.EMAIL" }],
      mask: [{ classes: ["PII.EMAIL"], method }],
      guard: [{ name: "no-drop", effects: ["Drop"], action: "Deny", message: "Tables go through migrations." }],
    },
  };
}

const client = (name: string, once: boolean, ...statements: string[]) => ({
  name,
  image: testImage,
  command: ["/e2e/node", "/e2e/client.mjs", ...statements],
  env: variables({ ...login, ...(once ? { ONCE: "1" } : {}) }),
  securityContext: restricted,
});

export const application = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "app", namespace: "shop" },
  spec: {
    selector: { matchLabels: { app: "app" } },
    template: {
      metadata: { labels: { app: "app" } },
      spec: {
        initContainers: [client("migrate", true, "SELECT count(*) FROM customers")],
        containers: [client("app", false, "SELECT email FROM customers ORDER BY id", "DROP TABLE customers")],
      },
    },
  },
};

export const job = (name: string) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name, namespace: "shop" },
  spec: {
    template: { spec: { restartPolicy: "Never", containers: [client("once", true, "SELECT email FROM customers")] } },
  },
});
