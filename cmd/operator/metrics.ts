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
