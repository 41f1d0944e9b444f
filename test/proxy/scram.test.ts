// SCRAM-SHA-256 of both roles: our client and our server agree, and nobody gets in who does not know the password.
import fc from "fast-check";
import { saslPrep } from "../../pkg/proxy/sasl-prep.ts";
import { ScramClient, ScramError } from "../../pkg/proxy/scram-client.ts";
import { makeVerifier, parseVerifier } from "../../pkg/proxy/scram-keys.ts";
import { ScramServer } from "../../pkg/proxy/scram-server.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { WireError } from "../../pkg/wire/postgres/wire-error.ts";

const salt = Buffer.from("0123456789abcdef");
const password = Buffer.from("correct horse");
const endPoint = Buffer.alloc(32, 9);
const unbound = { kind: "unsupported" } as const;

async function exchange(clientPassword: Buffer, clientEnd: Buffer | null, serverEnd: Buffer | null): Promise<boolean> {
  const binding = clientEnd === null ? unbound : ({ kind: "bound", endPoint: clientEnd } as const);
  const client = new ScramClient(clientPassword, binding, systemRandom);
  const server = new ScramServer(await makeVerifier(password, salt, 10), serverEnd, systemRandom);
  const answer = await client.final(server.first(client.mechanism, client.first()));
  const final = server.final(answer);
  if (final === null) return false;
  client.verify(final);
  return true;
}

test("the right password is proved, with and without channel binding", async () => {
  expect(await exchange(password, null, null)).toBe(true);
  expect(await exchange(password, null, endPoint)).toBe(true);
  expect(await exchange(password, endPoint, endPoint)).toBe(true);
});

test("an offer of channel binding that was struck on the way is noticed by the server", async () => {
  const client = new ScramClient(password, { kind: "notOffered" }, systemRandom);
  const server = new ScramServer(await makeVerifier(password, salt, 10), endPoint, systemRandom);
  expect(() => server.first(client.mechanism, client.first())).toThrow("thinks that the server does not");
});

test("a wrong password is not", async () => {
  expect(await exchange(Buffer.from("wrong"), null, null)).toBe(false);
});

test("a channel bound to another certificate is refused", async () => {
  await expect(exchange(password, Buffer.alloc(32, 8), endPoint)).rejects.toThrow("channel binding does not match");
});

test("the keys of RFC 7677's example", async () => {
  const verifier = await makeVerifier(Buffer.from("pencil"), Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
  const text = `SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$${verifier.storedKey.toString("base64")}:${verifier.serverKey.toString("base64")}`;
  expect(text).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
  expect(parseVerifier(text)).toEqual(verifier);
});

test.each(["", "md5abc", "SCRAM-SHA-256$0:c2FsdA==$a:b", "SCRAM-SHA-256$4096:c2FsdA==$YQ==:YQ=="])(
  "%j is no verifier",
  (text) => {
    expect(parseVerifier(text)).toBeNull();
  },
);

describe("a server that breaks the rules is refused by our client", () => {
  const answers: readonly (readonly [string, (first: string) => string])[] = [
    ["another nonce", () => "r=other,s=c2FsdA==,i=4096"],
    ["our nonce unextended", (first) => `r=${first.slice(first.indexOf("r=") + 2)},s=c2FsdA==,i=4096`],
    ["no iterations", (first) => `r=${first.slice(first.indexOf("r=") + 2)}x,s=c2FsdA==,i=0`],
    ["years of iterations", (first) => `r=${first.slice(first.indexOf("r=") + 2)}x,s=c2FsdA==,i=999999999`],
    ["nonsense", () => "nonsense"],
  ];
  test.each(answers)("%s", async (_name, answer) => {
    const client = new ScramClient(password, unbound, systemRandom);
    await expect(client.final(Buffer.from(answer(client.first().toString())))).rejects.toThrow(ScramError);
  });

  test("no proof of its own", () => {
    const client = new ScramClient(password, unbound, systemRandom);
    expect(() => client.verify(Buffer.from("v="))).toThrow(ScramError);
    expect(() => client.verify(Buffer.from("e=other-error"))).toThrow(ScramError);
  });
});

describe("a client that breaks the rules is refused by our server", () => {
  const firsts: readonly (readonly [string, string, string])[] = [
    ["a mechanism that was not offered", "SCRAM-SHA-1", "n,,n=,r=abc"],
    ["the right to be somebody else", "SCRAM-SHA-256", "n,a=root,n=,r=abc"],
    ["y although -PLUS was offered", "SCRAM-SHA-256", "y,,n=,r=abc"],
    ["binding without -PLUS", "SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc"],
    ["-PLUS without binding", "SCRAM-SHA-256-PLUS", "n,,n=,r=abc"],
    ["another kind of binding", "SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc"],
    ["a mandatory extension", "SCRAM-SHA-256", "n,,m=x,n=,r=abc"],
    ["no nonce", "SCRAM-SHA-256", "n,,n=,r="],
    ["nothing", "SCRAM-SHA-256", ""],
  ];
  test.each(firsts)("%s", async (_name, mechanism, first) => {
    const server = new ScramServer(await makeVerifier(password, salt, 1), endPoint, systemRandom);
    expect(() => server.first(mechanism, Buffer.from(first))).toThrow(WireError);
  });

  test("any other bytes never log in", async () => {
    const verifier = await makeVerifier(password, salt, 1);
    const piece = fc.constantFrom("n", "y", "p=", ",", ",,", "n=", "r=", "c=", "biws", "p=", "abc", "=", "\0", "é");
    const message = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join("")));
    fc.assert(
      fc.property(message, message, (first, final) => {
        const server = new ScramServer(verifier, null, systemRandom);
        try {
          server.first("SCRAM-SHA-256", first);
          expect(server.final(final)).toBeNull();
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test("passwords are prepared as RFC 4013 says, or left alone", () => {
  const prepared = (text: string) => saslPrep(Buffer.from(text)).toString();
  expect(prepared("I\u00ADX")).toBe("IX");
  expect(prepared("user")).toBe("user");
  expect(prepared("\u00AA")).toBe("a");
  expect(prepared("\u2168")).toBe("IX");
  expect(prepared("a\u00A0b")).toBe("a b");
  expect(prepared("\u0007\u00AA")).toBe("\u0007\u00AA");
  expect(prepared("\u06271\u00AA")).toBe("\u06271\u00AA");
  expect(saslPrep(Buffer.from([0xff, 0xfe]))).toEqual(Buffer.from([0xff, 0xfe]));
});
