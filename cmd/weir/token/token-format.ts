// How a token is handed to the program that asked for it.
import { UsageError } from "../command.ts";
import { claimsOf } from "../login/tokens.ts";

export const FORMATS = ["token", "json", "env", "pgpass", "exec-credential"] as const;
export type Format = (typeof FORMATS)[number];

/** @throws UsageError */
export function formatIn(text: string): Format {
  const found = FORMATS.find((format) => format === text);
  if (found === undefined) throw new UsageError(`--format: write one of ${FORMATS.join(", ")}`);
  return found;
}

/** One line, without its end. `pgpass`: as libpq's file has it, for every host, port and database. @throws LoginProblem */
export function formatted(token: string, format: Format, login: () => string): string {
  const expires = () => new Date(claimsOf(token).expiresAtMs).toISOString();
  switch (format) {
    case "token":
      return token;
    case "json":
      return JSON.stringify({ token, expires: expires() });
    case "env":
      return `PGPASSWORD=${token}`;
    case "pgpass":
      return `*:*:*:${login().replace(/[\\:]/g, "\\$&")}:${token}`;
    case "exec-credential":
      return JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token, expirationTimestamp: expires() },
      });
    default:
      return format satisfies never;
  }
}
