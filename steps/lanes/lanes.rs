//! The lanes of a run: opened beside each other, kept alive while scenarios run, and closed. A
//! named context is one mesh and has one lane.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use faultless::application::Application;
use faultless::cluster::{AgentImage, Cluster};
use faultless::error::{Error, Result};
use faultless::evidence::room::Room;
use faultless::evidence::{Agents, Source};
use faultless::preflight::preflight;
use faultless::safety::{Applier, Protection, Restored, Session, kept};
use faultless::scenario::run::{Carries, Run};
use faultless::scenario::{Options, Sink};
use futures::future::join_all;
use reports::Event;
use tokio_util::sync::CancellationToken;

use super::pool::Pool;
use crate::local::LocalMesh;

/// Where scenarios are to run.
#[derive(Debug, Clone)]
pub(crate) enum TargetChoice {
    /// On a cluster.
    Context { name: String, kubeconfig: Option<PathBuf>, image: AgentImage, source: Source },
    /// On local meshes of the run's own, whose pods no Prometheus knows, with this Envoy.
    Local { lanes: usize, envoy: Option<PathBuf> },
}

/// What every lane is made with.
#[derive(Clone)]
pub(crate) struct Plan {
    pub id: String,
    pub application: Arc<Application>,
    /// The Istio objects that its scenarios configure.
    pub objects: Arc<[istio::Object]>,
    pub options: Options,
    pub protection: Protection,
    pub sink: Sink,
    pub stop: CancellationToken,
    /// The machine that they share.
    pub room: Room,
    /// What their meshes carry.
    pub carries: Carries,
}

/// The lanes of a run.
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    pool: Pool,
}

/// One lane: a run and its session, and the mesh below them if it is ours.
struct Lane {
    mesh: Option<LocalMesh>,
    session: Session,
    run: Arc<Run>,
}

// === impl TargetChoice ===

impl TargetChoice {
    /// Where it is read what the proxies counted.
    fn source(&self) -> Source {
        match self {
            Self::Context { source, .. } => source.clone(),
            Self::Local { .. } => Source::Pods,
        }
    }
}

// === impl Lanes ===

