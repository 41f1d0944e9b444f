// IPv4 and IPv6 addresses as text and as bytes (RFC 4291), for texts and for the types inet and cidr.

export interface IpAddress {
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array;
  /** Length of the netmask as written after `/`; all bits when none was. */
  readonly bits: number;
  /** Whether a netmask was written. */
  readonly masked: boolean;
}

/** Reads `a.b.c.d`, an IPv6 address, either with `/bits`; null when it is neither. */
export function parseIp(text: string): IpAddress | null {
  const slash = text.indexOf("/");
  const address = slash === -1 ? text : text.slice(0, slash);
  const bytes = address.includes(":") ? parse6(address) : parse4(address);
  if (bytes === null) return null;
  const all = bytes.length * 8;
  if (slash === -1) return { bytes, bits: all, masked: false };
  const mask = text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(mask) || Number(mask) > all) return null;
  return { bytes, bits: Number(mask), masked: true };
}

function parse4(text: string): Uint8Array | null {
  const match = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(text);
  if (match === null) return null;
  const parts = match.slice(1).map(Number);
  return parts.every((part) => part <= 255) ? Uint8Array.from(parts) : null;
}

function parse6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groups(halves[0]!);
  const tail = halves.length === 2 ? groups(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Bytes of colon-separated groups; the last may be a dotted IPv4 address. */
function groups(text: string): number[] | null {
  if (text === "") return [];
  const out: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && index === parts.length - 1) {
      const four = parse4(part);
      if (four === null) return null;
      out.push(...four);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      const value = Number.parseInt(part, 16);
      out.push(value >> 8, value & 255);
    }
  }
  return out.length > 16 ? null : out;
}

/** The address with everything after its first `prefix` bits set to 0. */
export function networkOf(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - 8 * index));
    return byte & (0xff << (8 - kept));
  });
}

/** The address as text; IPv6 with its longest run of zero groups as `::` (RFC 5952), as the server writes it. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  let best = { at: -1, count: 1 };
  for (let at = 0; at < 8; at++) {
    let count = 0;
    while (at + count < 8 && words[at + count] === 0) count++;
    if (count > best.count) best = { at, count };
  }
  const hex = (from: number, to: number) =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(":");
  return best.at === -1 ? hex(0, 8) : `${hex(0, best.at)}::${hex(best.at + best.count, 8)}`;
}
