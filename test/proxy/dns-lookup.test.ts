// The sidecar's own way from a name to addresses, against a fake name server, and a login through it to a real PostgreSQL.

import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { addressesOf, dnsLookup } from "../../pkg/proxy/dns-lookup.ts";
import { candidatesOf, parseResolvConf, type ResolvConf } from "../../pkg/proxy/resolv-conf.ts";
import { connectUpstream } from "../../pkg/proxy/upstream.ts";
import { type FakeDns, startFakeDns, type Zone } from "../support/fake-dns.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let dns: FakeDns;
const started: FakeDns[] = [];
afterEach(() => {
  for (const each of started.splice(0)) each.stop();
});

const pod = `# written by the kubelet
nameserver 10.96.0.10
search shop.svc.cluster.local svc.cluster.local cluster.local
options ndots:5 edns0
`;

async function serve(zone: Zone, conf = pod): Promise<() => ResolvConf> {
  dns = await startFakeDns(zone);
  started.push(dns);
  const now = parseResolvConf(conf.replace("10.96.0.10", dns.nameserver));
  return () => now;
}

test("resolv.conf gives name servers, search list and ndots; what is not known is left alone", () => {
  expect(parseResolvConf(pod)).toEqual({
    nameservers: ["10.96.0.10"],
    search: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"],
    ndots: 5,
  });
  expect(parseResolvConf("nameserver fd00::a\n;nothing\ndomain lan\nsortlist 10.0.0.0\n")).toEqual({
    nameservers: ["fd00::a"],
    search: ["lan"],
    ndots: 1,
  });
});

test("a name with fewer dots than ndots goes through the search list first, one with a dot at its end never", () => {
  const conf = { nameservers: [], search: ["a.test", "b.test."], ndots: 2 };
  expect(candidatesOf("orders", conf)).toEqual(["orders.a.test", "orders.b.test", "orders"]);
  expect(candidatesOf("orders.shop.svc", conf)).toEqual([
    "orders.shop.svc",
    "orders.shop.svc.a.test",
    "orders.shop.svc.b.test",
  ]);
  expect(candidatesOf("orders.", conf)).toEqual(["orders"]);
});

test("the pod's own namespace does not answer for a name that is not of it", async () => {
  const conf = parseResolvConf(pod);
  expect(candidatesOf("orders", conf)[0]).toBe("orders.shop.svc.cluster.local");
  expect(candidatesOf("db.data", conf)).toEqual([
    "db.data.svc.cluster.local",
    "db.data.cluster.local",
    "db.data.shop.svc.cluster.local",
    "db.data",
  ]);
  expect(candidatesOf("db.data.svc", conf)[1]).toBe("db.data.svc.cluster.local");
  expect(candidatesOf("db.example.com", conf)[0]).toBe("db.example.com");
  expect(candidatesOf("db.data.svc.cluster.local", conf)[0]).toBe("db.data.svc.cluster.local");
  const headless = await serve({
    "db.data.shop.svc.cluster.local": ["10.6.6.6"],
    "db.data.svc.cluster.local": ["10.0.0.7"],
    "db.example.com.svc.cluster.local": ["10.6.6.6"],
    "db.example.com": ["10.0.0.9"],
  });
  expect(await addressesOf("db.data", headless)).toEqual([{ address: "10.0.0.7", family: 4 }]);
  expect(await addressesOf("db.example.com", headless)).toEqual([{ address: "10.0.0.9", family: 4 }]);
});

test("a Service's short name is found as a pod finds it, with A and AAAA", async () => {
  const conf = await serve({ "orders.shop.svc.cluster.local": ["10.0.0.7", "fd00::7", "10.0.0.8"] });
  expect(await addressesOf("orders", conf)).toEqual([
    { address: "10.0.0.7", family: 4 },
    { address: "10.0.0.8", family: 4 },
    { address: "fd00::7", family: 6 },
  ]);
  expect(await addressesOf("10.1.2.3", conf)).toEqual([{ address: "10.1.2.3", family: 4 }]);
  expect(dns.asked.toSorted()).toEqual(["orders.shop.svc.cluster.local A", "orders.shop.svc.cluster.local AAAA"]);
});

