// `weir token`: a token for a program, an agent or a build, as a password for the gateway or a sidecar.
import {
  type Configuration,
  clientCredentialsGrant,
  genericGrantRequest,
  type TokenEndpointResponse,
} from "openid-client";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import { userConfig } from "../config.ts";
import { loginOf } from "../connect/login-name.ts";
import { personToken } from "../connect/token-source-of.ts";
import { type Context, contextOf, contextOptions, issuerHelp, needed } from "../contexts.ts";
import { issuerProblem, LoginProblem, toldProblem } from "../login/login-problem.ts";
import { clientAuth, isMachine } from "../login/machine-login.ts";
import { openClient } from "../login/open-client.ts";
import { readGiven } from "../login/read-given.ts";
import { claimsOf, tokensOf } from "../login/tokens.ts";
import { handOver } from "./hand-over.ts";
import { type Restriction, restrictionHelp, restrictionOf, restrictionOptions } from "./restrictions.ts";
import { FORMATS, formatIn, formatted } from "./token-format.ts";

const options = {
  ...contextOptions,
  ...restrictionOptions,
  "subject-token-file": { type: "string" },
  "subject-token-type": { type: "string", default: "access_token" },
  "actor-token-file": { type: "string" },
  "actor-token-type": { type: "string", default: "access_token" },
  audience: { type: "string" },
  projected: { type: "string" },
  person: { type: "boolean", default: false },
  device: { type: "boolean", default: false },
  format: { type: "string", default: "token" },
  out: { type: "string" },
} as const;

export const token: Command = {
  summary: "get a token for a program, or for an agent that acts for a person",
  help: `usage: weir token --issuer URL --client-id ID (--client-secret-file | --client-key-file | --client-assertion-file) FILE [options]
       weir token ... --subject-token-file FILE [--actor-token-file FILE]
       weir token --issuer URL --client-id ID --person [--device] --out FILE
       weir token --projected FILE

Asks the issuer for a token of the program itself (client credentials), or exchanges a person's for one of an agent that acts for
that person (RFC 8693), and prints it and nothing else. Secrets come from files only, because everyone can read a command line.

${issuerHelp}
  --client-secret-file FILE     the program's secret
  --client-key-file FILE        or its private key, as a JWK or PEM (private_key_jwt)
  --client-assertion-file FILE  or a token that the platform gives it, such as a projected one of Kubernetes (RFC 7523)
  --subject-token-file FILE     the token of the person for whom to act
  --actor-token-file FILE       the token of who acts, where that is not the client itself
  --subject-token-type, --actor-token-type TYPE   access_token (default), id_token or jwt
  --audience NAME               whom an exchanged token is for, where the issuer wants that in place of --resource
  --person                      a person logs in, as for \`weir connect\`: a token to hand to an agent, which exchanges it
  --projected FILE              prints the ServiceAccount token that Kubernetes keeps in FILE, if it has not expired

${restrictionHelp}

  --format FORMAT      ${FORMATS.join(", ")}; default token
  --login NAME, --login-claim NAME   whose line of pgpass; default: who acts in the token, else its subject
  --out FILE           into a file of mode 0600 in place of standard output

\`weir token key\` makes a key and \`weir token sign\` signs with it, for tokens that count once in one session.

exit codes: 0 there is a token, 1 the issuer refuses, 64 wrong arguments, 69 the issuer cannot be reached`,
  async run(args) {
    try {
      const { values } = readArguments(args, options);
      const format = formatIn(values.format);
      const context = contextOf(values, userConfig());
      const restriction = restrictionOf(values, Date.now());
      const got = await wanted(values, context, restriction);
      const login = () => context.login ?? loginOf(got, context.loginClaim);
      handOver(formatted(got, format, login), values.out);
      return exits.good;
    } catch (error) {
      return toldProblem(error);
    }
  },
};

interface Arguments extends Files {
  readonly projected?: string | undefined;
  readonly person: boolean;
  readonly device: boolean;
}

