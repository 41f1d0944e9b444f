// The sidecar's heart as one object: listeners, logins, sessions, drain. Everything it needs of the outside is handed in.

import type { SessionEvent } from "../audit/event.ts";
import type { AuditWriter } from "../audit/writer.ts";
import { isUnderRules, refusedAtStartup, underMask } from "../gate/admit.ts";
import { loginText } from "../gate/error-reply.ts";
import { Gate } from "../gate/gate.ts";
import type { GateLimits, GateOptions } from "../gate/options.ts";
import { pinningSql } from "../gate/pinned-settings.ts";
import type { Verifier } from "../identity/verifier.ts";
import type { PolicySet, SessionContext } from "../policy/rules.ts";
import { type Identity, until } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import { type ByteBudgets, byteBudgets } from "./byte-budget.ts";
import { SharedBuffer } from "./byte-source.ts";
import { CancelRegistry } from "./cancel-registry.ts";
import type { Credentials } from "./credentials.ts";
import { identityOf, lapsed } from "./identity-of.ts";
import { type ListenAddress, Listener } from "./listener.ts";
import type { LoggedIn, LoginEnded } from "./logged-in.ts";
import { login } from "./login.ts";
import { LoginError } from "./login-error.ts";
import type { Admission, LoginOptions } from "./login-options.ts";
import { type OpenSession, OpenSessions } from "./open-sessions.ts";
import type { Proof } from "./proof.ts";
import { RecordLane } from "./record-lane.ts";
import { sendCancel } from "./send-cancel.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import { type Ending, SessionLoop } from "./session-loop.ts";
import { type AnalysisCounters, type KeptClasses, SharedKnowledge, type UnmatchedPattern } from "./shared-knowledge.ts";
import { Slots } from "./slots.ts";
import { readable, type Startup } from "./startup.ts";
import { statementTokens } from "./statement-tokens.ts";
import type { Upstream } from "./upstream.ts";

export type GovernedListener = ListenAddress & {
  /** `namespace/name` of the GovernedDatabase. */
  readonly database: string;
  readonly upstream: Upstream;
  readonly credentials: Credentials;
  /** What a client must show of its own, beside what proves its login. */
  readonly clientCertificate?: NonNullable<LoginOptions["clientCertificate"]>;
  /** Clients over TCP must encrypt. */
  readonly requireTls?: boolean;
  /** Why nobody can log in here now; null, or absent: it is possible. While it is not, `upstream` and `credentials` are not used. */
  readonly closed?: () => string | null;
};

export interface GovernorOptions {
  readonly listeners: readonly GovernedListener[];
  /** The policies in force; null while none was ever received: logins are refused then. */
  readonly policies: () => PolicySet | null;
  /** Who a database login is that no token proves; the same object for the same. */
  readonly identify: (login: string, proof: Proof) => Principal;
  /** Verifies tokens that statements give; absent: no issuer is configured, so that none counts. */
  readonly tokens?: Verifier;
  /** For how long a statement may set one at most; `Session` when not given. */
  readonly identityScope?: GateOptions["identityScope"];
  readonly audit: AuditWriter;
  /** Keyed digest of text that may hold literals, hex. */
  readonly digest: (text: Buffer) => string;
  readonly maskKeys: GateOptions["maskKeys"];
  readonly certificate: () => ServingCertificate | null;
  /** Absent: classes follow a renamed column only while the process lives. */
  readonly classes?: KeptClasses;
  readonly environment: string;
  readonly cluster: string;
  readonly limits: GovernorLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface GovernorLimits extends GateLimits {
  readonly sessions: number;
  /** Of one principal at once; absent, or 0: no limit of its own. */
  readonly principalSessions?: number;
  /** How soon an idle session hears that its proof counts no more; 1 s when not given. */
  readonly proofsEveryMs?: number;
  readonly logins: number;
  readonly loginTimeMs: number;
  /** Of one that a token or a certificate began, in milliseconds; absent: no limit. */
  readonly sessionAgeMsMax?: number;
  /** What frames and slow peers may hold in all sessions together, beyond a small allowance for each. */
  readonly bufferedBytes: number;
}

export interface GovernorCounters {
  readonly sessions: number;
  readonly logins: number;
  readonly sessionsTotal: number;
  readonly loginsFailedTotal: number;
  readonly bufferedBytes: number;
  /** Sides of sessions that wait for others to let go of buffered bytes. */
  readonly bufferWaits: number;
  readonly analyses: AnalysisCounters;
}

export interface Governor {
  /** Resolves with the port of each listener, in order; rejects with the system's error. */
  start(): Promise<readonly number[]>;
  /** Takes no new session; ends each when its transaction ends, and what is left after `timeMs`. */
  drain(timeMs: number): Promise<void>;
  counters(): GovernorCounters;
  /** Who is in. */
  sessions(): readonly OpenSession[];
  /** What policies mean to protect and no database has, as far as databases were seen. */
  unmatched(): readonly UnmatchedPattern[];
}

export function createGovernor(options: GovernorOptions): Governor {
  return new RunningGovernor(options);
}

interface Who {
  /** As it was when the login began. */
  readonly upstream: Upstream;
  /** Unique name of the session to be. */
  readonly session: string;
  readonly identity: Identity;
  /** As it was at the login. */
  readonly principal: Principal;
}

class RunningGovernor implements Governor {
  readonly #options: GovernorOptions;
  readonly #cancels: CancelRegistry;
  readonly #slots: Slots;
  readonly #shared: SharedKnowledge;
  readonly #reads = new SharedBuffer();
  readonly #records: RecordLane;
  readonly #budgets: ByteBudgets;
  readonly #sessions: OpenSessions;
  #timer: NodeJS.Timeout | undefined;
  readonly #listeners: readonly Listener[];
  #sessionsTotal = 0;
  #loginsFailedTotal = 0;
  #draining = false;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#shared = new SharedKnowledge(options.classes ?? null);
    this.#records = new RecordLane(options.audit, options.logger);
    this.#cancels = new CancelRegistry(options.random);
    this.#slots = new Slots(options.limits.sessions);
    this.#sessions = new OpenSessions(options.limits.principalSessions ?? 0);
    this.#budgets = byteBudgets(options.limits.bufferedBytes);
    this.#listeners = options.listeners.map((listener) => this.#listener(listener));
  }

