// Bind (F, 'B'): parameters for a prepared statement, giving a portal.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

export interface Bind {
  /** "" is the unnamed portal. Latin1, as `statement`. */
  readonly portal: string;
  readonly statement: string;
  /** None: all text; one: for every parameter; else one each. Whether the count fits is the server's to say. */
  readonly parameterFormats: readonly number[];
  /** Slices of the body; null is NULL. */
  readonly parameters: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
}

export function decodeBind(body: Buffer): Bind {
  const reader = new BodyReader(body, "Bind");
  const uint16 = () => reader.uint16();
  const portal = reader.name();
  const statement = reader.name();
  const parameterFormats = reader.list(reader.uint16(), uint16);
  const parameters = reader.list(reader.uint16(), () => reader.value());
  const resultFormats = reader.list(reader.uint16(), uint16);
  reader.end();
  return { portal, statement, parameterFormats, parameters, resultFormats };
}

/** What a Bind names. */
export type BindNames = Pick<Bind, "portal" | "statement">;

/** The names of a Bind whose body begins at `from`; the rest is checked as `decodeBind` does, and not kept. */
export function decodeBindNames(bytes: Buffer, from = 0): BindNames {
  const reader = new BodyReader(bytes, "Bind", from);
  const portal = reader.name();
  const statement = reader.name();
  reader.skip(2 * reader.uint16());
  for (let left = reader.uint16(); left > 0; left--) reader.skipValue();
  reader.skip(2 * reader.uint16());
  reader.end();
  return { portal, statement };
}

/** The names of a Bind of which only the beginning, with both of them, is at hand. */
export function decodeBegunBindNames(bytes: Buffer, from = 0): BindNames {
  const reader = new BodyReader(bytes, "Bind", from);
  return { portal: reader.name(), statement: reader.name() };
}

/** The parameters of a Bind of which only the beginning is at hand; undefined for those that are not whole in it. */
export function decodeBegunBind(
  bytes: Buffer,
  from = 0,
): { readonly parameters: readonly (Buffer | null | undefined)[] } {
  const reader = new BodyReader(bytes, "Bind", from);
  reader.name();
  reader.name();
  const parameters: (Buffer | null | undefined)[] = [];
  try {
    reader.skip(2 * reader.uint16());
    const count = reader.uint16();
    for (let left = count; left > 0; left--) parameters.push(undefined);
    for (let number = 0; number < count; number++) parameters[number] = reader.value();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  return { parameters };
}

export function encodeBind(bind: Bind): Buffer {
  const writer = new FrameWriter("B");
  return writer
    .name(bind.portal)
    .name(bind.statement)
    .list(bind.parameterFormats, (format) => writer.uint16(format))
    .list(bind.parameters, (value) => writer.value(value))
    .list(bind.resultFormats, (format) => writer.uint16(format))
    .finish();
}
