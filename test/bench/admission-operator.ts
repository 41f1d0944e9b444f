// The operator's webhook as a process of its own, on loopback, with what it knows in memory. Its parent sends the settings and hears the
// port; when the parent goes, it ends.
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
process.on("message", (settings: string) => operator.configure(settings));
process.on("disconnect", () => void operator.stop());
process.send!({ port: operator.port, certificate: operator.certificate.certificate });
