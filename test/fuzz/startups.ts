// How a hostile client begins: start-up packets with wrong lengths, versions and parameters, storms of requests for encryption,
// TLS that is none, cancels of keys that nobody has.
import { cancelRequest, cstring, gssencRequest, int32, password, sslRequest, startup } from "../support/messages.ts";
import type { Dice } from "./dice.ts";

export const LOGIN = startup({ user: "app", database: "play" });

const VERSIONS = [
  0x30000, 0x30002, 0x30001, 0x3ffff, 0x20000, 0x40000, 0, -1, 80877102, 80877103, 80877104, 80877105, 0x16030100,
];
const OPTIONS = [
  "-c statement_timeout=1000",
  "-c x",
  "-c a.b=c",
  "--work_mem=4MB",
  "\\",
  "-c standard_conforming_strings=off",
  "x".repeat(9000),
];

const starts: readonly ((dice: Dice) => Buffer[])[] = [
  (dice) => [startup({ user: "app", database: "play" }, dice.of(VERSIONS))],
  (dice) => [
    startup({
      user: dice.of(["app", "nobody", "", "x".repeat(5000), "locked"]),
      database: dice.of(["play", "", "none"]),
    }),
  ],
  (dice) => [
    startup({
      user: "app",
      database: "play",
      options: dice.of(OPTIONS),
      client_encoding: dice.of(["UTF8", "LATIN1", "none", "SJIS"]),
    }),
  ],
  (dice) => [startup({ user: "app", database: "play", replication: dice.of(["true", "database", "x"]) })],
  (dice) => [
    startup(
      { user: "app", database: "play", ...Object.fromEntries(dice.times(400, (n) => [`_pq_.n${n}`, "x"])) },
      0x30002,
    ),
  ],
  (dice) => [startup({ user: "app", ...Object.fromEntries(dice.times(300, (n) => [`p${n}`, "x"])) })],
  (dice) => [Buffer.concat([int32(dice.count(LOGIN.length)), LOGIN.subarray(4)])],
  (dice) => [LOGIN.subarray(0, dice.below(LOGIN.length))],
  (dice) => [Buffer.concat([int32(9 + 4 + 3), int32(0x30000), cstring("user"), dice.bytes(6)])],
  (dice) => [...dice.times(60, () => dice.of([sslRequest, gssencRequest])()), LOGIN],
  (dice) => [sslRequest(), dice.bytes(300)],
  () => [Buffer.concat([sslRequest(), LOGIN])],
  (dice) => [Buffer.from([0x16, 3, 1, dice.below(256), dice.below(256), 1]), dice.bytes(600)],
  (dice) => [cancelRequest(dice.below(2 ** 31), dice.bytes(40))],
  (dice) => [cancelRequest(dice.below(70_000), Buffer.alloc(4)), LOGIN],
  (dice) => [LOGIN, password("wrong"), dice.bytes(100)],
  (dice) => [
    startup({ user: "locked", database: "play" }),
    ...dice.times(4, () => password(dice.bytes(60).toString("latin1"))),
  ],
  (dice) => [dice.bytes(400)],
  () => [Buffer.from("GET / HTTP/1.1\r\nHost: weir\r\n\r\n")],
  () => [Buffer.from("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"), LOGIN],
];

export const hostileStart = (dice: Dice): Buffer[] => dice.of(starts)(dice);
