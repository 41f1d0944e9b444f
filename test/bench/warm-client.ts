// An API server's client whose connections stay open, and the CPU time that its API server has taken.
import { readFileSync } from "node:fs";
import { Agent, type RequestOptions, request } from "node:https";
import { dirname, join } from "node:path";
import { parse } from "yaml";

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface WarmClient {
  send(method: string, path: string, body?: string): Promise<Answer>;
  /** Of the API server's process, so far; NaN where this system does not tell. */
  cpuMs(): number;
  close(): void;
}

/** `kubeconfig`: one with embedded certificates. `connections`: at most so many at once. */
export function warmClient(kubeconfig: string, connections: number): WarmClient {
  const { clusters, users } = parse(readFileSync(kubeconfig, "utf8"));
  const decode = (text: string) => Buffer.from(text, "base64");
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connections,
    ca: decode(clusters[0].cluster["certificate-authority-data"]),
    cert: decode(users[0].user["client-certificate-data"]),
    key: decode(users[0].user["client-key-data"]),
  });
  return {
    send(method, path, body) {
      const headers = { accept: "application/json", ...(body !== undefined && lengthOf(body)) };
      return exchange(`${clusters[0].cluster.server}${path}`, { agent, method, headers }, body);
    },
    cpuMs: () => cpuMsOf(join(dirname(kubeconfig), "run/kube-apiserver.pid")),
    close: () => agent.destroy(),
  };
}

const lengthOf = (body: string) => ({ "content-type": "application/json", "content-length": Buffer.byteLength(body) });

function exchange(url: string, options: RequestOptions, body: string | undefined): Promise<Answer> {
  return new Promise((fulfil, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => fulfil({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** User and system time in ticks of 10 ms: fields 14 and 15, counted behind the name in brackets. */
function cpuMsOf(pidFile: string): number {
  try {
    const stat = readFileSync(`/proc/${readFileSync(pidFile, "utf8").trim()}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}
