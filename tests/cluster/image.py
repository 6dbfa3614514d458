#!/usr/bin/env python3
"""Images from a folder, without Docker: one archive that `ctr images import`, `kind load
image-archive`, `docker load` and `skopeo copy oci-archive:` read. All images in it share the one
layer, which is the folder, and differ in what they start.

  image.py --root FOLDER --out FILE --user UID --image NAME:TAG PROGRAM [WORD…] [--image …]

Files keep their numeric owners and modes.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The fastest: an archive is read once, from the disk beside it.
COMPRESSION = 1
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
# Nothing depends on when it was made, so that the same folder makes the same image.
CREATED = "1970-01-01T00:00:00Z"


class Hashing:
    """A file to write to that counts and hashes what goes through it."""

    def __init__(self, under):
        self.under, self.hash, self.size = under, hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        return self.under.write(data)

    def flush(self):
        self.under.flush()

    def digest(self):
        return "sha256:" + self.hash.hexdigest()


def plain(entry):
    """An entry without what differs from one machine or hour to the next."""
    entry.mtime, entry.uname, entry.gname = 0, "", ""
    return entry


def write_layer(root, to):
    """Writes the folder as a layer; its digest unpacked, and as it lies there, and its size."""
    packed = Hashing(to)
    with gzip.GzipFile("", "wb", COMPRESSION, packed, mtime=0) as zipped:
        unpacked = Hashing(zipped)
        with tarfile.open(fileobj=unpacked, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for name in sorted(os.listdir(root)):
                tar.add(os.path.join(root, name), arcname=name, filter=plain)
    to.flush()
    return unpacked.digest(), packed.digest(), packed.size


def dump(value):
    return json.dumps(value, separators=(",", ":")).encode()


def described(media, blob):
    return {"mediaType": media, "digest": "sha256:" + hashlib.sha256(blob).hexdigest(),
            "size": len(blob)}


def path(digest):
    return "blobs/sha256/" + digest.removeprefix("sha256:")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--image", required=True, nargs="+", action="append")
    told = parser.parse_args()
    of = {"architecture": ARCHITECTURES[platform.machine()], "os": "linux"}

    folder = os.path.dirname(os.path.abspath(told.out))
    os.makedirs(folder, exist_ok=True)
    part = told.out + ".part"
    with tempfile.TemporaryFile(dir=folder) as layer, tarfile.open(part, "w") as tar:
        unpacked, packed, size = write_layer(told.root, layer)

        def put(name, data, length):
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o644, length
            tar.addfile(entry, data)

        def put_bytes(name, data):
            put(name, io.BytesIO(data), len(data))

        put_bytes("oci-layout", dump({"imageLayoutVersion": "1.0.0"}))
        layer.seek(0)
        put(path(packed), layer, size)
        manifests, docker, written = [], [], set()
        for name, *entrypoint in told.image:
            base, colon, tag = name.rpartition(":")
            if not colon or "/" in tag or "." not in base.split("/")[0]:
                parser.error(f"{name}: the whole name is needed, as registry.example/name:tag")
            config = dump(of | {
                "created": CREATED,
                "config": {"Env": [PATH], "Entrypoint": entrypoint, "User": told.user},
                "rootfs": {"type": "layers", "diff_ids": [unpacked]},
            })
            manifest = dump({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": described(CONFIG, config),
                "layers": [{"mediaType": LAYER, "digest": packed, "size": size}],
            })
            for blob in config, manifest:
                at = path(described("", blob)["digest"])
                if at not in written:
                    put_bytes(at, blob)
                    written.add(at)
            manifests.append(described(MANIFEST, manifest) | {
                "platform": of,
                "annotations": {"io.containerd.image.name": name,
                                "org.opencontainers.image.ref.name": tag},
            })
            docker.append({"Config": path(described("", config)["digest"]), "RepoTags": [name],
                           "Layers": [path(packed)]})
        put_bytes("manifest.json", dump(docker))
        put_bytes("index.json", dump({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": manifests,
        }))
    os.replace(part, told.out)
    print(f"{told.out}: {os.path.getsize(told.out) / 1e6:.1f} MB, "
          + ", ".join(name for name, *_ in told.image))


if __name__ == "__main__":
    main()
