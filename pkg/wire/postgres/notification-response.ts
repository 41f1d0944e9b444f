// NotificationResponse (B, 'A'): what another session sent with NOTIFY.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

/** Strings are latin1. */
export interface Notification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

export function decodeNotificationResponse(body: Buffer): Notification {
  const reader = new BodyReader(body, "NotificationResponse");
  const processId = reader.uint32();
  const channel = reader.name();
  const payload = reader.name();
  reader.end();
  return { processId, channel, payload };
}

export function encodeNotificationResponse(notification: Notification): Buffer {
  return new FrameWriter("A")
    .uint32(notification.processId)
    .name(notification.channel)
    .name(notification.payload)
    .finish();
}
