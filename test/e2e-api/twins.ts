// Twins of the admission policies that tell and never refuse: `fast` as the chart has them, `slow` without the conditions under which a
// policy is not asked. What each of them has against a pod comes back as warnings, by policy, binding, parameter and validation.
import type { Json } from "./governed-pod.ts";
import type { Installed } from "./installed.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
/** The API server shortens all warnings of an answer together beyond 4096 letters. */
const MANY = 3500;

export interface Verdicts {
  readonly fast: readonly string[];
  readonly slow: readonly string[];
}

export async function makeTwins(api: Installed, policies: readonly string[]): Promise<void> {
  const { body: bindings } = await api.send("GET", `${group}/validatingadmissionpolicybindings`);
  for (const name of policies) {
    const { body: policy } = await api.send("GET", `${group}/validatingadmissionpolicies/${name}`);
    for (const speed of ["fast", "slow"])
      await api.send("POST", `${group}/validatingadmissionpolicies`, {
        metadata: { name: `${speed}-${name}` },
        spec: twinOf(policy.spec, speed === "fast"),
      });
    for (const binding of bindings.items.filter((each: Json) => each.spec.policyName === name))
      for (const speed of ["fast", "slow"])
        await api.send("POST", `${group}/validatingadmissionpolicybindings`, {
          metadata: { name: `${speed}-${binding.metadata.name}` },
          spec: { ...binding.spec, policyName: `${speed}-${name}`, validationActions: ["Warn"] },
        });
  }
}

/** With messages short enough that many fit into an answer. */
function twinOf({ matchConditions, ...spec }: Json, conditions: boolean): Json {
  const named = spec.paramKind.kind === "GovernedDatabase";
  const validations = spec.validations.map(({ expression }: Json, at: number) => ({
    expression,
    message: `no. ${at}`,
    ...(named && { messageExpression: `params.metadata.name + ' no. ${at}'` }),
  }));
  return { ...spec, validations, ...(conditions && matchConditions !== undefined && { matchConditions }) };
}

/** null: too much to tell, or nobody was asked. */
export function verdictsOf(warnings: string): Verdicts | null {
  if (warnings.length > MANY) return null;
  const told = [...warnings.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text!);
  const by = (speed: string) =>
    told
      .filter((text) => text.includes(`'${speed}-`))
      .map((text) => text.replaceAll(`${speed}-`, ""))
      .sort();
  return { fast: by("fast"), slow: by("slow") };
}
