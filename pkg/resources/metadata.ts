// `metadata` of every kind: what Kubernetes writes there is let through, anything else is a slip.
import { type Decoder, decoder, matching, optional, record, required } from "./decode.ts";

export interface Metadata {
  readonly name: string;
  readonly namespace: string | null;
}

/** RFC 1123 label, as Kubernetes demands of names. */
const label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";

/** A name that Kubernetes would take; `dotted` for names of resources, which may be several labels. */
export const dottedName: Decoder<string> = matching(
  new RegExp(`^${label}([.]${label})*$`),
  253,
  "is not a Kubernetes name",
  "use lower-case letters, digits and -, such as customer-privacy",
);

export const labelName: Decoder<string> = matching(
  new RegExp(`^${label}$`),
  63,
  "is not a Kubernetes name",
  "use at most 63 lower-case letters, digits and -",
);

const anything: Decoder<true> = decoder({}, () => true);
const ignored = optional(anything, null, "");

export const metadata: Decoder<Metadata> = record({
  name: required(dottedName, ""),
  namespace: optional(labelName, null, ""),
  labels: ignored,
  annotations: ignored,
  uid: ignored,
  resourceVersion: ignored,
  generation: ignored,
  creationTimestamp: ignored,
  deletionTimestamp: ignored,
  deletionGracePeriodSeconds: ignored,
  finalizers: ignored,
  ownerReferences: ignored,
  managedFields: ignored,
  selfLink: ignored,
  generateName: ignored,
});

/** `status` is the controller's; it is never read from a file. */
export const statusField = ignored;
export const anyText = optional(anything, null, "");
