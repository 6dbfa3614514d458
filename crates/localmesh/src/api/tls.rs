//! The certificates of one local API server: an authority of its own that lives as long as the
//! process, and the server's certificate signed by it. No private key is ever written to a file.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::{Error, Result};

/// What the server needs to speak TLS, and its clients to trust it.
pub(super) struct Identity {
    /// The server's side.
    pub(super) config: Arc<ServerConfig>,
    /// The authority's certificate, PEM.
    pub(super) authority: String,
}

// === impl Identity ===

impl Identity {
    /// A new authority and a server certificate for 127.0.0.1 and `localhost`.
    pub(super) fn generate() -> Result<Self> {
        generate().map_err(|e| Error::new("making the local API server's certificates", e))
    }
}

fn generate() -> std::result::Result<Identity, Box<dyn std::error::Error>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "faultless local mesh");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate()?;
    let authority_cert = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, "faultless local API server");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate()?;
    let server_cert = server.signed_by(&server_key, &issuer)?;

    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    // The provider is named, so that this works whatever the process installed as its default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![server_cert.der().clone()], key)?;
    Ok(Identity { config: Arc::new(config), authority: authority_cert.pem() })
}
