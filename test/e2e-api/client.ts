// The smallest client of a Kubernetes API server that tests need: a kubeconfig with a client certificate in, answers out.
import { Agent, request } from "node:https";
import { parse } from "yaml";
import type { Json } from "./governed-pod.ts";

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

export interface Client {
  readonly send: (method: string, path: string, body?: Json, headers?: Record<string, string>) => Promise<Answer>;
  readonly close: () => void;
}

export function connect(kubeconfig: string): Client {
  const { clusters, users } = parse(kubeconfig);
  const decode = (text: string) => Buffer.from(text, "base64");
  const { server, "certificate-authority-data": ca } = clusters[0].cluster;
  const { "client-certificate-data": cert, "client-key-data": key } = users[0].user;
  const agent = new Agent({ keepAlive: true, ca: decode(ca), cert: decode(cert), key: decode(key), maxSockets: 4 });
  return {
    close: () => agent.destroy(),
    send: (method, path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
        const options = { method, agent, headers: { "content-type": type, ...headers } };
        const sent = request(new URL(path, server), options, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            resolve({ status: response.statusCode ?? 0, body: text.startsWith("{") ? JSON.parse(text) : text });
          });
        });
        sent.on("error", reject);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
  };
}
