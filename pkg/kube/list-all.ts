// A whole list in pages, consistent as of its first page.
import { type KubeApi, KubeError, messageOf } from "./api.ts";
import type { KubeObject } from "./object.ts";

export interface Listed {
  readonly objects: readonly KubeObject[];
  /** Opaque. */
  readonly resourceVersion: string;
}

export class ListFailed extends KubeError {
  readonly retryAfterMs: number | null;

  constructor(message: string, status: number, retryAfterMs: number | null) {
    super(message, status);
    this.retryAfterMs = retryAfterMs;
  }
}

const PAGE = 500;
const PAGES_MAX = 10_000;

/** An expired page token (410) begins the list again, without pages. @throws KubeError */
export async function listAll(
  api: KubeApi,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Listed> {
  const objects: KubeObject[] = [];
  let paging: Readonly<Record<string, string>> = { limit: String(PAGE) };
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const { status, body, retryAfterMs } = await api.call({ path, query: { ...query, ...paging }, signal });
    if (status === 410 && paging.continue !== undefined) {
      objects.length = 0;
      paging = {};
      continue;
    }
    if (status !== 200) throw new ListFailed(`GET ${path}: ${status} ${messageOf(body)}`, status, retryAfterMs);
    if (!Array.isArray(body?.items)) throw new KubeError(`GET ${path}: the answer is not a list`, status);
    for (const item of body.items) objects.push(item);
    const { continue: next, resourceVersion } = body.metadata ?? {};
    if (!next) return { objects, resourceVersion: String(resourceVersion ?? "") };
    paging = { limit: String(PAGE), continue: next };
  }
  throw new KubeError(`GET ${path}: the list has no end`);
}
