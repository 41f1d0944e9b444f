// settings.json as it is now. A version with problems is told and counted, and the one before stays in force.
import { readFileSync } from "node:fs";
import { type InstallSettings, parseSettings } from "../../pkg/admission/settings.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";

export interface LiveSettings {
  current(): InstallSettings;
  /** Of the file as it is now. */
  problems(): number;
  /** Looks at the file every few seconds; the kubelet changes it about a minute after its ConfigMap. */
  watch(): void;
  reload(): void;
  stop(): void;
}

const EVERY_MS = 5000;

export type Opened =
  | { readonly ok: true; readonly live: LiveSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

export function openSettings(path: string, logger: Logger): Opened {
  const first = read(path);
  if (!first.ok) return first;
  let { text, settings } = first;
  let problems = 0;
  let timer: NodeJS.Timeout | undefined;
  const reload = () => {
    const next = read(path);
    if (next.ok) {
      problems = 0;
      if (next.text === text) return;
      ({ text, settings } = next);
      logger.log("info", "injection_settings_changed");
    } else {
      if (problems !== next.problems.length)
        logger.log("error", "injection_settings_bad", { problems: next.problems.join(" | ") });
      problems = next.problems.length;
    }
  };
  const live: LiveSettings = {
    current: () => settings,
    problems: () => problems,
    reload,
    watch() {
      timer ??= setInterval(reload, EVERY_MS).unref();
    },
    stop: () => clearInterval(timer),
  };
  return { ok: true, live };
}

type Read =
  | { readonly ok: true; readonly text: string; readonly settings: InstallSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

function read(path: string): Read {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    return { ok: false, problems: [`${path}: cannot be read (${code}); mount the ConfigMap weir-injection there`] };
  }
  const parsed = parseSettings(text);
  if (parsed.ok) return { ok: true, text, settings: parsed.settings };
  return { ok: false, problems: parsed.problems.map((problem) => `${path}: ${problem}`) };
}
