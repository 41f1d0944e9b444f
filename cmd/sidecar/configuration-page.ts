// docs/configuration.md, out of the table of settings, so that the page cannot drift from the program.
import { type SettingName, settings } from "./settings.ts";

const head = `# Configuration of the sidecar

Printed by \`sh scripts/node.sh scripts/print-settings.ts\` from \`cmd/sidecar/settings.ts\`; a test keeps the two equal.

Settings come from a YAML file (\`--config FILE\`, or \`WEIR_CONFIG\`) and from the environment, which wins. A dotted name is nested
in the file: \`spool.folder\` is \`spool: {folder: ...}\`. Every problem is reported at once, with its place and remedy, and the
program ends with 64. What may be read, masked and refused is not here: that is policy, in the folder that \`policies\` names or in
the bundle that \`bundle.url\` serves.

\`\`\`yaml
listeners:
  - {listen: "127.0.0.1:6432", database: shop/orders}
policies: /etc/weir/policies
spool: {folder: /var/lib/weir/spool, bytesMax: 512MiB}
keys: {mask: /etc/weir/keys/mask}
identities:
  ana: {kind: Human, name: ana@example.com, groups: [analysts]}
  robo: {kind: Agent}
environment: production
\`\`\`

`;

export function configurationPage(): string {
  const entries = (Object.keys(settings) as SettingName[]).map((name) => {
    const { env, form, fallback, help } = settings[name];
    return `| \`${name}\` | \`${env}\` | ${form} | ${written(fallback)} | ${help} |`;
  });
  return `${head}| setting | environment | how it is written | when not given | what it does |\n| --- | --- | --- | --- | --- |\n${entries.join("\n")}\n`;
}

function written(fallback: unknown): string {
  if (fallback === undefined) return "**must be given**";
  if (fallback === null || typeof fallback === "object") return "none";
  return `\`${String(fallback)}\``;
}
