// The real file system with faults on order.
import { type SpoolFiles, systemFiles } from "../../pkg/audit/spool-files.ts";

export interface Faults {
  /** Throws before the call is made when it returns an error code. */
  before?: (call: keyof SpoolFiles, file: string) => string | null;
  /** How many of these bytes the next write takes; undefined for all. */
  short?: (bytes: number) => number | undefined;
}

/** Calls are named in `calls` as they happen. */
export function faultyFiles(faults: Faults, calls: string[] = []): SpoolFiles {
  const guard = (call: keyof SpoolFiles, file: string | number): void => {
    calls.push(call);
    const code = faults.before?.(call, String(file)) ?? null;
    if (code !== null) throw Object.assign(new Error(`${code}: injected`), { code });
  };
  return {
    ...systemFiles,
    makeFolder(folder) {
      guard("makeFolder", folder);
      systemFiles.makeFolder(folder);
    },
    openAppend(file, create) {
      guard("openAppend", file);
      return systemFiles.openAppend(file, create);
    },
    write(fd, bytes) {
      guard("write", fd);
      const count = faults.short?.(bytes.length) ?? bytes.length;
      return systemFiles.write(fd, bytes.subarray(0, count));
    },
    truncate(fd, length) {
      guard("truncate", fd);
      systemFiles.truncate(fd, length);
    },
    datasync(fd) {
      guard("datasync", fd);
      systemFiles.datasync(fd);
    },
    syncFolder(folder) {
      guard("syncFolder", folder);
      systemFiles.syncFolder(folder);
    },
    replace(file, content) {
      guard("replace", file);
      systemFiles.replace(file, content);
    },
    remove(file) {
      guard("remove", file);
      systemFiles.remove(file);
    },
  };
}
