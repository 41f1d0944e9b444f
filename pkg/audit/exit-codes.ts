// What `weir verify` ends with: one code per kind of finding, the gravest when there are several. 64 is a wrong command line.

/** From gravest to mildest. */
export const FINDING_KINDS = [
  "altered",
  "forked",
  "reordered",
  "missing",
  "wrong-first",
  "truncated",
  "torn",
  "unclosed",
] as const;

/**
 * `altered`: a record is not what it was when it was written. `forked`: two records claim one number. `reordered`: all there, in another
 * order. `missing`: numbers are absent between others. `wrong-first`: it does not begin where it must. `truncated`: records after the
 * last one were written once. `torn`: the last line is cut short, as a crash leaves it; nobody was told that it was written.
 * `unclosed`: decisions without an outcome, as in the spool of a sidecar that runs or was killed and not started again.
 */
export type FindingKind = (typeof FINDING_KINDS)[number];

export const EXIT_CODES: Readonly<Record<"intact" | "unreadable" | FindingKind, number>> = {
  intact: 0,
  altered: 1,
  missing: 2,
  reordered: 3,
  forked: 4,
  truncated: 5,
  torn: 6,
  "wrong-first": 7,
  unclosed: 8,
  unreadable: 9,
};