  async start(): Promise<readonly number[]> {
    this.#timer = setInterval(
      () => this.#sessions.look(this.#options.clock.nowMs()),
      this.#options.limits.proofsEveryMs ?? PROOFS_EVERY_MS,
    ).unref();
    const ports: number[] = [];
    for (const listener of this.#listeners) ports.push(await listener.listen());
    return ports;
  }

  async drain(timeMs: number): Promise<void> {
    this.#draining = true;
    for (const listener of this.#listeners) listener.stopAccepting();
    for (const loop of this.#sessions.loops()) loop.drain();
    const timer = setTimeout(() => {
      for (const loop of this.#sessions.loops()) loop.terminate();
    }, timeMs);
    await Promise.all(this.#listeners.map((listener) => listener.drained()));
    clearTimeout(timer);
    clearInterval(this.#timer);
    this.#records.flush();
  }

  counters(): GovernorCounters {
    const { fromClients, fromServers } = this.#budgets;
    return {
      sessions: this.#sessions.size,
      logins: this.#listeners.reduce((sum, listener) => sum + listener.logins, 0),
      sessionsTotal: this.#sessionsTotal,
      loginsFailedTotal: this.#loginsFailedTotal,
      bufferedBytes: fromClients.heldBytes + fromServers.heldBytes,
      bufferWaits: fromClients.waiting + fromServers.waiting,
      analyses: this.#shared.analyses(),
    };
  }

  sessions(): readonly OpenSession[] {
    return this.#sessions.list();
  }

  unmatched(): readonly UnmatchedPattern[] {
    return this.#shared.unmatched();
  }

  #listener(governed: GovernedListener): Listener {
    return new Listener({
      ...addressOf(governed),
      loginsMax: this.#options.limits.logins,
      serve: (socket, loggedIn) => this.#serve(socket, governed, loggedIn),
    });
  }

  async #serve(socket: Parameters<typeof login>[0], governed: GovernedListener, done: () => void): Promise<void> {
    const { certificate, limits, random, logger } = this.#options;
    const { upstream } = governed;
    let asked: Startup | null = null;
    let who: Who | null = null;
    let giveBack = () => {};
    try {
      const outcome = await login(socket, {
        upstream,
        credentials: governed.credentials,
        certificate,
        local: "path" in governed,
        requireTls: governed.requireTls === true,
        ...(governed.clientCertificate && { clientCertificate: governed.clientCertificate }),
        admit: (startup, proof) => {
          asked = startup;
          if (proof === null) return this.#open(governed);
          const identity = this.#identityOf(startup, proof);
          const standing = identity.at(this.#options.clock.nowMs());
          if (!standing.holds) return lapsed(standing.lapse);
          who = { identity, principal: standing.principal, upstream, session: random.bytes(16).toString("hex") };
          return this.#admit(startup, governed, who);
        },
        prepare: (startup) => {
          giveBack = this.#sessions.take(who!.principal) ?? refuseOneMore(who!.principal);
          return this.#preparing(startup, governed, who!);
        },
        cancels: this.#cancels,
        sessions: this.#slots,
        random,
        timeLimitMs: limits.loginTimeMs,
        serverText: (frame, startup) => (this.#masked(startup, governed, who!.principal) ? loginText(frame) : frame),
      });
      done();
      if (outcome.outcome === "ended") this.#loginEnded(outcome, asked, governed);
      else await this.#session(outcome, governed, who!);
    } catch (error) {
      logger.log("error", "session.defect", { error: error instanceof Error ? error.constructor.name : "unknown" });
      socket.destroy();
    } finally {
      giveBack();
    }
  }

  #identityOf({ login }: Startup, proof: Proof): Identity {
    const { identify, limits, clock } = this.#options;
    const identity = identityOf(login, proof, identify);
    const ageMs = ageLimit(proof, limits);
    return ageMs === undefined ? identity : until(identity, clock.nowMs() + ageMs);
  }

  #open(governed: GovernedListener): Admission {
    const closed = governed.closed?.() ?? null;
    const isClosed = this.#options.policies() === null || closed !== null;
    return isClosed ? notYet(closed ?? "no policies have been received yet") : { admit: true };
  }

  #admit(startup: Startup, governed: GovernedListener, { principal, upstream }: Who): Admission {
    const set = this.#options.policies();
    if (set === null) return this.#open(governed);
    const refusal = refusedAtStartup({
      set,
      database: governed.database,
      principal,
      session: this.#contextOf(startup),
      nowMs: this.#options.clock.nowMs(),
      replication: startup.replication !== null,
      settings: settingsOf(startup),
      switches: startup.options.other.length > 0,
      pinned: upstream.pinned ?? null,
    });
    return refusal === null
      ? { admit: true }
      : { admit: false, sqlstate: refusal.sqlstate, message: refusal.message, hint: refusal.hint };
  }

  /** null: no rule of now needs to know the server's session, and nothing is pinned in it. */
  #preparing(startup: Startup, governed: GovernedListener, who: Who): readonly string[] | null {
    const { principal, session } = who;
    const { pinned } = who.upstream;
    if (pinned !== undefined) return pinningSql(pinned, { principal, session });
    const set = this.#options.policies();
    const context = this.#contextOf(startup);
    const isGoverned = set !== null && isUnderRules(set, governed.database, principal, context);
    return isGoverned ? [] : null;
  }

  #masked(startup: Startup, governed: GovernedListener, principal: Principal): boolean {
    const set = this.#options.policies();
    return set === null || underMask(set, governed.database, principal, this.#contextOf(startup));
  }

  #contextOf(startup: Startup): SessionContext {
    const { environment, cluster } = this.#options;
    const application = startup.parameters.findLast(([name]) => name === "application_name")?.[1];
    const text = application === undefined ? null : readable(application);
    return { environment, cluster, application: text, clientAddress: startup.address };
  }

