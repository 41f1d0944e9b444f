// RESET ALL and DISCARD ALL: whatever a session was set to is gone.
import type { Facts } from "../sql/facts.ts";

export function resetsAll(facts: Facts): boolean {
  if (!facts.understood || (facts.kind !== "RESET" && facts.kind !== "DISCARD")) return false;
  return facts.settings.some(({ name }) => name === "*");
}
