//! The way to a mesh: a kubeconfig and nothing else. A run has a local mesh of its own, or is
//! pointed at a named context; this file is the only fork between the two, and it ends here. All
//! that follows, on either, goes through the Kubernetes API.

pub mod convergence;
pub mod manifests;
mod mesh;
pub mod objects;
pub mod pods;

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};

pub use self::mesh::{LocalMesh, run_envoy_shim};
use crate::error::{Error, Result};

/// No answer of an API server takes longer: a server whose store is dead hangs for 15 s and more,
/// and a run must not hang with it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A mesh that can be disturbed.
#[derive(Clone)]
pub struct Target {
    client: kube::Client,
    name: String,
}

// === impl Target ===

impl Target {
    /// A cluster, by the name of its context; never the kubeconfig's current one, because a tool
    /// that guesses its target hurts people.
    pub async fn context(context: &str, kubeconfig: Option<&Path>) -> Result<Self> {
        let doing = format!("connecting to context `{context}`");
        let config = match kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let config = config.map_err(|cause| {
            Error::feature(doing.clone(), cause)
                .hint("name a kubeconfig with --kubeconfig or the variable KUBECONFIG")
        })?;
        let known: Vec<_> = config.contexts.iter().map(|c| c.name.clone()).collect();
        if !known.iter().any(|name| name == context) {
            let nearest = crate::units::nearest(context, known.iter().map(String::as_str));
            return Err(Error::feature(doing, "the kubeconfig has no such context").hint(
                match nearest {
                    Some(name) => format!("did you mean `{name}`?"),
                    None if known.is_empty() => "the kubeconfig has no contexts at all".to_owned(),
                    None => format!("it has: {}", known.join(", ")),
                },
            ));
        }
        Self::connect(config, context, format!("context {context}")).await
    }

    /// A mesh that this process started.
    pub async fn local(mesh: &LocalMesh) -> Result<Self> {
        let config = Kubeconfig::from_yaml(&mesh.kubeconfig())
            .map_err(|cause| Error::runner("reading the local mesh's kubeconfig", cause))?;
        Self::connect(config, LocalMesh::CONTEXT, "local mesh".to_owned()).await
    }

    async fn connect(config: Kubeconfig, context: &str, name: String) -> Result<Self> {
        let doing = || format!("connecting to {name}");
        let options =
            KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
        let mut config = kube::Config::from_custom_kubeconfig(config, &options)
            .await
            .map_err(|cause| Error::feature(doing(), cause))?;
        config.connect_timeout = Some(Duration::from_secs(5));
        config.read_timeout = Some(REQUEST_TIMEOUT);
        let client =
            kube::Client::try_from(config).map_err(|cause| Error::runner(doing(), cause))?;
        Ok(Self { client, name })
    }

    /// What the reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The binary that Envoy's parent-death shim re-executes: this very program.
pub(crate) fn own_binary() -> Result<PathBuf> {
    std::env::current_exe().map_err(|cause| Error::runner("finding Faultless's own binary", cause))
}
