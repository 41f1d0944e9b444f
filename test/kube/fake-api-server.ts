// A fake of the API server's LIST and WATCH of one collection over real HTTP, with faults on demand. Not a Kubernetes API server.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type KubeApi, kubeApi } from "../../pkg/kube/api.ts";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeApiServer {
  readonly api: KubeApi;
  /** Each request as `LIST limit continue` or `WATCH version`. */
  readonly asked: string[];
  /** Answers to come, in order; when there is none left, `list` and an open watch. */
  readonly answers: Answer[];
  /** Resolves when the condition holds; looked at after every request. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

export const object = (name: string, version: string, more: object = {}) => ({
  metadata: { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: version },
  ...more,
});

export const list =
  (version: string, items: readonly object[], next?: string): Answer =>
  (_, response) =>
    response.end(JSON.stringify({ metadata: { resourceVersion: version, continue: next }, items }));

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end(JSON.stringify({ kind: "Status", code, message: "of the fake" }));

/** Lines of a watch that then ends; `open` leaves it open. */
export const watch =
  (lines: readonly (object | string)[], open = false): Answer =>
  (_, response) => {
    response.writeHead(200);
    response.flushHeaders();
    for (const line of lines) response.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
    if (!open) response.end();
  };

export const reset: Answer = (request) => request.socket.destroy();

export async function startFakeApiServer(answers: Answer[]): Promise<FakeApiServer> {
  const asked: string[] = [];
  const watchers = new Set<() => void>();
  const server = createServer((request, response) => {
    asked.push(nameOf(request));
    const answer = answers.shift() ?? (request.url!.includes("watch=") ? watch([], true) : list("0", []));
    answer(request, response);
    for (const look of watchers) look();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = kubeApi({ url, authorize: async () => {} });
  return {
    api,
    asked,
    answers,
    until(condition) {
      return new Promise<void>((resolve) => {
        const look = () => {
          if (!condition()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      });
    },
    async stop() {
      api.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function nameOf({ url }: IncomingMessage): string {
  const query = new URL(url!, "http://fake").searchParams;
  if (query.get("watch") === "true") return `WATCH ${query.get("resourceVersion")}`;
  return `LIST ${query.get("limit") ?? "all"} ${query.get("continue") ?? ""}`.trim();
}
