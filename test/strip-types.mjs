// Jest transformer: TypeScript 7 has no compiler API, Node strips types itself and keeps every position.
import { stripTypeScriptTypes } from "node:module";

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: "strip" }) }),
  canInstrument: false,
};
