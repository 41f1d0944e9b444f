// An image of one layer as an archive that both containerd (OCI layout) and Docker (manifest.json) load. Equal entries give equal bytes.
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Entry, tar } from "./tar.ts";

export interface Image {
  /** `localhost/weir:dev` */
  readonly name: string;
  /** `amd64` or `arm64` */
  readonly architecture: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Writes `path`; the answer is the digest of the manifest, by which the image can be pinned. */
export async function writeArchive(path: string, image: Image, root: readonly Entry[]): Promise<string> {
  const layerPath = `${path}.layer`;
  try {
    const layer = { digest: await writeTar(layerPath, root), size: (await stat(layerPath)).size };
    const config = json({
      architecture: image.architecture,
      os: "linux",
      config: image.config,
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    });
    const manifest = json({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    });
    const annotations = { "io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": tagOf(image) };
    const pointer = descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
    const blob = (digest: string) => `blobs/sha256/${digest.slice("sha256:".length)}`;
    const docker = [{ Config: blob(digestOf(config)), RepoTags: [image.name], Layers: [blob(layer.digest)] }];
    await writeTar(path, [
      { kind: "folder", path: "blobs", mode: 0o755 },
      { kind: "folder", path: "blobs/sha256", mode: 0o755 },
      file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
      file("index.json", json({ schemaVersion: 2, manifests: [{ ...pointer, annotations }] })),
      file("manifest.json", json(docker)),
      file(blob(digestOf(config)), config),
      file(blob(pointer.digest), manifest),
      { kind: "copy", path: blob(layer.digest), mode: 0o644, from: layerPath, size: layer.size },
    ]);
    return pointer.digest;
  } finally {
    await rm(layerPath, { force: true });
  }
}

/** The archive's own digest. */
async function writeTar(path: string, entries: readonly Entry[]): Promise<string> {
  const hash = createHash("sha256");
  const hashing = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(Readable.from(tar(entries)), hashing, createWriteStream(path));
  return `sha256:${hash.digest("hex")}`;
}

function file(path: string, bytes: Uint8Array): Entry {
  return { kind: "file", path, mode: 0o644, bytes };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function descriptor(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function tagOf({ name }: Image): string {
  return name.slice(name.lastIndexOf(":") + 1);
}
