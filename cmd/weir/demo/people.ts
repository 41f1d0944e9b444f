// Whom the demo's identity provider knows.

import type { IssuerOptions } from "./issuer.ts";
import { EXCHANGE } from "./issuer-exchange.ts";

/** Whom tokens are for: this shop's database. */
export const AUDIENCE = "weir://shop";

/** `secret`: robo's, made for this run. */
export function issuerOptions(secret: string): IssuerOptions {
  return {
    people: {
      ana: { email: "ana@shop.example", groups: ["analysts"] },
      dana: { email: "dana@shop.example", groups: ["developers", "oncall"] },
    },
    clients: [
      {
        client_id: "robo",
        client_secret: secret,
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials", EXCHANGE],
      },
    ],
    audience: AUDIENCE,
    tokenSeconds: 900,
  };
}
