// A capture of a real driver with damage: bytes changed, frames lost, doubled, out of order, cut short or from another conversation.

import { clientFrames } from "./client-frames.ts";
import type { Dice } from "./dice.ts";

/** Frames of one client's connection: the start-up packet, then the others. */
export type Frames = readonly Buffer[];

export function damaged(dice: Dice, captures: readonly Frames[]): Buffer[] {
  const frames = [...dice.of(captures)];
  const from = dice.below(Math.max(1, frames.length - 60));
  let kept = [frames[0]!, ...frames.slice(1 + from, 1 + from + 60)];
  for (let n = 1 + dice.below(6); n > 0; n--) kept = damage(dice, kept, captures);
  return kept;
}

function damage(dice: Dice, frames: Buffer[], captures: readonly Frames[]): Buffer[] {
  const at = dice.below(frames.length);
  const rest = frames.slice(at + 1);
  const before = frames.slice(0, at);
  const one = frames[at];
  if (one === undefined) return frames;
  switch (dice.below(7)) {
    case 0: {
      const changed = Buffer.from(one);
      if (changed.length > 0) changed[dice.below(changed.length)] = dice.below(256);
      return [...before, changed, ...rest];
    }
    case 1:
      return [...before, ...rest];
    case 2:
      return [...before, one, one, ...rest];
    case 3:
      return [...before, ...rest.slice(0, 1), one, ...rest.slice(1)];
    case 4:
      return [...before, one.subarray(0, dice.below(one.length + 1)), ...rest];
    case 5:
      return [...before, one, ...clientFrames(dice), ...rest];
    default:
      return [...before, ...dice.of(captures).slice(1, 1 + dice.below(10)), ...rest];
  }
}
