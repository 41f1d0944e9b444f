// From the sources that the configuration names to ones that can verify: files read, connections to API servers made.
import { readFileSync } from "node:fs";
import type { OpenReader, OpenSource } from "../../pkg/collector/authenticate.ts";
import { certificatesOf } from "../../pkg/collector/certificate-proof.ts";
import { jwksProof } from "../../pkg/collector/jwks-proof.ts";
import type { Source } from "../../pkg/collector/source.ts";
import { WitnessClient } from "../../pkg/collector/witness-client.ts";
import type { KubeApi } from "../../pkg/kube/api.ts";
import { connectKube } from "../../pkg/kube/connect.ts";
import type { CollectorConfig } from "./config.ts";
import { readSources, type SourcesFile } from "./sources-file.ts";

export interface OpenedSources {
  readonly sources: readonly OpenSource[];
  readonly readers: readonly OpenReader[];
  readonly witnesses: readonly WitnessClient[];
  /** PEM of all that vouch for clients. */
  readonly clientAuthorities: readonly string[];
  readonly apis: ReadonlyMap<string, KubeApi>;
  readonly forward: SourcesFile["forward"];
}

export type OpenOutcome =
  | { readonly ok: true; readonly opened: OpenedSources }
  | { readonly ok: false; readonly problems: readonly string[] };

const OWN = "own-cluster";

export function openSources(config: CollectorConfig, connect: typeof connectKube = connectKube): OpenOutcome {
  const read = config.sources === null ? NONE : readFile(config.sources, config.ownCluster === null ? [] : [OWN]);
  if (!read.ok) return read;
  const problems: string[] = [];
  const attempt = <T>(what: string, open: () => T): T | null => {
    try {
      return open();
    } catch (cause) {
      problems.push(`${what}: cannot be used (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message})`);
      return null;
    }
  };
  const apis = new Map<string, KubeApi>();
  const pems: string[] = [];
  const authoritiesOf = (file: string) => {
    const pem = readFileSync(file, "utf8");
    const found = certificatesOf(pem);
    if (found.length === 0) throw new Error("holds no certificate as PEM");
    pems.push(pem);
    return found;
  };
  const openOne = (source: Source): OpenSource | null => {
    const { by, name } = source;
    if (by.kind === "jwks")
      return attempt(by.file, () => ({ ...source, opened: { kind: "jwks", proof: jwksProof(by) } }));
    if (by.kind === "certificate")
      return attempt(by.ca, () => ({
        ...source,
        opened: { kind: "certificate", authorities: authoritiesOf(by.ca), san: by.san },
      }));
    return attempt(`source ${name}`, () => {
      const api = connect(by.kubeconfig);
      apis.set(name, api);
      return { ...source, opened: { kind: "token-review", api, audience: by.audience } };
    });
  };
  const sources = allSources(config, read.file).map(openOne);
  const readers = read.file.readers.map((reader) => {
    const { by } = reader;
    if (by.kind !== "certificate") return { ...reader, authorities: [] };
    return attempt(by.ca, () => ({ ...reader, authorities: authoritiesOf(by.ca) }));
  });
  const witnesses = read.file.witnesses.map(({ ca, ...witness }) =>
    ca === null ? new WitnessClient(witness) : attempt(ca, () => new WitnessClient(witness, readFileSync(ca, "utf8"))),
  );
  if (problems.length > 0) return { ok: false, problems };
  const there = <T>(list: readonly (T | null)[]) => list.filter((each): each is T => each !== null);
  return {
    ok: true,
    opened: {
      sources: there<OpenSource>(sources),
      readers: there<OpenReader>(readers),
      witnesses: there(witnesses),
      clientAuthorities: pems,
      apis,
      forward: read.file.forward,
    },
  };
}

const NONE = { ok: true, file: { sources: [], readers: [], witnesses: [], forward: [] } } as const;

function readFile(path: string, known: readonly string[]): ReturnType<typeof readSources> {
  try {
    return readSources(readFileSync(path, "utf8"), path, known);
  } catch (cause) {
    const { code = "error" } = cause as NodeJS.ErrnoException;
    return { ok: false, problems: [`${path}: cannot be read (${code}); name a file of sources`] };
  }
}

function allSources({ ownCluster }: CollectorConfig, { sources }: SourcesFile): readonly Source[] {
  if (ownCluster === null) return sources;
  const { cluster, environment, audience } = ownCluster;
  const by = { kind: "token-review", audience, kubeconfig: null } as const;
  return [{ name: OWN, cluster, environment, namespace: null, by }, ...sources];
}
