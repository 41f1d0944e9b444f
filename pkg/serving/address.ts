// Where a server listens, as a setting writes it.

export interface Address {
  /** `::` for every address of the machine. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port` or `:port`; undefined when it is none of them. */
export function parseAddress(text: string): Address | undefined {
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^:]*):([0-9]{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts === null || port > 65_535) return undefined;
  return { host: parts[1]!.replace(/^\[|\]$/g, "") || "::", port };
}
