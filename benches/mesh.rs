//! What the local mesh costs: how long until all pods of the Travel Demo are ready, how long a
//! written configuration takes to be in effect on every sidecar, how much memory everything takes,
//! and what the sidecars add to a request. It prints figures and judges nothing.
//!
//! `cargo bench --bench mesh`; Envoy is fetched before anything is timed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark prints figures and ends"
)]

#[path = "../steps/local.rs"]
#[expect(dead_code, reason = "a benchmark writes no kubeconfig")]
mod local;
#[path = "memory.rs"]
mod memory;

use std::path::Path;
use std::time::{Duration, Instant};

use faultless::application::Application;
use faultless::cluster::Cluster;
use faultless::cluster::ObjectRef;
use faultless::cluster::Pod;
use faultless::error::{Error, Result};
use faultless::faults::{Disturbance, ServiceConfig, Subject};
use faultless::load::wire::Started;
use faultless::load::{Shape, Spacing, State, StreamReport, StreamSpec, agent};
use faultless::units::{Percent, Rate};
use http::Method;
use serde_json::{Value, json};

use self::local::{LocalMesh, run_envoy_shim};
use self::memory::Memory;

/// Starts of a mesh; the median is what a person feels.
const STARTS: usize = 5;

/// Changes of a VirtualService.
const CHANGES: usize = 100;

/// How often requests are sent to tell what the sidecars add, per second and in all seconds.
const RATE: f64 = 50.0;
const SECONDS: u64 = 10;

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "envoy-shim") {
        return Err(run_envoy_shim(args.collect()));
    }
    // Fails only when a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|cause| Error::runner("starting the benchmark", cause))?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let mut application = Application::read(Path::new("features/application.yaml"))?;
    // A version that fails on purpose is no part of the demo.
    let workloads = application.workloads.iter().filter(|(name, _)| !name.starts_with("broken"));
    application.manifests.extend(workloads.map(|(_, manifest)| manifest.clone()));
    application.manifests.dedup();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        let (mesh, _, pods) = demo(&application).await?;
        starts.push(started.elapsed());
        println!("mesh with {pods} pods ready: {:.2} s", started.elapsed().as_secs_f64());
        mesh.stop().await;
    }
    show("mesh until all pods are ready", &mut starts);

    let (mesh, target, _) = demo(&application).await?;
    changes(&target, &application.namespaces).await?;
    memory();
    let with = request(&target, true).await?;
    mesh.stop().await;

    let namespaces = application.manifests.remove(0);
    let (mesh, target) = empty().await?;
    bare_namespaces(&target, &application, &namespaces.file).await?;
    target.deploy(&application.folder, &application.manifests).await?;
    target.deployed(&application.namespaces).await?;
    let without = request(&target, false).await?;
    mesh.stop().await;
    let added = with.as_secs_f64() - without.as_secs_f64();
    println!(
        "a request agent -> travels -> hotels, p50: {:.2} ms with sidecars, {:.2} ms without: \
         they add {:.2} ms",
        with.as_secs_f64() * 1e3,
        without.as_secs_f64() * 1e3,
        added * 1e3
    );
    Ok(())
}

async fn empty() -> Result<(LocalMesh, Cluster)> {
    let mesh = LocalMesh::start(None, |what| println!("{what}")).await?;
    let target = mesh.target().await?;
    Ok((mesh, target))
}

async fn demo(application: &Application) -> Result<(LocalMesh, Cluster, u64)> {
    let (mesh, target) = empty().await?;
    target.deploy(&application.folder, &application.manifests).await?;
    let pods = target.deployed(&application.namespaces).await?;
    Ok((mesh, target, pods))
}

/// The application's namespaces, without the label that asks for sidecars.
async fn bare_namespaces(target: &Cluster, application: &Application, file: &Path) -> Result<()> {
    let path = application.folder.join(file);
    let text = faultless::application::manifest::read(&path, 1 << 20)?;
    for mut namespace in faultless::application::manifest::objects(&text, "namespaces".as_ref())? {
        namespace["metadata"]["labels"] = json!({});
        target.create(&namespace).await?;
    }
    Ok(())
}

