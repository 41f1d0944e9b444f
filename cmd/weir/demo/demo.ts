// `weir demo`: a real PostgreSQL, the sidecar in front of it, an identity provider, people and agents who use it, and the records that
// they leave: seen live at a collector, and proven by its evidence.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { LocalPostgres } from "../../../pkg/localdb/start-postgres.ts";
import { type Command, exits, readArguments } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { type Collector, startCollector } from "./collector-process.ts";
import { playIdentities } from "./identity-scene.ts";
import { identitySteps } from "./identity-script.ts";
import { type LocalIssuer, startLocalIssuer } from "./issuer.ts";
import { PUBLIC_CLIENT } from "./issuer-configuration.ts";
import { openLiveView } from "./live-view.ts";
import { issuerOptions } from "./people.ts";
import { play } from "./play.ts";
import { prove } from "./proof.ts";
import { showRecords } from "./records.ts";
import { scenes } from "./script.ts";
import { databaseName, logins, passwordOf, startShop } from "./shop-database.ts";
import { type Sidecar, startSidecar } from "./sidecar-process.ts";

export const demo: Command = {
  summary: "see Weir govern a real PostgreSQL on this machine",
  help: `usage: weir demo [--exit]

Starts PostgreSQL with a small shop, the sidecar in front of it and a collector beside it, plays a session as a developer,
an analyst and an AI agent, and once more as people and agents who prove by tokens who they are, shows what the collector saw of it, verifies its evidence, and stays up until Ctrl-C.
Everything is on loopback and in a temporary folder.

  --exit   end after the session

exit codes: 0 all went as claimed, 1 something differed, 70 it could not be played, 130 ended before its session was over`,
  async run(args, terminal) {
    const { values } = readArguments(args, { exit: { type: "boolean", default: false } });
    const folder = mkdtempSync(join(tmpdir(), "weir-demo-"));
    const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
    const interruption = awaitInterruption();
    const started = async <T extends { stop(): Promise<void> }>(what: string, work: () => Promise<T>): Promise<T> => {
      const pending = work();
      closers.push(() =>
        pending.then(
          (part) => part.stop(),
          () => {},
        ),
      );
      return await Promise.race([step(terminal, what, pending), interruption.aborted]);
    };
    try {
      const secret = randomBytes(24).toString("base64url");
      const secretFile = join(folder, "robo.secret");
      writeFileSync(secretFile, secret, { mode: 0o600 });
      const [shop, collector, issuer] = await Promise.all([
        started("starting PostgreSQL with a small shop", startShop),
        started("starting the collector, which keeps the records", () => startCollector(folder)),
        started("starting an identity provider (OpenID Connect)", () => startLocalIssuer(issuerOptions(secret))),
      ]);
      const begin = () => startSidecar(folder, shop.port, collector, issuer);
      const sidecar = await started("starting the sidecar in front of PostgreSQL", begin);
      const view = await openLiveView(collector);
      closers.push(() => view.stop());
      const stage = { host: "127.0.0.1", governedPort: sidecar.port, directPort: shop.port };
      const session = async () => {
        const played = await play(scenes, stage, terminal);
        const atEnd = (close: () => Promise<void>) => void closers.push(close);
        const identities = { folder, issuer, sidecar, directPort: shop.port, secretFile, terminal, atEnd };
        const proved = await playIdentities(identities);
        const { records, differences } = await showRecords(sidecar.spoolFolder, view, allSteps, terminal);
        return [...played, ...proved, ...differences, ...(await prove(folder, collector, records, terminal))];
      };
      const differences = await Promise.race([session(), interruption.aborted]);
      printVerdict(differences, terminal);
      if (!values.exit) {
        printInvitation({ sidecar, collector, shop, issuer, folder }, terminal);
        view.printOn(terminal);
        await interruption.aborted.catch(() => {});
      }
      return differences.length === 0 ? exits.good : exits.failed;
    } catch (error) {
      // What a Ctrl-C tears down on its way complains; nobody needs to read that.
      if (!interruption.happened) throw error;
      terminal.print("\ninterrupted; everything is stopped and removed");
      return exits.interrupted;
    } finally {
      for (const close of closers.reverse()) await close();
    }
  },
};

const allSteps = [...scenes.flatMap(({ steps }) => steps), ...identitySteps];

async function step<T>(terminal: Terminal, what: string, pending: Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await pending;
  terminal.print(
    `${terminal.green("✓")} ${what} ${terminal.dim(`${((performance.now() - startedMs) / 1000).toFixed(1)} s`)}`,
  );
  return result;
}

function printVerdict(differences: readonly string[], terminal: Terminal): void {
  if (differences.length === 0) {
    terminal.print(
      `\n${terminal.green("✓")} ${terminal.bold(`All ${allSteps.length} statements and their records are as claimed.`)}`,
    );
    return;
  }
  terminal.print(terminal.red(`\n✗ ${differences.length} things went otherwise than claimed:`));
  for (const difference of differences) terminal.print(`  - ${difference}`);
}

/** As it can be typed here, where nothing is on the PATH. */
const weir = relative(process.cwd(), join(import.meta.dirname, "../weir.sh")).replace(/^(?!\.)/, "./");

interface Parts {
  readonly sidecar: Sidecar;
  readonly collector: Collector;
  readonly shop: LocalPostgres;
  readonly issuer: LocalIssuer;
  readonly folder: string;
}

function printInvitation({ sidecar, collector, shop, issuer, folder }: Parts, terminal: Terminal): void {
  terminal.print(`\n${terminal.bold("It stays up. Look around, as anyone of them:")}`);
  for (const login of logins.filter((name) => name !== "weir" && name !== "app")) {
    terminal.print(`  psql "postgresql://${login}:${passwordOf(login)}@127.0.0.1:${sidecar.port}/${databaseName}"`);
  }
  const login = `--issuer ${issuer.url} --client-id ${PUBLIC_CLIENT} --login-claim email`;
  const access = `--collector ${collector.url} --ca ${collector.ca} --token-file ${collector.tokenFile}`;
  terminal.print(`
  any driver      the same URL
  by a token      ${weir} connect shop ${login} --gateway 127.0.0.1:${sidecar.tokenPort} --ca ${sidecar.caFile}
                  (dana still works there; ana is taken back in ${sidecar.revocationsFile})
  without Weir    port ${shop.port}, to compare
  policies        ${sidecar.policyFolder}  (edit them: changes apply at once)
  live view       ${weir} tail ${access}
  evidence        ${weir} evidence ${access} --out FILE
                  ${weir} verify FILE --log-key ${collector.logKeyFile}
  the ledger      ${weir} verify ${collector.dataFolder} --log-key ${collector.logKeyFile}
  the spool       ${weir} verify --spool ${sidecar.spoolFolder}
  health          http://127.0.0.1:${sidecar.adminPort}/readyz and /metrics
  logs            ${join(folder, "sidecar.log")}, ${collector.logFile}

Ctrl-C ends it and removes everything. What is asked through the sidecar shows here, as the collector sees it:
`);
}

interface Interruption {
  readonly happened: boolean;
  /** Rejects when somebody ends the demo. */
  readonly aborted: Promise<never>;
}

function awaitInterruption(): Interruption {
  const state = { happened: false };
  const aborted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        state.happened = true;
        reject(new Error(`ended by ${signal}`));
      });
  });
  aborted.catch(() => {});
  return {
    aborted,
    get happened() {
      return state.happened;
    },
  };
}
