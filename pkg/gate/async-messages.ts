// Messages that answer nothing: notices, notifications, parameter status. Under a mask what the server says in prose is withheld.

import { decodeNotificationResponse, encodeNotificationResponse } from "../wire/postgres/notification-response.ts";
import { decodeParameterStatus } from "../wire/postgres/parameter-status.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import type { Core } from "./core.ts";
import { scrubbedNotice } from "./error-reply.ts";
import { withholds } from "./scrub.ts";

const NOTICE = 0x4e;
const NOTIFICATION = 0x41;
const PARAMETER_STATUS = 0x53;

export function onAsync(core: Core, type: number, buffer: Buffer, start: number, end: number): void {
  switch (type) {
    case NOTICE:
      return onNotice(core, buffer, start, end);
    case NOTIFICATION:
      return onNotification(core, buffer, start, end);
    case PARAMETER_STATUS:
      return onParameterStatus(core, buffer, start, end);
    default:
      throw new WireError(`the server sent a start-up message (0x${type.toString(16)}) after start-up`);
  }
}

function onNotice(core: Core, buffer: Buffer, start: number, end: number): void {
  const head = core.owed.head;
  if (head !== undefined && (head.errand !== null || head.parts[head.at]?.shown === false)) return;
  if (core.muzzle !== null) return;
  if (head !== undefined && withholds(core, head)) core.reply(scrubbedNotice(buffer.subarray(start + 5, end)));
  else core.replies.pass(buffer, start, end);
}

/** The payload of another session, or of a trigger of ours, may hold anything: under a mask it is withheld. */
function onNotification(core: Core, buffer: Buffer, start: number, end: number): void {
  const notification = decodeNotificationResponse(buffer.subarray(start + 5, end));
  const own = notification.processId === core.backendPid && !core.triggersRan;
  if (own || notification.payload === "" || !underMask(core)) return core.replies.pass(buffer, start, end);
  core.reply(encodeNotificationResponse({ ...notification, payload: "" }));
}

function underMask(core: Core): boolean {
  return core.standing.governed(core.policies).masks;
}

function onParameterStatus(core: Core, buffer: Buffer, start: number, end: number): void {
  const { name, value } = decodeParameterStatus(buffer.subarray(start + 5, end));
  core.options.parameters.set(name, value);
  core.knowledge.settingReported(name, value);
  core.replies.pass(buffer, start, end);
}
