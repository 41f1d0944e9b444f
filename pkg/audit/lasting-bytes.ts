// Bytes that are kept for long, in memory of their own: a small Buffer lies in a block that Node shares among many, and keeps all of it.

export function lasting(bytes: Uint8Array | string): Buffer {
  const kept = Buffer.allocUnsafeSlow(Buffer.byteLength(bytes));
  if (typeof bytes === "string") kept.write(bytes);
  else kept.set(bytes);
  return kept;
}
