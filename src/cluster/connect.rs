//! The ways to a mesh: a context of a kubeconfig, the kubeconfig of a mesh of this very process, or
//! the service account of the pod that this is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};

use super::handle::Cluster;
use crate::error::{Error, Result};

/// No answer of an API server takes longer: a server whose store is dead hangs for 15 s and more,
/// and a run must not hang with it.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// The context that stands for the cluster around this pod, unless a kubeconfig is named that may
/// have one of this name.
const IN_CLUSTER: &str = "in-cluster";

// === impl Cluster ===

impl Cluster {
    /// A cluster, by the name of its context; never the kubeconfig's current one, because a tool
    /// that guesses its target hurts people.
    pub async fn context(context: &str, kubeconfig: Option<&Path>) -> Result<Self> {
        let doing = format!("connecting to context `{context}`");
        let named = kubeconfig.is_some() || std::env::var_os("KUBECONFIG").is_some();
        if context == IN_CLUSTER && !named {
            return Self::in_cluster();
        }
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
        let mut cluster = Self::connect(config, context, format!("context {context}")).await?;
        // Absolute, because whoever finishes this run may stand in another folder.
        let named = kubeconfig.map(Path::to_owned);
        let named = named.or_else(|| std::env::var_os("KUBECONFIG").map(PathBuf::from));
        let absolute = named.and_then(|path| std::path::absolute(path).ok());
        cluster.kubeconfig = absolute.filter(|path| path.is_file());
        Ok(cluster)
    }

    /// A mesh of this very process, which ends with it, by its kubeconfig's text.
    pub async fn embedded(kubeconfig: &str, context: &str) -> Result<Self> {
        let config = Kubeconfig::from_yaml(kubeconfig)
            .map_err(|cause| Error::runner("reading the local mesh's kubeconfig", cause))?;
        let name = "local mesh".to_owned();
        Ok(Self { own_mesh: true, ..Self::connect(config, context, name).await? })
    }

    /// The cluster in one of whose pods this process runs, with the pod's service account.
    pub fn in_cluster() -> Result<Self> {
        let name = "the cluster around this pod".to_owned();
        let config = kube::Config::incluster().map_err(|cause| {
            Error::runner(format!("connecting to {name}"), cause)
                .hint("this is for pods that have a service account")
        })?;
        Self::with(config, IN_CLUSTER, name)
    }

    async fn connect(config: Kubeconfig, context: &str, name: String) -> Result<Self> {
        let options =
            KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
        let config = kube::Config::from_custom_kubeconfig(config, &options)
            .await
            .map_err(|cause| Error::feature(format!("connecting to {name}"), cause))?;
        Self::with(config, context, name)
    }

    fn with(mut config: kube::Config, context: &str, name: String) -> Result<Self> {
        config.connect_timeout = Some(Duration::from_secs(5));
        config.read_timeout = Some(REQUEST_TIMEOUT);
        let server = config.cluster_url.to_string();
        let client = kube::Client::try_from(config)
            .map_err(|cause| Error::runner(format!("connecting to {name}"), cause))?;
        Ok(Self::over(client, name, server, context))
    }
}
