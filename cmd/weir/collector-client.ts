// How the command line reaches a collector: its address, a token or a certificate, and the CA that it is to be known by.
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import { UsageError } from "./command.ts";

export const collectorOptions = {
  collector: { type: "string", default: "https://127.0.0.1:4318" },
  "token-file": { type: "string" },
  ca: { type: "string" },
  certificate: { type: "string" },
  key: { type: "string" },
} as const;

export const collectorHelp = `  --collector URL      where it is; default https://127.0.0.1:4318
  --token-file FILE    a token of a registered reader
  --certificate FILE   or a client certificate, as PEM, with
  --key FILE           its key
  --ca FILE            the CA that the collector is known by, as PEM; not given: the system's`;

export interface CollectorArguments {
  readonly collector: string;
  readonly "token-file"?: string | undefined;
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

export interface CollectorCall {
  readonly method?: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface CollectorClient {
  /** The head of the answer, whatever its status. @throws an error of the network */
  ask(call: CollectorCall): Promise<IncomingMessage>;
}

/** Files are read at each call: tokens are renewed. @throws UsageError */
export function collectorClient(args: CollectorArguments): CollectorClient {
  if ((args.certificate === undefined) !== (args.key === undefined))
    throw new UsageError("--certificate and --key belong together: name both files");
  if (!URL.canParse(args.collector) || new URL(args.collector).protocol !== "https:")
    throw new UsageError("--collector: write an address that begins with https://");
  return {
    ask({ method = "GET", path, headers = {}, body, signal }) {
      const options: RequestOptions = {
        method,
        agent: false,
        headers: { ...headers, ...authorization(args["token-file"]) },
        ...optional("ca", args.ca),
        ...optional("cert", args.certificate),
        ...optional("key", args.key),
        ...(signal !== undefined && { signal }),
      };
      return new Promise((resolve, reject) => {
        const sent = request(new URL(path, args.collector), options, resolve);
        sent.on("error", reject);
        sent.end(body);
      });
    },
  };
}

function authorization(file: string | undefined): Readonly<Record<string, string>> {
  return file === undefined ? {} : { authorization: `Bearer ${read("--token-file", file).trim()}` };
}

function optional(name: string, file: string | undefined): RequestOptions {
  return file === undefined ? {} : { [name]: read(`--${name === "cert" ? "certificate" : name}`, file) };
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`${option}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

/** Why there was no answer, with the address and what to do. */
export function networkProblem(collector: string, cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const remedy = untrusted.test(code ?? "")
    ? "name the CA that signed the collector's certificate with --ca FILE"
    : code === "ERR_TLS_CERT_ALTNAME_INVALID"
      ? "its certificate is for another name; write that one into --collector"
      : "look whether a collector listens there, or name another address with --collector";
  return `${collector} cannot be reached: ${code ?? message}; ${remedy}`;
}

const untrusted = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_UNTRUSTED/;

/** What an answer without success says, with what to do about a missing token. */
export async function answerProblem(answer: IncomingMessage, args: CollectorArguments): Promise<string> {
  const isBare = args["token-file"] === undefined && args.certificate === undefined;
  const remedy =
    answer.statusCode === 401 && isBare ? "; show who you are with --token-file FILE, or --certificate and --key" : "";
  return `the collector answers ${answer.statusCode}: ${await errorOf(answer)}${remedy}`;
}

const ERROR_BYTES_MAX = 64 * 1024;

/** What an answer without success says. */
export async function errorOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer) {
    text += chunk;
    if (text.length > ERROR_BYTES_MAX) break;
  }
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? error : text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
