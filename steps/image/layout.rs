//! The documents of an image: what it is, what it is made of, and under which name. In OCI's image
//! layout, and the one document that `docker load` needs besides. Pure.

use faultless::cluster::ImageName;
use serde_json::{Value, json};

use super::digest::Blob;

/// What an image is.
pub(super) struct About<'a> {
    pub(super) name: &'a ImageName,
    pub(super) version: &'a str,
    /// As Go calls it.
    pub(super) architecture: &'a str,
    /// In the form of RFC 3339.
    pub(super) created: &'a str,
    pub(super) user: u32,
    pub(super) program: &'a str,
    /// `NAME=VALUE`.
    pub(super) env: Vec<String>,
    /// The layer before it was packed.
    pub(super) plain: &'a Blob,
    /// The layer.
    pub(super) layer: &'a Blob,
}

/// The documents, in the order in which they are written: path and text.
pub(super) struct Documents {
    pub(super) all: Vec<(String, Vec<u8>)>,
    /// The image's digest, by which registries know it.
    pub(super) digest: String,
}

// === impl About ===

impl About<'_> {
    pub(super) fn documents(&self) -> Documents {
        let config = bytes(&self.config());
        let config_blob = Blob::of(&config);
        let manifest = bytes(&self.manifest(&config_blob));
        let manifest_blob = Blob::of(&manifest);
        let all = vec![
            ("oci-layout".to_owned(), bytes(&json!({"imageLayoutVersion": "1.0.0"}))),
            (config_blob.path(), config),
            (manifest_blob.path(), manifest),
            ("index.json".to_owned(), bytes(&self.index(&manifest_blob))),
            ("manifest.json".to_owned(), bytes(&self.docker(&config_blob))),
        ];
        Documents { all, digest: manifest_blob.digest() }
    }

    fn config(&self) -> Value {
        let user = format!("{0}:{0}", self.user);
        json!({
            "created": self.created,
            "architecture": self.architecture,
            "os": "linux",
            "config": {
                "User": user,
                "Env": self.env,
                "Entrypoint": [self.program],
                "WorkingDir": "/",
                "Labels": self.labels(),
            },
            "rootfs": {"type": "layers", "diff_ids": [self.plain.digest()]},
            "history": [{"created": self.created, "created_by": "faultless image"}],
        })
    }

    fn labels(&self) -> Value {
        json!({
            "org.opencontainers.image.title": "faultless",
            "org.opencontainers.image.version": self.version,
            "org.opencontainers.image.licenses": "Apache-2.0",
        })
    }

    fn manifest(&self, config: &Blob) -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", self.layer)],
            "annotations": self.labels(),
        })
    }

    fn index(&self, manifest: &Blob) -> Value {
        let mut manifest = descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
        manifest["platform"] = json!({"architecture": self.architecture, "os": "linux"});
        manifest["annotations"] = json!({
            // What containerd goes by: there a kubelet finds an image under its full name only.
            "io.containerd.image.name": self.name.full().to_string(),
            "org.opencontainers.image.ref.name": self.name.tag().unwrap_or(self.version),
        });
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [manifest],
        })
    }

    fn docker(&self, config: &Blob) -> Value {
        json!([{
            "Config": config.path(),
            "RepoTags": [self.name.to_string()],
            "Layers": [self.layer.path()],
        }])
    }
}

fn descriptor(media_type: &str, blob: &Blob) -> Value {
    json!({"mediaType": media_type, "digest": blob.digest(), "size": blob.size})
}

fn bytes(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_in_full() {
        let name: ImageName = "faultless:7".parse().unwrap();
        let about = About {
            name: &name,
            version: "0.1.0",
            architecture: "arm64",
            created: "1970-01-01T00:00:00Z",
            user: 65_532,
            program: "/usr/local/bin/faultless",
            env: vec!["PATH=/usr/local/bin".to_owned()],
            plain: &Blob { sha256: "a".repeat(64), size: 3 },
            layer: &Blob { sha256: "b".repeat(64), size: 2 },
        };
        let documents = about.documents();
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let all: Value = documents
            .all
            .iter()
            .map(|(path, text)| json!({"path": path, "is": read(text)}))
            .collect();
        insta::assert_json_snapshot!(all);
        for (path, text) in &documents.all {
            if path.starts_with("blobs/") {
                assert_eq!(*path, Blob::of(text).path());
            }
        }
        assert_eq!(documents.digest, Blob::of(&documents.all[2].1).digest());
    }
}
