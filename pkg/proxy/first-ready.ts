// The end of a login: the server's settings and key, up to the first ReadyForQuery.
import { type CancelKey, decodeBackendKeyData, encodeBackendKeyData } from "../wire/postgres/backend-key-data.ts";
import { decodeParameterStatus } from "../wire/postgres/parameter-status.ts";
import { PROTOCOL_3_2 } from "../wire/postgres/protocol-version.ts";
import { decodeReadyForQuery } from "../wire/postgres/ready-for-query.ts";
import type { CancelRegistration, CancelRegistry } from "./cancel-registry.ts";
import type { Conversation } from "./conversation.ts";
import type { Frame } from "./frame-stream.ts";
import { prepareServer } from "./prepare-server.ts";
import { type CancelTarget, sendCancel } from "./send-cancel.ts";
import { nextUpstreamFrame, unexpected } from "./upstream-frame.ts";

export interface FirstReady {
  /** Of the server's backend, as far as it is known; 0 when it gave none. */
  readonly backendPid: number;
  /** What the server reports of its settings; names and values latin1. */
  readonly parameters: Map<string, string>;
  /** Null when the server gave no key (some poolers do not): then nothing can be cancelled. */
  readonly cancel: { readonly target: CancelTarget; readonly registration: CancelRegistration } | null;
}

/** 4 bytes is all that protocol 3.0 has room for; 32 is what PostgreSQL 18 gives. */
const secretBytes = (version: number): number => (version >= PROTOCOL_3_2 ? 32 : 4);

export interface FirstReadyOptions {
  readonly cancels: CancelRegistry;
  readonly version: number;
  /** What sets the server's session before the client may use it; null: it is neither set nor asked which backend it is. */
  readonly sql: readonly string[] | null;
}

/** Relays until ReadyForQuery, itself included; the client gets a cancel key of ours. */
export async function relayUntilReady(
  talk: Conversation,
  { cancels, version, sql }: FirstReadyOptions,
): Promise<FirstReady> {
  const parameters = new Map<string, string>();
  const setting = (frame: Frame) => {
    const { name, value } = decodeParameterStatus(frame.body);
    parameters.set(name, value);
    talk.client.peer.write(frame.bytes);
  };
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
        setting(frame);
        continue;
      }
      if (frame.type !== "Z") throw unexpected(talk, frame);
      decodeReadyForQuery(frame.body);
      const keyPid = cancel?.target.key.processId ?? null;
      const backendPid = sql === null ? unasked(talk, keyPid) : await prepareServer(talk, sql, keyPid, setting);
      talk.client.peer.write(frame.bytes);
      return { parameters, cancel, backendPid };
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

/** A pooler's key is not that of a backend. */
function unasked(talk: Conversation, keyPid: number | null): number {
  return talk.upstream.connection.address.upstream.pooler === "Session" ? 0 : (keyPid ?? 0);
}
