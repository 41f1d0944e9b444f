// CopyData: Byte1 'd', Int32 length, any bytes. The server sends one row in each; a client may cut its data anywhere.

/** A CopyData frame around `data`. */
export function encodeCopyData(data: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(5 + data.length);
  frame[0] = 0x64;
  frame.writeUInt32BE(4 + data.length, 1);
  data.copy(frame, 5);
  return frame;
}