/// From the write of a VirtualService until the last sidecar acts on it.
async fn changes(target: &Cluster, namespaces: &[String]) -> Result<()> {
    let mut hotels = ServiceConfig::new(Subject {
        name: "hotels".to_owned(),
        namespace: "travel-agency".to_owned(),
        tcp: false,
        versions: vec!["v1".to_owned()],
    });
    let mut took = Vec::new();
    let mut proxies = 0;
    for change in 0..CHANGES {
        let status = if change % 2 == 0 { 503 } else { 504 };
        let share = Percent::new(1.0).map_err(|cause| Error::feature("measuring", cause))?;
        hotels.disturb(&Disturbance::Abort { share, status })?;
        let object = hotels.objects().remove(0).to_value();
        let name = ObjectRef::of(&object)?;
        let before = target.before_writing(namespaces, std::slice::from_ref(&name)).await?;
        let started = Instant::now();
        if change == 0 {
            target.create(&object).await?;
        } else {
            let patch = json!([{"op": "replace", "path": "/spec", "value": object["spec"]}]);
            let patch =
                serde_json::from_value(patch).map_err(|cause| Error::runner("measuring", cause))?;
            target.patch(&name, patch).await?;
        }
        proxies = target.converged(&before).await?.proxies;
        took.push(started.elapsed());
    }
    show(&format!("a write until it is in effect on {proxies} sidecars"), &mut took);
    Ok(())
}

/// Memory of this process and all its children.
fn memory() {
    let Memory { own, children, count } = Memory::of(std::process::id());
    println!(
        "memory (PSS): runner {own:.0} MiB, {count} Envoys {children:.0} MiB, together {:.0} MiB",
        own + children
    );
}

/// Median latency of GET /travels, from an agent in the portals' namespace.
async fn request(target: &Cluster, sidecar: bool) -> Result<Duration> {
    let labels = json!({"app": "bench", "sidecar.istio.io/inject": sidecar.to_string()});
    let object = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bench", "namespace": "travel-portal", "labels": labels},
        "spec": {"containers": [{
            "name": "agent",
            "image": faultless::cluster::image::IMAGE,
            "ports": [{"name": "http-agent", "containerPort": agent::PORT}],
        }]},
    });
    target.create(&object).await?;
    let pod = loop {
        let pods = target.pods("travel-portal", "app=bench").await?;
        if let Some(pod) = pods.into_iter().find(|pod| pod.ready) {
            break pod;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let rate = Rate::per_second(RATE).map_err(|cause| Error::feature("measuring", cause))?;
    let shape = Shape::Open { rate, spacing: Spacing::Even, ramp_ms: 0 };
    let url = "http://travels.travel-agency:8000/travels";
    let spec =
        StreamSpec { duration_ms: Some(SECONDS * 1000), ..StreamSpec::get("bench", url, shape) };
    let body = json!([spec]);
    let page = ask(target, &pod, Method::POST, "/streams", Some(&body)).await?;
    let started: Started = read(&page)?;
    let path = format!("/streams/{}", started.ids[0]);
    loop {
        let report: StreamReport = read(&ask(target, &pod, Method::GET, &path, None).await?)?;
        if report.state == State::Done {
            report.kept_plan().unwrap_or_else(|cause| println!("not a valid figure: {cause}"));
            return Ok(report.tally.service.all().quantile(0.5).unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn ask(
    target: &Cluster,
    pod: &Pod,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<String> {
    target.pod_request(method, pod, agent::PORT, path, body).await
}

fn read<T: serde::de::DeserializeOwned>(page: &str) -> Result<T> {
    serde_json::from_str(page).map_err(|cause| Error::runner("reading an answer", cause))
}

fn show(what: &str, took: &mut [Duration]) {
    took.sort();
    let ms = |share: f64| {
        let index = ((took.len() - 1) as f64 * share).round() as usize;
        took[index].as_secs_f64() * 1e3
    };
    println!(
        "{what}: median {:.0} ms, p99 {:.0} ms, max {:.0} ms of {}",
        ms(0.5),
        ms(0.99),
        ms(1.0),
        took.len()
    );
}
