// What is wrong with settings that are each good by themselves.
import { databaseOf, ofDatabase } from "./database-of.ts";
import { gatewayProblems } from "./gateway-problems.ts";
import { placeOf } from "./parse-value.ts";
import { settings, type Values } from "./settings.ts";

type ReadFile = (path: string) => Buffer;

/** Stands for settings whose own problem is told already, so that what hangs together can still be looked at. */
const withoutWrong: Partial<Values> = {
  listeners: [],
  "gateway.listen": null,
  "gateway.cancels": null,
  "gateway.replicas": [],
  "gateway.databases": {},
  "gateway.logins": null,
  relays: [],
  upstreamLogins: {},
  upstreamSessions: {},
  namespace: "default",
  identities: {},
  "identity.issuers": [],
  "identity.revocations": null,
  "identity.certificates": [],
  "identity.development": {},
  "tls.certificate": null,
  "tls.key": null,
  "tls.clientCa": null,
  "tls.clientCertificate": "Optional",
  "tls.required": false,
  "keys.mask": null,
  "keys.digest": null,
  "collector.url": null,
  "collector.token": null,
  "collector.ca": null,
  "collector.certificate": null,
  "collector.key": null,
  "telemetry.certificate": null,
  "telemetry.key": null,
};

/** What single settings cannot tell: halves of a pair, doubled addresses, files that are not there, keys too short. */
export function contradictions(good: Partial<Values>, readFile: ReadFile): readonly string[] {
  const config = { ...withoutWrong, ...good } as Values;
  const problems = [...sourceProblems(config), ...collectorProblems(config), ...gatewayProblems(config, good)];
  const [certificate, key] = [config["tls.certificate"], config["tls.key"]];
  if (certificate !== null && key === null)
    problems.push("tls.key is not set although tls.certificate is; name the key's file or leave both out");
  if (certificate === null && key !== null)
    problems.push("tls.certificate is not set although tls.key is; name the certificate's file or leave both out");
  if (certificate === null && config["tls.clientCa"] !== null)
    problems.push("tls.clientCa is set although tls.certificate is not; clients show theirs over TLS only");
  if (certificate === null && config["tls.required"])
    problems.push("tls.required is set although tls.certificate is not; nobody could log in");
  if (config["tls.clientCa"] === null && config["tls.clientCertificate"] !== "Optional")
    problems.push(
      `tls.clientCertificate is ${config["tls.clientCertificate"]} although tls.clientCa is not set; name the CA's file`,
    );
  problems.push(...addressesTwice(config), ...identityProblems(config), ...sessionsOfNone(config));
  const files: [string, string | null, number][] = [
    ["tls.certificate", certificate, 1],
    ["tls.key", key, 1],
    ["tls.clientCa", config["tls.clientCa"], 1],
    ["keys.mask", config["keys.mask"], 32],
    ["keys.digest", config["keys.digest"], 32],
    ["identity.revocations", config["identity.revocations"], 1],
    ...config["identity.issuers"].map(({ name, keys }): [string, string | null, number] =>
      keys.kind === "file"
        ? [`identity.issuers: ${name}: keysFile`, keys.file, 1]
        : [`identity.issuers: ${name}: ca`, keys.kind === "url" ? keys.caFile : null, 1],
    ),
    ...Object.entries(config.upstreamLogins).flatMap(([name, login]): [string, string, number][] => [
      [`upstreamLogins.${name}.passwordFile`, login.passwordFile, 1],
      ...("userFile" in login
        ? [[`upstreamLogins.${name}.userFile`, login.userFile, 1] as [string, string, number]]
        : []),
    ]),
    ...Object.entries(config.identities).flatMap(([login, { proof }]): [string, string, number][] =>
      proof?.kind === "passwordFile" ? [[`identities.${login}.passwordFile`, proof.file, 1]] : [],
    ),
  ];
  for (const [name, path, bytesLeast] of files) {
    const problem = path === null ? null : fileProblem(path, bytesLeast, readFile);
    if (problem !== null) problems.push(`${name}: ${path} ${problem}`);
  }
  return problems;
}

