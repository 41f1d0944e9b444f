// One job of the operator: webhook, controller or bundles. They share the process, its servers and its end, nothing else.
import type { FastifyInstance } from "fastify";

export const roleNames = ["webhook", "controller", "bundles"] as const;
export type RoleName = (typeof roleNames)[number];

export interface Role {
  readonly name: RoleName;
  /** Adds its routes to the HTTPS server, before that listens. */
  routes(server: FastifyInstance): void;
  /** What it still waits for, in words; empty when it is ready. */
  waitsFor(): readonly string[];
  /** After the servers listen. */
  start(): Promise<void>;
  /** After the drain and before the server closes: ends what waits. Requests may still be under way. */
  stop(): Promise<void>;
}
