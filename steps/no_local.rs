//! What stands in for the local mesh where the program was built without: it says so.

use std::convert::Infallible;
use std::ffi::OsString;
use std::future::{Ready, ready};
use std::path::{Path, PathBuf};

use faultless::cluster::Cluster;
use faultless::error::{Error, Result};
use tokio_util::sync::CancellationToken;

/// A mesh that cannot be.
pub(crate) struct LocalMesh(Infallible);

impl LocalMesh {
    /// Says that there is none.
    pub(crate) fn start(
        _envoy: Option<PathBuf>,
        _progress: impl Fn(&str) + Send + 'static,
    ) -> Ready<Result<Self>> {
        ready(Err(absent()))
    }

    pub(crate) fn target(&self) -> Ready<Result<Cluster>> {
        match self.0 {}
    }

    pub(crate) fn write_kubeconfig(&self, _path: &Path) -> Result<()> {
        match self.0 {}
    }

    pub(crate) fn may_write_kubeconfig(_path: &Path) -> Result<()> {
        Err(absent())
    }

    pub(crate) fn remove_kubeconfig(&self, _path: &Path) {
        match self.0 {}
    }

    pub(crate) fn stop(self) -> Ready<()> {
        match self.0 {}
    }
}

/// The demo's programs are the local mesh's.
pub(crate) fn stand_in(
    _name: &str,
    _args: Vec<String>,
    _stop: CancellationToken,
) -> Ready<Result<()>> {
    ready(Err(Error::feature("starting a stand-in", "this program was built without")))
}

/// Nothing has an effect on what cannot be, and nobody asks for it.
pub(crate) fn unsupported(_object: &serde_json::Value) -> Vec<String> {
    Vec::new()
}

pub(crate) fn run_envoy_shim(_args: Vec<OsString>) -> Error {
    absent()
}

fn absent() -> Error {
    Error::feature("starting a local mesh", "this program was built without")
        .hint("name a cluster with --context")
}
