import type { JsonObject } from "../../pkg/admission/json.ts";
import { workloadOf } from "../../pkg/admission/workload.ts";
import { shape } from "../support/injection.ts";

const owned = (kind: string, name: string, labels: JsonObject = {}): JsonObject => ({
  metadata: {
    name: "x",
    labels,
    ownerReferences: [
      { kind: "Other", name: "no" },
      { kind, name, controller: true },
    ],
  },
});

test.each([
  ["Deployment/storefront", shape("django-migrate")],
  ["CronJob/nightly-backup", shape("backup-cronjob")],
  ["StatefulSet/ledger-writer", shape("istio-native-statefulset")],
  ["DeploymentConfig/quarkus-orders", shape("openshift-deploymentconfig")],
  ["Job/etl", shape("ephemeral-volumes")],
  ["Pod/legacy-erp", shape("own-host-aliases")],
  ["Rollout/web", owned("ReplicaSet", "web-5d4f", { "rollouts-pod-template-hash": "5d4f" })],
  ["ReplicaSet/web-5d4f", owned("ReplicaSet", "web-5d4f")],
  ["DaemonSet/agent", owned("DaemonSet", "agent")],
  ["Workflow/nightly", owned("Workflow", "nightly")],
  ["_(X)/_".replace("(X)", "_X_"), owned("$(X)", "$")],
  ["Pod/debug", { metadata: { generateName: "debug-", name: "debug-x7k2p" } }],
])("%s", (expected, pod) => {
  expect(workloadOf(pod)).toBe(expected);
});
