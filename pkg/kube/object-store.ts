// The objects of one kind by key; tells which keys changed.
import { type KubeObject, keyOf } from "./object.ts";

export interface ObjectStore<T> {
  get(key: string): T | undefined;
  list(): readonly T[];
  set(object: KubeObject): void;
  remove(object: KubeObject): void;
  /** Everything anew: what is not in `objects` has been deleted. */
  replace(objects: readonly KubeObject[]): void;
  hasSynced(): boolean;
  synced(): Promise<void>;
  /** Ends the wait of `synced`. */
  release(): void;
}

interface Kept<T> {
  readonly value: T;
  readonly version: string | undefined;
}

export function objectStore<T>(keep: (object: KubeObject) => T, changed: (key: string) => void): ObjectStore<T> {
  let objects = new Map<string, Kept<T>>();
  let hasSynced = false;
  let release = () => {};
  const synced = new Promise<void>((resolve) => {
    release = resolve;
  });
  const kept = (object: KubeObject): Kept<T> => ({ value: keep(object), version: versionOf(object) });

  return {
    get: (key) => objects.get(key)?.value,
    list: () => [...objects.values()].map(({ value }) => value),
    set(object) {
      objects.set(keyOf(object), kept(object));
      changed(keyOf(object));
    },
    remove(object) {
      if (objects.delete(keyOf(object))) changed(keyOf(object));
    },
    replace(listed) {
      const before = objects;
      objects = new Map(listed.map((object) => [keyOf(object), kept(object)]));
      hasSynced = true;
      release();
      for (const key of before.keys()) if (!objects.has(key)) changed(key);
      for (const [key, { version }] of objects)
        if (version === undefined || before.get(key)?.version !== version) changed(key);
    },
    hasSynced: () => hasSynced,
    synced: () => synced,
    release: () => release(),
  };
}

/** Uid and version, because an object may be deleted and made anew between two lists. */
function versionOf({ metadata: { uid, resourceVersion } }: KubeObject): string | undefined {
  return resourceVersion === undefined ? undefined : `${uid} ${resourceVersion}`;
}
