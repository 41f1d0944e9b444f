// The bytes of an AdmissionReview in, the answer out. Never refuses a pod: what goes wrong here lets it pass, is counted and told
// as a warning, and the admission policy of the API server decides.
import { applyPatch } from "./apply-patch.ts";
import { type InjectionOutcome, inject, notInjected } from "./inject.ts";
import { at, isObject, type Json, type JsonObject, textAt } from "./json.ts";
import type { Operation } from "./json-patch.ts";
import type { Known } from "./known.ts";
import type { Reason } from "./reason.ts";
import type { InstallSettings } from "./settings.ts";

/** The API server's own bound on an object is 1.5 MiB; a review may hold it twice. */
export const REVIEW_BYTES_MAX = 8 * 1024 * 1024;

export interface ReviewerOptions {
  readonly known: Known;
  settings(): InstallSettings;
  readonly version: string;
}

export type ReviewOutcome =
  | { readonly kind: "injected"; readonly operations: number }
  | { readonly kind: "skipped"; readonly reason: Reason }
  /** An error of our own: the pod has passed as it came. */
  | { readonly kind: "failed"; readonly error: Error }
  /** No AdmissionReview. */
  | { readonly kind: "unreadable" };

export interface ReviewAnswer {
  readonly status: 200 | 400;
  readonly body: JsonObject;
  readonly outcome: ReviewOutcome;
  /** Nothing may be counted or remembered of a rehearsal. */
  readonly dryRun: boolean;
}

export type Reviewer = (bytes: Uint8Array) => Promise<ReviewAnswer>;

export function reviewer(options: ReviewerOptions): Reviewer {
  return async (bytes) => {
    const request = requestOf(bytes);
    if (request === null) return unreadable;
    const dryRun = request.dryRun === true;
    const uid = String(request.uid);
    try {
      return { ...answer(uid, await decide(request, options)), dryRun };
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const warning = "weir: an error of the webhook's own left this pod as it came; see weir-operator's log";
      const body = review(uid, { warnings: [warning], auditAnnotations: { decision: "Failed" } });
      return { status: 200, body, outcome: { kind: "failed", error }, dryRun };
    }
  };
}

const unreadable: ReviewAnswer = {
  status: 400,
  body: { error: "the body is not an AdmissionReview of admission.k8s.io/v1 with a request.uid" },
  outcome: { kind: "unreadable" },
  dryRun: false,
};

function requestOf(bytes: Uint8Array): JsonObject | null {
  if (bytes.length > REVIEW_BYTES_MAX) return null;
  let body: Json;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
  const request = at(body, "request");
  const fits = textAt(body, "apiVersion") === "admission.k8s.io/v1" && textAt(body, "kind") === "AdmissionReview";
  return fits && isObject(request) && textAt(request, "uid") ? request : null;
}

async function decide(request: JsonObject, { known, settings, version }: ReviewerOptions): Promise<InjectionOutcome> {
  const pod = request.object;
  if (!isObject(pod) || !createsPod(request)) return notInjected("NotAPodCreation");
  // The pod's own metadata.namespace may be empty.
  const name = textAt(request, "namespace") ?? "";
  const namespace = await known.namespace(name);
  const governed = namespace?.annotations["weir.dev/governance"] === "enabled";
  const outcome = inject({
    pod,
    settings: { ...settings(), bundleKeys: known.bundleKeys(), nativeSidecars: known.nativeSidecars(), version },
    namespace: { name, annotations: namespace?.annotations ?? null },
    databases: governed ? await known.databases(name) : [],
  });
  // A patch that does not apply is the one answer that the API server would not let pass: it is an error of ours, found here.
  if (outcome.injected) applyPatch(pod, outcome.operations);
  return outcome;
}

function createsPod(request: JsonObject): boolean {
  const { resource, operation, subResource } = request;
  return (
    operation === "CREATE" &&
    (subResource === undefined || subResource === "" || subResource === null) &&
    at(resource, "resource") === "pods" &&
    at(resource, "group") === "" &&
    at(resource, "version") === "v1"
  );
}

function answer(uid: string, decided: InjectionOutcome): Omit<ReviewAnswer, "dryRun"> {
  if (!decided.injected) return skipped(uid, decided.reason, decided.message);
  const { operations, warnings, sidecar } = decided;
  const body = review(uid, {
    ...(operations.length > 0 ? { patchType: "JSONPatch", patch: encoded(operations) } : {}),
    ...(warnings.length > 0 ? { warnings: fitting(warnings.map(({ name, text }) => `weir: ${name}: ${text}`)) } : {}),
    auditAnnotations: {
      decision: "Injected",
      databases: sidecar.captured.map(({ database }) => database.name).join(","),
    },
  });
  return { status: 200, body, outcome: { kind: "injected", operations: operations.length } };
}

/** Where nothing was asked of Weir, nothing is said. */
const silent: readonly Reason[] = ["NotAPodCreation", "ProtectedNamespace", "NotGoverned", "MirrorPod"];

function skipped(uid: string, reason: Reason, message: string): Omit<ReviewAnswer, "dryRun"> {
  const warnings = silent.includes(reason) ? {} : { warnings: fitting([`weir: no sidecar: ${message}`]) };
  return {
    status: 200,
    body: review(uid, { ...warnings, auditAnnotations: { decision: reason } }),
    outcome: { kind: "skipped", reason },
  };
}

function review(uid: string, response: JsonObject): JsonObject {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid, allowed: true, ...response },
  };
}

function encoded(operations: readonly Operation[]): string {
  return Buffer.from(JSON.stringify(operations)).toString("base64");
}

/** The API server may cut a warning beyond 256 characters and drops what is beyond 4096 in all. */
function fitting(warnings: readonly string[]): readonly string[] {
  let room = 4096;
  return warnings
    .map((text) => text.replace(/[^\x20-\x7e]/g, "?"))
    .map((text) => (text.length > 256 ? `${text.slice(0, 253)}...` : text))
    .filter((text) => {
      room -= text.length;
      return room >= 0;
    });
}
