//! A mesh that can be disturbed, as the rest of the house holds it: a client, and what tells it
//! from others. Cheap to clone.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::image::AgentImage;
use super::seen::Seen;
use super::tunnels::Tunnels;

/// A mesh that can be disturbed.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: kube::Client,
    pub(super) name: String,
    pub(super) server: String,
    pub(super) context: String,
    pub(super) kubeconfig: Option<PathBuf>,
    pub(super) own_mesh: bool,
    /// Connections to pods' loopback.
    pub(super) tunnels: Tunnels,
    /// The namespace of the control plane, once sidecars have told it.
    pub(super) control_plane: Arc<OnceLock<String>>,
    /// The proxies that control planes have known.
    pub(super) seen: Seen,
    pub(super) agent_image: Arc<AgentImage>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster({})", self.name)
    }
}

// === impl Cluster ===

impl Cluster {
    /// A cluster of tests: whatever answers this client.
    #[cfg(test)]
    pub(crate) fn fake(client: kube::Client) -> Self {
        Self::over(client, "a fake".to_owned(), "https://fake".to_owned(), "fake")
    }

    /// A mesh behind this client.
    pub(super) fn over(client: kube::Client, name: String, server: String, context: &str) -> Self {
        Self {
            client,
            name,
            server,
            context: context.to_owned(),
            kubeconfig: None,
            own_mesh: false,
            agent_image: Arc::new(AgentImage::own()),
            tunnels: Tunnels::default(),
            control_plane: Arc::default(),
            seen: Seen::default(),
        }
    }

    /// The API server's address, which tells clusters apart whatever their contexts are called.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The kubeconfig's context.
    #[must_use]
    pub fn context_name(&self) -> &str {
        &self.context
    }

    /// The kubeconfig, if it is one file.
    #[must_use]
    pub fn kubeconfig(&self) -> Option<&Path> {
        self.kubeconfig.as_deref()
    }

    /// Whether it is a mesh of this very process, which ends with it.
    #[must_use]
    pub const fn ends_with_this_process(&self) -> bool {
        self.own_mesh
    }

    /// The same with Faultless's own image under this name.
    #[must_use]
    pub fn with_agent_image(self, image: AgentImage) -> Self {
        Self { agent_image: Arc::new(image), ..self }
    }

    /// Faultless's own image, as this cluster's nodes come by it.
    #[must_use]
    pub fn agent_image(&self) -> &AgentImage {
        &self.agent_image
    }

    /// What the reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
