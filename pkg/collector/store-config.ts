// Where the index of records is, as settings tell it.

export type StoreConfig =
  /** A file below the data folder. */
  | { readonly engine: "duckdb"; readonly memoryMiB: number }
  /** `password`: a file that holds it, or null. */
  | { readonly engine: "clickhouse"; readonly url: string; readonly user: string; readonly password: string | null }
  | { readonly engine: "none" };

/** `duckdb`, `none` or a ClickHouse by URL, https only except on loopback: rows say who did what. undefined: none of them. */
export function storeAddress(text: string): string | undefined {
  if (text === "duckdb" || text === "none") return text;
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, password, pathname, search, hash } = new URL(text);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isHere)) return undefined;
  return username + password + search + hash === "" && /^\/([a-z0-9_]{1,64})?$/i.test(pathname) ? text : undefined;
}

export interface StoreSettings {
  /** As `storeAddress` takes it. */
  readonly address: string;
  readonly memoryMiB: number;
  readonly user: string;
  readonly password: string | null;
}

export function storeConfig({ address, memoryMiB, user, password }: StoreSettings): StoreConfig {
  if (address === "none") return { engine: "none" };
  return address === "duckdb"
    ? { engine: "duckdb", memoryMiB }
    : { engine: "clickhouse", url: address, user, password };
}
