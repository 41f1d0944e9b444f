// Where records are forwarded to, as the configuration names it.
import type { Scope } from "./scope.ts";

export interface ForwardTo {
  readonly name: string;
  readonly by: ForwardWay;
  readonly place: Scope;
  /** Of statements; null: everything. */
  readonly verdicts: readonly string[] | null;
}

/** Files of a server that is spoken to over TLS. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
}

export type ForwardWay =
  | { readonly kind: "otlp" | "ocsf"; readonly url: string; readonly tokenFile: string | null; readonly tls: TlsFiles }
  | { readonly kind: "webhook"; readonly url: string; readonly secretFile: string; readonly tls: TlsFiles }
  | { readonly kind: "syslog"; readonly host: string; readonly port: number; readonly tls: TlsFiles };
