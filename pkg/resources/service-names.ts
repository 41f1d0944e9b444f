// The names by which pods call a database's host.
import { isIP } from "node:net";

/**
 * The names by which a pod of `namespace` may call `host`: of a Service `db`, `db.ns`, `db.ns.svc` and `db.ns.svc.<domain>`, the
 * first only from its own namespace; of anything else the name itself. Two labels may be either, so they get a Service's names,
 * which hurt nobody. Empty for an address, for localhost, which every program of the pod uses, and for what Kubernetes would not take as a
 * host alias.
 */
export function spellings(host: string, namespace: string, clusterDomain: string): readonly string[] {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (
    isIP(name) !== 0 ||
    /^(.+\.)?localhost$/.test(name) ||
    name.length > 253 ||
    !name.split(".").every((part) => label.test(part))
  )
    return [];
  const service = serviceOf(name, namespace, clusterDomain);
  if (service === null) return [name];
  const own = service.endsWith(`.${namespace}`) ? [service.slice(0, -namespace.length - 1)] : [];
  const all = [...own, service, `${service}.svc`, `${service}.svc.${clusterDomain}`];
  return all.filter((each) => each.length <= 253);
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** `db.ns` of a Service's name in any spelling; null for a name that is none. */
function serviceOf(name: string, namespace: string, clusterDomain: string): string | null {
  for (const suffix of [`.svc.${clusterDomain}`, ".svc"])
    if (name.endsWith(suffix) && name.slice(0, -suffix.length).includes(".")) return name.slice(0, -suffix.length);
  const labels = name.split(".").length;
  if (labels === 1) return `${name}.${namespace}`;
  return labels === 2 ? name : null;
}

/** Another one for each server and port, however the host is spelled. */
export function endpointOf(host: string, port: number, namespace: string, clusterDomain: string): string {
  return `${spellings(host, namespace, clusterDomain).at(-1) ?? host.toLowerCase()} ${port}`;
}
