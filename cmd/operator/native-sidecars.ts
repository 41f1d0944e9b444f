// Whether init containers with `restartPolicy: Always` run everywhere: the API server and every kubelet know them.
import { NODES } from "../../pkg/controller/paths.ts";
import { expectOk, type KubeApi } from "../../pkg/kube/api.ts";
import { startReflector } from "../../pkg/kube/reflector.ts";

/** The minor version from which sidecars are native without a feature gate being asked for. */
const NATIVE_SINCE = 29;
/** Kubelets may be three minor versions older than the API server: with a newer one they need not be looked at. */
const SKEW = 3;

export interface NativeSidecars {
  all(): boolean;
  stop(): Promise<void>;
}

/** @throws KubeError when the API server's version cannot be had. */
export async function nativeSidecars(api: KubeApi, onError: (what: string) => void): Promise<NativeSidecars> {
  const { major, minor } = await expectOk(api, { path: "/version" });
  const server = minorOf(`${major}.${minor}`);
  if (server - SKEW >= NATIVE_SINCE || server < NATIVE_SINCE)
    return { all: () => server >= NATIVE_SINCE, stop: async () => {} };
  const nodes = startReflector({
    api,
    path: NODES,
    keep: ({ status }) => minorOf(String(status?.nodeInfo?.kubeletVersion)),
    onError,
  });
  return {
    all: () => nodes.hasSynced() && nodes.list().every((kubelet) => kubelet >= NATIVE_SINCE),
    stop: nodes.stop,
  };
}

/** Of `v1.31.4-eks-1234`; 0 of what is no version 1. */
function minorOf(version: string): number {
  return Number(/^v?1\.([0-9]+)/.exec(version)?.[1] ?? 0);
}
