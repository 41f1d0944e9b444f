// Load tests have two sizes: a short one that every `make test` runs, and the real one:
// `WEIR_LOAD=long WEIR_LOAD_LINES=1 make test ARGS='test/load --testTimeout=1200000'`, some minutes.

export const isLong = process.env.WEIR_LOAD === "long";

/** `short` as a rule, `long` where it was asked for. */
export const sized = (short: number, long: number): number => (isLong ? long : short);

const LINES = Number(process.env.WEIR_LOAD_LINES ?? 0);

/** What was measured, for the report; printed with WEIR_LOAD_LINES=1. */
export function measured(what: string, values: Readonly<Record<string, number | string>>): void {
  if (LINES > 0) process.stdout.write(`measured ${what}: ${JSON.stringify(values)}\n`);
}

export const mib = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10;
