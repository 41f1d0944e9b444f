// What the webhook knows of the cluster. The lists behind it are kept by watches; here is only what admission asks.
import type { GovernedDatabase } from "./capture.ts";

export interface KnownNamespace {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Answers come from memory; an implementation may wait a moment (100 ms) for what has just been created. */
export interface Known {
  /** null when it is not known, perhaps not yet. */
  namespace(name: string): Promise<KnownNamespace | null>;
  databases(namespace: string): Promise<readonly GovernedDatabase[]>;
  /** Ed25519 public keys (raw, base64) that bundles are signed with; empty when none is known yet. */
  bundleKeys(): readonly string[];
  /** The API server and all kubelets run native sidecars. */
  nativeSidecars(): boolean;
  /** What it still waits for; empty when everything has been listed once. */
  waitsFor(): readonly string[];
}

export interface KnownContent {
  readonly namespaces: readonly KnownNamespace[];
  readonly databases: readonly GovernedDatabase[];
  readonly bundleKeys: readonly string[];
  readonly nativeSidecars: boolean;
}

/** Of what is handed in; `content` is asked each time, so that it may change. */
export function knownFrom(content: () => KnownContent): Known {
  return {
    async namespace(name) {
      return content().namespaces.find((each) => each.name === name) ?? null;
    },
    async databases(namespace) {
      return content().databases.filter((each) => each.namespace === namespace);
    },
    bundleKeys: () => content().bundleKeys,
    nativeSidecars: () => content().nativeSidecars,
    waitsFor: () => [],
  };
}
