// Settings of a program that come from the environment: read by their own parsers, all problems told together, unknown ones too where
// they look like a slip of the pen.
import { parseArgs } from "node:util";
import { hint } from "./closest.ts";

export interface Variable<T> {
  readonly name: string;
  /** What to write, for help and problems. */
  readonly form: string;
  /** null: none. */
  readonly fallback: string | null;
  /** Without it the program does not start. */
  readonly required?: boolean;
  /** undefined when it does not fit. */
  parse(text: string): T | undefined;
}

export type Variables = Readonly<Record<string, Variable<unknown>>>;

/** What they are read to; null: not set, and without a fallback. */
export type ValuesOf<V extends Variables> = { readonly [K in keyof V]: ReturnType<V[K]["parse"]> | null };

export type Environment = Readonly<Record<string, string | undefined>>;

/** `given`: texts that come before the environment, with the place that a problem names. */
export function readVariables<V extends Variables>(
  variables: V,
  env: Environment,
  given: Readonly<Record<string, { readonly place: string; readonly text: string }>> = {},
): { readonly values: Readonly<Record<string, unknown>>; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [field, { name, form, fallback, required, parse }] of Object.entries(variables)) {
    const text = given[field]?.text ?? (env[name] || fallback);
    values[field] = text === null ? null : parse(text);
    if (text === null && required) problems.push(`${name}: is not set; write ${form}`);
    else if (values[field] === undefined) problems.push(`${given[field]?.place ?? name}: does not fit; write ${form}`);
  }
  return { values, problems };
}

/** Of variables named like ours that are none, but hardly differ from one. */
export function misspelt(variables: Variables, env: Environment, isOthers: (name: string) => boolean = () => false) {
  const known = Object.values(variables).map(({ name }) => name);
  return Object.keys(env)
    .filter((name) => name.startsWith("WEIR_") && !known.includes(name) && !isOthers(name) && hint(name, known) !== "")
    .map((name) => `${name}: there is no such setting${hint(name, known)}`);
}

export type Flags = Readonly<Record<string, { readonly type: "string" | "boolean" }>>;

export interface ReadFlags {
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly problems: readonly string[];
}

export function readFlags(argv: readonly string[], options: Flags): ReadFlags {
  const parsed = parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true });
  const problems = parsed.positionals.map((word) => `"${word}" is not an option; options begin with --`);
  const known = Object.keys(options).map((name) => `--${name}`);
  for (const token of parsed.tokens)
    if (token.kind === "option" && !(token.name in options))
      problems.push(`there is no option ${token.rawName}${hint(`--${token.name}`, known)}`);
  return { flags: parsed.values as ReadFlags["flags"], problems };
}

/** For help: one line each, names `width` wide. */
export function variableLines(variables: Variables, width: number): string {
  return Object.values(variables)
    .map(({ name, form, fallback, required }) => {
      const otherwise = required ? "; required" : fallback === null ? "" : `; default ${fallback}`;
      return `  ${name.padEnd(width)} ${form}${otherwise}`;
    })
    .join("\n");
}

export function filled(text: string): string | undefined {
  return text.trim() === "" ? undefined : text;
}
