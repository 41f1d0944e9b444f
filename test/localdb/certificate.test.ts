import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:tls";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";

test("it is its own CA, for the names that were asked for", () => {
  const { certificate } = selfSignedCertificate(["db.shop.svc", "localhost", "127.0.0.1"], 30);
  const parsed = new X509Certificate(certificate);
  expect([parsed.ca, parsed.verify(parsed.publicKey), parsed.subject, parsed.subjectAltName]).toEqual([
    true,
    true,
    "CN=db.shop.svc",
    "DNS:db.shop.svc, DNS:localhost, IP Address:127.0.0.1",
  ]);
  expect(Date.parse(parsed.validTo) - Date.parse(parsed.validFrom)).toBe(30 * 86_400_000);
});

test("a TLS client that trusts it and checks the name connects", async () => {
  const { certificate, key } = selfSignedCertificate(["localhost"]);
  const server = createServer({ cert: certificate, key }, (socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect({ host: "127.0.0.1", port, servername: "localhost", ca: certificate });
  const [chunk] = await once(client, "data");
  expect([client.authorized, String(chunk)]).toEqual([true, "hello"]);
  client.destroy();
  server.close();
});