async function wanted(args: Arguments, context: Context, restriction: Restriction | null): Promise<string> {
  if ((args.person || args.projected !== undefined) && restriction !== null)
    throw new UsageError("--person and --projected give whole tokens; restrict the one that it is exchanged for");
  if (args.projected !== undefined) return projected(args.projected);
  if (!args.person) return await ask(args, context, restriction);
  const tell = (line: string) => void process.stderr.write(`${line}\n`);
  return await personToken({
    context,
    config: userConfig(),
    device: args.device,
    tell,
    signal: new AbortController().signal,
  });
}

interface Files {
  readonly "subject-token-file"?: string | undefined;
  readonly "subject-token-type": string;
  readonly "actor-token-file"?: string | undefined;
  readonly "actor-token-type": string;
  readonly audience?: string | undefined;
}

async function ask(files: Files, context: Context, restriction: Restriction | null): Promise<string> {
  const { issuer, clientId } = needed(context, ["issuer", "clientId"]);
  if (files["subject-token-file"] === undefined && files["actor-token-file"] !== undefined)
    throw new UsageError("--actor-token-file goes with --subject-token-file");
  if (files["subject-token-file"] === undefined && !isMachine(context))
    throw new UsageError("name the client's proof: --client-secret-file, --client-key-file or --client-assertion-file");
  const exchange = exchangeOf(files);
  const client = await openClient({ issuer, clientId, issuerCa: context.issuerCa ?? null }, await clientAuth(context));
  const parameters = {
    ...(context.scope !== undefined && { scope: context.scope }),
    ...(context.resource !== undefined && { resource: context.resource }),
    ...(restriction !== null && { authorization_details: JSON.stringify([restriction]) }),
  };
  const answer = await granted(client, exchange, parameters).catch((error: unknown) => {
    throw issuerProblem(issuer, exchange === null ? "asking for a token" : "the exchange of tokens", error);
  });
  const { token: got } = tokensOf(answer, "access");
  if (restriction !== null) assertRestricted(got);
  return got;
}

function granted(
  client: Configuration,
  exchange: Readonly<Record<string, string>> | null,
  parameters: Record<string, string>,
): Promise<TokenEndpointResponse> {
  if (exchange === null) return clientCredentialsGrant(client, parameters);
  return genericGrantRequest(client, "urn:ietf:params:oauth:grant-type:token-exchange", { ...exchange, ...parameters });
}

const TYPES = ["access_token", "id_token", "jwt"];

/** null: there is nobody to act for. */
function exchangeOf(files: Files): Readonly<Record<string, string>> | null {
  const { "subject-token-file": subject, "actor-token-file": actor, audience } = files;
  if (subject === undefined) return null;
  const type = (option: "subject-token-type" | "actor-token-type") => {
    if (TYPES.includes(files[option])) return `urn:ietf:params:oauth:token-type:${files[option]}`;
    throw new UsageError(`--${option}: write one of ${TYPES.join(", ")}`);
  };
  return {
    subject_token: readGiven("--subject-token-file", subject),
    subject_token_type: type("subject-token-type"),
    ...(actor !== undefined && {
      actor_token: readGiven("--actor-token-file", actor),
      actor_token_type: type("actor-token-type"),
    }),
    ...(audience !== undefined && { audience }),
  };
}

/** An issuer that does not know RFC 9396 leaves it out without a word, and the token would allow everything. */
function assertRestricted(got: string): void {
  const { authorization_details: details } = claimsOf(got).claims;
  if (Array.isArray(details) && details.some((each) => each?.type === "weir")) return;
  throw new LoginProblem("the issuer gave a token without the restrictions that were asked for, so it is not printed");
}

function projected(file: string): string {
  const found = readGiven("--projected", file);
  if (claimsOf(found).expiresAtMs <= Date.now()) throw new LoginProblem(`the token in ${file} has expired`);
  return found;
}
