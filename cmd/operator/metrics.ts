// What the operator measures, in Prometheus' words. Labels come from closed lists; there is none for a pod or a namespace.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ReviewAnswer } from "../../pkg/admission/review.ts";

export interface AdmissionMetrics {
  /** A rehearsal leaves no trace. */
  observe(answer: ReviewAnswer, seconds: number): void;
  /** A request that was not even read. */
  turnedAway(): void;
}

export function operatorRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function admissionMetrics(registry: Registry, settingsProblems: () => number): AdmissionMetrics {
  const registers = [registry];
  const reviews = new Counter({
    name: "weir_admission_total",
    help: "Admission reviews answered, by outcome and, where no sidecar was put in, by reason",
    labelNames: ["outcome", "reason"],
    registers,
  });
  const failed = new Counter({
    name: "weir_admission_failed_open_total",
    help: "Pods that passed unlooked at because of an error of the webhook's own",
    registers,
  });
  const turnedAway = new Counter({
    name: "weir_admission_turned_away_total",
    help: "Requests to the webhook that were turned away unread: too many at a time, or without the client certificate",
    registers,
  });
  const seconds = new Histogram({
    name: "weir_admission_seconds",
    help: "Time from an admission review to its answer",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const problems: Gauge = new Gauge({
    name: "weir_injection_settings_problems",
    help: "Problems that keep settings.json as it is now from taking effect",
    registers,
    collect: () => problems.set(settingsProblems()),
  });
  return {
    observe({ outcome, dryRun }, elapsed) {
      if (dryRun) return;
      reviews.inc({ outcome: outcome.kind, reason: outcome.kind === "skipped" ? outcome.reason : "" });
      if (outcome.kind === "failed") failed.inc();
      seconds.observe(elapsed);
    },
    turnedAway: () => turnedAway.inc(),
  };
}

/** Parts of the operator that tell problems while they go on. */
export type ProblemPart = "known" | "controller" | "bundles" | "certificates";

export interface RoleMetrics {
  problem(part: ProblemPart): void;
  bundleAnswered(status: number): void;
  /** Read when somebody asks. */
  leads(isLeader: () => boolean): void;
  trusted(isWebhookRight: () => boolean): void;
}

export function roleMetrics(registry: Registry): RoleMetrics {
  const registers = [registry];
  const problems = new Counter({
    name: "weir_operator_problems_total",
    help: "Problems that the operator met and goes on after, by part; the log tells each",
    labelNames: ["part"],
    registers,
  });
  for (const part of ["known", "controller", "bundles", "certificates"] satisfies ProblemPart[])
    problems.inc({ part }, 0);
  const answers = new Counter({
    name: "weir_bundle_answers_total",
    help: "Requests for bundles answered, by status",
    labelNames: ["status"],
    registers,
  });
  const flag = (name: string, help: string) => (read: () => boolean) => {
    const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read() ? 1 : 0) });
  };
  return {
    problem: (part) => problems.inc({ part }),
    bundleAnswered: (status) => answers.inc({ status: String(status) }),
    leads: flag("weir_controller_leader", "1 at the replica that writes labels, bundles and statuses"),
    trusted: flag(
      "weir_webhook_trusted",
      "1 when the webhook's configuration trusts the CA that its certificates are of",
    ),
  };
}

/** `waitsFor`: what it waits for until it is ready. */
export function readyMetric(registry: Registry, waitsFor: () => readonly string[]): void {
  const gauge: Gauge = new Gauge({
    name: "weir_operator_waits",
    help: "Things that the operator waits for before it is ready; /readyz names them",
    registers: [registry],
    collect: () => gauge.set(waitsFor().length),
  });
}
