// What the sidecar's thread and the one behind it say to each other. Plain data.

import type { LogFields, LogLevel } from "../../pkg/runtime/logger.ts";
import type { ShipperCounters } from "../../pkg/shipping/shipper.ts";
import type { Left, Position, ShippingSettings } from "../../pkg/shipping/shipping.ts";

/** What the thread is started with. */
export interface BehindSettings {
  readonly committed: SharedArrayBuffer;
  readonly shipping: ShippingSettings | null;
}

export type ToBehind =
  | { readonly do: "at"; readonly position: Position }
  | { readonly do: "finish"; readonly position: Position; readonly timeMs: number };

export type FromBehind =
  | { readonly tell: "release"; readonly segment: number }
  | { readonly tell: "break"; readonly chain: string; readonly why: string }
  | { readonly tell: "counters"; readonly shipping: ShipperCounters | null }
  | { readonly tell: "log"; readonly level: LogLevel; readonly event: string; readonly fields: LogFields }
  | { readonly tell: "finished"; readonly left: Left | null };
