// Evidence from a collector into a file, which is there only when it is whole.
import { createWriteStream, renameSync, rmSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { answerProblem, type CollectorArguments, collectorClient, networkProblem } from "./collector-client.ts";
import { UsageError } from "./command.ts";

/** Null, or why there is none. @throws UsageError */
export async function fetchEvidence(
  values: CollectorArguments,
  selection: Readonly<Record<string, unknown>>,
  out: string,
): Promise<string | null> {
  const client = collectorClient(values);
  const part = `${out}.part`;
  try {
    const body = JSON.stringify(selection);
    const headers = { "content-type": "application/json" };
    const answer = await client.ask({ method: "POST", path: "/v1/evidence", headers, body });
    if (answer.statusCode !== 200) return await answerProblem(answer, values);
    await pipeline(answer, createWriteStream(part, { mode: 0o600 }));
    renameSync(part, out);
    return null;
  } catch (cause) {
    rmSync(part, { force: true });
    if (cause instanceof UsageError) throw cause;
    const { code, path } = cause as NodeJS.ErrnoException;
    if (path !== undefined)
      return `--out: ${path} cannot be written (${code}); name a file in a folder that you may write to`;
    return networkProblem(values.collector, cause);
  }
}
