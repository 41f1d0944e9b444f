// One line over the JSON summaries of the test runners; fails when a test or a whole file failed, or nothing ran at all.
import { existsSync, readFileSync } from "node:fs";

let [passed, failed, skipped] = [0, 0, 0];
for (const file of process.argv.slice(2)) {
  const found = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { numRuntimeErrorTestSuites: 1 };
  passed += found.numPassedTests ?? 0;
  failed += (found.numFailedTests ?? 0) + (found.numRuntimeErrorTestSuites ?? 0);
  skipped += (found.numPendingTests ?? 0) + (found.numTodoTests ?? 0);
}
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
