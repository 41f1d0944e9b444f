// The settings of bundles as one value.
import type { PublicKey } from "../../pkg/bundle/keys.ts";
import type { Values } from "./settings.ts";

export interface BundleSettings {
  readonly url: URL;
  /** Files. */
  readonly token: string;
  readonly ca: string;
  readonly fallback: string | null;
  readonly keys: readonly PublicKey[];
  readonly folder: string;
}

/** Null: policies come from a folder. `config` has been checked as a whole: with an address it has the others too. */
export function bundleSettings(config: Values): BundleSettings | null {
  const url = config["bundle.url"];
  if (url === null) return null;
  return {
    url,
    token: config["bundle.token"]!,
    ca: config["bundle.ca"]!,
    fallback: config["bundle.fallback"],
    keys: config["bundle.keys"]!,
    folder: config["bundle.folder"]!,
  };
}
