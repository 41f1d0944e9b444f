// `--remember`: the refresh token in a file of one's own, one for each issuer, client and scope, so that the next run asks nobody.
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { readOwn, writeOwn } from "./own-file.ts";

export interface Remembered {
  readonly file: string;
  read(): string | null;
  /** null: forgets it. */
  write(refreshToken: string | null): void;
}

export function remembered(folder: string, of: readonly string[]): Remembered {
  const name = createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32);
  const file = join(folder, "logins", `${name}.json`);
  return {
    file,
    read() {
      const text = readOwn(file, { secret: true });
      try {
        const { refreshToken } = JSON.parse(text ?? "{}");
        return typeof refreshToken === "string" ? refreshToken : null;
      } catch {
        return null;
      }
    },
    write(refreshToken) {
      if (refreshToken === null) rmSync(file, { force: true });
      else writeOwn(file, `${JSON.stringify({ issuer: of[0], refreshToken })}\n`);
    },
  };
}
