// The end of a login: the server's settings and key, up to the first ReadyForQuery.
import { type CancelKey, decodeBackendKeyData, encodeBackendKeyData } from "../wire/postgres/backend-key-data.ts";
import { decodeParameterStatus } from "../wire/postgres/parameter-status.ts";
import { PROTOCOL_3_2 } from "../wire/postgres/protocol-version.ts";
import { decodeReadyForQuery } from "../wire/postgres/ready-for-query.ts";
import type { CancelRegistration, CancelRegistry } from "./cancel-registry.ts";
import type { Conversation } from "./conversation.ts";
import { type CancelTarget, sendCancel } from "./send-cancel.ts";
import { nextUpstreamFrame, unexpected } from "./upstream-frame.ts";

export interface FirstReady {
  /** What the server reports of its settings; names and values latin1. */
  readonly parameters: Map<string, string>;
  /** Null when the server gave no key (some poolers do not): then nothing can be cancelled. */
  readonly cancel: { readonly target: CancelTarget; readonly registration: CancelRegistration } | null;
}

/** 4 bytes is all that protocol 3.0 has room for; 32 is what PostgreSQL 18 gives. */
const secretBytes = (version: number): number => (version >= PROTOCOL_3_2 ? 32 : 4);

/** Relays until ReadyForQuery, itself included; the client gets a cancel key of ours. */
export async function relayUntilReady(
  talk: Conversation,
  cancels: CancelRegistry,
  version: number,
): Promise<FirstReady> {
  const parameters = new Map<string, string>();
  let cancel: FirstReady["cancel"] = null;
  // A dozen and more small frames: they leave together.
  talk.client.peer.socket.cork();
  try {
    for (;;) {
      const frame = await nextUpstreamFrame(talk);
      if (frame.type === "K") {
        cancel?.registration.release();
        cancel = registerKey(talk, cancels, decodeBackendKeyData(frame.body), version);
        continue;
      }
      if (frame.type === "S") {
        const { name, value } = decodeParameterStatus(frame.body);
        parameters.set(name, value);
      } else if (frame.type === "Z") {
        decodeReadyForQuery(frame.body);
      } else {
        throw unexpected(talk, frame);
      }
      talk.client.peer.write(frame.bytes);
      if (frame.type === "Z") return { parameters, cancel };
    }
  } catch (error) {
    cancel?.registration.release();
    throw error;
  } finally {
    talk.client.peer.socket.uncork();
  }
}

function registerKey(
  talk: Conversation,
  cancels: CancelRegistry,
  key: CancelKey,
  version: number,
): NonNullable<FirstReady["cancel"]> {
  const target = { address: talk.upstream.connection.address, key };
  const registration = cancels.register(key.processId, secretBytes(version), () => sendCancel(target));
  talk.client.peer.write(encodeBackendKeyData(registration.key));
  return { target, registration };
}
