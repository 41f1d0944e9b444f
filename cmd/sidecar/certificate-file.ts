// The certificate shown to clients, and the CA of theirs, taken up anew when their files change.
import { type ServingCertificate, servingCertificate } from "../../pkg/proxy/serving-certificate.ts";
import { readCertificates, readPair } from "./pem.ts";
import { type Watching, watchedFiles } from "./watched-files.ts";

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Whose client certificates count; null: clients are not asked for one. */
  readonly clientCa: string | null;
}

/** Throws when the files are not good to begin with; later a bad renewal leaves the last good one in place. */
export function certificateFrom(files: CertificateFiles, watching: Watching): () => ServingCertificate {
  const { certificate, key, clientCa } = files;
  const read = () => {
    const pair = readPair(certificate, key);
    return servingCertificate(pair.certificate, pair.key, clientCa === null ? null : readCertificates(clientCa));
  };
  return watchedFiles([certificate, key, ...(clientCa === null ? [] : [clientCa])], read, watching);
}
