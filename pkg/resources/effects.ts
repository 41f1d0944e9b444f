// Names of effects that a guard may list. `policy` knows them as a type only, because facts belong to `sql`.
import type { Guard } from "../policy/rules.ts";

export type EffectKind = Guard["effects"][number];

const all: Readonly<Record<EffectKind, true>> = {
  Read: true,
  Insert: true,
  Update: true,
  Delete: true,
  Truncate: true,
  Create: true,
  Alter: true,
  Drop: true,
  Grant: true,
  CopyIn: true,
  CopyOut: true,
  File: true,
  Network: true,
  ExecuteCode: true,
  SessionChange: true,
  Lock: true,
  Transaction: true,
  Maintenance: true,
  Notify: true,
};

export const EFFECTS = Object.keys(all) as readonly EffectKind[];
