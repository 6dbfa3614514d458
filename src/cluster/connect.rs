//! The ways to a mesh: a context of a kubeconfig, the kubeconfig of a mesh of this very process, or
//! the service account of the pod that this is.

use std::path::Path;
use std::time::Duration;

use super::handle::Cluster;
use super::kubeconfig::{Entry, Files, Proxies};
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
        let variable = std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty());
        if context == IN_CLUSTER && kubeconfig.is_none() && variable.is_none() {
            return Self::in_cluster();
        }
        let doing = format!("connecting to context `{context}`");
        let files = match (kubeconfig, variable) {
            (Some(path), _) => Files::one(path, &doing)?,
            (None, Some(list)) => Files::list(std::env::split_paths(&list), &doing)?,
            (None, None) => {
                let home = std::env::home_dir().map(|home| home.join(".kube/config"));
                Files::list(home, &doing)?
            }
        };
        let entry = files.entry(context)?;
        let name = format!("context {context}");
        let mut cluster = Self::connect(entry, Some(&Proxies::from_env()), context, name).await?;
        // Absolute, because whoever finishes this run may stand in another folder.
        let only = files.only().and_then(|path| std::path::absolute(path).ok());
        cluster.kubeconfig = only.filter(|path| path.is_file());
        Ok(cluster)
    }

    /// A mesh of this very process, which ends with it, by its kubeconfig's text. Nothing of the
    /// environment is on the way to it.
    pub async fn embedded(kubeconfig: &str, context: &str) -> Result<Self> {
        let entry = Files::text(kubeconfig)?.entry(context)?;
        let name = "local mesh".to_owned();
        Ok(Self { own_mesh: true, ..Self::connect(entry, None, context, name).await? })
    }

    /// The cluster in one of whose pods this process runs, with the pod's service account.
    pub fn in_cluster() -> Result<Self> {
        let name = "the cluster around this pod".to_owned();
        let mut config = kube::Config::incluster().map_err(|cause| {
            Error::runner(format!("connecting to {name}"), cause)
                .hint("this is for pods that have a service account")
        })?;
        limit(&mut config);
        let server = config.cluster_url.to_string();
        let client = kube::Client::try_from(config)
            .map_err(|cause| Error::runner(format!("connecting to {name}"), cause))?;
        Ok(Self::over(client, name, server, IN_CLUSTER))
    }

    async fn connect(
        entry: Entry,
        proxies: Option<&Proxies>,
        context: &str,
        name: String,
    ) -> Result<Self> {
        // Boxed: a whole configuration is in it.
        let (client, server) = Box::pin(entry.client(proxies, limit)).await?;
        Ok(Self::over(client, name, server, context))
    }
}

fn limit(config: &mut kube::Config) {
    config.connect_timeout = Some(Duration::from_secs(5));
    config.read_timeout = Some(REQUEST_TIMEOUT);
}
