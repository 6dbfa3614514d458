//! A whole local mesh in one value: started in dependency order, ended in the opposite one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::api::ApiServer;
use crate::control_plane::{ControlPlane, Istiod, install_istiod, xds};
use crate::controllers::Controllers;
use crate::demo;
use crate::error::{Error, Result};
use crate::image::Images;
use crate::kubelet::{self, Kubelet};
use crate::logs::Logs;
use crate::network::Network;
use crate::registry::Registry;
use crate::workdir::Workdir;

/// What a mesh is made with.
pub struct MeshConfig {
    /// The Envoy binary.
    pub envoy: PathBuf,
    /// The program that ties Envoy's life to ours, see `envoy::Spec`.
    pub shim: PathBuf,
    /// Images beside the demo's.
    pub images: Images,
}

/// A running mesh. Dropping it ends its tasks and, with them, its Envoys.
pub struct Mesh {
    api: ApiServer,
    /// Before the control plane in the order of ending: an Envoy without one asks for it in vain.
    pods: JoinSet<()>,
    tasks: JoinSet<()>,
    /// Removed when the mesh is dropped.
    dir: Workdir,
}

// === impl Mesh ===

impl Mesh {
    /// Starts an empty mesh: an API server, a control plane, no application.
    pub async fn start(config: MeshConfig) -> Result<Self> {
        let MeshConfig { envoy, shim, images: extra } = config;
        let dir = Workdir::make().map_err(|cause| {
            Error::new("making the mesh's folder", cause)
                .hint("is the folder for temporary files (TMPDIR) writable and not full?")
        })?;
        let (registry, network, logs) = (Registry::default(), Network::claim()?, Logs::default());
        let listener = xds::listen(dir.path()).map_err(|cause| {
            Error::new("opening the control plane's socket", cause)
                .hint("set TMPDIR to a local folder with a short name")
        })?;
        let control_plane = ControlPlane::new(registry.clone(), network.clone());
        let mut images = demo::images();
        let pilot = Istiod::new(control_plane.clone());
        images.insert(Istiod::IMAGE.to_owned(), Arc::new(pilot));
        images.extend(extra);
        let api = ApiServer::start(registry.clone(), network.clone(), logs.clone()).await?;
        let kubelet = Kubelet::new(kubelet::Config {
            registry: registry.clone(),
            network,
            control_plane: control_plane.clone(),
            logs,
            images,
            envoy,
            shim,
            dir: dir.path().to_owned(),
        });
        let (mut pods, mut tasks) = (JoinSet::new(), JoinSet::new());
        tasks.spawn(async move { control_plane.run(listener).await });
        tasks.spawn(Controllers::run(registry.clone()));
        pods.spawn(async move { kubelet.run().await });
        install_istiod(&registry)
            .map_err(|refusal| Error::new("installing the control plane", refusal))?;
        Ok(Self { api, pods, tasks, dir })
    }

    /// The kubeconfig that reaches it, under this context; it holds a token.
    #[must_use]
    pub fn kubeconfig(&self, context: &str) -> String {
        self.api.kubeconfig(context)
    }

    /// Writes the kubeconfig, readable by its owner alone.
    pub fn write_kubeconfig(&self, context: &str, path: &Path) -> Result<()> {
        self.api.write_kubeconfig(path, context)
    }

    /// Ends everything and waits for its end.
    pub async fn stop(self) {
        let Self { api, mut pods, mut tasks, dir } = self;
        pods.shutdown().await;
        tasks.shutdown().await;
        api.stop().await;
        drop(dir);
    }
}
