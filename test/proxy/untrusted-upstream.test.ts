// A password that Weir holds is not handed to a server that nobody has verified; the socket is a fake, since the tests' servers are here.
import { EventEmitter } from "node:events";
import type { UpstreamTalk } from "../../pkg/proxy/conversation.ts";
import { authenticateUpstream } from "../../pkg/proxy/upstream-authentication.ts";

const login = { user: "app", password: Buffer.from("secret") };

function talkTo(remoteAddress: string) {
  const written: Buffer[] = [];
  const socket = Object.assign(new EventEmitter(), { remoteAddress });
  const upstream = {
    peer: { write: (bytes: Buffer) => written.push(bytes) },
    connection: { socket, address: { upstream: { name: "shop/orders" } } },
  };
  return { written, talk: { upstream } as unknown as UpstreamTalk };
}

test.each([{ method: "cleartext" }, { method: "md5", salt: Buffer.alloc(4) }] as const)(
  "$method from elsewhere without verified TLS: refused, and nothing is sent (a fake socket)",
  async (request) => {
    const { written, talk } = talkTo("10.0.0.9");
    await expect(authenticateUpstream(talk, request, login)).rejects.toThrow(
      "asks for the password itself, and who it is has not been verified",
    );
    expect(written).toEqual([]);
  },
);
