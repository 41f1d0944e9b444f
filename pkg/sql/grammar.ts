// PostgreSQL's own grammar of one major version, as WebAssembly. Text in, the tree or the reason why there is none out.
// An instance that did not end cleanly (stack overflow on hostile nesting) is never used again: a spare takes its place.

import { createMemory, type Memory } from "./memory.ts";
import type { Node } from "./node.ts";
import { hasAtMost } from "./normal-form/tokens.ts";

export const textCharactersMax = 4 * 1024 * 1024;
/** What a text costs grows with its tokens; a shorter one may have as many as it will. */
const countedFromCharacters = 256 * 1024;
const tokensMax = 128 * 1024;
/** An instance whose memory has grown beyond this is replaced. */
const memoryBytesMax = 512 * 1024 * 1024;
const spareInstances = 1;
/**
 * The last instance is kept for texts that cannot end one, however they nest (the shortest that do have twice as many characters), so that
 * nobody who ends instances keeps others from being understood.
 */
const lastInstanceCharacters = 4096;
/** Why a text that will be understood in a moment is not: nothing may be remembered of it. */
export const restarting = "the parser is being restarted";

export type Parsed =
  /** Each element has `stmt` (wrapped), and byte positions `stmt_location` and `stmt_len` where they are not 0. */
  | { readonly ok: true; readonly statements: readonly Node[] }
  | { readonly ok: false; readonly why: string; readonly syntax: boolean };

export interface Grammar {
  readonly major: number;
  parse(text: string): Parsed;
  /** What has been worked out about catalogue snapshots with this grammar, such as views. */
  readonly memory: Memory;
}

/** The part of an Emscripten module that is used; the same for all majors. */
interface Instance {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: "i32"): number;
}
type Factory = (options: object) => Promise<Instance>;

/** Loads the grammar of a server's major version (14 to 18), or null where there is none. */
export async function loadGrammar(major: number): Promise<Grammar | null> {
  const factory = await factoryOf(major);
  if (factory === null) return null;
  const instances: Instance[] = [];
  for (let count = 0; count <= spareInstances; count++) instances.push(await factory({}));
  return {
    major,
    memory: createMemory(),
    parse: (text) => parse(instances, factory, text),
  };
}

async function factoryOf(major: number): Promise<Factory | null> {
  switch (major) {
    case 14:
      return moduleFactory(await import("pg-grammar-14/wasm/libpg-query.js"));
    case 15:
      return moduleFactory(await import("pg-grammar-15/wasm/libpg-query.js"));
    case 16:
      return moduleFactory(await import("pg-grammar-16/wasm/libpg-query.js"));
    case 17:
      return moduleFactory(await import("pg-grammar-17/wasm/libpg-query.js"));
    case 18:
      return moduleFactory(await import("pg-grammar-18/wasm/libpg-query.js"));
    default:
      return null;
  }
}

function moduleFactory(module: { default: unknown }): Factory {
  return module.default as Factory;
}

function parse(instances: Instance[], factory: Factory, text: string): Parsed {
  if (text.length > textCharactersMax) return refused("text longer than 4 MiB");
  if (text.length > countedFromCharacters && !hasAtMost(Buffer.from(text).toString("latin1"), tokensMax))
    return refused("text longer than 256 KiB and of more than 131072 words and signs");
  if (text.includes("\0")) return refused("text holds a zero byte");
  if (text === "") return { ok: true, statements: [] };
  const instance = instances[0];
  if (instance === undefined || (instances.length === 1 && text.length > lastInstanceCharacters))
    return refused(restarting);
  try {
    const parsed = run(instance, text);
    if (instance.HEAPU8.length > memoryBytesMax && instances.length > 1) replaceFirst(instances, factory);
    return parsed;
  } catch {
    replaceFirst(instances, factory);
    return refused("nested too deeply for the parser");
  }
}

/** Ends by an exception only when the instance is no longer usable. */
function run(instance: Instance, text: string): Parsed {
  const bytes = instance.lengthBytesUTF8(text) + 1;
  const pointer = instance._malloc(bytes);
  instance.stringToUTF8(text, pointer, bytes);
  const result = instance._wasm_parse_query_raw(pointer);
  if (result === 0) throw new Error("no result");
  // PgQueryParseResult: char *parse_tree, char *stderr_buffer, PgQueryError *error
  const failed = instance.getValue(result + 8, "i32") !== 0;
  const tree = failed ? "" : instance.UTF8ToString(instance.getValue(result, "i32"));
  instance._free(pointer);
  instance._wasm_free_parse_result(result);
  if (failed) return { ok: false, why: "PostgreSQL's grammar does not accept the text", syntax: true };
  return { ok: true, statements: JSON.parse(tree).stmts ?? [] };
}

function replaceFirst(instances: Instance[], factory: Factory): void {
  instances.shift();
  factory({}).then(
    (fresh) => instances.push(fresh),
    () => undefined,
  );
}

function refused(why: string): Parsed {
  return { ok: false, why, syntax: false };
}
