// The role `bundles`: serves `GET /v1/bundle`. Every replica does; it writes nothing but its own counts.
import { type PublicKey, publicKeys } from "../../pkg/bundle/keys.ts";
import { appliedBook } from "../../pkg/controller/applied-book.ts";
import { startAppliedWriter } from "../../pkg/controller/applied-writer.ts";
import { bundleRoutes } from "../../pkg/controller/bundle-routes.ts";
import { BUNDLE_CONFIG_MAP, CONFIG_MAPS, namespacePath, PUBLIC_CONFIG_MAP } from "../../pkg/controller/paths.ts";
import { podTokens } from "../../pkg/controller/pod-tokens.ts";
import { servedBundles } from "../../pkg/controller/served-bundles.ts";
import type { KubeApi } from "../../pkg/kube/api.ts";
import type { KubeObject } from "../../pkg/kube/object.ts";
import { startReflector } from "../../pkg/kube/reflector.ts";
import type { Clock } from "../../pkg/runtime/clock.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";

export interface BundleRoleOptions {
  readonly api: KubeApi;
  readonly releaseNamespace: string;
  /** `identity.audience` of the install. */
  readonly audience: string;
  /** Of this replica: its pod's name (lower-case letters, digits and -). */
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  onAnswer?(status: number): void;
}

export interface BundleRole {
  /** For `fastify.register`. */
  readonly plugin: ReturnType<typeof bundleRoutes>;
  waitsFor(): readonly string[];
  /** Ends all long polls; call it before the server closes. */
  stop(): Promise<void>;
}

export function startBundleRole(options: BundleRoleOptions): BundleRole {
  const { api, clock, logger } = options;
  const onError = (problem: string) => logger.log("warn", "bundles", { problem });
  const monotonicMs = () => Number(clock.monotonicNs() / 1_000_000n);
  const stopping = new AbortController();
  const bundles = servedBundles();
  const applied = appliedBook(monotonicMs);
  let keys: readonly PublicKey[] = [];

  const configMaps = startReflector({
    api,
    path: CONFIG_MAPS,
    query: { fieldSelector: `metadata.name=${BUNDLE_CONFIG_MAP}` },
    keep: textOf("bundle.json"),
    onChange: offer,
    onError,
  });
  const published = startReflector({
    api,
    path: `${namespacePath(options.releaseNamespace)}/configmaps`,
    query: { fieldSelector: `metadata.name=${PUBLIC_CONFIG_MAP}` },
    keep: textOf("keys"),
    onChange: (_, kept) => takeKeys(kept?.text),
    onError,
  });

  function offer(key: string, kept: Kept | undefined): void {
    const namespace = key.slice(0, key.indexOf("/"));
    const why = keys.length === 0 ? null : bundles.offer(namespace, kept?.text, keys);
    if (why !== null) logger.log("warn", "bundles.refused", { namespace, problem: why });
  }

  function takeKeys(text: string | undefined): void {
    const parsed = publicKeys(text ?? "");
    if (typeof parsed === "string") return onError(`ConfigMap ${PUBLIC_CONFIG_MAP}: ${parsed}`);
    keys = parsed;
    for (const kept of configMaps.list()) offer(`${kept.namespace}/`, kept);
  }

  const writer = startAppliedWriter({ ...options, counts: applied.counts, monotonicMs, onError });
  const routes = {
    tokens: podTokens({ ...options, nowMs: () => clock.nowMs(), monotonicMs }),
    bundles,
    applied,
    stopping: stopping.signal,
    ...(options.onAnswer === undefined ? {} : { onAnswer: options.onAnswer }),
  };
  return {
    plugin: bundleRoutes(routes),
    waitsFor: () => [
      ...(configMaps.hasSynced() ? [] : ["bundles"]),
      ...(published.hasSynced() && keys.length > 0 ? [] : ["bundle keys"]),
    ],
    async stop() {
      stopping.abort();
      await Promise.all([configMaps.stop(), published.stop(), writer.stop()]);
    },
  };
}

interface Kept {
  readonly namespace: string;
  readonly text: string;
}

function textOf(field: string) {
  return ({ metadata, data }: KubeObject): Kept => ({
    namespace: metadata.namespace ?? "",
    text: typeof data?.[field] === "string" ? data[field] : "",
  });
}
