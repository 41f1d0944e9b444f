// Random changes of pods, of every field: what is there is taken out, doubled, moved, exchanged, misspelled, and more is put in.
import type { Json } from "./governed-pod.ts";
import { mutations } from "./mutations.ts";
import { containersOf, fields, pick, type Random, snippets, texts } from "./random-pieces.ts";

interface Place {
  readonly parent: Json;
  readonly key: string | number;
  readonly list: string;
}

function placesOf(value: Json, list = ""): Place[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    { parent: value, key: Array.isArray(value) ? Number(key) : key, list },
    ...placesOf(inner, Array.isArray(value) ? list : key),
  ]);
}

/** Once at a place of the pod as it is. */
function structural(pod: Json, random: Random): void {
  const places = [...placesOf(pod.spec), ...placesOf({ labels: pod.metadata.labels ?? {} })];
  const { parent, key } = pick(random, places);
  const value = parent[key];
  if (Array.isArray(parent) && random() < 0.5) return inList(parent, Number(key), random, places);
  if (random() < 0.3) return void (Array.isArray(parent) ? parent.splice(Number(key), 1) : delete parent[key]);
  if (typeof value === "boolean") parent[key] = !value;
  else if (typeof value === "number") parent[key] = pick(random, [value + 1, value - 1, 0, 5432, 1]);
  else if (typeof value === "string") parent[key] = misspelled(value, random, places);
  else if (Array.isArray(value) && random() < 0.5) value.reverse();
}

function inList(list: Json[], at: number, random: Random, places: readonly Place[]): void {
  const twin = structuredClone(list[at]);
  const other = Math.floor(random() * list.length);
  const elsewhere = places.filter(
    ({ parent }) => Array.isArray(parent) && parent !== list && typeof parent[0] === typeof twin,
  );
  const way = Math.floor(random() * 4);
  if (way === 0) list.splice(other, 0, twin);
  else if (way === 1) [list[at], list[other]] = [list[other], list[at]];
  else if (way === 2 && elsewhere.length > 0) pick(random, elsewhere).parent.push(twin);
  else list.splice(at, 1);
}

function misspelled(text: string, random: Random, places: readonly Place[]): string {
  const others = places.map(({ parent, key }) => parent[key]).filter((value) => typeof value === "string");
  const at = Math.floor(random() * (text.length + 1));
  const another = pick(random, [...texts, ...others]);
  const separators = [",", "},", "=", ":", "/", ".", "-", '"', "\n", " ", "0"];
  return pick(random, [
    () => another,
    () => text.slice(0, at) + text.slice(at + 1),
    () => text.slice(0, at) + pick(random, separators) + text.slice(at),
    () => text + pick(random, separators) + another,
    () => text.split(",").concat(text.split(",")[0]!).join(","),
    () => text.split(",").reverse().join(","),
    () => text.split(",").slice(1).join(","),
    () => text.toUpperCase(),
    () => text.replace("5432", "5433"),
    () => text.replace("127.83.0.1", "127.83.0.2"),
  ])();
}

/** Something of the right kind into a list, that need not be there yet. */
function inserted(pod: Json, random: Random): void {
  const list = pick(random, Object.keys(snippets));
  const owner: Json = ["env", "envFrom", "volumeMounts", "ports"].includes(list)
    ? pick(random, containersOf(pod))
    : pod.spec;
  if (list === "hostnames") {
    const alias: Json = pick<Json>(random, pod.spec.hostAliases ?? [{}]);
    alias.hostnames?.push(snippets.hostnames!(random));
    return;
  }
  if (list === "add" || list === "ephemeralContainers") return;
  owner[list] ??= [];
  owner[list].splice(Math.floor(random() * (owner[list].length + 1)), 0, snippets[list]!(random));
}

/** One to three changes; a pod that one of them does not fit keeps the others. */
export function changed(pod: Json, random: Random): Json {
  const result = structuredClone(pod);
  for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
    const change = pick(random, [
      structural,
      structural,
      inserted,
      (p: Json, r: Random) => pick(r, fields)(p, r),
      (p: Json, r: Random) => pick(r, mutations).change(p),
    ]);
    try {
      change(result, random);
    } catch {}
  }
  return result;
}

/** For the subresource of a pod that is there. */
export function withEphemeral(pod: Json, random: Random): Json {
  const result = structuredClone(pod);
  result.spec.ephemeralContainers = Array.from({ length: 1 + Math.floor(random() * 2) }, () =>
    snippets.ephemeralContainers!(random),
  );
  return result;
}
