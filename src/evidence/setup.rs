//! What load is sent, where, and what is known of the mesh meanwhile.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::application::Application;
use crate::cluster::Cluster;
use crate::evidence::agents::Handles;
use crate::evidence::client_load::Load;
use crate::evidence::room::Room;
use crate::evidence::source::Source;
use crate::units::ServiceName;

/// Where load is sent and proxies are read.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The mesh.
    pub cluster: &'a Cluster,
    /// What is in it.
    pub application: &'a Application,
    /// The load agents in it.
    pub agents: &'a Handles,
    /// Where it is read what the proxies counted.
    pub source: &'a Source,
}

/// How a load stands, over all of its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// As the fields of a `Tally`.
    pub due: u64,
    pub sent: u64,
    pub done: u64,
    pub in_flight: u64,
    pub late: u64,
    pub unsent: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Whether every answer has come.
    pub ended: bool,
}

/// What load is sent, and what is known of the mesh meanwhile.
pub(crate) struct Setup<'a> {
    /// Where.
    pub place: Place<'a>,
    /// The machine, where lanes share one.
    pub room: &'a Room,
    /// From when on no request that began under an earlier configuration is still under way.
    pub quiet_from: Instant,
    /// Hears how the load stands, at each look.
    pub on_progress: &'a (dyn Fn(Progress) + Sync),
    /// By client.
    pub loads: &'a BTreeMap<String, Load>,
    /// Services of which more requests may arrive than are sent: mirrored or retried ones.
    pub amplified: Vec<ServiceName>,
    /// Whether something is going to be claimed about how long proxies saw requests take.
    pub timed: bool,
    /// Whether what is configured makes outcomes come in bursts: then the proxies are read while
    /// load runs, so that bursts are seen.
    pub bursty: bool,
}
