// `weir evidence --pack soc2`: what an auditor asks for, out of the records of a period, as a folder or archive that proves itself.
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { grantsQuery } from "../../../pkg/evidence/access-review.ts";
import { coverageFault } from "../../../pkg/evidence/coverage.ts";
import { EvidencePackError } from "../../../pkg/evidence/evidence-pack-error.ts";
import { type MadePack, makePack } from "../../../pkg/evidence/make-pack.ts";
import { bufferPart, contentOfPart, openPack, type PackPart } from "../../../pkg/evidence/open-pack.ts";
import { packManifest, parsePackManifest, signManifest } from "../../../pkg/evidence/pack-manifest.ts";
import { packNames } from "../../../pkg/evidence/pack-names.ts";
import type { PackParameters } from "../../../pkg/evidence/pack-parameters.ts";
import { sha256Of } from "../../../pkg/evidence/verify-pack.ts";
import { writePack } from "../../../pkg/evidence/write-pack.ts";
import { LedgerError } from "../../../pkg/ledger/ledger-error.ts";
import { ledgerReportText } from "../../../pkg/ledger/ledger-report-text.ts";
import type { NoteSigner } from "../../../pkg/ledger/note.ts";
import { verifyEvidence } from "../../../pkg/ledger/verify-evidence.ts";
import { collectorOptions } from "../collector-client.ts";
import { exits, readArguments, UsageError } from "../command.ts";
import { fetchEvidence } from "../fetch-evidence.ts";
import type { Terminal } from "../terminal.ts";
import { version } from "../version.ts";
import { signerIn } from "./key-file.ts";
import { packOptions, parametersOf } from "./pack-options.ts";

export { packHelp } from "./pack-options.ts";

/** Outcomes of statements come a little after them: so much more is asked for behind the period. */
const OUTCOMES_MS = 15 * 60_000;

export function isPackCall(args: readonly string[]): boolean {
  return args.some((arg) => /^--(pack|again|grants-query)(=|$)/.test(arg));
}

export async function pack(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values } = readArguments(args, { ...collectorOptions, ...packOptions });
  if (values["grants-query"]) {
    terminal.print(`COPY (${grantsQuery}) TO STDOUT WITH (FORMAT csv, HEADER)`);
    return exits.good;
  }
  const { out } = values;
  if (out === undefined) throw new UsageError("name the folder, .tar or .zip with --out PLACE");
  const signer = values["sign-key"] === undefined ? null : signerIn("--sign-key", values["sign-key"]);
  if (values.again !== undefined) return await again(values.again, out, terminal);
  const parameters = parametersOf(values, userInfo().username);
  const grants = values.grants === undefined ? null : fileIn("--grants", values.grants);
  const fetched = values.evidence === undefined ? `${out.replace(/\/+$/, "")}.records` : null;
  const file = values.evidence ?? fetched!;
  try {
    if (fetched !== null) {
      const why = await fetchEvidence(values, selectionOf(parameters), fetched);
      if (why !== null) return told(why, exits.unavailable);
    }
    return await withFile(file, (evidence) =>
      write(
        { parameters, grants, evidence, out, signer, logKey: keyText(values["log-key"]), version: version() },
        terminal,
      ),
    );
  } finally {
    if (fetched !== null) rmSync(fetched, { force: true });
  }
}

interface Writing {
  readonly parameters: PackParameters;
  readonly grants: Buffer | null;
  readonly evidence: PackPart;
  readonly out: string;
  readonly signer: NoteSigner | null;
  readonly logKey: string | undefined;
  readonly version: string;
}

