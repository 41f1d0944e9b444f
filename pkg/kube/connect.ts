// The API server and who we are to it: of a kubeconfig, or of the pod's own account, whose token is renewed.
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { type ApiServer, type KubeApi, KubeError, kubeApi } from "./api.ts";

/** `kubeconfig` is a path; null: KUBECONFIG's places, else the pod's account. @throws KubeError when there is nothing to connect to. */
export function connectKube(kubeconfig: string | null): KubeApi {
  return kubeApi(apiServerOf(kubeconfig));
}

function apiServerOf(kubeconfig: string | null): ApiServer {
  const config = new KubeConfig();
  try {
    if (kubeconfig === null) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new KubeError(`the kubeconfig cannot be read: ${(cause as Error).message}`, null, cause);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new KubeError("the kubeconfig names no current cluster; set one with kubectl config use-context");
  return {
    url: cluster.server,
    async authorize(options: RequestOptions) {
      await config.applyToHTTPSOptions(options);
      delete options.agent; // client-node's is for its own client
    },
  };
}
