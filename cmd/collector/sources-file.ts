// The file of sources, readers and witnesses: YAML to typed values, every problem with its place and remedy.
import { parseDocument } from "yaml";
import type { ForwardTo, ForwardWay } from "../../pkg/collector/forward-to.ts";
import { LOOKUP_PLACE } from "../../pkg/collector/lookups.ts";
import { isWhole, type Scope } from "../../pkg/collector/scope.ts";
import {
  type Reader,
  type ReaderProof,
  RIGHTS,
  type Role,
  type Source,
  type SourceProof,
} from "../../pkg/collector/source.ts";
import type { Witness } from "../../pkg/collector/witness-client.ts";
import { parseVkey } from "../../pkg/ledger/note.ts";
import { hint } from "../../pkg/runtime/closest.ts";

export interface SourcesFile {
  readonly sources: readonly Source[];
  readonly readers: readonly Reader[];
  readonly witnesses: readonly (Witness & { readonly ca: string | null })[];
  readonly forward: readonly ForwardTo[];
}

export type ReadSources =
  | { readonly ok: true; readonly file: SourcesFile }
  | { readonly ok: false; readonly problems: readonly string[] };

const ITEMS_MAX = 256;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const NAME_FORM = "up to 63 letters, digits, dots, dashes and underscores";

type Members = Readonly<Record<string, unknown>>;

/** `known`: sources that are not of this file, whose accounts may read. */
export function readSources(text: string, place: string, known: readonly string[] = []): ReadSources {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0)
    return { ok: false, problems: document.errors.map(({ message }) => `${place}: ${message.split("\n")[0]}`) };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch {
    return { ok: false, problems: [`${place}: holds an alias (*name); write it out`] };
  }
  const form = new Form(place);
  const whole = form.members(value, "", ["sources", "readers", "witnesses", "forward"]);
  const sources = form.items(whole.sources, "sources").map(([item, at]) => sourceOf(form, item, at));
  const sourceNames = [...known, ...sources.map(({ name }) => name)];
  const readers = form.items(whole.readers, "readers").map(([item, at]) => readerOf(form, item, at, sourceNames));
  const witnesses = form.items(whole.witnesses, "witnesses").map(([item, at]) => witnessOf(form, item, at));
  const forward = form.items(whole.forward, "forward").map(([item, at]) => forwardOf(form, item, at));
  form.distinct(
    forward.map(({ name }) => name),
    "forward",
  );
  form.distinct(sourceNames, "sources");
  form.distinct(
    readers.map(({ name }) => name),
    "readers",
  );
  if (form.problems.length > 0) return { ok: false, problems: form.problems };
  return { ok: true, file: { sources, readers, witnesses: witnesses.filter((each) => each !== null), forward } };
}

function sourceOf(form: Form, value: unknown, at: string): Source {
  const proofs = ["tokenReview", "jwks", "certificate"];
  const item = form.members(value, at, ["name", "cluster", "environment", "namespace", ...proofs]);
  const name = form.name(item.name, `${at}.name`);
  const given = proofs.filter((proof) => item[proof] !== undefined);
  if (given.length !== 1)
    form.problem(at, `has to say how its senders prove who they are; write one of ${proofs.join(", ")}`);
  for (const taken of ["name", "cluster"])
    if (item[taken] === LOOKUP_PLACE.cluster)
      form.problem(`${at}.${taken}`, `"${LOOKUP_PLACE.cluster}" is the collector itself; choose another`);
  return {
    name,
    cluster: item.cluster === undefined ? name : form.name(item.cluster, `${at}.cluster`),
    environment: form.text(item.environment, `${at}.environment`),
    namespace: item.namespace === undefined ? null : form.name(item.namespace, `${at}.namespace`),
    by: sourceProofOf(form, item, `${at}.${given[0]}`, given[0] ?? ""),
  };
}

function sourceProofOf(form: Form, item: Members, at: string, kind: string): SourceProof {
  if (kind === "jwks") {
    const { file, issuer, audience } = form.members(item.jwks, at, ["file", "issuer", "audience"]);
    return {
      kind: "jwks",
      file: form.text(file, `${at}.file`),
      issuer: form.text(issuer, `${at}.issuer`),
      audience: form.text(audience, `${at}.audience`),
    };
  }
  if (kind === "certificate") return certificateOf(form, item.certificate, at);
  const { audience, kubeconfig } = form.members(item.tokenReview ?? {}, at, ["audience", "kubeconfig"]);
  return {
    kind: "token-review",
    audience: audience === undefined ? "weir.dev/weir-system" : form.text(audience, `${at}.audience`),
    kubeconfig: kubeconfig === undefined ? null : form.text(kubeconfig, `${at}.kubeconfig`),
  };
}

