// A proxy for the tests of login: our login, and after it bytes are passed without a look.
import { CancelRegistry } from "../../pkg/proxy/cancel-registry.ts";
import { type ListenAddress, Listener } from "../../pkg/proxy/listener.ts";
import type { LoggedIn, LoginEnded } from "../../pkg/proxy/logged-in.ts";
import { login } from "../../pkg/proxy/login.ts";
import type { Led, LoginOptions } from "../../pkg/proxy/login-options.ts";
import { Slots } from "../../pkg/proxy/slots.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";

export interface Relay {
  readonly port: number;
  readonly listener: Listener;
  readonly options: LoginOptions;
  /** Every login's outcome so far, in order. */
  readonly outcomes: (LoggedIn | LoginEnded)[];
  close(): Promise<void>;
}

export type RelayOptions = Partial<LoginOptions> & Pick<Led, "upstream"> & Partial<Pick<Led, "credentials">>;

export async function startRelay(
  { upstream, credentials = { mode: "PassThrough" }, ...some }: RelayOptions,
  loginsMax = 50,
  address: ListenAddress = { host: "127.0.0.1", port: 0 },
): Promise<Relay> {
  const options: LoginOptions = {
    route: (startup) => ({ startup, upstream, credentials }),
    certificate: () => null,
    admit: () => ({ admit: true }),
    cancels: new CancelRegistry(systemRandom),
    sessions: new Slots(50),
    random: systemRandom,
    local: "path" in address,
    ...some,
  };
  const outcomes: (LoggedIn | LoginEnded)[] = [];
  const listener = new Listener({
    ...address,
    loginsMax,
    serve: async (socket, loggedIn) => {
      const outcome = await login(socket, options);
      loggedIn();
      outcomes.push(outcome);
      if (outcome.outcome === "loggedIn") await pass(outcome);
    },
  });
  const port = await listener.listen();
  const close = async () => {
    listener.stopAccepting();
    for (const outcome of outcomes) if (outcome.outcome === "loggedIn") outcome.client.destroy();
    await listener.drained();
  };
  return { port, listener, options, outcomes, close };
}

async function pass({ client, upstream, clientLeft, upstreamLeft }: LoggedIn): Promise<void> {
  upstream.write(clientLeft);
  client.write(upstreamLeft);
  client.pipe(upstream);
  upstream.pipe(client);
  client.once("close", () => upstream.destroy());
  upstream.once("close", () => client.end());
  // `once` would reject at an error of the socket, such as a write behind the client's end.
  if (!client.destroyed) await new Promise((resolve) => client.once("close", resolve));
}
