// inet, cidr, macaddr and macaddr8 in text and binary, and their Partial.
import type { MaskMethod } from "../policy/decision.ts";
import { numberParameter } from "../policy/method-parameters.ts";
import type { Codec, Format } from "./cell.ts";
import { type IpAddress, ipText, networkOf, parseIp } from "./ip-address.ts";

/** Address families of the binary form (PGSQL_AF_INET and the one after it, whatever the server's platform). */
const FAMILY_4 = 2;
const FAMILY_6 = 3;
const TEXT_BYTES_MAX = 64;
/** Bytes of a MAC address that name its maker. */
const MAKER_BYTES = 3;

export function ipCodec(isCidr: boolean, format: Format): Codec<IpAddress> {
  return format === 0 ? textIp(isCidr) : binaryIp(isCidr);
}

function textIp(isCidr: boolean): Codec<IpAddress> {
  return {
    read: (source, start, end) =>
      end - start > TEXT_BYTES_MAX ? undefined : (parseIp(source.toString("latin1", start, end)) ?? undefined),
    write({ bytes, bits }, sink) {
      sink.writeAscii(isCidr || bits < 8 * bytes.length ? `${ipText(bytes)}/${bits}` : ipText(bytes));
    },
  };
}

/** Family, bits, is_cidr, address length, address (network_send). */
function binaryIp(isCidr: boolean): Codec<IpAddress> {
  return {
    read(source, start, end) {
      const length = end - start < 4 ? 0 : source[start + 3]!;
      if ((length !== 4 && length !== 16) || end - start !== 4 + length) return undefined;
      return { bytes: Uint8Array.from(source.subarray(start + 4, end)), bits: source[start + 1]!, masked: true };
    },
    write({ bytes, bits }, sink) {
      sink.writeByte(bytes.length === 4 ? FAMILY_4 : FAMILY_6);
      sink.writeByte(bits);
      sink.writeByte(isCidr ? 1 : 0);
      sink.writeByte(bytes.length);
      sink.write(bytes, 0, bytes.length);
    },
  };
}

/** Partial: the network stays, host bits become 0; the netmask stays, so a cidr has no bits to its right. */
export function partialIp(mask: MaskMethod): (address: IpAddress) => IpAddress {
  const prefix4 = numberParameter(mask, "prefix4");
  const prefix6 = numberParameter(mask, "prefix6");
  return (address) => ({ ...address, bytes: networkOf(address.bytes, address.bytes.length === 4 ? prefix4 : prefix6) });
}

export function macCodec(byteCount: number, format: Format): Codec<Buffer> {
  if (format === 1) {
    return {
      read: (source, start, end) => (end - start === byteCount ? Buffer.from(source.subarray(start, end)) : undefined),
      write: (value, sink) => sink.write(value, 0, value.length),
    };
  }
  return {
    read(source, start, end) {
      const hex = source.toString("latin1", start, Math.min(end, start + TEXT_BYTES_MAX)).replaceAll(":", "");
      return hex.length === 2 * byteCount && /^[0-9a-f]+$/i.test(hex) ? Buffer.from(hex, "hex") : undefined;
    },
    write: (value, sink) => sink.writeAscii(value.toString("hex").replace(/..(?=.)/g, "$&:")),
  };
}

/** Partial: the maker stays, the device's own number becomes 0. */
export function partialMac(address: Buffer): Buffer {
  return Buffer.from(address).fill(0, MAKER_BYTES);
}
