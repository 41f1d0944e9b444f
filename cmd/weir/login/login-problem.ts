// Why there is no token, or no connection: a sentence for people and an exit code. No token or secret is ever in the text.
import { AuthorizationResponseError, ClientError, ResponseBodyError } from "openid-client";
import { exits } from "../command.ts";

export class LoginProblem extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exits.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Prints nothing else: `weir token` keeps standard output for the token. Other errors are thrown on. */
export function toldProblem(error: unknown): number {
  if (!(error instanceof LoginProblem)) throw error;
  process.stderr.write(`weir: ${error.message}\n`);
  return error.exitCode;
}

/** What the issuer, or the library that checks its answers, says; `doing` such as "the device code". */
export function issuerProblem(issuer: string, doing: string, error: unknown): LoginProblem {
  if (error instanceof LoginProblem) return error;
  const because = reasonOf(error);
  const exitCode = isNetwork(error) ? exits.unavailable : exits.failed;
  return new LoginProblem(`${doing} at ${issuer} failed: ${because}`, exitCode, { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const more = error.error_description === undefined ? "" : ` (${printable(error.error_description)})`;
    return `${printable(error.error)}${more}`;
  }
  if (error instanceof LoginProblem) return error.message;
  const { cause } = error as Error;
  if (cause instanceof LoginProblem) return cause.message;
  if (error instanceof ClientError)
    return printable(cause instanceof Error ? `${error.message}: ${cause.message}` : error.message);
  return printable((error as NodeJS.ErrnoException).code ?? (error as Error).message);
}

function isNetwork(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1)
    if (at instanceof LoginProblem && at.exitCode === exits.unavailable) return true;
  return false;
}

const TEXT_MAX = 300;

/** An issuer's words may come from anywhere: nothing in them moves the cursor, is long, or looks like a token. */
export function printable(text: string): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").replace(/\beyJ[\w-]+(\.[\w-]*)*|[\w-]{40,}/g, "...");
  return plain.length > TEXT_MAX ? `${plain.slice(0, TEXT_MAX)}...` : plain;
}
