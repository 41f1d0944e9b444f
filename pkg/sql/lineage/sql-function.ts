// Functions in SQL: their bodies are analysed like any statement, so that calling one is known (rule R6).
import type { Lineage } from "../facts.ts";
import type { Called } from "./calls.ts";
import type { Walk } from "./walk.ts";

/** What the body adds to the label of the result; null when the function is not one in SQL. */
export function callBody(_walk: Walk, _called: Called): Lineage | null {
  return null;
}
