// The permanent list of leak attempts: by the way they take, and as attackers found them. Three test files
// of about the same length go through them, so that they can run side by side.
import type { Leak } from "../escape.ts";
import byAttack from "./by-attack.ts";
import bySecondAttack from "./by-attack-2.ts";
import changedNames from "./changed-names.ts";
import conditionalErrors from "./conditional-errors.ts";
import errorTexts from "./error-texts.ts";
import executeArguments from "./execute-arguments.ts";
import foundByAttack from "./found-by-attack.ts";
import moreWays from "./more-ways.ts";
import predicates from "./predicates.ts";
import queries from "./queries.ts";
import sideWays from "./side-ways.ts";

export const byWay: readonly Leak[] = [
  ...queries,
  ...predicates,
  ...conditionalErrors,
  ...sideWays,
  ...changedNames,
  ...errorTexts,
  ...executeArguments,
];

export const foundByAttackers: readonly Leak[] = [...foundByAttack, ...moreWays, ...bySecondAttack];

export const foundByTheFirst: readonly Leak[] = byAttack;
