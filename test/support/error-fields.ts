/** Fields of an ErrorResponse or NoticeResponse by their letter. */
export function errorFields(body: Buffer): Readonly<Record<string, string>> {
  const fields = body
    .toString("utf8")
    .split("\0")
    .filter((field) => field !== "");
  return Object.fromEntries(fields.map((field) => [field[0]!, field.slice(1)]));
}
