//! The kubeconfig of the local mesh: where the server is, whom to trust, and the token.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use k8s_openapi::ByteString;
use serde_json::json;

use crate::error::{Error, Result};

/// A kubeconfig with one context, as YAML.
pub(super) fn text(context: &str, server: SocketAddr, authority: &str, token: &str) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": context,
            "cluster": {
                "server": format!("https://{server}"),
                // `ByteString` is Kubernetes' base64 in JSON.
                "certificate-authority-data": ByteString(authority.as_bytes().to_vec()),
            },
        }],
        "users": [{ "name": context, "user": { "token": token } }],
        "contexts": [{
            "name": context,
            "context": { "cluster": context, "user": context, "namespace": "default" },
        }],
        "current-context": context,
    });
    serde_yaml::to_string(&config).expect("a JSON value of maps with string keys is YAML")
}

/// Writes a kubeconfig that only its owner can read, whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    write_private(path, text.as_bytes()).map_err(|e| {
        Error::new(format!("writing the kubeconfig {}", path.display()), e)
            .hint("name a file in a folder that exists and that you may write to")
    })
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A temporary file is made with mode 0600, and renaming it keeps that.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_kube_crate_reads_it_and_others_cannot() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        let text = text("mesh", "127.0.0.1:6443".parse().unwrap(), "PEM", "secret");
        write(&path, &text).unwrap();
        write(&path, &text).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let config = kube::config::Kubeconfig::read_from(&path).unwrap();
        assert_eq!(config.current_context.as_deref(), Some("mesh"));
        let cluster = config.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://127.0.0.1:6443"));
        assert_eq!(cluster.certificate_authority_data.as_deref(), Some("UEVN"));
        assert!(write(&dir.path().join("no/such/folder"), &text).is_err());
    }
}
