// The one place that knows how a sidecar is started inside a test.

export interface GovernedOptions {
  /** The upstream server's port on loopback. */
  readonly upstreamPort: number;
  /** Name to YAML text, as files of a policy folder. None: nothing matches. */
  readonly policies?: Readonly<Record<string, string>>;
  /** Login to principal, as in the sidecar's configuration. */
  readonly principals?: Readonly<Record<string, unknown>>;
}

export interface Governed {
  readonly port: number;
  readonly spoolDir: string;
  stop(): Promise<void>;
}

/** Until the sidecar exists: the server itself, so that every comparison compares it with itself. */
export async function startGoverned(options: GovernedOptions): Promise<Governed> {
  return { port: options.upstreamPort, spoolDir: "", stop: async () => {} };
}
