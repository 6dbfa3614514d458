//! What a look at a cluster brought: plain data, each with why it could not be had. Pure.

use std::collections::{BTreeMap, BTreeSet};

use istio::Object;
use serde_json::Value;

use super::references::Reference;
use crate::cluster::question::Refusal;
use crate::cluster::rights::{Need, Place};
use crate::evidence::prometheus::{Sight, Trouble};

/// Something that was looked at, or why it could not be.
pub(super) type Seen<T> = Result<T, Refusal>;

/// What a look at a cluster brought.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The version of Kubernetes.
    pub(super) version: String,
    /// Who we are there, where that was asked.
    pub(super) user: Option<String>,
    pub(super) rights: Vec<Asked>,
    /// What of an API group's version is served, or nothing if it is not.
    pub(super) served: BTreeMap<String, Seen<Option<BTreeSet<String>>>>,
    pub(super) namespaces: BTreeMap<String, Namespace>,
    pub(super) control_plane: ControlPlane,
    /// What was seen of Prometheus, if it is to be read.
    pub(super) prometheus: Option<Result<Sight, Trouble>>,
    /// What the scenarios' own Istio configuration meets there.
    pub(super) configured: Configured,
    /// By object, what would become of it.
    pub(super) admission: Vec<(String, Seen<()>)>,
}

/// A right that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) need: Need,
    /// Empty for the whole cluster.
    pub(super) namespace: String,
    pub(super) group: String,
    /// Plural, or a sub-resource as `pods/proxy`.
    pub(super) resource: String,
    pub(super) verb: String,
    /// Whether we have it.
    pub(super) allowed: Seen<bool>,
}

/// One of the application's namespaces.
#[derive(Debug, Clone)]
pub(super) struct Namespace {
    pub(super) itself: Seen<Option<Itself>>,
    pub(super) services: Seen<Vec<Service>>,
    pub(super) deployments: Seen<Vec<String>>,
    pub(super) pods: Seen<Vec<PodSeen>>,
    pub(super) quotas: Seen<Vec<Quota>>,
    pub(super) mtls: Seen<Vec<Mtls>>,
}

/// A namespace as an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Itself {
    pub(super) terminating: bool,
    pub(super) labels: BTreeMap<String, String>,
}

/// A service, with the labels of its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) ports: Vec<u64>,
    pub(super) selector: BTreeMap<String, String>,
}

/// A pod that runs or is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PodSeen {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) sidecar: bool,
    /// Whether an init container sets its iptables up, which needs rights that Pod Security takes.
    pub(super) iptables: bool,
}

/// A limit on how many pods there may be, or on what each must ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) name: String,
    /// How many more pods it lets in, if it counts them.
    pub(super) pods_left: Option<u64>,
    /// Processor or memory, if pods without requests or limits are refused because of it.
    pub(super) wants: Vec<String>,
}

/// A `PeerAuthentication`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mtls {
    pub(super) name: String,
    /// `STRICT`, `PERMISSIVE`, `DISABLE`.
    pub(super) mode: String,
    /// Whether it is for some pods only.
    pub(super) selects: bool,
}

/// What is known of the control plane.
#[derive(Debug, Clone)]
pub(super) struct ControlPlane {
    /// The namespace that was looked at.
    pub(super) namespace: String,
    pub(super) pods: Seen<Vec<Istiod>>,
    /// Revisions and tags that inject, with the namespaces of their control planes.
    pub(super) injectors: Seen<Vec<Injector>>,
    pub(super) mtls: Seen<Vec<Mtls>>,
}

/// A pod of the control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Istiod {
    pub(super) name: String,
    pub(super) ready: bool,
    pub(super) revision: String,
    pub(super) version: Seen<String>,
}

/// A webhook that injects sidecars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Injector {
    pub(super) revision: String,
    pub(super) tag: Option<String>,
    /// Empty where the control plane is not in this cluster.
    pub(super) namespace: String,
}

/// What the scenarios' own Istio configuration meets.
#[derive(Debug, Clone, Default)]
pub(super) struct Configured {
    /// The objects themselves.
    pub(super) objects: Vec<Object>,
    /// Whether the mesh has what they name.
    pub(super) references: Vec<(Reference, Seen<bool>)>,
    /// The `VirtualService`s that there are, by namespace.
    pub(super) services: BTreeMap<String, Seen<Vec<Value>>>,
    /// Why those are not of all namespaces: others' may be obeyed here too.
    pub(super) elsewhere: Option<Refusal>,
    /// The `Sidecar`s where load is sent from, by namespace.
    pub(super) sidecars: BTreeMap<String, Seen<Vec<Value>>>,
    /// Whether more is named than was asked for.
    pub(super) unasked: bool,
}
