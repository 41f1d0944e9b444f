// What the sidecar's thread and the one behind it say to each other. Plain data.

import type { LogFields, LogLevel } from "../../pkg/runtime/logger.ts";
import type { ShipperCounters } from "../../pkg/shipping/shipper.ts";
import type { Left, Position, ShippingSettings } from "../../pkg/shipping/shipping.ts";
import type { SpoolPlace } from "../../pkg/shipping/spool-reader.ts";
import type { Server } from "../../pkg/telemetry/statement-span.ts";
import type { TelemetryCounters, TelemetrySettings } from "../../pkg/telemetry/telemetry.ts";

/** What the thread is started with. */
export interface BehindSettings {
  readonly committed: SharedArrayBuffer;
  /** Where the spool stood when the thread was started: it takes a while to come up. */
  readonly from: SpoolPlace;
  readonly shipping: ShippingSettings | null;
  readonly telemetry: TelemetrySettings | null;
}

/** What both tell of themselves; null: there is no such part. */
export interface BehindCounters {
  readonly shipping: ShipperCounters | null;
  readonly telemetry: TelemetryCounters | null;
}

/** What the writer has counted, for `weir.audit.*`. */
export interface WriterCounters {
  readonly records: number;
  readonly unrecorded: number;
  readonly depthBytes: number;
}

export type ToBehind =
  | { readonly do: "at"; readonly position: Position; readonly writer: WriterCounters }
  | { readonly do: "servers"; readonly servers: Readonly<Record<string, Server>> }
  | { readonly do: "finish"; readonly position: Position; readonly timeMs: number };

export type FromBehind =
  | { readonly tell: "release"; readonly segment: number }
  | { readonly tell: "break"; readonly chain: string; readonly why: string }
  | ({ readonly tell: "counters" } & BehindCounters)
  | { readonly tell: "log"; readonly level: LogLevel; readonly event: string; readonly fields: LogFields }
  | { readonly tell: "finished"; readonly left: Left | null };
