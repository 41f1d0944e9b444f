// The start-up parameter `options`: a command line for the session, split as `pg_split_opts` (postinit.c) does and
// read as `process_postgres_switches` (postgres.c) does with getopt. It can set any setting before the first statement.

export interface StartupOptions {
  /** Settings of `-c name=value` and `--name=value`, in order; dashes in names became underscores. */
  readonly settings: readonly (readonly [string, string])[];
  /** Everything else, such as `-S` or a word without dash: what it does is not looked into. */
  readonly other: readonly string[];
}

/** getopt's option string of the server; a colon means that the letter takes a value. */
const GETOPT = "B:bC:c:D:d:EeFf:h:ijk:lN:nOPp:r:S:sTt:v:W:-:";

export function splitStartupOptions(options: string): StartupOptions {
  const settings: [string, string][] = [];
  const other: string[] = [];
  const words = splitWords(options);
  let onlyWords = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (onlyWords || word === "-" || !word.startsWith("-")) {
      other.push(word);
    } else if (word === "--") {
      onlyWords = true;
    } else {
      at += readSwitches(word, words[at + 1], settings, other);
    }
  }
  return { settings, other };
}

/** One word of switches such as `-ec name=value`; returns how many further words it took as its value. */
function readSwitches(word: string, next: string | undefined, settings: [string, string][], other: string[]): 0 | 1 {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at]!;
    if (!takesValue(letter)) {
      other.push(`-${letter}`);
      continue;
    }
    const attached = word.slice(at + 1);
    const value = attached === "" ? next : attached;
    const setting = letter === "c" || letter === "-" ? parseLongOption(value) : null;
    if (setting === null) other.push(`-${letter}${value === undefined ? "" : ` ${value}`}`);
    else settings.push(setting);
    return attached === "" && value !== undefined ? 1 : 0;
  }
  return 0;
}

function takesValue(letter: string): boolean {
  const at = letter === ":" ? -1 : GETOPT.indexOf(letter);
  return at !== -1 && GETOPT[at + 1] === ":";
}

/** `ParseLongOption`: null without an equals sign, which the server refuses. */
function parseLongOption(text: string | undefined): [string, string] | null {
  const at = text?.indexOf("=") ?? -1;
  if (text === undefined || at === -1) return null;
  return [text.slice(0, at).replaceAll("-", "_"), text.slice(at + 1)];
}

/** Words end at white space; a backslash takes the next character as it is. */
function splitWords(options: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < options.length; at++) {
    const character = options[at]!;
    if (isSpace(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === "\\") {
      at++;
      word = (word ?? "") + (options[at] ?? "");
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** C's isspace in the C locale. */
function isSpace(character: string): boolean {
  return character === " " || (character >= "\t" && character <= "\r");
}
