// PostgreSQL refuses to run as root. When we are root it runs as an unprivileged account of this machine instead.
import { readFileSync } from "node:fs";

/** What `spawn` takes; empty when we are not root, because then the server simply runs as us. */
export type Account = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** `nobody` when we are root: initdb wants an account that the machine can name, and every machine has that one. */
export function serverAccount(effectiveUid = process.geteuid?.(), passwd = readPasswd()): Account {
  if (effectiveUid !== 0) return {};
  const fields = passwd
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === "nobody");
  if (!fields)
    throw new Error(
      "PostgreSQL refuses to run as root and /etc/passwd has no account `nobody`; add one, or run as another user",
    );
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function readPasswd(): string {
  try {
    return readFileSync("/etc/passwd", "utf8");
  } catch {
    return "";
  }
}
