import { Readable } from "node:stream";
import fc from "fast-check";
import { LineTooLong, linesOf } from "../../pkg/kube/lines.ts";

async function read(chunks: readonly Buffer[], max?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(Readable.from(chunks), () => {}, max)) lines.push(line);
  return lines;
}

test("lines are the same however the bytes are cut", async () => {
  const line = fc.string({ unit: "grapheme" }).filter((text) => text !== "" && !text.includes("\n"));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(200)), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(""));
      const places = [0, ...cuts.filter((at) => at <= bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i]!, end));
      expect(await read(chunks.filter((each) => each.length > 0))).toEqual(lines);
    }),
  );
});

test("a line beyond the bound is an error, whole or in pieces", async () => {
  await expect(read([Buffer.from("12345\n")], 4)).rejects.toThrow(LineTooLong);
  await expect(read([Buffer.from("123"), Buffer.from("45")], 4)).rejects.toThrow(LineTooLong);
  expect(await read([Buffer.from("1234\n1234\nrest")], 4)).toEqual(["1234", "1234"]);
});
