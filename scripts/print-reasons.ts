// The tables of docs/injection.md, from the code: `node scripts/print-reasons.ts`.
import { reasons } from "../pkg/admission/reason.ts";

process.stdout.write("| reason | it means | what to do |\n| --- | --- | --- |\n");
for (const [name, { means, remedy }] of Object.entries(reasons))
  process.stdout.write(`| \`${name}\` | ${means} | ${remedy} |\n`);