function identityProblems(config: Values): readonly string[] {
  const problems: string[] = [];
  const noIssuer = config["identity.issuers"].length === 0 && Object.keys(config["identity.development"]).length === 0;
  for (const [login, { proof }] of Object.entries(config.identities))
    if (proof?.kind === "token" && noIssuer)
      problems.push(`identities.${login}.token is set although identity.issuers is not; name whose tokens count`);
  if (config["identity.revocations"] !== null && config["identity.issuers"].length === 0)
    problems.push("identity.revocations is set although identity.issuers is not; name whose tokens count");
  if (config["identity.certificates"].length > 0 && config["tls.clientCa"] === null)
    problems.push("identity.certificates is set although tls.clientCa is not; name the CA's file");
  return problems;
}

function addressesTwice({ listeners, relays }: Values): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const listener of listeners) {
    const place = placeOf(listener);
    if (("path" in listener || listener.port !== 0) && seen.has(place))
      problems.push(`listeners: ${place} is named twice; give each database its own address`);
    seen.add(place);
  }
  for (const relay of relays) {
    const place = placeOf(relay);
    if (relay.port !== 0 && seen.has(place))
      problems.push(`relays: ${place} is taken by a listener or another relay; give each its own address`);
    seen.add(place);
  }
  return problems;
}

const bundleParts = ["bundle.token", "bundle.ca", "bundle.keys", "bundle.folder"] as const;

/** Where policies come from: a folder or a bundle, and all that a bundle needs. */
function sourceProblems(config: Values): readonly string[] {
  const [folder, url] = [config.policies, config["bundle.url"]];
  if (folder === undefined || url === undefined) return []; // its own problem is told already
  const problems: string[] = [];
  if (folder === null && url === null)
    problems.push(
      "neither policies nor bundle.url is set; name the folder of policies, or where the operator serves them",
    );
  if (folder !== null && url !== null)
    problems.push("policies and bundle.url are both set; policies come from one of them");
  for (const name of [...bundleParts, "bundle.fallback"] as const) {
    if (url === null && config[name] !== null)
      problems.push(`${name} is set although bundle.url is not; set that too, or leave both out`);
    if (url !== null && config[name] === null && name !== "bundle.fallback")
      problems.push(`${name} is not set although bundle.url is; set it (${settings[name].form})`);
  }
  return problems;
}

const collectorParts = ["collector.token", "collector.ca", "collector.certificate", "collector.key"] as const;

function collectorProblems(config: Values): readonly string[] {
  const problems: string[] = [];
  if (config["collector.url"] === null)
    for (const name of collectorParts.filter((part) => config[part] !== null))
      problems.push(`${name} is set although collector.url is not; set that too, or leave it out`);
  if ((config["collector.certificate"] === null) !== (config["collector.key"] === null))
    problems.push("one of collector.certificate and collector.key is set; name both files or neither");
  if ((config["telemetry.certificate"] === null) !== (config["telemetry.key"] === null))
    problems.push("one of telemetry.certificate and telemetry.key is set; name both files or neither");
  return problems;
}

function fileProblem(path: string, bytesLeast: number, readFile: ReadFile): string | null {
  try {
    return readFile(path).length < bytesLeast ? `holds fewer than ${bytesLeast} bytes` : null;
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`;
  }
}

/** What is pinned for a name that nobody connects by would be pinned nowhere. */
function sessionsOfNone(config: Values): readonly string[] {
  if (config.listeners.length === 0) return [];
  const names = config.listeners.map((listener) => databaseOf(listener, config));
  return Object.keys(config.upstreamSessions).flatMap((name) =>
    names.some((database) => ofDatabase(database, { [name]: true }, config) === true)
      ? []
      : [`upstreamSessions.${name}: no listener is for this database; there is ${names.join(", ")}`],
  );
}