impl Lanes {
    /// Makes all lanes ready, beside each other. If one fails, the others are closed again.
    pub(crate) async fn open(place: &TargetChoice, plan: &Plan) -> Result<Self> {
        let count = match place {
            TargetChoice::Context { .. } => 1,
            TargetChoice::Local { lanes, .. } => *lanes,
        };
        let opened = join_all((0..count).map(|_| Lane::open(place, plan))).await;
        let (mut lanes, mut failed) = (Vec::new(), None);
        for lane in opened {
            match lane {
                Ok(lane) => lanes.push(lane),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        let pool = Pool::of(count, lanes.iter().map(|lane| Arc::clone(&lane.run)));
        let lanes = Self { lanes, pool };
        match failed {
            None => Ok(lanes),
            Some(error) => Err(lanes.close(false).await.added_to(error, "making the lanes ready")),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lanes.len()
    }

    /// The free ones.
    pub(crate) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Does the work and keeps every lane's run alive while it takes; looks at its end whether all
    /// of them still are.
    pub(crate) async fn kept<T>(&self, work: impl Future<Output = T>) -> T {
        let sessions: Vec<&Session> = self.lanes.iter().map(|lane| &lane.session).collect();
        let done = kept(&sessions, work).await;
        join_all(sessions.into_iter().map(Session::look_again)).await;
        done
    }

    /// Why what a lane saw is invalid, once one was lost.
    pub(crate) fn lost(&self) -> Option<Error> {
        self.lanes.iter().find_map(|lane| lane.session.lost().error())
    }

    /// What the lanes write with.
    pub(crate) fn appliers(&self) -> Vec<Applier> {
        self.lanes.iter().map(|lane| lane.session.applier()).collect()
    }

    /// Removes the agents and ends the meshes. `doubt`: whether a scenario said that it left
    /// something, or did not know.
    pub(crate) async fn close(self, doubt: bool) -> Restored {
        let closed = join_all(self.lanes.into_iter().map(|lane| lane.close(doubt))).await;
        closed.into_iter().fold(Restored::default(), Restored::and)
    }
}

// === impl Lane ===

impl Lane {
    async fn open(place: &TargetChoice, plan: &Plan) -> Result<Self> {
        let (mesh, target) = reach(place, plan).await?;
        let Plan { id, application, options, protection, sink, stop, room, carries, .. } =
            plan.clone();
        let tell = |what: &str| sink.emit(Event::TargetProgress { what: what.to_owned() });
        let opening_session = Session::open(&target, &application, &id, &protection, &stop, &tell);
        let session = match opening_session.await {
            Ok(session) => session,
            Err(error) => {
                if let Some(mesh) = mesh {
                    mesh.stop().await;
                }
                return Err(error);
            }
        };
        let applier = session.applier();
        let starting = Agents::start(&target, &application, &id, &applier, &stop, &tell);
        let agents = match kept(&[&session], starting).await {
            Ok(agents) => agents,
            Err(error) => {
                let restored = end(session, mesh, false).await;
                return Err(restored.added_to(error, "starting the load agents"));
            }
        };
        tell(&format!("{} load agents are ready", agents.count()));
        let run = Arc::new(Run {
            id,
            cluster: target,
            application,
            agents: agents.handles(),
            source: place.source(),
            applier,
            lost: session.lost(),
            options,
            sink,
            stop,
            quiet_from: Instant::now().into(),
            carries,
            room,
        });
        Ok(Self { mesh, session, run })
    }

    async fn close(self, doubt: bool) -> Restored {
        end(self.session, self.mesh, doubt).await
    }
}

/// Undoes what is left to be undone, and ends the mesh if it is ours. What is left in a mesh of
/// ours goes with it, and is told all the same.
async fn end(session: Session, mesh: Option<LocalMesh>, doubt: bool) -> Restored {
    let restored = session.close(doubt).await;
    if let Some(mesh) = mesh {
        mesh.stop().await;
        session.forget();
    }
    restored
}

/// A cluster with the application in it. A mesh that was started is stopped again if that fails:
/// one that is only dropped may still be making its files while they are removed.
async fn reach(place: &TargetChoice, plan: &Plan) -> Result<(Option<LocalMesh>, Cluster)> {
    let Plan { stop, sink, .. } = plan;
    match place {
        TargetChoice::Context { name, kubeconfig, image, source } => {
            let ready = async {
                let target = Cluster::context(name, kubeconfig.as_deref()).await?;
                let target = target.with_agent_image(image.clone());
                look(&target, plan, source).await?;
                Ok(target)
            };
            Ok((None, unless(stop, ready).await?))
        }
        TargetChoice::Local { envoy, .. } => {
            let progress = sink.clone();
            let tell =
                move |what: &str| progress.emit(Event::TargetProgress { what: what.to_owned() });
            let starting = LocalMesh::start(envoy.clone(), tell);
            let mesh = unless(stop, starting).await?;
            match unless(stop, furnish(&mesh, plan)).await {
                Ok(target) => Ok((Some(mesh), target)),
                Err(error) => {
                    mesh.stop().await;
                    Err(error)
                }
            }
        }
    }
}

/// Puts the application into a mesh.
async fn furnish(mesh: &LocalMesh, plan: &Plan) -> Result<Cluster> {
    let Plan { application, sink, .. } = plan;
    let target = mesh.target().await?;
    target.deploy(&application.folder, &application.manifests).await?;
    let pods = target.deployed(&application.namespaces).await?;
    let what = format!("{} runs with {pods} pods", application.application);
    sink.emit(Event::TargetProgress { what });
    look(&target, plan, &Source::Pods).await?;
    Ok(target)
}

/// Looks at a cluster before anything of a run is written to it; refuses one on which no run is
/// possible.
async fn look(target: &Cluster, plan: &Plan, source: &Source) -> Result<()> {
    let Plan { application, objects, sink, .. } = plan;
    let started = Instant::now();
    let looked = preflight(target, application, objects, source).await?;
    if let Some(refusal) = looked.refusal() {
        return Err(refusal);
    }
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    sink.emit(Event::Preflight { warnings: looked.warnings(), took_ms });
    if let Some(prometheus) = source.prometheus() {
        let what =
            format!("what the proxies counted is read from Prometheus, {}", prometheus.name());
        sink.emit(Event::TargetProgress { what });
    }
    Ok(())
}

/// Does the work unless the run is to stop.
async fn unless<T>(stop: &CancellationToken, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Error::runner("making the target ready", "interrupted")),
        done = work => done,
    }
}