async function write(writing: Writing, terminal: Terminal): Promise<number> {
  const { parameters, grants, evidence, out, signer, logKey } = writing;
  const source = { place: evidence.path, bytes: evidence.bytes, read: evidence.read };
  const report = verifyEvidence(source, logKey === undefined ? {} : { logKey });
  if (report.verdict !== "intact") {
    process.stderr.write(`weir: evidence: no pack is made of evidence that is not intact\n${ledgerReportText(report)}`);
    return exits.failed;
  }
  const evidenceSha256 = sha256Of(evidence);
  const made = await makePack({
    ...{ parameters, grants, evidenceSha256, evidence: report, read: evidence.read },
    generatorVersion: writing.version,
  });
  const fault = coverageFault(made.content.opening.manifest, parameters);
  if (fault !== null) return told(`${fault}; fetch evidence of the whole period`, exits.failed);
  const manifest = packManifest(made, { path: packNames.evidence, bytes: evidence.bytes, sha256: evidenceSha256 });
  const parts: PackPart[] = [
    bufferPart(packNames.manifest, manifest),
    ...(signer === null ? [] : [bufferPart(packNames.manifestNote, signManifest(manifest, signer))]),
    { ...evidence, path: packNames.evidence },
    ...[...made.files].map(([path, bytes]) => bufferPart(path, bytes)),
  ];
  writePack(out, parts);
  summary(made, out, logKey !== undefined, terminal);
  return exits.good;
}

function summary({ content }: MadePack, out: string, keyGiven: boolean, terminal: Terminal): void {
  for (const { criterion, population, sample, exceptions } of content.reports)
    terminal.print(
      `${criterion.id.padEnd(6)} population ${population.length}, sample ${sample.length}, exceptions ${exceptions.length}  ${criterion.title}`,
    );
  if (content.opening.manifest.madeAt < content.parameters.period.toMs)
    terminal.print("the period is not over yet: what comes later is not in the pack");
  if (!keyGiven) terminal.print("the log was taken at its own word: name its key with --log-key");
  terminal.print(`${out}: check it with weir verify ${out}`);
}

/** From a pack's own evidence and manifest: the same bytes, by whoever has the same version. */
async function again(place: string, out: string, terminal: Terminal): Promise<number> {
  const opened = existsSync(place) ? openPack(place) : null;
  const part = opened?.parts.get(packNames.manifest);
  const manifest = part === undefined ? null : parsePackManifest(contentOfPart(part));
  const evidence = opened?.parts.get(packNames.evidence);
  if (opened === null || manifest === null || evidence === undefined)
    throw new UsageError(`--again: ${place} is no pack, or not a whole one`);
  try {
    const grants = opened.parts.get(packNames.grants);
    const writing = { parameters: manifest.parameters, evidence, out, signer: null, logKey: undefined };
    return await write(
      { ...writing, grants: grants === undefined ? null : contentOfPart(grants), version: version() },
      terminal,
    );
  } finally {
    opened.close();
  }
}

function selectionOf({
  period,
  clusters,
  environments,
  namespaces,
}: PackParameters): Readonly<Record<string, unknown>> {
  const single = (name: string, names: readonly string[]) => (names.length === 1 ? { [name]: names[0] } : {});
  return {
    from: period.fromMs,
    to: period.toMs + OUTCOMES_MS,
    ...single("cluster", clusters),
    ...single("environment", environments),
    ...single("namespace", namespaces),
  };
}

async function withFile(file: string, work: (evidence: PackPart) => Promise<number>): Promise<number> {
  const fd = opened("--evidence", file);
  try {
    const read = (into: Uint8Array, position: number) => readSync(fd, into, 0, into.length, position);
    return await work({ path: file, bytes: fstatSync(fd).size, read });
  } catch (cause) {
    if (cause instanceof EvidencePackError)
      return told(cause.message, cause.code === "evidence" ? exits.failed : exits.usage);
    if (cause instanceof LedgerError) throw new UsageError(cause.message, { cause });
    const { code, path } = cause as NodeJS.ErrnoException;
    if (code === undefined || path === undefined) throw cause;
    return told(`--out: ${path} cannot be written (${code})`, exits.unavailable);
  } finally {
    closeSync(fd);
  }
}

function opened(option: string, file: string): number {
  try {
    return openSync(file, "r");
  } catch (cause) {
    throw new UsageError(`${option}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

function fileIn(option: string, file: string): Buffer {
  const fd = opened(option, file);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function keyText(value: string | undefined): string | undefined {
  return value !== undefined && existsSync(value) ? readFileSync(value, "utf8").trim() : value;
}

function told(why: string, exitCode: number): number {
  process.stderr.write(`weir: evidence: ${why}\n`);
  return exitCode;
}
