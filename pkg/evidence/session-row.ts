// Openings and refusals of sessions, and policies that came into force, as rows.
import { membersOf, type ReadRecord, textOr } from "./evidence-records.ts";
import type { Row } from "./row.ts";
import { contextCells, placeColumns, whoColumns } from "./statement-row.ts";

export const sessionColumns = [
  ...["id", "time", ...placeColumns, "session", "phase", "database", ...whoColumns],
  ...["address", "network", "tls", "reason"],
] as const;

export function sessionRow(record: ReadRecord): Row {
  const { json, weir } = record;
  return {
    id: record.id,
    time: record.timeMs,
    ...contextCells(record),
    session: textOr(weir.session),
    phase: textOr(weir.phase),
    database: textOr(membersOf(weir.database).name),
    network: networkOf(textOr(membersOf(json.src_endpoint).ip)),
    tls: json.is_cleartext === false,
    reason: textOr(json.status_detail),
  };
}

/** Whose network an address is of: loopback, private (RFC 1918, 6598, 4193, link-local) or public; unknown without an address. */
function networkOf(ip: string | null): "loopback" | "private" | "public" | "unknown" {
  if (ip === null) return "unknown";
  const plain = ip.replace(/^::ffff:(?=\d+\.)/i, "");
  if (plain.startsWith("127.") || plain === "::1") return "loopback";
  return /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i.test(
    plain,
  )
    ? "private"
    : "public";
}

export const policyColumns = ["id", "time", ...placeColumns, "version", "reason"] as const;

export function policyRow(record: ReadRecord): Row {
  const { id, timeMs, json, weir } = record;
  const place = membersOf(weir.place);
  return {
    id,
    time: timeMs,
    ...Object.fromEntries(placeColumns.map((column) => [column, textOr(place[column]) ?? ""])),
    version: textOr(weir.version),
    reason: textOr(json.status_detail),
  };
}
