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
import type { CancelRegistry } from "./cancel-registry.ts";
import type { Credentials } from "./credentials.ts";
import { identityOf, lapsed } from "./identity-of.ts";
import { type ListenAddress, Listener } from "./listener.ts";
import type { LoggedIn, LoginEnded } from "./logged-in.ts";
import { login } from "./login.ts";
import { LoginError } from "./login-error.ts";
import type { Admission, Led, LoginOptions } from "./login-options.ts";
import { notServed, type OpenSession, OpenSessions } from "./open-sessions.ts";
import type { Proof } from "./proof.ts";
import { RecordLane } from "./record-lane.ts";
import { cancelsOf, handedOverListener, type Replicas } from "./replicas.ts";
import { sendCancel } from "./send-cancel.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import { type Ending, SessionLoop } from "./session-loop.ts";
import { type AnalysisCounters, type KeptClasses, SharedKnowledge, type UnmatchedPattern } from "./shared-knowledge.ts";
import { Slots } from "./slots.ts";
import { lastParameter, readable, renamed, type Startup } from "./startup.ts";
import { statementTokens } from "./statement-tokens.ts";
import type { Upstream } from "./upstream.ts";

/** Where every client of one listener is led, or one client of a gateway. */
export interface Governed {
  /** `namespace/name` of the GovernedDatabase; "" where there is none. */
  readonly database: string;
  readonly upstream: Upstream;
  readonly credentials: Credentials;
  /** Why nobody can log in here now; null, or absent: it is possible. While it is not, `upstream` is not connected to. */
  readonly closed?: () => string | Refusal | null;
  /** Of statements of its sessions, in place of `GovernorOptions.tokens`. Absent: those. */
  readonly tokens?: Verifier | null;
}

type Refusal = Extract<Admission, { admit: false }>;

/** One of many databases behind one listener. */
export interface GovernedByName extends Governed {
  /** As the server calls it; latin1 as on the wire. */
  readonly serverDatabase: string;
  /** One is taken for each session. */
  readonly sessions?: Slots | undefined;
  /** Of statements of its sessions, in place of `GovernorOptions.tokens`. */
  readonly tokens: Verifier | null;
  /** Whether it is not served any more: then its sessions end. */
  readonly gone: () => boolean;
}

interface Demands {
  /** What a client must show of its own, beside what proves its login. */
  readonly clientCertificate?: NonNullable<LoginOptions["clientCertificate"]>;
  /** Clients over TCP must encrypt; `Remote`: but for those from loopback addresses. */
  readonly requireTls?: boolean | "Remote";
}

export type GovernedListener = ListenAddress & Demands & (Governed | Gateway);

