// PEM files of the configuration, held against what they are for.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** The text of a file of CA certificates. Throws when it holds none, or one that is not readable. */
export function readCertificates(file: string): string {
  const text = readFileSync(file, "utf8");
  checkCertificates(text, file);
  return text;
}

/** Throws as `readCertificates` does; `where` the text comes from. */
export function checkCertificates(text: string, where: string): void {
  const found = text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g);
  if (found === null) throw new Error(`${where} holds no certificate in PEM`);
  for (const one of found) new X509Certificate(one);
}

/** A certificate (its chain may follow) and its key. Throws when they are no pair. */
export function readPair(certificateFile: string, keyFile: string): { certificate: string; key: string } {
  const pair = { certificate: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  if (!new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key)))
    throw new Error(`the key in ${keyFile} does not belong to the certificate in ${certificateFile}`);
  return pair;
}
