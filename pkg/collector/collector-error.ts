// The collector's own error, for what stops it or a request and is no fault of the sender.

export type CollectorFault = "locked" | "io" | "damaged" | "busy";

export class CollectorError extends Error {
  readonly code: CollectorFault;

  constructor(code: CollectorFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CollectorError";
    this.code = code;
  }
}
