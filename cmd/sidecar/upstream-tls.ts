// `tls` of a GovernedDatabase as the proxy takes it; its files are read anew when they change.
import { getCACertificates } from "node:tls";
import type { GovernedDatabase } from "../../pkg/policy/rules.ts";
import type { TlsIdentity, UpstreamTls } from "../../pkg/proxy/upstream-tls.ts";
import { checkCertificates, readCertificates, readPair } from "./pem.ts";
import { type Watching, watchedFiles } from "./watched-files.ts";

const modes = {
  Allow: "allow",
  Prefer: "prefer",
  Require: "require",
  VerifyCA: "verify-ca",
  VerifyFull: "verify-full",
} as const;

type Tls = GovernedDatabase["tls"];

/** Throws what is wrong with one of the files. */
export function upstreamTls(tls: Tls, watching: Watching): UpstreamTls {
  if (tls.mode === "Disable") return { mode: "disable" };
  const mode = modes[tls.mode];
  const name = tls.serverName === null ? {} : { serverName: tls.serverName };
  const own = ownPair(tls, watching);
  if (mode !== "verify-ca" && mode !== "verify-full") {
    return {
      mode,
      ...name,
      get clientCertificate() {
        return own();
      },
    };
  }
  const ca = authorities(tls, watching);
  return {
    mode,
    ...name,
    get ca() {
      return ca();
    },
    get clientCertificate() {
      return own();
    },
  };
}

/** Without a file: those that the system and NODE_EXTRA_CA_CERTS trust. */
function authorities({ ca, caFile }: Tls, watching: Watching): () => string {
  if (ca !== null) {
    checkCertificates(ca, "ca");
    return () => ca;
  }
  if (caFile !== null) return watchedFiles([caFile], () => readCertificates(caFile), watching);
  const known = getCACertificates("default").join("\n");
  return () => known;
}

function ownPair({ certificateFile, keyFile }: Tls, watching: Watching): () => TlsIdentity["clientCertificate"] {
  if (certificateFile === null || keyFile === null) return () => undefined;
  return watchedFiles([certificateFile, keyFile], () => readPair(certificateFile, keyFile), watching);
}
