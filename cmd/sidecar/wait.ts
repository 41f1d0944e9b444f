// Until the sidecar of this pod is ready: what a pod without native sidecars does before its other containers start.
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const EVERY_MS = 200;
const ANSWER_MS = 2_000;

/** null: it is ready. Else why it is not, after `timeoutMs`. */
export async function waitUntilReady(port: number, timeoutMs: number): Promise<string | null> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const notReady = await ask(port);
    if (notReady === null || performance.now() >= endMs) return notReady;
    await pause(EVERY_MS);
  }
}

function ask(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = request(
      { host: "127.0.0.1", port, path: "/readyz", timeout: ANSWER_MS, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => resolve(error.message));
        response.on("end", () => resolve(response.statusCode === 200 ? null : firstNote(Buffer.concat(chunks))));
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("it does not answer")));
    asked.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}

function firstNote(body: Buffer): string {
  try {
    const { notes } = JSON.parse(body.toString("utf8"));
    return String(notes[0] ?? "it does not say why");
  } catch {
    return "it does not say why";
  }
}
