// Names and addresses of servers, as fields take them.
import { matching } from "./decode.ts";

export const hostName = matching(
  /^[A-Za-z0-9._:-]{1,253}$/,
  253,
  "is not a host name or address",
  "write it without scheme and port",
);