  async #session(logged: LoggedIn, governed: GovernedListener, who: Who): Promise<void> {
    const options = this.#options;
    const { startup, parameters, cancelTarget } = logged;
    const { identity, principal, session, upstream } = who;
    const major = Number.parseInt(parameters.get("server_version") ?? "0", 10);
    const shared = await this.#shared.of(governed.database, startup.database, major);
    const nonce = options.random.bytes(16).toString("hex");
    const context = this.#contextOf(startup);
    const event = (phase: "open" | "close"): SessionEvent => ({
      event: "session",
      phase,
      session,
      principal,
      database: governed.database,
      client: context.clientAddress,
      application: context.application,
      serverDatabase: startup.database,
      tls: logged.clientEncrypted,
      reason: null,
    });
    const gate = new Gate({
      session,
      identity,
      principal,
      database: governed.database,
      serverDatabase: startup.database,
      context,
      tls: logged.clientEncrypted,
      pinned: upstream.pinned ?? null,
      nonce,
      identityScope: options.identityScope ?? "Session",
      policies: () => options.policies()!,
      ...shared,
      maskKeys: options.maskKeys,
      digest: options.digest,
      clock: gateClock(options.clock),
      random: options.random,
      auditWritable: () => options.audit.writable,
      parameters,
      backendPid: logged.backendPid,
      pooler: upstream.pooler ?? "None",
      serverMajor: major,
      limits: options.limits,
    });
    const loop = new SessionLoop({
      client: logged.client,
      upstream: logged.upstream,
      gate,
      logger: options.logger,
      records: this.#records,
      cancel: () => (cancelTarget === null ? Promise.resolve() : sendCancel(cancelTarget)),
      verify: statementTokens(options.tokens ?? null, { nonce, principal, nowMs: () => options.clock.nowMs() }),
      reads: this.#reads,
      budgets: this.#budgets,
      clientLeft: logged.clientLeft,
      upstreamLeft: logged.upstreamLeft,
    });
    this.#note(event("open"));
    this.#sessionsTotal += 1;
    const forget = this.#sessions.add({
      session,
      principal,
      identity,
      loop,
      database: governed.database,
      client: context.clientAddress,
      sinceMs: options.clock.nowMs(),
    });
    loop.start();
    if (this.#draining) loop.drain();
    const ageMs = ageLimit(logged.proof, options.limits);
    const timer = ageMs === undefined ? undefined : setTimeout(() => loop.leave(tooOld), ageMs).unref();
    await loop.ended;
    clearTimeout(timer);
    forget();
    this.#note(event("close"));
  }

  #loginEnded(ended: LoginEnded, startup: Startup | null, governed: GovernedListener): void {
    if (ended.why === "cancelRequest") return;
    this.#loginsFailedTotal += 1;
    this.#options.logger.log("warn", "login.ended", {
      database: governed.database,
      why: ended.why,
      sqlstate: ended.sqlstate,
      ...(ended.detail !== "" && { detail: ended.detail }),
    });
    if (startup === null) return;
    this.#note({
      event: "session",
      phase: "refused",
      session: this.#options.random.bytes(16).toString("hex"),
      principal: this.#options.identify(startup.login, claimed),
      database: governed.database,
      client: startup.address,
      application: null,
      serverDatabase: startup.database,
      tls: startup.encrypted,
      reason: [ended.why, ended.sqlstate, ended.detail].filter(Boolean).join(" "),
    });
  }

  /** Beginnings and ends of sessions: a spool that cannot take them stops statements, not these. */
  #note(event: SessionEvent): void {
    this.#records.now([event]);
  }
}

