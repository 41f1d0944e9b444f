// The operator's webhook as a process of its own, on loopback, with what it knows in memory. It tells its parent the port, takes the
// settings, and tells when asked how long its answers have taken; when the parent goes, it ends.
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { databases, keys } from "../e2e-api/governed-pod.ts";
import { startTestOperator } from "../support/operator.ts";

const known = fromObjects(databases("shop")).resources.flatMap((each) =>
  each.kind === "GovernedDatabase" ? [each.database] : [],
);
const namespaces = [{ name: "shop", annotations: { "weir.dev/governance": "enabled" } }];
const operator = await startTestOperator({
  known: { namespaces, databases: known, bundleKeys: [keys], nativeSidecars: true },
});
process.on("message", async (message: string) => {
  if (message !== "spent?") operator.configure(message);
  else process.send!(await spent());
});
process.on("disconnect", () => void operator.stop());
process.send!({ port: operator.port, certificate: operator.certificate.certificate });

async function spent() {
  const { values } = await operator.registry.getSingleMetric("weir_admission_seconds")!.get();
  const of = (what: string) =>
    values.find((each) => "metricName" in each && each.metricName === `weir_admission_seconds_${what}`)?.value ?? 0;
  return { count: of("count"), seconds: of("sum") };
}
