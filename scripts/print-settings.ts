// Prints docs/configuration.md from the sidecar's table of settings: `sh scripts/node.sh scripts/print-settings.ts > docs/configuration.md`.
import { configurationPage } from "../cmd/sidecar/configuration-page.ts";

process.stdout.write(configurationPage());
