//! What one context leads to: a cluster's entry, a user's entry, and the client that they make.

use std::fmt;
use std::path::Path;

use kube::client::{Client, ClientBuilder, RustlsTlsError};
use kube::config::{AuthInfo, Cluster};
use secrecy::{ExposeSecret, SecretString};

use super::certificates;
use super::credential::Credential;
use super::exec::Plugin;
use super::proxy::{Proxies, Way};
use super::server;
use super::signed::Signing;
use crate::cluster::chain::chain;
use crate::cluster::way_hint::way_hint;
use crate::error::{Error, Result};

/// An entry of a kubeconfig, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Named<T> {
    /// Such as "user `ops` of ./staging.yaml".
    pub place: String,
    pub value: T,
}

/// A context's cluster and user.
#[derive(Debug)]
pub(in crate::cluster) struct Entry {
    pub(super) doing: String,
    pub(super) cluster: Named<Cluster>,
    pub(super) user: Named<AuthInfo>,
    pub(super) namespace: Option<String>,
}

// === impl Named ===

impl<T> Named<T> {
    pub(super) fn new(kind: &str, name: &str, file: &Path, value: T) -> Self {
        Self { place: format!("{kind} `{name}` of {}", file.display()), value }
    }
}

// === impl Entry ===

impl Entry {
    /// What to ask the API server with, and its address. `proxies` are those of the environment;
    /// none: it is not asked.
    pub(in crate::cluster) async fn client(
        self,
        proxies: Option<&Proxies>,
        limits: impl FnOnce(&mut kube::Config),
    ) -> Result<(Client, String)> {
        let of_cluster = |cause: &dyn fmt::Display| {
            Error::feature(&self.doing, format!("{}: {cause}", self.cluster.place))
        };
        let cluster = &self.cluster.value;
        let user = &self.user.value;
        let address = server::address(cluster, user).map_err(|cause| of_cluster(&cause))?;
        let mut config = kube::Config::new(address.clone());
        config.root_cert =
            certificates::authorities(cluster).map_err(|cause| of_cluster(&cause))?;
        config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
        config.disable_compression = cluster.disable_compression.unwrap_or_default();
        config.tls_server_name = cluster.tls_server_name.clone().filter(|name| !name.is_empty());
        if let Some(namespace) = &self.namespace {
            config.default_namespace.clone_from(namespace);
        }
        limits(&mut config);
        let way = Way::to(&address, cluster, proxies).map_err(|cause| match cause {
            // The environment is not the file's fault, and the cause names the variable.
            proxy if proxy.of_environment => Error::feature(&self.doing, proxy),
            proxy => of_cluster(&proxy),
        })?;
        config.proxy_url = way.as_ref().map(|way| way.proxy.clone());
        let credential = self.sign_in(&mut config).await?;
        let builder = ClientBuilder::try_from(config).map_err(|cause| self.refused(cause))?;
        let signing = Signing::new(credential, way.map(|way| way.shown));
        Ok((builder.with_layer(&signing).build(), address.to_string()))
    }

    /// Takes over of the user's entry what kube reads otherwise than kubectl: files with tokens and
    /// plugins. Everything else is left to it.
    async fn sign_in(&self, config: &mut kube::Config) -> Result<Option<Credential>> {
        let of_user =
            |cause: String| Error::feature(&self.doing, format!("{}: {cause}", self.user.place));
        let mut info = given(self.user.value.clone());
        self.load_identity(&mut info)?;
        let provider = info.auth_provider.as_ref().map(|provider| provider.name.as_str());
        if let Some(name) = provider
            && name != "oidc"
        {
            let plugin = match name {
                "gcp" => "gke-gcloud-auth-plugin",
                "azure" => "kubelogin",
                _ => "a plugin (`exec`)",
            };
            return Err(of_user(format!("kubectl has no `auth-provider` {name} any more"))
                .hint(format!("sign in with {plugin} instead")));
        }
        if let Some(token) = &info.token
            && token.expose_secret().bytes().any(|byte| !(b' '..=b'~').contains(&byte))
        {
            return Err(of_user(
                "its `token` has a line break or another character in it that no \
                                header may have"
                    .into(),
            ));
        }
        let signs =
            info.auth_provider.is_some() || (info.username.is_some() && info.password.is_some());
        let file = info.token_file.take();
        let exec = info.exec.take();
        let credential = if signs {
            None
        } else if let Some(path) = file {
            // What the file says counts more than a token beside it, which is from before.
            info.token = None;
            let credential = Credential::file(self.user.place.clone(), path.into());
            credential.header().await?;
            Some(credential)
        } else if let (Some(exec), None) = (exec, &info.token) {
            let plugin = Plugin::new(&self.user.place, exec, &self.cluster.value)?;
            let said = plugin.run().await?;
            if let Some((certificate, key)) = &said.identity {
                info.client_certificate_data = Some(certificates::base64(certificate.as_bytes()));
                let key = certificates::base64(key.expose_secret().as_bytes());
                info.client_key_data = Some(key.into());
            }
            Credential::plugin(plugin, said)
        } else {
            None
        };
        config.auth_info = info;
        Ok(credential)
    }

    /// Reads the files of a client's certificate and key, which kube would read without a bound.
    fn load_identity(&self, info: &mut AuthInfo) -> Result<()> {
        let read = |what: &str, path: &str| {
            certificates::read(path).map(|content| certificates::base64(&content)).map_err(
                |cause| {
                    let what = format!("{}: its `{what}` {path}: {cause}", self.user.place);
                    Error::feature(&self.doing, what)
                },
            )
        };
        if let (Some(path), None) = (info.client_certificate.take(), &info.client_certificate_data)
        {
            info.client_certificate_data = Some(read("client-certificate", &path)?);
        }
        if let (Some(path), None) = (info.client_key.take(), &info.client_key_data) {
            info.client_key_data = Some(read("client-key", &path)?.into());
        }
        Ok(())
    }

    /// What is wrong with certificates and keys.
    fn refused(&self, cause: kube::Error) -> Error {
        let (place, text) = match &cause {
            kube::Error::RustlsTls(RustlsTlsError::AddRootCertificate(_)) => {
                (&self.cluster.place, chain(&cause))
            }
            kube::Error::RustlsTls(RustlsTlsError::InvalidServerName(_)) => {
                (&self.cluster.place, "`tls-server-name` is not the name of a server".to_owned())
            }
            // What the reader of PEM says might quote the key.
            kube::Error::RustlsTls(RustlsTlsError::InvalidIdentityPem(_)) => {
                (&self.user.place, "the client certificate or its key is not PEM".to_owned())
            }
            _ => (&self.user.place, chain(&cause)),
        };
        let error = Error::feature(&self.doing, format!("{place}: {text}"));
        match way_hint(&text) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Without what is empty: for kubectl that is not said.
fn given(mut info: AuthInfo) -> AuthInfo {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let secret = |text: Option<SecretString>| text.filter(|it| !it.expose_secret().is_empty());
    info.username = text(info.username);
    info.password = secret(info.password);
    info.token = secret(info.token);
    info.token_file = text(info.token_file);
    info.client_certificate = text(info.client_certificate);
    info.client_certificate_data = text(info.client_certificate_data);
    info.client_key = text(info.client_key);
    info.client_key_data = secret(info.client_key_data);
    info
}
