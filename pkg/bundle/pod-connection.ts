// The sidecar's way to the operator: the token is read anew for each request (the kubelet renews it), the CA's file too, and a
// connection is left after a while so that requests spread over the operator's replicas.
import { readFileSync } from "node:fs";
import { Agent } from "node:https";

export interface PodConnectionOptions {
  readonly tokenFile: string;
  readonly caFile: string;
  readonly monotonicMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface PodConnection {
  /** A text says what is missing and never holds a token. */
  open(): { readonly token: string; readonly agent: Agent } | string;
  close(): void;
}

const LIFETIME_MS = 15 * 60_000;

export function podConnection({ tokenFile, caFile, monotonicMs, random }: PodConnectionOptions): PodConnection {
  let current: { readonly agent: Agent; readonly ca: string; readonly endsAtMs: number } | undefined;

  function agentFor(ca: string): Agent {
    if (current !== undefined && current.ca === ca && monotonicMs() < current.endsAtMs) return current.agent;
    current?.agent.destroy();
    const agent = new Agent({ ca, keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 1, minVersion: "TLSv1.2" });
    current = { agent, ca, endsAtMs: monotonicMs() + LIFETIME_MS * (1 + random()) };
    return agent;
  }

  return {
    open() {
      const token = readFile(tokenFile)?.trim();
      if (token === undefined || !/^[\x21-\x7e]+$/.test(token))
        return `${tokenFile} has no token; the pod must mount weir-identity`;
      const ca = readFile(caFile);
      if (ca === undefined) return `${caFile} is missing; the namespace's ConfigMap weir-bundle must be there`;
      return { token, agent: agentFor(ca) };
    },
    close: () => current?.agent.destroy(),
  };
}

function readFile(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
