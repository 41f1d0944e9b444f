// A session cannot make Weir grow: what it may keep has an end, and the end is an ordinary error.
import { bytes, failed, forwarded, nothingMatches, ready, session, words } from "./session.ts";

const parse = (name: string, text: string) => bytes("P", `${name}\0${text}\0\0\0`);

test("prepared texts of more than 128 MiB: the next Parse is refused with 53400, and goes on after a Close", () => {
  const { gate } = session(nothingMatches);
  const text = `SELECT ${"x".repeat(1_000_000)}`;
  const sent = (name: string) => {
    const effects = gate.client(Buffer.concat([parse(name, text), bytes("S")]));
    const refused = words(effects)[0] === "record decision refuse";
    expect(forwarded(effects).includes("pg_catalog.int4")).toBe(refused);
    const marker = /'(weir_[^']+)'/.exec(forwarded(effects))?.[1] ?? "";
    gate.server(Buffer.concat([refused ? failed("22P02", `"${marker}"`) : bytes("1"), ready()]));
    return refused;
  };
  const answers = Array.from({ length: 140 }, (_, at) => sent(`s${at}`));
  expect(answers.indexOf(true)).toBe(134);
  expect(answers.slice(134)).not.toContain(false);
  for (let at = 0; at < 20; at++) gate.client(bytes("C", `Ss${at}\0`));
  gate.client(bytes("S"));
  gate.server(Buffer.concat([...Array.from({ length: 20 }, () => bytes("3")), ready()]));
  expect(sent("again")).toBe(false);
});