function certificateOf(form: Form, value: unknown, at: string) {
  const { ca, san } = form.members(value, at, ["ca", "san"]);
  const pattern = form.text(san, `${at}.san`);
  if (pattern.split("{namespace}").length > 2) form.problem(`${at}.san`, "names {namespace} twice; name it once");
  return { kind: "certificate", ca: form.text(ca, `${at}.ca`), san: pattern } as const;
}

function readerOf(form: Form, value: unknown, at: string, sources: readonly string[]): Reader {
  const proofs = ["tokenSha256", "account", "certificate"];
  const item = form.members(value, at, ["name", "role", "scope", "may", ...proofs]);
  const given = proofs.filter((proof) => item[proof] !== undefined);
  if (given.length !== 1) form.problem(at, `has to say how it proves who it is; write one of ${proofs.join(", ")}`);
  const role = roleOf(form, item, at);
  const scope = scopeOf(form, item.scope, `${at}.scope`);
  if (role === "admin" && !isWhole(scope)) form.problem(`${at}.scope`, "an admin sees everything; use role: auditor");
  return {
    name: form.name(item.name, `${at}.name`),
    role,
    scope,
    by: readerProofOf(form, item, `${at}.${given[0]}`, { kind: given[0] ?? "", sources }),
  };
}

/** `may` is how roles were spelt before there were any. */
function roleOf(form: Form, { role, may }: Members, at: string): Role {
  if (role !== undefined && may !== undefined) form.problem(at, "names role and may; role says both");
  if (role !== undefined) {
    if (typeof role === "string" && Object.hasOwn(RIGHTS, role)) return role as Role;
    form.problem(`${at}.role`, `does not fit; write one of ${Object.keys(RIGHTS).join(", ")}`);
  }
  const rights = [may ?? "read"].flat();
  if (rights.length === 0 || rights.some((right) => right !== "read" && right !== "hold"))
    form.problem(`${at}.may`, "does not fit; write role: viewer, auditor or admin");
  return rights.includes("hold") ? "admin" : "auditor";
}

function scopeOf(form: Form, value: unknown, at: string): Scope {
  if (value === undefined) return {};
  const { clusters, environments, namespaces, from, before } = form.members(value, at, [
    "clusters",
    "environments",
    "namespaces",
    "from",
    "before",
  ]);
  const texts = (given: unknown, name: string) =>
    given === undefined
      ? {}
      : { [name]: form.items(given, `${at}.${name}`).map(([item, place]) => form.text(item, place)) };
  const scope = {
    ...texts(clusters, "clusters"),
    ...texts(environments, "environments"),
    ...texts(namespaces, "namespaces"),
    ...(from !== undefined && { fromMs: form.time(from, `${at}.from`) }),
    ...(before !== undefined && { beforeMs: form.time(before, `${at}.before`) }),
  };
  if (isWhole(scope))
    form.problem(at, "holds nothing; name clusters, environments, namespaces, from or before, or leave it out");
  return scope;
}

function readerProofOf(
  form: Form,
  item: Members,
  at: string,
  { kind, sources }: { readonly kind: string; readonly sources: readonly string[] },
): ReaderProof {
  if (kind === "certificate") return certificateOf(form, item.certificate, at);
  if (kind === "account") {
    const { source, account } = form.members(item.account, at, ["source", "account"]);
    if (!sources.includes(source as string))
      form.problem(`${at}.source`, `is no source of this file${hint(String(source), sources) || "; name one"}`);
    return { kind: "account", source: String(source), account: form.text(account, `${at}.account`) };
  }
  const sha256 = String(item.tokenSha256 ?? "");
  if (kind === "tokenSha256" && !/^[0-9a-f]{64}$/.test(sha256))
    form.problem(at, "does not fit; write the SHA-256 of the token as 64 hex digits, never the token");
  return { kind: "token", sha256 };
}

function witnessOf(form: Form, value: unknown, at: string): SourcesFile["witnesses"][number] | null {
  const { url, key, ca } = form.members(value, at, ["url", "key", "ca"]);
  const address = form.text(url, `${at}.url`);
  if (!/^https?:\/\/\S+$/.test(address)) form.problem(`${at}.url`, "does not fit; write an https address");
  try {
    const verifier = parseVkey(form.text(key, `${at}.key`));
    if (verifier.kind !== "cosignature") form.problem(`${at}.key`, "is no key of a witness (cosignature/v1)");
    return { url: address, key: verifier, ca: ca === undefined ? null : form.text(ca, `${at}.ca`) };
  } catch {
    form.problem(`${at}.key`, "is no verifier key; write NAME+HASH+BASE64 as the witness tells it");
    return null;
  }
}

const VERDICTS = ["allow", "mask", "refuse", "hold", "observe"];

