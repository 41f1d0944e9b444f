// NegotiateProtocolVersion (B, 'v'): the server does not know the client's minor version or some `_pq_.` options.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface NegotiateProtocolVersion {
  /** The version the server goes on with, such as 0x00030000. */
  readonly version: number;
  /** Options it did not recognise. */
  readonly options: readonly string[];
}

export function decodeNegotiateProtocolVersion(body: Buffer): NegotiateProtocolVersion {
  const reader = new BodyReader(body, "NegotiateProtocolVersion");
  const version = reader.uint32();
  const options = reader.list(reader.uint32(), () => reader.name());
  reader.end();
  return { version, options };
}

export function encodeNegotiateProtocolVersion(negotiate: NegotiateProtocolVersion): Buffer {
  const writer = new FrameWriter("v").uint32(negotiate.version).uint32(negotiate.options.length);
  for (const option of negotiate.options) writer.name(option);
  return writer.finish();
}
