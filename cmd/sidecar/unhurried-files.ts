// The spool's files for a thread that statements wait for: a whole segment takes the file system milliseconds to remove, so that is left
// to another thread. Should it fail, the next start removes what was given away (spool.ts).
import { unlink } from "node:fs";
import { type SpoolFiles, systemFiles } from "../../pkg/audit/spool-files.ts";

export const unhurriedFiles: SpoolFiles = { ...systemFiles, remove: (file) => unlink(file, () => {}) };