const tooOld: Ending = { sqlstate: "28000", message: "weir: this session has reached its greatest age" };

const PROOFS_EVERY_MS = 1_000;

function refuseOneMore({ name }: Principal): never {
  const hint = "Close connections of yours, or have limits.principalSessions raised in Weir's configuration.";
  throw new LoginError("53300", `weir: too many connections for principal "${name}"`, hint, { why: "too many" });
}

/** setTimeout takes no more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function ageLimit({ by }: Proof, { sessionAgeMsMax }: GovernorLimits): number | undefined {
  const isProved = by === "token" || by === "certificate";
  return isProved && sessionAgeMsMax !== undefined ? Math.min(sessionAgeMsMax, TIMER_MS_MAX) : undefined;
}

const claimed: Proof = { by: "password", local: false };

function notYet(why: string): Admission {
  const hint = "Wait until the sidecar has what it needs; its readiness endpoint, /readyz, says what is missing.";
  return { admit: false, sqlstate: "57P03", message: `weir: ${why}, so no login is possible`, hint };
}

function gateClock(clock: Clock): GateOptions["clock"] {
  return {
    nowMs: () => clock.nowMs(),
    monotonicUs: () => clock.monotonicUs?.() ?? Number(clock.monotonicNs() / 1000n),
  };
}

function addressOf(listener: ListenAddress): ListenAddress {
  return "path" in listener
    ? { path: listener.path, mode: listener.mode }
    : { host: listener.host, port: listener.port };
}

const notSettings = new Set(["user", "database", "replication", "options"]);

/** What the start-up packet sets: its own parameters and those of `options`. */
function settingsOf(startup: Startup): { name: string; value: string }[] {
  const own = startup.parameters.filter(([name]) => !notSettings.has(name) && !name.startsWith("_pq_."));
  return [...own, ...startup.options.settings].map(([name, value]) => ({ name: name.toLowerCase(), value }));
}
