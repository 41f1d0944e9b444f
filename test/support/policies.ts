// Policy files of a test, compiled as the sidecar compiles a folder; a problem in them is a mistake of the test.
import type { PolicySet } from "../../pkg/policy/rules.ts";
import { loadPolicySet } from "../../pkg/resources/compile.ts";

const database = (port: number) => `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: main, namespace: shop}
spec: {engine: PostgreSQL, host: 127.0.0.1, port: ${port}, tls: {mode: Disable}, credentials: PassThrough}
`;

export function compilePolicies(files: Readonly<Record<string, string>>, upstreamPort: number): PolicySet {
  const all = { "database.yaml": database(upstreamPort), ...files };
  const sources = Object.entries(all).map(([file, text]) => ({ file, text }));
  const { set, problems } = loadPolicySet(sources, { maskKey: true });
  if (set === null) throw new Error(problems.map((problem) => JSON.stringify(problem)).join("\n"));
  return set;
}
