// The texts of errors as the sources form them, what is filled in written as `…`: read where a message is handed over, so that a new
// one cannot stay out of docs/errors.md.

/** Where a text for a client follows: in a refusal, in an error field, as an argument behind the SQLSTATE or the rule. */
const told = [
  String.raw`\bmessage\??:\s`,
  String.raw`\b(?:message|own|unexpected) =\s`,
  String.raw`\bsuper\(`,
  String.raw`\bnew (?:LoginError|TlsFailed)\(\s*"\w+",`,
  String.raw`\bfatalError\(\s*"\w+",`,
  String.raw`(?:#end|endSession)\(\s*"\w+",`,
  String.raw`\brefuse\(\s*view,\s*"[a-z-]+",`,
  String.raw`\bscrubbed\(\s*(?:fields|decodeErrorFields\(body\)),`,
];

/** Where a problem follows that ends the start. */
const listed = [
  String.raw`\bnew (?:Invalid|Refused)\(`,
  String.raw`\bnew AuditUnavailable\(\s*"\w+",`,
  String.raw`\bproblems\.push\(`,
  String.raw`\b(?:problems?|missing|closed):(?: \[)?\s`,
  String.raw`\? \[\]\s+: \[(?=\s*\`)`,
  String.raw`\bproblems = positionals\.map\(\s*\(word\) =>`,
  String.raw`(?:\breturn \[?|bytesLeast \? )(?=\`)`,
];

export const clientForms = (source: string) => formsBehind(told, source);
export const startForms = (source: string) => formsBehind(listed, source);

function formsBehind(patterns: readonly string[], source: string): readonly string[] {
  const found = [...source.matchAll(new RegExp(patterns.join("|"), "g"))].flatMap((match) => {
    const texts = textsFrom(source, match.index + match[0].length);
    return texts.length > 0 ? texts : constant(source, match.index + match[0].length);
  });
  return [...new Set(found)].filter((text) => /[a-z]{2}.* /.test(text) && !text.includes("\n"));
}

/** A name instead of a text: what the file's constant of that name holds. */
function constant(source: string, from: number): readonly string[] {
  const name = /^\s*([A-Za-z_]+)\b(?!\()/.exec(source.slice(from, from + 80))?.[1];
  const at = name === undefined ? -1 : source.indexOf(`const ${name} =`);
  return at < 0 ? [] : textsFrom(source, at + `const ${name} =`.length);
}

/** The texts of one expression, up to the comma or bracket that ends it. Those added to each other are one. */
function textsFrom(source: string, from: number): readonly string[] {
  const texts: string[] = [];
  let depth = 0;
  let added = false;
  for (let at = from; at < source.length; at++) {
    const char = source[at]!;
    if (char === '"' || char === "'" || char === "`") {
      const { text, end } = literal(source, at);
      if (added) texts.push(`${texts.pop()}${text}`);
      else texts.push(text);
      at = end;
      added = false;
    } else if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char) && --depth < 0) return texts;
    else if ((char === "," || char === ";") && depth === 0) return texts;
    else if (char === "+") added = texts.length > 0;
  }
  return texts;
}

function literal(source: string, start: number): { text: string; end: number } {
  const quote = source[start]!;
  let text = "";
  for (let at = start + 1; ; at++) {
    const char = source[at]!;
    if (char === quote) return { text, end: at };
    if (char === "\\") text += source[++at];
    else if (quote === "`" && source.startsWith("${", at)) {
      at = endOfHole(source, at + 2);
      text += "…";
    } else text += char;
  }
}

function endOfHole(source: string, from: number): number {
  for (let at = from, depth = 0; ; at++) {
    const char = source[at]!;
    if (`"'\``.includes(char)) at = literal(source, at).end;
    else if (char === "{") depth += 1;
    else if (char === "}" && --depth < 0) return at;
  }
}
