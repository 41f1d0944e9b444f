// The one place that knows how a sidecar is started inside a test.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyedDigest } from "../../pkg/audit/digest.ts";
import type { SpoolFiles } from "../../pkg/audit/spool-files.ts";
import { AuditWriter } from "../../pkg/audit/writer.ts";
import type { Pinned } from "../../pkg/gate/pinned-settings.ts";
import type { Verifier } from "../../pkg/identity/verifier.ts";
import { MaskKeys } from "../../pkg/mask/keys.ts";
import type { PolicySet } from "../../pkg/policy/rules.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import type { Credentials } from "../../pkg/proxy/credentials.ts";
import { createGovernor } from "../../pkg/proxy/governor.ts";
import type { OpenSession } from "../../pkg/proxy/open-sessions.ts";
import type { ServingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { jsonLogger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { compilePolicies } from "./policies.ts";

export interface GovernedOptions {
  /** The upstream server's port on loopback. */
  readonly upstreamPort: number;
  /** File name to YAML text, as the files of a policy folder. None: nothing matches. */
  readonly policies?: Readonly<Record<string, string>>;
  /** Login to who it is; a login that is not listed is a Service of that name. */
  readonly principals?: Readonly<Record<string, Partial<Principal>>>;
  readonly frameBytesMax?: number;
  readonly bufferedBytes?: number;
  /** Kept when it stops; a new folder that goes with it when not given. */
  readonly spoolDir?: string;
  /** The spool's file system. */
  readonly files?: SpoolFiles;
  /** When the spool is full. */
  readonly spoolBytesMax?: number;
  /** Of tokens that statements give, and of logins where `credentials` ask for them. */
  readonly tokens?: Verifier;
  readonly identityScope?: "Session" | "Transaction";
  /** PassThrough when not given. */
  readonly credentials?: Credentials;
  /** What the sessions of the upstream are set to. */
  readonly pinned?: Pinned;
  readonly pooler?: "Session";
  readonly certificate?: ServingCertificate;
  readonly nowMs?: () => number;
  readonly sessionAgeMsMax?: number;
  readonly principalSessions?: number;
  /** How often idle sessions are asked for their proof; hardly ever when not given. */
  readonly proofsEveryMs?: number;
}

export interface Governed {
  readonly port: number;
  readonly spoolDir: string;
  /** Puts other policies in force, as a reload does. */
  reload(policies: Readonly<Record<string, string>>): void;
  /** Lines that the sidecar logged at "warn" and above. */
  readonly logged: readonly string[];
  /** Who is in. */
  sessions(): readonly OpenSession[];
  stop(): Promise<void>;
}

export async function startGoverned(options: GovernedOptions): Promise<Governed> {
  const spoolDir = options.spoolDir ?? mkdtempSync(join(tmpdir(), "weir-spool-"));
  const digest = keyedDigest(Buffer.alloc(32, 1));
  const place = { cluster: "test", namespace: "shop", environment: "test", workload: "conformance", instance: "one" };
  const world = { clock: systemClock, random: systemRandom, ...(options.files && { files: options.files }) };
  const audit = new AuditWriter(
    {
      folder: spoolDir,
      place,
      productVersion: "test",
      digest,
      ...(options.spoolBytesMax && { totalBytesMax: options.spoolBytesMax }),
    },
    world,
  );
  const logged: string[] = [];
  let set: PolicySet = compilePolicies(options.policies ?? {}, options.upstreamPort);
  const governor = createGovernor({
    listeners: [listener(options)],
    ...(options.tokens && { tokens: options.tokens }),
    identityScope: options.identityScope ?? "Session",
    policies: () => set,
    identify: (login) => ({
      kind: "Service",
      name: login,
      issuer: "configuration",
      groups: [],
      assurance: "L0",
      login,
      ...options.principals?.[login],
    }),
    audit,
    digest: (text) => digest.of(text),
    maskKeys: new MaskKeys([{ version: 1, bytes: Buffer.alloc(32, 7) }]),
    certificate: () => options.certificate ?? null,
    environment: "test",
    cluster: "test",
    limits: {
      sessions: 200,
      ...(options.sessionAgeMsMax !== undefined && { sessionAgeMsMax: options.sessionAgeMsMax }),
      principalSessions: options.principalSessions ?? 0,
      proofsEveryMs: options.proofsEveryMs ?? 3_600_000,
      logins: 100,
      loginTimeMs: 20_000,
      frameBytesMax: options.frameBytesMax ?? 256 * 1024 * 1024,
      waitingBytesMax: 64 * 1024 * 1024,
      bufferedBytes: options.bufferedBytes ?? 256 * 1024 * 1024,
      probeEveryMs: 1000,
    },
    clock: { ...systemClock, ...(options.nowMs && { nowMs: options.nowMs }) },
    random: systemRandom,
    logger: jsonLogger((line) => logged.push(line), "warn", systemClock.nowMs),
  });
  const [port] = await governor.start();
  return {
    port: port!,
    spoolDir,
    logged,
    sessions: () => governor.sessions(),
    reload: (policies) => {
      set = compilePolicies(policies, options.upstreamPort);
    },
    stop: async () => {
      await governor.drain(500);
      audit.close("stopped");
      if (!options.spoolDir) rmSync(spoolDir, { recursive: true, force: true });
    },
  };
}

const listener = ({ upstreamPort: port, credentials, pinned, pooler }: GovernedOptions) => ({
  host: "127.0.0.1",
  port: 0,
  database: "shop/main",
  upstream: {
    name: "shop/main",
    host: "127.0.0.1",
    port,
    tls: { mode: "disable" as const },
    ...(pinned && { pinned }),
    ...(pooler && { pooler }),
  },
  credentials: credentials ?? { mode: "PassThrough" as const },
});
