// What `weir verify` ends with: one code per kind of finding, the gravest when there are several. 64 is a wrong command line.

/** From gravest to mildest. */
export const FINDING_KINDS = [
  "altered",
  "forked",
  "reordered",
  "missing",
  "wrongly-signed",
  "unverifiable-key",
  "replayed",
  "proof-wrong",
  "wrong-first",
  "truncated",
  "torn",
  "unclosed",
] as const;

/**
 * `altered`: a record is not what it was when it was written. `forked`: two records claim one number. `reordered`: all there, in another
 * order. `missing`: numbers are absent between others. `wrongly-signed`: a signature is not that of the key that it names.
 * `unverifiable-key`: signed by a key that nobody vouches for. `proof-wrong`: something is not shown to be in the log, or the log not to
 * go on from an earlier one. `replayed`: an older checkpoint than one that is known. `wrong-first`: it does not begin where it must.
 * `truncated`: records after the last one were written once, or the file ends early. `torn`: the last line is cut short, as a crash leaves it; nobody was told that it was written.
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
  "wrongly-signed": 10,
  "unverifiable-key": 11,
  replayed: 12,
  "proof-wrong": 13,
};
