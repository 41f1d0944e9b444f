// Keeps this replica's leaf, the shared CA and the webhook's caBundle right, by the wall clock and by a watch on the webhook. Any
// replica may do all of it: every step first looks whether it is needed.
import type { KubeApi } from "../kube/api.ts";
import type { KubeObject } from "../kube/object.ts";
import { startReflector } from "../kube/reflector.ts";
import { workQueue } from "../kube/work-queue.ts";
import { type Pause, realPause } from "../runtime/backoff.ts";
import { isLeafDue, issueLeaf, type Leaf, renewedAuthority, trustBundle } from "./authority.ts";
import { CA_SECRET, WEBHOOK, WEBHOOKS } from "./paths.ts";
import { ensureSecret } from "./secret.ts";

export interface CertificatesOptions {
  readonly api: KubeApi;
  /** Where the Secret is. */
  readonly namespace: string;
  /** DNS names of the leaf. */
  readonly names: readonly string[];
  /** False where another role patches it. */
  readonly patchWebhook: boolean;
  readonly nowMs: () => number;
  onError(what: string): void;
  /** Called with each new leaf, for `setSecureContext`. */
  onLeaf?(leaf: Leaf): void;
  readonly pause?: Pause;
}

export interface Certificates {
  leaf(): Leaf;
  /** PEM of what clients are to trust. */
  trust(): string;
  /** The webhook's caBundle is what it should be, as far as was seen. */
  isWebhookRight(): boolean;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 60_000;

/** Resolves with a leaf in hand. @throws KubeError when there is no authority to be had. */
export async function startCertificates(options: CertificatesOptions): Promise<Certificates> {
  const { api, names, nowMs, pause = realPause, onError } = options;
  let authority = await loadAuthority(options);
  let leaf = await issueLeaf(authority, names, nowMs());
  options.onLeaf?.(leaf);
  let right = false;

  async function look(): Promise<void> {
    authority = await loadAuthority(options);
    if (options.patchWebhook) right = await patchWebhook(api, trustBundle(authority));
    if (isLeafDue(leaf, authority, nowMs())) {
      leaf = await issueLeaf(authority, names, nowMs());
      options.onLeaf?.(leaf);
    }
  }

  const queue = workQueue({ work: look, onError: (_, error) => onError(`certificates: ${error.message}`), pause });
  const stopping = new AbortController();
  const ticking = tick(() => queue.add("look"), pause, stopping.signal);
  const watching = options.patchWebhook
    ? startReflector({
        api,
        path: WEBHOOKS,
        query: { fieldSelector: `metadata.name=${WEBHOOK}` },
        keep: () => true,
        onChange: () => queue.add("look"),
        onError,
        pause,
      })
    : undefined;
  return {
    leaf: () => leaf,
    trust: () => trustBundle(authority),
    isWebhookRight: () => right || !options.patchWebhook,
    async stop() {
      stopping.abort();
      await Promise.all([ticking, queue.stop(), watching?.stop()]);
    },
  };
}

function loadAuthority({ api, namespace, nowMs }: CertificatesOptions) {
  return ensureSecret(api, namespace, CA_SECRET, (now) => renewedAuthority(now, nowMs()));
}

async function tick(look: () => void, pause: Pause, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    look();
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** True when each of its webhooks trusts what it should, now. False when there is no such configuration. @throws KubeError */
async function patchWebhook(api: KubeApi, trust: string): Promise<boolean> {
  const path = `${WEBHOOKS}/${WEBHOOK}`;
  const { status, body } = await api.call({ path });
  if (status === 404) return false;
  if (status !== 200) throw new Error(`MutatingWebhookConfiguration ${WEBHOOK} cannot be read: ${status}`);
  const caBundle = Buffer.from(trust).toString("base64");
  const operations = ((body as KubeObject).webhooks ?? []).flatMap(
    (webhook: { name: string; clientConfig?: { caBundle?: string } }, i: number) =>
      webhook.clientConfig?.caBundle === caBundle
        ? []
        : [
            { op: "test", path: `/webhooks/${i}/name`, value: webhook.name },
            { op: "add", path: `/webhooks/${i}/clientConfig/caBundle`, value: caBundle },
          ],
  );
  if (operations.length === 0) return true;
  const contentType = "application/json-patch+json";
  const answer = await api.call({ method: "PATCH", path, body: operations, contentType });
  if (answer.status >= 300) throw new Error(`MutatingWebhookConfiguration ${WEBHOOK}: ${answer.status}`);
  return true;
}