/** Clients name the database that they want; why there is none is told to them only when they have proved who they are. */
export interface Gateway {
  /** `name`: the start-up parameter, whole, latin1; null when there is none. */
  readonly byName: (name: string | null) => GovernedByName;
}

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
  /** Replicas that clients reach by the same address; absent: there are none. */
  readonly replicas?: Replicas;
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
  /** Ends sessions whose database is not served any more; to be called in the very turn in which it has gone. */
  endGone(): void;
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
  /** Cancel requests that other replicas hand over. */
  readonly #handedOver: Listener | null;
  #sessionsTotal = 0;
  #loginsFailedTotal = 0;
  #draining = false;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#shared = new SharedKnowledge(options.classes ?? null);
    this.#records = new RecordLane(options.audit, options.logger);
    this.#cancels = cancelsOf(options);
    this.#slots = new Slots(options.limits.sessions);
    this.#sessions = new OpenSessions(options.limits.principalSessions ?? 0);
    this.#budgets = byteBudgets(options.limits.bufferedBytes);
    this.#listeners = options.listeners.map((listener) => this.#listener(listener));
    this.#handedOver =
      options.replicas === undefined ? null : handedOverListener(options.replicas, options.certificate, this.#cancels);
  }

  async start(): Promise<readonly number[]> {
    this.#timer = setInterval(
      () => this.#sessions.look(this.#options.clock.nowMs()),
      this.#options.limits.proofsEveryMs ?? PROOFS_EVERY_MS,
    ).unref();
    const ports: number[] = [];
    for (const listener of this.#listeners) ports.push(await listener.listen());
    await this.#handedOver?.listen();
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
    this.#handedOver?.stopAccepting();
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

  endGone(): void {
    this.#sessions.endGone();
  }

  sessions(): readonly OpenSession[] {
    return this.#sessions.list();
  }

  unmatched(): readonly UnmatchedPattern[] {
    return this.#shared.unmatched();
  }

  #listener(listener: GovernedListener): Listener {
    return new Listener({
      ...addressOf(listener),
      loginsMax: this.#options.limits.logins,
      serve: (socket, loggedIn) => this.#serve(socket, listener, loggedIn),
    });
  }

  async #serve(socket: Parameters<typeof login>[0], listener: GovernedListener, done: () => void): Promise<void> {
    const { certificate, limits, random, logger } = this.#options;
    let governed: Governed = "byName" in listener ? nameless : listener;
    let asked: Startup | null = null;
    let who: Who | null = null;
    let giveBack = () => {};
    try {
      const outcome = await login(socket, {
        route: (startup) => {
          asked = startup;
          if (!("byName" in listener)) return ledTo(listener, startup);
          const found = listener.byName(lastParameter(startup, "database"));
          governed = found;
          return { ...ledTo(found, renamed(startup, found.serverDatabase)), sessions: found.sessions };
        },
        certificate,
        local: "path" in listener,
        requireTls: listener.requireTls ?? false,
        ...(listener.clientCertificate && { clientCertificate: listener.clientCertificate }),
        admit: (startup, proof) => {
          asked = startup;
          const isHidden = "byName" in listener && proof === null;
          const open = isHidden ? admitted : this.#open(governed);
          if (proof === null || !open.admit) return open;
          const { upstream } = governed;
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

  #open(governed: Governed): Admission {
    const closed = governed.closed?.() ?? null;
    if (closed !== null && typeof closed !== "string") return closed;
    const isClosed = this.#options.policies() === null || closed !== null;
    return isClosed ? notYet(closed ?? "no policies have been received yet") : { admit: true };
  }

  #admit(startup: Startup, governed: Governed, { principal, upstream }: Who): Admission {
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
  #preparing(startup: Startup, governed: Governed, who: Who): readonly string[] | null {
    const { principal, session } = who;
    const { pinned } = who.upstream;
    if (pinned !== undefined) return pinningSql(pinned, { principal, session });
    const set = this.#options.policies();
    const context = this.#contextOf(startup);
    const isGoverned = set !== null && isUnderRules(set, governed.database, principal, context);
    return isGoverned ? [] : null;
  }

  #masked(startup: Startup, governed: Governed, principal: Principal): boolean {
    const set = this.#options.policies();
    return set === null || underMask(set, governed.database, principal, this.#contextOf(startup));
  }

  #contextOf(startup: Startup): SessionContext {
    const { environment, cluster } = this.#options;
    const application = startup.parameters.findLast(([name]) => name === "application_name")?.[1];
    const text = application === undefined ? null : readable(application);
    return { environment, cluster, application: text, clientAddress: startup.address };
  }

  async #session(logged: LoggedIn, governed: Governed, who: Who): Promise<void> {
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
      verify: statementTokens(tokensOf(governed, options), { nonce, principal, nowMs: () => options.clock.nowMs() }),
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
      gone: "gone" in governed ? (governed as GovernedByName).gone : null,
    });
    // What a client sent ahead must not run where its database has gone during the login.
    if ("gone" in governed && (governed as GovernedByName).gone()) loop.terminate(notServed);
    else loop.start();
    if (this.#draining) loop.drain();
    const ageMs = ageLimit(logged.proof, options.limits);
    const timer = ageMs === undefined ? undefined : setTimeout(() => loop.leave(tooOld), ageMs).unref();
    await loop.ended;
    clearTimeout(timer);
    forget();
    this.#note(event("close"));
  }

  #loginEnded(ended: LoginEnded, startup: Startup | null, governed: Governed): void {
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

const admitted: Admission = { admit: true };

/** What a gateway's client is led to before it has said what it wants. */
const nameless: Governed = {
  database: "",
  upstream: { name: "", host: "nowhere.invalid", port: 1, tls: { mode: "require" } },
  credentials: { mode: "PassThrough" },
};

const ledTo = ({ upstream, credentials }: Governed, startup: Startup): Led => ({ upstream, credentials, startup });

const tokensOf = (governed: Governed, { tokens }: GovernorOptions): Verifier | null =>
  governed.tokens !== undefined ? governed.tokens : (tokens ?? null);

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
