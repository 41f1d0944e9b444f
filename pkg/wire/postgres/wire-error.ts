// The one error of this package, in a file of its own so that every codec can throw it.

/** A peer broke the protocol; the session ends with SQLSTATE 08P01. `message` never holds payload bytes. */
export class WireError extends Error {
  readonly code = "08P01";
}
