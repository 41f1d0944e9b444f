// What one hostile client does, as data: made from a seed and nothing else, so that the seed reproduces it.
import { cancelRequest, query, startup } from "../support/messages.ts";
import type { Captures } from "./captures.ts";
import { clientFrames } from "./client-frames.ts";
import { damaged } from "./damage.ts";
import { Dice } from "./dice.ts";
import { hostileStart, LOGIN } from "./startups.ts";

export type Act =
  | { readonly do: "send"; readonly bytes: Buffer }
  /** Until a ReadyForQuery or CopyInResponse has come, the peer has left, or nothing has come for a while. */
  | { readonly do: "listen" }
  | { readonly do: "pause"; readonly ms: number }
  | { readonly do: "stop reading" }
  | { readonly do: "read on" }
  /** On a connection of its own, with the session's own key. */
  | { readonly do: "cancel" };

export interface Play {
  readonly kind: "start" | "frames" | "capture" | "server" | "split" | "slow";
  readonly acts: readonly Act[];
  /** Politely half-closed and waited for, or cut off. */
  readonly ending: "close" | "reset";
  /** Which listener: that of the real server, or that of the hostile one. */
  readonly to: "real" | "hostile";
}

const send = (bytes: Buffer): Act => ({ do: "send", bytes });
const listen: Act = { do: "listen" };

/** Plays of a run: number `index` of run `seed`. */
export function makePlay(seed: number, index: number, captures: Captures): Play {
  const dice = new Dice(seed * 1_000_003 + index);
  const ending = dice.percent(25) ? "reset" : "close";
  const roll = dice.below(100);
  if (roll < 15)
    return { kind: "start", acts: cut(dice, hostileStart(dice)), ending, to: dice.percent(85) ? "real" : "hostile" };
  if (roll < 55) return { kind: "frames", acts: [...login(dice), ...talk(dice)], ending, to: "real" };
  if (roll < 75 && captures.client.length > 0) {
    const bytes = damaged(dice, captures.client);
    return { kind: "capture", acts: cut(dice, bytes), ending, to: "real" };
  }
  if (roll < 97) return { kind: "server", acts: [...login(dice), ...talk(dice)], ending, to: "hostile" };
  return { kind: "slow", acts: slowly(dice), ending, to: dice.percent(70) ? "real" : "hostile" };
}

function login(dice: Dice): Act[] {
  const user = dice.of(["app", "app", "analyst"]);
  const database = dice.of(["play", "shop", "shop"]);
  const more: Record<string, string> = dice.percent(10) ? { client_encoding: "LATIN1" } : {};
  const packet = startup({ user, database, ...more }, dice.of([0x30000, 0x30000, 0x30002]));
  return [send(packet), ...(dice.percent(85) ? [listen] : [])];
}

function talk(dice: Dice): Act[] {
  return dice
    .times(4, () => {
      const acts = cut(dice, clientFrames(dice));
      if (dice.percent(6)) acts.push({ do: "cancel" });
      if (dice.percent(6)) acts.unshift({ do: "stop reading" });
      if (dice.percent(60)) acts.push({ do: "read on" }, listen);
      return acts;
    })
    .flat();
}

/** In writes that have nothing to do with frames. */
function cut(dice: Dice, frames: readonly Buffer[]): Act[] {
  const bytes = Buffer.concat(frames);
  if (dice.percent(60) || bytes.length === 0) return [send(bytes)];
  const acts: Act[] = [];
  for (let at = 0; at < bytes.length && acts.length < 40; ) {
    const end = acts.length === 39 ? bytes.length : at + 1 + dice.below(dice.percent(50) ? 6 : 3000);
    acts.push(send(bytes.subarray(at, end)));
    if (dice.percent(25)) acts.push({ do: "pause", ms: dice.below(8) });
    at = end;
  }
  return acts;
}

/** A login, or a statement, byte by byte; or silence. */
function slowly(dice: Dice): Act[] {
  const frames = dice.percent(50) ? [...LOGIN] : [...query("SELECT 1")];
  const before = dice.percent(50) ? [] : [send(LOGIN), listen];
  const drips = frames
    .slice(0, dice.below(frames.length))
    .flatMap((byte): Act[] => [send(Buffer.from([byte])), { do: "pause", ms: dice.below(300) }]);
  return [
    ...before,
    ...(dice.percent(20) ? [send(cancelRequest(1, Buffer.alloc(0)).subarray(0, 9))] : []),
    ...drips,
    { do: "pause", ms: dice.below(3000) },
  ];
}
