// What the command line takes from its environment: where its own files are, and whether this terminal has a browser.
import { isAbsolute, join } from "node:path";
import type { Opener } from "./login/open-browser.ts";

export interface UserConfig {
  /** Contexts; WEIR_CONFIG, else config.json in `folder`. */
  readonly file: string;
  /** WEIR_CONFIG was set: then the file must be there. */
  readonly isNamed: boolean;
  /** Of what is remembered, mode 0700. */
  readonly folder: string;
  readonly opener: Opener;
  /** For a command that is run beside: everything but what leads libpq elsewhere. */
  readonly childEnvironment: NodeJS.ProcessEnv;
}

export function userConfig(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): UserConfig {
  const home = env.HOME ?? env.USERPROFILE ?? "/nonexistent";
  const base = env.XDG_CONFIG_HOME !== undefined && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : null;
  const folder = join(base ?? join(home, ".config"), "weir");
  const named = env.WEIR_CONFIG !== undefined && env.WEIR_CONFIG !== "" ? env.WEIR_CONFIG : null;
  const childEnvironment = Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^PG(SERVICE|SERVICEFILE|HOSTADDR|OPTIONS|PASSFILE|SSL.*|CHANNELBINDING|REQUIRE.*)$/.test(name),
    ),
  );
  return {
    file: named ?? join(folder, "config.json"),
    isNamed: named !== null,
    folder,
    opener: openerOf(env, platform),
    childEnvironment,
  };
}

/** None over ssh, where the browser would be on the other machine, and none without a display. */
function openerOf(env: NodeJS.ProcessEnv, platform: string): Opener {
  if (env.WEIR_BROWSER === "none" || env.SSH_CONNECTION !== undefined) return null;
  if (platform === "darwin") return ["open"];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ["xdg-open"] : null;
}
