// The YAML files of a folder. Names that begin with a dot are skipped: Kubernetes keeps a ConfigMap's versions under them.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ResourceFile } from "./parse-resources.ts";

/** All files directly in `folder`, by name. Throws as `fs` does when the folder or one of them cannot be read. */
export function readFolder(folder: string): readonly ResourceFile[] {
  return yamlFiles(folder).map((file) => ({ file, text: readFileSync(file, "utf8") }));
}

/** Changes whenever a file comes, goes or is written; cheap enough to ask every second. */
export function folderState(folder: string): string {
  try {
    return yamlFiles(folder)
      .map((path) => {
        const { ino, size, mtimeNs } = statSync(path, { bigint: true });
        return `${path}:${ino}:${size}:${mtimeNs}`;
      })
      .join("\n");
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
  }
}

function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /^[^.].*\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