function forwardOf(form: Form, value: unknown, at: string): ForwardTo {
  const ways = ["otlp", "ocsf", "webhook", "syslog"];
  const item = form.members(value, at, ["name", "only", ...ways]);
  const given = ways.filter((way) => item[way] !== undefined);
  if (given.length !== 1) form.problem(at, `has to say how; write one of ${ways.join(", ")}`);
  const { verdicts, ...place } =
    item.only === undefined
      ? {}
      : form.members(item.only, `${at}.only`, ["clusters", "environments", "namespaces", "verdicts"]);
  const wanted =
    verdicts === undefined ? null : form.items(verdicts, `${at}.only.verdicts`).map(([verdict]) => String(verdict));
  for (const verdict of wanted ?? [])
    if (!VERDICTS.includes(verdict))
      form.problem(
        `${at}.only.verdicts`,
        `there is no "${verdict}"${hint(verdict, VERDICTS) || `; there is ${VERDICTS.join(", ")}`}`,
      );
  return {
    name: form.name(item.name, `${at}.name`),
    by: wayOf(form, given[0] ?? "", item, `${at}.${given[0]}`),
    place: Object.keys(place).length === 0 ? {} : scopeOf(form, place, `${at}.only`),
    verdicts: wanted,
  };
}

function wayOf(form: Form, kind: string, item: Members, at: string): ForwardWay {
  const own = kind === "syslog" ? ["address"] : kind === "webhook" ? ["url", "secretFile"] : ["url", "tokenFile"];
  const given = form.members(item[kind] ?? {}, at, [...own, "ca", "certificate", "key"]);
  const file = (name: string) => (given[name] === undefined ? null : form.text(given[name], `${at}.${name}`));
  const tls = { ca: file("ca"), certificate: file("certificate"), key: file("key") };
  if ((tls.certificate === null) !== (tls.key === null))
    form.problem(at, "certificate and key belong together; name both");
  if (kind === "syslog") {
    const address = form.text(given.address, `${at}.address`);
    const match = /^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(address);
    if (match === null && address !== "")
      form.problem(`${at}.address`, "does not fit; write host:port, such as siem.example.com:6514");
    return { kind, host: match?.[1]?.replace(/^\[|\]$/g, "") ?? "", port: Number(match?.[2] ?? 0), tls };
  }
  const url = form.text(given.url, `${at}.url`);
  if (url !== "" && !(URL.canParse(url) && /^https:$/.test(new URL(url).protocol)))
    form.problem(`${at}.url`, "does not fit; write an https address: records say who did what");
  if (kind === "webhook") return { kind, url, secretFile: form.text(given.secretFile, `${at}.secretFile`), tls };
  return { kind: kind === "ocsf" ? "ocsf" : "otlp", url, tokenFile: file("tokenFile"), tls };
}

/** Collects what does not fit; what it returns for such is of the right type and not used. */
class Form {
  readonly problems: string[] = [];
  private readonly place: string;

  constructor(place: string) {
    this.place = place;
  }

  problem(at: string, what: string): void {
    this.problems.push(`${this.place}: ${at === "" ? "" : `${at}: `}${what}`);
  }

  members(value: unknown, at: string, known: readonly string[]): Members {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.problem(at, `does not fit; write some of ${known.join(", ")}`);
      return {};
    }
    for (const name of Object.keys(value).filter((each) => !known.includes(each)))
      this.problem(at, `there is no "${name}"${hint(name, known) || `; there is ${known.join(", ")}`}`);
    return value as Members;
  }

  items(value: unknown, at: string): readonly (readonly [unknown, string])[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.length <= ITEMS_MAX) return value.map((item, index) => [item, `${at}[${index}]`]);
    this.problem(at, `does not fit; write a list of at most ${ITEMS_MAX}`);
    return [];
  }

  text(value: unknown, at: string): string {
    if (typeof value === "string" && value !== "" && value.length <= 1024) return value;
    this.problem(at, value === undefined ? "is missing" : "does not fit; write a text");
    return "";
  }

  name(value: unknown, at: string): string {
    if (typeof value === "string" && NAME.test(value)) return value;
    this.problem(at, `${value === undefined ? "is missing" : "does not fit"}; write ${NAME_FORM}`);
    return "";
  }

  /** A date, or a time with its zone. */
  time(value: unknown, at: string): number {
    const text = value instanceof Date ? value.toISOString() : String(value);
    const time = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isFinite(time)) return time;
    this.problem(at, "does not fit; write a date (2026-01-01, as it begins in UTC) or a time with its zone");
    return 0;
  }

  distinct(names: readonly string[], at: string): void {
    for (const name of new Set(names.filter((each, index) => each !== "" && names.indexOf(each) !== index)))
      this.problem(at, `"${name}" is there twice; names are unique`);
  }
}
