/** SQL and protocol names are one namespace; the wire's are kept as latin1 of their bytes. */
export function wireName(sqlName: string): string {
  return Buffer.from(sqlName, "utf8").toString("latin1");
}
