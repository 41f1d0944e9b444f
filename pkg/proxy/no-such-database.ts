// What a client of a gateway hears that names no database which is there; nothing in it tells which ones are.
import type { Admission } from "./login-options.ts";

export const noSuchDatabase: Extract<Admission, { admit: false }> = {
  admit: false,
  sqlstate: "3D000",
  message: "weir: there is no database of this name here, or none for you",
  hint: "Write NAME, NAMESPACE.NAME or NAMESPACE.NAME~DATABASE: the GovernedDatabase's name, and how its server calls the database.",
};
