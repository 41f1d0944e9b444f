// The mutating webhook: `POST /mutate`. It never refuses a pod, and it never lets the API server wait for long.
import type { FastifyInstance } from "fastify";
import type { Known } from "../../pkg/admission/known.ts";
import { REVIEW_BYTES_MAX, type ReviewAnswer, reviewer } from "../../pkg/admission/review.ts";
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { withDeadline } from "./known-deadline.ts";
import type { LiveSettings } from "./live-settings.ts";
import type { AdmissionMetrics } from "./metrics.ts";
import { guardReviews, type ReviewLimits, reviewLimits } from "./review-limits.ts";
import type { Role } from "./role.ts";

export interface WebhookOptions {
  readonly known: Known;
  readonly settings: LiveSettings;
  readonly metrics: AdmissionMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Callers must show a certificate of the server's client CA. */
  readonly clientCertificate: boolean;
  readonly limits?: ReviewLimits;
}

/** The API server gives up after 3 s; what is not known by then is not known. */
const KNOWN_DEADLINE_MS = 1500;

export function webhookRole(options: WebhookOptions): Role {
  const { known, settings, version, clock, metrics, logger } = options;
  const review = reviewer({ known: withDeadline(known, KNOWN_DEADLINE_MS), settings: settings.current, version });
  return {
    name: "webhook",
    routes(server: FastifyInstance) {
      server.register(async (scope) => {
        const { clientCertificate, limits = reviewLimits } = options;
        guardReviews(scope, { limits, clientCertificate, onRefused: metrics.turnedAway });
        scope.post("/mutate", { bodyLimit: REVIEW_BYTES_MAX }, async (request, reply) => {
          const begun = clock.monotonicNs();
          const answer = await review(request.body instanceof Uint8Array ? request.body : new Uint8Array());
          metrics.observe(answer, Number(clock.monotonicNs() - begun) / 1e9);
          tell(logger, answer);
          return reply.code(answer.status).send(answer.body);
        });
      });
    },
    waitsFor: () => known.waitsFor(),
    start: async () => settings.watch(),
    stop: async () => settings.stop(),
  };
}

function tell(logger: Logger, { outcome }: ReviewAnswer): void {
  if (outcome.kind === "failed")
    logger.log("error", "admission_failed_open", { error: outcome.error.message, stack: outcome.error.stack });
  if (outcome.kind === "unreadable") logger.log("warn", "admission_unreadable");
}
