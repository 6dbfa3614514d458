//! Certificates, as kubeconfigs hold them.

use std::io::Read as _;

use k8s_openapi::ByteString;
use kube::config::Cluster;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// A bundle of all the world's authorities has some 200 KiB.
const FILE_MAX: u64 = 4 << 20;

/// The authorities that sign a cluster's certificate, as DER; none: the system's.
pub(super) fn authorities(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, String> {
    let data = cluster.certificate_authority_data.as_deref().filter(|data| !data.is_empty());
    let file = cluster.certificate_authority.as_deref().filter(|path| !path.is_empty());
    let (pem, what) = match (data, file) {
        (Some(data), _) => {
            let what = "its `certificate-authority-data`".to_owned();
            let pem = decoded(data).ok_or_else(|| format!("{what} is not base64"))?;
            (pem, what)
        }
        (None, Some(path)) => {
            let what = format!("its `certificate-authority` {path}");
            (read(path).map_err(|cause| format!("{what}: {cause}"))?, what)
        }
        (None, None) => return Ok(None),
    };
    // Other sections and text between them are passed over, as by Go.
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if found.is_empty() => Err(format!("{what} has no certificate in it")),
        Ok(found) => Ok(Some(found.into_iter().map(|one| one.to_vec()).collect())),
        Err(_) => Err(format!("{what} is not PEM")),
    }
}

/// The content of a file with certificates or a key.
pub(super) fn read(path: &str) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut content)?;
    match content.len() as u64 > FILE_MAX {
        true => Err(std::io::Error::other("it is too long for certificates")),
        false => Ok(content),
    }
}

/// As kubeconfigs hold files.
pub(super) fn base64(content: &[u8]) -> String {
    let value = serde_json::to_value(ByteString(content.to_vec()));
    value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn decoded(data: &str) -> Option<Vec<u8>> {
    let text: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    serde_json::from_value::<ByteString>(text.into()).ok().map(|bytes| bytes.0)
}
