// A real Kubernetes API server for a test file: etcd, kube-apiserver and the controllers, each a process on loopback, with data of their
// own that goes away with `stop()` (or with this process, if it is killed). No node: pods stay Pending.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { type RequestOptions, request } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface Answer {
  readonly status: number;
  /** The parsed JSON: an object, a list or a Status. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read it as the API documents it
  readonly body: any;
  /** The API server's warnings, as the header has them. */
  readonly warnings: string;
}

export interface Call {
  readonly body?: unknown;
  /** Of the body; default application/json. For PATCH say which kind: application/apply-patch+yaml, application/merge-patch+json … */
  readonly contentType?: string;
  /** A bearer token instead of the administrator's certificate. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestApi {
  /** Path of a kubeconfig of the administrator. */
  readonly kubeconfig: string;
  /** Such as `https://127.0.0.1:13000`. */
  readonly server: string;
  /** One request as JSON, whatever its status; throws only when no answer comes. */
  call(method: string, path: string, options?: Call): Promise<Answer>;
  /** kubectl as the administrator, with an optional standard input (`apply -f -`). */
  kubectl(args: readonly string[], stdin?: string): Promise<Output>;
  /** The same with the Helm of the build. */
  helm(args: readonly string[]): Promise<Output>;
  /** Ends or starts one part: etcd, kube-apiserver, kube-controller-manager. Only of a cluster that this started. */
  part(what: "stop" | "start", name: string): Promise<void>;
  /** Ends all that this started and deletes its data. */
  stop(): Promise<void>;
}

const script = resolve(import.meta.dirname, "cluster");

/** Why there is no API server to be had here, with the remedy; undefined when there is one. */
export function whyNoApi(): string | undefined {
  if (process.env.KUBECONFIG) return undefined;
  const check = spawnSync(script, ["built"], { encoding: "utf8" });
  if (check.status === 0) return undefined;
  return check.stderr?.trim() || `test/cluster/cluster cannot run here: ${check.error?.message ?? "no bash"}`;
}

/** `describe`, on a real API server; skipped by name, with the reason, where there is none. */
export function describeApi(name: string, body: () => void): void {
  const why = whyNoApi();
  if (why === undefined) describe(name, body);
  else describe.skip(`${name} [skipped: ${why}]`, body);
}

export interface ApiOptions {
  /** An etcd that writes through to the disk, as those of production do. */
  readonly durable?: boolean;
}

/** The cluster of KUBECONFIG when that is set, else a fresh one. */
export async function startApi({ durable = false }: ApiOptions = {}): Promise<TestApi> {
  if (process.env.KUBECONFIG) return connect(process.env.KUBECONFIG, {}, async () => {}, noPart);
  const state = await mkdtemp(join(tmpdir(), "weir-api-"));
  const env = { CLUSTER_STATE: state, CLUSTER_OWNER: String(process.pid), CLUSTER_FSYNC: durable ? "1" : "" };
  await startWithRetries(env, state);
  const stop = async () => {
    await expectZero(await run(script, ["down"], env), "test/cluster/cluster down");
    await rm(state, { recursive: true, force: true });
  };
  const part = async (what: string, name: string) =>
    expectZero(await run(script, [what, name], env), `test/cluster/cluster ${what} ${name}`);
  return connect(join(state, "kubeconfig"), env, stop, part);
}

/** Another process may take one of the ports between the look and the use of it. */
async function startWithRetries(env: Readonly<Record<string, string>>, state: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const started = await run(script, ["api"], { ...env, CLUSTER_PORT: "free" });
    if (started.code === 0) return;
    const logs = await lastLines(join(state, "log"));
    await run(script, ["down"], env);
    if (attempt === 3 || !/address already in use/.test(logs)) throw new Error(`${started.stderr}\n${logs}`);
  }
}

async function lastLines(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const tails = names
    .filter((name) => name.endsWith(".log"))
    .map(async (name) => `${name}:\n${(await readFile(join(folder, name), "utf8")).slice(-1000)}`);
  return (await Promise.all(tails)).join("\n");
}

async function noPart(): Promise<void> {
  throw new Error("the parts of the cluster that KUBECONFIG names are not the tests' to stop");
}

async function connect(
  kubeconfig: string,
  env: Readonly<Record<string, string>>,
  stop: () => Promise<void>,
  part: TestApi["part"],
): Promise<TestApi> {
  const path = `${buildFolder()}:${process.env.PATH}`;
  // What kubectl remembers of a server it keeps by its address, which another cluster may have had.
  const cache = env.CLUSTER_STATE === undefined ? {} : { KUBECACHEDIR: join(env.CLUSTER_STATE, "data", "kubectl") };
  const tool = (name: string) => (args: readonly string[], stdin?: string) =>
    run(name, args, { ...env, ...cache, KUBECONFIG: kubeconfig, PATH: path }, stdin);
  const kubectl = tool("kubectl");
  const login = await readLogin(kubectl);
  return {
    kubeconfig,
    server: login.server,
    call: (method, target, options) => call(login, method, target, options ?? {}),
    kubectl,
    helm: tool("helm"),
    part,
    stop,
  };
}

function buildFolder(): string {
  const { CLUSTER_HOME, XDG_CACHE_HOME, HOME } = process.env;
  return join(CLUSTER_HOME ?? join(XDG_CACHE_HOME ?? join(HOME ?? "/", ".cache"), "weir-cluster"), "bin");
}

interface Login {
  readonly server: string;
  readonly tls: RequestOptions;
  readonly token?: string;
}

/** Of the current context, as kubectl sees it. */
async function readLogin(kubectl: (args: readonly string[]) => Promise<Output>): Promise<Login> {
  const view = await kubectl(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"]);
  await expectZero(view, "kubectl config view");
  const config = JSON.parse(view.stdout);
  const [cluster, user] = [config.clusters[0].cluster, config.users[0].user];
  if (!user["client-certificate-data"] && !user.token && !user.tokenFile)
    throw new Error("KUBECONFIG: the tests need a user with a client certificate or a token, not a credential plugin");
  const decode = (text: string | undefined) => text && Buffer.from(text, "base64");
  const tls = {
    ca: decode(cluster["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
    servername: cluster["tls-server-name"],
    rejectUnauthorized: cluster["insecure-skip-tls-verify"] !== true,
  };
  const token = user.token ?? (user.tokenFile && readFileSync(user.tokenFile, "utf8").trim());
  return { server: cluster.server, tls: withoutAbsent(tls), ...(token && { token }) };
}

function withoutAbsent(options: Readonly<Record<string, unknown>>): RequestOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function call(login: Login, method: string, path: string, options: Call): Promise<Answer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const token = options.token ?? login.token;
  const headers = {
    accept: "application/json",
    ...(body !== undefined && { "content-type": options.contentType ?? "application/json" }),
    ...(token && { authorization: `Bearer ${token}` }),
    ...options.headers,
  };
  const tls = options.token === undefined ? login.tls : { ...login.tls, cert: undefined, key: undefined };
  return new Promise((fulfil, reject) => {
    const sent = request(`${login.server}${path}`, { ...tls, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const json = response.headers["content-type"]?.includes("json");
        const warnings = String(response.headers.warning ?? "");
        fulfil({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text, warnings });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>, stdin?: string) {
  return new Promise<Output>((fulfil, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk));
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
    child.on("error", reject);
    child.on("close", (code) => fulfil({ code: code ?? -1, stdout, stderr }));
  });
}

async function expectZero(output: Output, what: string): Promise<void> {
  if (output.code !== 0) throw new Error(`${what} failed: ${output.stderr.trim()}`);
}
