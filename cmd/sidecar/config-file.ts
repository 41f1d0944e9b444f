// The YAML configuration file as raw values by setting name, with the place of each for messages.
import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { hint } from "../../pkg/runtime/closest.ts";

export interface Placed {
  readonly raw: unknown;
  /** `file:line:column`. */
  readonly place: string;
}

export interface ConfigFile {
  readonly values: ReadonlyMap<string, Placed>;
  readonly problems: readonly string[];
}

/** Reads the settings called `names` (`a` or `a.b`) out of `source`; whatever else stands there is a problem. */
export function readConfigFile(file: string, source: string, names: readonly string[]): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true });
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const problems = document.errors.map((error) => `${placeOf(error.pos[0])}: ${error.message.split("\n")[0]}`);
  const values = new Map<string, Placed>();
  if (problems.length > 0 || document.contents === null) return { values, problems };
  if (!isMap(document.contents)) return { values, problems: [`${file}:1:1: write a map of settings`] };

  function visit(pairs: readonly Pair[], prefix: string): void {
    for (const { key, value } of pairs) {
      const written = isScalar(key) ? String(key.value) : String(key);
      const name = prefix + written;
      const place = placeOf((key as Node).range?.[0] ?? 0);
      if (names.includes(name)) values.set(name, { raw: (value as Node | null)?.toJS(document), place });
      else if (isMap(value) && names.some((known) => known.startsWith(`${name}.`)))
        visit(value.items as Pair[], `${name}.`);
      else problems.push(`${place}: there is no setting "${name}"${hint(name, names)}`);
    }
  }
  visit(document.contents.items as Pair[], "");
  return { values, problems };
}
