// A store that does not answer must not hold up a pod: after the deadline its answer is an error, which lets the pod pass.
import type { Known } from "../../pkg/admission/known.ts";

export function withDeadline(known: Known, deadlineMs: number): Known {
  return {
    bundleKeys: () => known.bundleKeys(),
    nativeSidecars: () => known.nativeSidecars(),
    waitsFor: () => known.waitsFor(),
    namespace: (name) => within(deadlineMs, "the namespace", known.namespace(name)),
    databases: (namespace) => within(deadlineMs, "its databases", known.databases(namespace)),
  };
}

async function within<T>(deadlineMs: number, what: string, asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer about ${what} within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
