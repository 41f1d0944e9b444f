// What the `main.ts` of every program that stays up does at its edges.

/** The second one ends the process at once, by the system's own default. */
export function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
}

/** All problems of a configuration at once; the process then ends with 64. */
export function refuseConfiguration(program: string, problems: readonly string[]): void {
  const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
  process.stderr.write(`${program}: the configuration has ${count}\n`);
  for (const problem of problems) process.stderr.write(`  ${problem}\n`);
  process.exitCode = 64;
}
