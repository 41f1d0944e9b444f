// Differences that are explained in docs/suites.md, by file.
export const known: Readonly<Record<string, string>> = {};
