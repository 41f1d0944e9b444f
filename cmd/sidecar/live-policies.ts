// The policies in force, renewed while the folder changes. What was good stays in force until something good replaces it:
// a file with a mistake never takes a rule away.
import { type FSWatcher, watch } from "node:fs";
import type { ResourceFile } from "../../pkg/resources/parse-resources.ts";
import { folderState, readFolder } from "../../pkg/resources/read-folder.ts";

export type Compiled<T> =
  | { readonly good: true; readonly policies: T }
  /** Each problem as `file:line: what and what to do`. */
  | { readonly good: false; readonly problems: readonly string[] };

export interface LivePoliciesOptions<T> {
  readonly folder: string;
  compile(files: readonly ResourceFile[]): Compiled<T>;
  /** Called after each look at a changed folder, good or not. */
  onChange(outcome: Compiled<T>): void;
  /** How long a burst of changes may last before it is looked at; how often to look without being told. */
  readonly settleMs?: number;
  readonly pollMs?: number;
}

export interface LivePolicies<T> {
  /** The last good ones. */
  current(): T;
  /** What is wrong with the folder as it is now; empty when `current` is the folder's content. */
  problems(): readonly string[];
  close(): void;
}

/** Reads the folder once; when that is not good there is nothing to fall back to, and its problems are returned. */
export function openPolicies<T>(
  options: LivePoliciesOptions<T>,
):
  | { readonly good: true; readonly live: LivePolicies<T> }
  | { readonly good: false; readonly problems: readonly string[] } {
  let state = folderState(options.folder);
  const first = readPolicies(options.folder, options.compile);
  if (!first.good) return first;
  let { policies } = first;
  let problems: readonly string[] = [];

  function renew(): void {
    const now = folderState(options.folder);
    if (now === state) return;
    state = now;
    const outcome = readPolicies(options.folder, options.compile);
    problems = outcome.good ? [] : outcome.problems;
    if (outcome.good) policies = outcome.policies;
    options.onChange(outcome);
  }

  const watcher = watchFolder(options.folder, options.settleMs ?? 100, renew);
  const poll = setInterval(renew, options.pollMs ?? 2000).unref();
  const close = () => {
    clearInterval(poll);
    watcher.close();
  };
  return { good: true, live: { current: () => policies, problems: () => problems, close } };
}

export function readPolicies<T>(folder: string, compile: (files: readonly ResourceFile[]) => Compiled<T>): Compiled<T> {
  try {
    return compile(readFolder(folder));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { good: false, problems: [`${folder}: cannot be read (${code ?? message})`] };
  }
}

/** Calls `changed` once a burst of changes is over. Where watching does not work (network volumes), polling finds them. */
function watchFolder(folder: string, settleMs: number, changed: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, settleMs).unref();
    });
    watcher.on("error", () => {});
  } catch {
    watcher = undefined;
  }
  return {
    close() {
      clearTimeout(timer);
      watcher?.close();
    },
  };
}
