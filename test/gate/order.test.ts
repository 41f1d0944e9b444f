// Record before forward, nothing without a decision, a refusal as an ordinary error: read from the order of the effects.
import {
  bytes,
  complete,
  denying,
  failed,
  forwarded,
  nothingMatches,
  query,
  ready,
  session,
  words,
} from "./session.ts";

const parse = (name: string, text: string) => bytes("P", `${name}\0${text}\0\0\0`);
const bind = (portal: string, statement: string) => bytes("B", `${portal}\0${statement}\0\0\0\0\0\0\0`);
const execute = (portal: string) => bytes("E", `${portal}\0\0\0\0\0`);
const sync = bytes("S");

test("the record of a decision stands before the frame that carries the statement", () => {
  const { gate } = session(nothingMatches);
  expect(words(gate.client(query("SELECT 1")))).toEqual(["record decision allow", "forward decided Q"]);
});

test("a statement that no policy concerns passes unchanged, and its outcome is recorded", () => {
  const { gate } = session(nothingMatches);
  const sent = query("SELECT 1");
  expect(forwarded(gate.client(sent))).toBe(sent.toString("latin1"));
  expect(words(gate.server(Buffer.concat([complete("SELECT 1"), ready()])))).toEqual([
    "record outcome completed",
    "reply CZ",
  ]);
});

test("a refused Query is replaced, and the server's error becomes the refusal", () => {
  const { gate } = session(denying("Drop"));
  const effects = gate.client(query("DROP TABLE customers"));
  expect(words(effects)).toEqual(["record decision refuse", "forward raise Q"]);
  expect(forwarded(effects)).not.toContain("customers");
  const marker = /'(weir_[^']+)'/.exec(forwarded(effects))![1]!;
  const answered = gate.server(
    Buffer.concat([failed("22P02", `invalid input syntax for type integer: "${marker}"`), ready()]),
  );
  expect(words(answered)).toEqual(["record outcome refused", "reply E", "reply Z"]);
  const told = answered.flatMap((effect) => (effect.do === "reply" ? [effect.bytes.toString()] : [])).join("");
  expect(told).toContain("C42501");
  expect(told).toContain("Not here.");
  expect(told).not.toContain(marker);
});

test("an error that is not the answer to the stand-in passes as the server wrote it", () => {
  const { gate } = session(denying("Drop"));
  gate.client(query("DROP TABLE customers"));
  const aborted = failed("25P02", "current transaction is aborted");
  const replies = gate
    .server(Buffer.concat([aborted, ready("E")]))
    .flatMap((effect) => (effect.do === "reply" ? [effect.bytes] : []));
  expect(Buffer.concat(replies).toString("latin1")).toBe(Buffer.concat([aborted, ready("E")]).toString("latin1"));
});

test("of a string with several statements only the refused one is replaced", () => {
  const { gate } = session(denying("Drop"));
  const sent = forwarded(gate.client(query("INSERT a; DROP b; INSERT c")));
  expect(sent).toMatch(/INSERT a; SELECT 'weir_[0-9a-f]+_\d+'::pg_catalog\.int4 ; INSERT c/);
});

test("a refused Execute names a portal that does not exist, and what follows is skipped with it", () => {
  const state = session(nothingMatches);
  const { gate } = state;
  gate.client(Buffer.concat([parse("", "INSERT x"), bind("", ""), sync]));
  gate.server(Buffer.concat([bytes("1"), bytes("2"), ready()]));
  gate.client(Buffer.concat([parse("s", "INSERT x"), sync]));
  gate.server(Buffer.concat([bytes("1"), ready()]));
  gate.client(bind("p", "s"));
  state.policies = denying("Insert");
  const effects = gate.client(Buffer.concat([execute("p"), sync]));
  expect(words(effects)).toEqual(["record decision refuse", "forward raise E", "forward protocol S"]);
});

test("a COMMIT that is refused rolls back first, then raises", () => {
  const { gate } = session(denying("Transaction"));
  gate.client(query("SELECT 1"));
  gate.server(Buffer.concat([complete("SELECT 1"), ready("T")]));
  expect(forwarded(gate.client(query("COMMIT")))).toMatch(/ROLLBACK; SELECT 'weir_/);
});

test("the commit asks again what the transaction wrote when the policy has changed", () => {
  const state = session(denying("Drop"));
  state.gate.client(query("INSERT x"));
  state.gate.server(Buffer.concat([complete("INSERT 0 1"), ready("T")]));
  state.policies = denying("Insert");
  const effects = state.gate.client(query("COMMIT"));
  expect(words(effects)).toEqual(["record decision refuse", "forward raise Q"]);
  expect(forwarded(effects)).toMatch(/ROLLBACK; SELECT 'weir_/);
});

test("under rules a batch waits for the answer to the last one, so the transaction's state is known", () => {
  const { gate } = session(denying("Drop"));
  gate.client(query("SELECT 1"));
  expect(gate.client(query("SELECT 2"))).toEqual([]);
  expect(words(gate.server(Buffer.concat([complete("SELECT 1"), ready()])))).toEqual([
    "record outcome completed",
    "record decision allow",
    "forward decided Q",
    "reply CZ",
  ]);
});

test.each([
  ["an unknown type", bytes("!")],
  ["a length below four", Buffer.from([0x51, 0, 0, 0, 3])],
  ["a length above the limit", Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff])],
  ["a Query without its end", bytes("Q", "SELECT 1")],
  ["a password after the login", bytes("p", "x\0")],
])("%s ends the session with 08P01 and nothing reaches the upstream", (_what, frame) => {
  for (const policies of [nothingMatches, denying("Drop")]) {
    const { gate } = session(policies);
    expect(words(gate.client(frame))).toEqual(["end 08P01"]);
    expect(gate.client(query("SELECT 1"))).toEqual([]);
  }
});

test("not a byte of a frame goes upstream before the frame is whole", () => {
  const { gate } = session(nothingMatches);
  const frame = query("SELECT 'a long text'");
  for (let at = 0; at < frame.length - 1; at++) expect(gate.client(frame.subarray(at, at + 1))).toEqual([]);
  expect(words(gate.client(frame.subarray(frame.length - 1)))).toEqual(["record decision allow", "forward decided Q"]);
});

test("what runs when a side is gone is closed as broken", () => {
  const { gate } = session(nothingMatches);
  gate.client(query("SELECT 1"));
  expect(words(gate.gone())).toEqual(["record outcome broken"]);
});

test("COPY data outside COPY, which the server ignores, goes nowhere", () => {
  const { gate } = session(nothingMatches);
  expect(gate.client(Buffer.concat([bytes("d", "1\n"), bytes("c")]))).toEqual([]);
});

test("nothing behind COPY FROM STDIN is judged before the server has said whether it reads", () => {
  const { gate } = session(nothingMatches);
  gate.client(query("COPY t FROM STDIN"));
  expect(gate.client(bytes("d", "1\n"))).toEqual([]);
  expect(words(gate.server(bytes("G", Buffer.from([0, 0, 0]))))).toEqual(["forward protocol d", "reply G"]);
});

test("an answer that nobody asked for ends the session", () => {
  const { gate } = session(nothingMatches);
  expect(words(gate.server(bytes("D", Buffer.from([0, 0]))))).toEqual(["end 08P01"]);
});
