// Waits for what must come about; the test's own time limit ends a wait in vain.
import { setTimeout as delay } from "node:timers/promises";

export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10);
}
