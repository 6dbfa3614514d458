//! An API server over a bare cluster, and the two ways to talk to it: `kube` and `kubectl`.

use std::process::Stdio;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use localmesh::api::ApiServer;
use localmesh::logs::Logs;
use localmesh::network::Network;
use localmesh::registry::Registry;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

/// No command of these tests takes longer than a second on an idle machine.
pub(crate) const KUBECTL_MAX: Duration = Duration::from_secs(60);

/// An API server without kubelet and controllers.
pub(crate) struct BareMesh {
    pub(crate) server: ApiServer,
    pub(crate) cluster: Registry,
    pub(crate) logs: Logs,
    pub(crate) network: Network,
    dir: TempDir,
}

// === impl BareMesh ===

impl BareMesh {
    pub(crate) async fn start() -> Self {
        let cluster = Registry::default();
        let logs = Logs::default();
        let network = Network::default();
        let server =
            ApiServer::start(cluster.clone(), network.clone(), logs.clone()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        server.write_kubeconfig(&dir.path().join("config"), "mesh").unwrap();
        Self { server, cluster, logs, network, dir }
    }

    /// A client of the `kube` crate that retries nothing, so that refusals are seen.
    pub(crate) async fn client(&self) -> Client {
        // A second installation is refused, and the first is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let kubeconfig = Kubeconfig::from_yaml(&self.server.kubeconfig("mesh")).unwrap();
        let options = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        config.default_retry = false;
        Client::try_from(config).unwrap()
    }

    /// A `kubectl` with this mesh's kubeconfig and a home of its own for its caches.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(crate::tools::kubectl());
        command
            .args(args)
            .env("KUBECONFIG", self.dir.path().join("config"))
            .env("HOME", self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs `kubectl` with this input; whether it succeeded, and all it said.
    pub(crate) async fn run(&self, args: &[&str], input: &str) -> (bool, String) {
        let mut child = self.command(args).spawn().expect("kubectl must be on PATH");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let output = timeout(KUBECTL_MAX, child.wait_with_output())
            .await
            .unwrap_or_else(|_| panic!("kubectl {args:?} did not end"))
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).trim_end().to_owned())
    }

    /// `kubectl` that must succeed; what it said.
    #[track_caller]
    pub(crate) fn kubectl(&self, line: &str) -> impl Future<Output = String> {
        self.kubectl_with(line, "")
    }

    /// The same with input.
    pub(crate) async fn kubectl_with(&self, line: &str, input: &str) -> String {
        let args: Vec<&str> = line.split(' ').collect();
        let (ok, said) = self.run(&args, input).await;
        assert!(ok, "kubectl {line}: {said}");
        said
    }

    /// `kubectl` that must fail; what it said.
    pub(crate) async fn refused(&self, line: &str, input: &str) -> String {
        let args: Vec<&str> = line.split(' ').collect();
        let (ok, said) = self.run(&args, input).await;
        assert!(!ok, "kubectl {line} succeeded: {said}");
        said
    }
}