test("/etc/hosts says nothing here, and localhost never leaves", async () => {
  const conf = await serve({});
  const names = readFileSync("/etc/hosts", "utf8")
    .split("\n")
    .flatMap((line) => line.replace(/#.*/, "").trim().split(/\s+/).slice(1));
  const known = names.find((name) => !/localhost/.test(name)) ?? hostname();
  await expect(addressesOf(known, conf)).rejects.toThrow(`knows no address of ${known}`);
  const asked = dns.asked.length;
  expect((await addressesOf("localhost", conf)).map(({ address }) => address)).toEqual(["127.0.0.1", "::1"]);
  expect(dns.asked.length).toBe(asked);
});

test("a name that does not exist is told with every name that was tried", async () => {
  const conf = await serve({});
  await expect(addressesOf("odrers", conf)).rejects.toThrow(
    `name server ${dns.nameserver} knows no address of odrers; tried odrers.shop.svc.cluster.local, odrers.svc.cluster.local, odrers.cluster.local, odrers`,
  );
});

test("a server that fails on one name is asked for the next, as glibc does; one that is silent ends the search", async () => {
  const conf = await serve({ "db.corp.svc.cluster.local": "SERVFAIL", "db.corp": ["10.0.0.9"] });
  expect(await addressesOf("db.corp", conf)).toEqual([{ address: "10.0.0.9", family: 4 }]);
  dns.zone["db.corp.svc.cluster.local"] = "silent";
  await expect(addressesOf("db.corp", conf)).rejects.toThrow(
    `could not tell the address of db.corp (db.corp.svc.cluster.local: not answered)`,
  );
});

test("an answer that leads back to a sidecar is left out, and alone it is an error", async () => {
  const conf = await serve({ "orders.shop.svc.cluster.local": ["127.83.0.1", "10.0.0.7", "::ffff:7f53:2"] });
  expect(await addressesOf("orders", conf)).toEqual([{ address: "10.0.0.7", family: 4 }]);
  dns.zone["orders.shop.svc.cluster.local"] = ["127.83.4.250"];
  const told = "orders is at 127.83.4.250, where sidecars listen; correct its record in the name server";
  await expect(addressesOf("orders", conf)).rejects.toThrow(told);
  await expect(addressesOf("127.83.0.1", conf)).rejects.toThrow("where sidecars listen");
});

test("without a name server the error says so", async () => {
  const nothing = () => parseResolvConf("");
  await expect(addressesOf("orders", nothing)).rejects.toThrow("there is no name server in resolv.conf");
});

describe("to a real PostgreSQL", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer([]);
  });
  afterAll(() => server.stop());

  const upstreamAt = (host: string, conf: () => ResolvConf) => ({
    name: "shop/orders",
    host,
    port: server.port,
    tls: { mode: "disable" as const },
    lookup: dnsLookup(conf),
  });

  test("the second address is tried when nobody listens at the first, and a changed record counts at the next login", async () => {
    // 127.0.0.77 is loopback, where the server does not listen
    const conf = await serve({ "orders.shop.svc.cluster.local": ["127.0.0.77", "127.0.0.1"] });
    const upstream = upstreamAt("orders", conf);
    const first = await connectUpstream(upstream, "plain");
    expect(first.address.ip).toBe("127.0.0.1");
    first.socket.destroy();

    dns.zone["orders.shop.svc.cluster.local"] = ["127.0.0.77"];
    await expect(connectUpstream(upstream, "plain")).rejects.toMatchObject({ sqlstate: "08006" });
    dns.zone["orders.shop.svc.cluster.local"] = ["127.0.0.1"];
    (await connectUpstream(upstream, "plain")).socket.destroy();
  });

  test("a name that does not exist ends the login with its reason", async () => {
    const conf = await serve({});
    await expect(connectUpstream(upstreamAt("odrers", conf), "plain")).rejects.toMatchObject({
      sqlstate: "08006",
      message: expect.stringMatching(
        /^database "shop\/orders" at odrers:\d+ cannot be reached: name server .* knows no/,
      ),
      hint: expect.any(String),
    });
  });
});
