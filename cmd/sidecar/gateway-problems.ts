// What settings of a gateway, each good by itself, are together.
import { BlockList, isIP } from "node:net";
import type { Values } from "./settings.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** `good`: settings without a problem of their own. */
export function gatewayProblems(config: Values, good: Partial<Values>): readonly string[] {
  const listen = config["gateway.listen"];
  if (listen === null) return withoutGateway(config, good);
  const problems: string[] = [];
  if (config.listeners.length > 0)
    problems.push("listeners and gateway.listen are both set; a gateway has one address for all databases");
  if (!isLoopback(listen.host) && config["tls.certificate"] === null)
    problems.push("gateway.listen takes clients from elsewhere although tls.certificate is not set; none could log in");
  for (const [login, { proof }] of Object.entries(config.identities))
    if (proof?.kind === "trustLoopback")
      problems.push(
        `identities.${login}.trustLoopback: whoever is forwarded to a gateway comes from a loopback address; use another proof`,
      );
  const known = [...config["identity.issuers"].map(({ name }) => name), "development"];
  for (const [name, { issuers = [] }] of Object.entries(config["gateway.databases"]))
    for (const issuer of issuers.filter((each) => !known.includes(each)))
      problems.push(`gateway.databases.${name}.issuers: ${issuer} is not one of identity.issuers`);
  if ((config["gateway.cancels"] === null) !== (config["gateway.replicas"].length === 0))
    problems.push(
      "one of gateway.cancels and gateway.replicas is set; set both, or neither where there is one gateway",
    );
  return problems;
}

function withoutGateway(config: Values, good: Partial<Values>): readonly string[] {
  const problems: string[] = [];
  // Not when what is written there has a problem of its own.
  if (good.listeners?.length === 0 && good["gateway.listen"] !== undefined)
    problems.push("neither listeners nor gateway.listen is set; say where clients connect");
  for (const name of ["gateway.cancels", "gateway.logins"] as const)
    if (config[name] !== null)
      problems.push(`${name} is set although gateway.listen is not; set that too, or leave it out`);
  if (Object.keys(config["gateway.databases"]).length > 0)
    problems.push("gateway.databases is set although gateway.listen is not; set that too, or leave it out");
  return problems;
}

function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 4 ? "ipv4" : "ipv6");
}
