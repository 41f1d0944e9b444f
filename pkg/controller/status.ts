// What `kubectl get` and `describe` tell of our resources: the documented conditions, from verdicts and counts. Pure.
import type { KubeObject } from "../kube/object.ts";
import type { Problem } from "../resources/problem.ts";
import type { Verdict } from "./bundle-content.ts";

export interface Condition {
  readonly type: "Accepted" | "ResolvedRefs" | "Programmed";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

export interface ResourceStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly problems: readonly { readonly field: string; readonly message: string; readonly remedy: string }[];
  /** Pods that it concerns, and those of them that have it in force. */
  readonly pods: number;
  readonly podsCurrent: number;
  /** Of policies: databases that it reaches. */
  readonly databases?: number;
  /** Of a database: policies that reach it, and what going round the sidecar would take. */
  readonly policies?: number;
  readonly protection?: "Steering" | "Custody";
}

/** Pods that should run with the newest bundle, and those that said they do. */
export interface Pods {
  readonly desired: number;
  readonly applied: number;
}

export interface Situation {
  readonly verdict: Verdict;
  readonly pods: Pods;
  /** Some namespace that it concerns is governed. */
  readonly governed: boolean;
  /** Why a bundle could not be made or published; null when all is well. */
  readonly blocked: string | null;
}

/** As the schema bounds them. */
const MESSAGE_MAX = 32_768;
const PROBLEMS_MAX = 32;
const FIELD_MAX = 1024;
const TEXT_MAX = 8192;

/** `before` is the status as it is; times of conditions that do not change are kept. */
export function statusOf(object: KubeObject, situation: Situation, now: string): ResourceStatus {
  const observedGeneration = object.metadata.generation ?? 0;
  const before: readonly Condition[] = object.status?.conditions ?? [];
  const conditions = [accepted(object, situation), resolved(situation), programmed(situation)].map((condition) => {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    const message = condition.message.slice(0, MESSAGE_MAX);
    return { ...condition, message, observedGeneration, lastTransitionTime: same?.lastTransitionTime ?? now };
  });
  const { verdict, pods } = situation;
  const problems = verdict.problems.slice(0, PROBLEMS_MAX).map(({ path, message, remedy }) => ({
    field: path.slice(0, FIELD_MAX),
    message: message.slice(0, TEXT_MAX),
    remedy: remedy.slice(0, TEXT_MAX),
  }));
  const counts = { pods: pods.desired, podsCurrent: pods.applied };
  if (object.kind !== "GovernedDatabase")
    return { observedGeneration, conditions, problems, ...counts, databases: verdict.reach };
  const protection = object.spec?.credentials === "Brokered" ? "Custody" : "Steering";
  return { observedGeneration, conditions, problems, ...counts, policies: verdict.reach, protection };
}

type Said = Pick<Condition, "type" | "status" | "reason" | "message">;

function accepted(object: KubeObject, situation: Situation): Said {
  const { accepted, problems, inForce, missing } = situation.verdict;
  const list = problems.map(told).join("\n");
  if (accepted) {
    const message = [credentialsNote(object), missing.length > 0 ? `warning: ${resolved(situation).message}` : "", list]
      .filter((text) => text !== "")
      .join("\n");
    return { type: "Accepted", status: "True", reason: "Valid", message };
  }
  const kept =
    inForce === "earlier" ? "Its last good version stays in force until this is corrected." : nothing(object);
  return { type: "Accepted", status: "False", reason: "Invalid", message: `${kept}\n${list}` };
}

/** What it means that no version of it was ever good. */
function nothing({ kind, spec }: KubeObject): string {
  if (kind === "GovernedDatabase") return "There is no earlier good version, so its listeners refuse logins.";
  if (spec?.mode === "Observe") return "There is no earlier good version, so nothing of it is in force.";
  return "There is no earlier good version, so the databases that it concerns refuse logins until it is corrected or deleted.";
}

function told({ severity, path, message, remedy }: Problem): string {
  return `${severity === "warning" ? "warning: " : ""}${path === "" ? "" : `${path}: `}${message}; ${remedy}`;
}

/** How far this database's protection goes. */
function credentialsNote({ kind, spec }: KubeObject): string {
  if (kind !== "GovernedDatabase") return "";
  if (spec?.credentials === "Brokered" && spec.credentialsSecret === undefined)
    return "Brokered, but without a login: pods that it is for get no sidecar and are refused; set spec.credentialsSecret to a Secret with username and password.";
  return spec?.credentials === "Brokered"
    ? "Brokered: only the sidecar holds the login, so going round it gets nobody in."
    : "PassThrough: applications hold the login and could go round the sidecar; credentials: Brokered closes that.";
}

function resolved({ verdict: { missing } }: Situation): Said {
  if (missing.length === 0) return { type: "ResolvedRefs", status: "True", reason: "Resolved", message: "" };
  const message = `There is no GovernedDatabase ${missing.join(", ")}; add it, or correct spec.databases.`;
  return { type: "ResolvedRefs", status: "False", reason: "RefNotFound", message };
}

function programmed({ verdict, pods, governed, blocked }: Situation): Said {
  const said = (status: Said["status"], reason: string, message: string): Said => ({
    type: "Programmed",
    status,
    reason,
    message,
  });
  if (blocked !== null) return said("False", "BundleBlocked", blocked);
  if (!governed)
    return said(
      "False",
      "NotGoverned",
      "No namespace that it concerns is governed; annotate one with weir.dev/governance: enabled.",
    );
  if (verdict.inForce === "none") return said("False", "Invalid", "It is in no bundle; see Accepted.");
  const earlier = verdict.inForce === "earlier" ? " (with the last good version)" : "";
  const { desired, applied } = pods;
  return applied >= desired
    ? said("True", "Programmed", `In force in ${applied} of ${desired} pods${earlier}.`)
    : said("False", "Pending", `In force in ${applied} of ${desired} pods${earlier}.`);
}

/** Whether anything but the counts differs, so that it is worth telling at once. */
export function differs(before: unknown, after: ResourceStatus): "no" | "counts" | "conditions" {
  const old = before as Partial<ResourceStatus> | undefined;
  const bare = (status: Partial<ResourceStatus> | undefined, counts: boolean) =>
    JSON.stringify([
      status?.observedGeneration,
      status?.conditions?.map(({ type, status: is, reason, message, observedGeneration }) =>
        [type, is, reason, observedGeneration, ...(counts || type !== "Programmed" ? [message] : [])].join("\0"),
      ),
      status?.problems?.map(({ field, message, remedy }) => [field, message, remedy].join("\0")),
      [status?.databases, status?.policies, status?.protection],
      ...(counts ? [status?.pods, status?.podsCurrent] : []),
    ]);
  if (bare(old, true) === bare(after, true)) return "no";
  return bare(old, false) === bare(after, false) ? "counts" : "conditions";
}

/** A ClusterDataPolicy's, of the verdicts in the namespaces that it concerns. */
export function joinVerdicts(verdicts: readonly Verdict[]): Verdict {
  const [first, ...rest] = verdicts;
  if (first === undefined) throw new Error("a verdict is missing");
  return rest.reduce<Verdict>(
    (all, next) => ({
      of: all.of,
      accepted: all.accepted && next.accepted,
      problems: [
        ...all.problems,
        ...next.problems.filter((one) => !all.problems.some((other) => told(one) === told(other))),
      ],
      missing: all.missing.filter((name) => next.missing.includes(name)),
      reach: all.reach + next.reach,
      inForce: all.inForce === next.inForce ? all.inForce : "earlier",
    }),
    first,
  );
}
