// FunctionCallResponse (B, 'V').
import { BodyReader } from "./body-reader.ts";

/** A slice of the body; null is NULL. */
export function decodeFunctionCallResponse(body: Buffer): Buffer | null {
  const reader = new BodyReader(body, "FunctionCallResponse");
  const value = reader.value();
  reader.end();
  return value;
}
