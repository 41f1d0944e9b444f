// A cluster with a node, as the tests of this folder use it: kubectl, the lines that a newcomer types, and what containers print.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startApi, type TestApi } from "../cluster/start-api.ts";

export const TWO_MINUTES = 1200;
const checkout = resolve(import.meta.dirname, "../..");

export interface Line {
  /** When the container wrote it, in milliseconds since 1970: the clock is the machine's own. */
  readonly atMs: number;
  readonly text: string;
}

export interface Beside {
  /** What it has written so far. */
  readonly said: () => string;
  readonly stop: () => Promise<void>;
}

export interface OnNode {
  readonly api: TestApi;
  /** Where what is typed runs, and where it leaves files; `charts`, `examples` and `cmd` are there. */
  readonly folder: string;
  readonly kubectl: (...args: string[]) => Promise<string>;
  readonly apply: (...objects: unknown[]) => Promise<void>;
  /** A line for the shell, as people type it. */
  readonly type: (line: string) => Promise<string>;
  /** One that runs until it is stopped, as in a terminal of its own. */
  readonly typeBeside: (line: string) => Beside;
  /** What a container of namespace and pod (`pod/x`, `deployment/x`) wrote last; nothing while there is none. */
  readonly lines: (namespace: string, what: string, container: string, tail?: number) => Promise<readonly Line[]>;
  /** The same of a pod's name, read on the node: it needs no API server. */
  readonly linesOnNode: (namespace: string, pod: string, container: string) => readonly Line[];
  /** Ends or starts a part of the cluster, such as kube-apiserver. */
  readonly part: (what: "stop" | "start", name: string) => Promise<void>;
}

export async function onNode(): Promise<OnNode> {
  const api = await startApi();
  const folder = mkdtempSync(join(tmpdir(), "weir-e2e-"));
  for (const name of ["charts", "examples", "cmd"]) symlinkSync(join(checkout, name), join(folder, name));
  const kubectl: OnNode["kubectl"] = async (...args) => {
    const { code, stdout, stderr } = await api.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  return {
    api,
    folder,
    kubectl,
    async apply(...objects) {
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
      const { code, stderr } = await api.kubectl(["apply", "-f", "-"], list);
      if (code !== 0) throw new Error(stderr);
    },
    type: (line) => shell(line, folder),
    typeBeside: (line) => beside(line, folder),
    async lines(namespace, what, container, tail = 4) {
      const args = ["-n", namespace, "logs", what, "-c", container, "--timestamps", "--tail", String(tail)];
      const { code, stdout } = await api.kubectl(args);
      return code === 0 ? stdout.trim().split("\n").map(line) : [];
    },
    linesOnNode(namespace, pod, container) {
      const logs = join(stateFolder(), "log/pods");
      const of = readdirSync(logs).filter((name) => name.startsWith(`${namespace}_${pod}_`));
      const text = of.map((name) => readFileSync(join(logs, name, container, "0.log"), "utf8")).join("");
      return text.trimEnd().split("\n").map(line);
    },
    part: async (what, name) => {
      await shell(`${join(checkout, "test/cluster/cluster")} ${what} ${name}`, folder);
    },
  };
}

function stateFolder(): string {
  const { CLUSTER_STATE } = process.env;
  if (!CLUSTER_STATE) throw new Error("CLUSTER_STATE: outages need the cluster of test/cluster; run make e2e");
  return CLUSTER_STATE;
}

/** A folder of the node for the collector's volume: this cluster has no storage of its own. */
export function volumeFolder(): string {
  const folder = join(stateFolder(), "collector-volume");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Names outside the cluster, as in /etc/hosts; nobody in the cluster sees the file, its DNS reads it each second. */
export const hostsFile = () => join(stateFolder(), "hosts");

function line(raw: string): Line {
  const space = raw.indexOf(" ");
  return { atMs: Date.parse(raw.slice(0, space)), text: raw.slice(space + 1).replace(/^(stdout|stderr) [FP] /, "") };
}

function beside(typed: string, cwd: string): Beside {
  const child = spawn("sh", ["-c", `exec ${typed}`], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk));
  const ended = new Promise<void>((fulfil) => child.once("close", () => fulfil()));
  return {
    said: () => said,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

function shell(typed: string, cwd: string): Promise<string> {
  return new Promise((fulfil, reject) => {
    const child = spawn("sh", ["-c", typed], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? fulfil(stdout) : reject(new Error(`${typed}: ${stderr}`))));
  });
}
