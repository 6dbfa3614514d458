//! The columns of each kind, as one table.

use serde_json::{Value, json};

use super::cell::Cell::{self, Containers, Count, Labels, Made, Printed, Text, Timed, Whole};
use super::cell::{count, number};
use super::{age, event, job, pod, service};
use crate::kinds::Kind;

/// A column's name, its priority (0 is always shown, 1 only with `-o wide`) and its cells.
pub(super) type Column = (&'static str, u8, Cell);

const NAME: Column = ("Name", 0, Text("/metadata/name"));
const AGE: Column = ("Age", 0, Timed(age::of));
const CONTAINERS: Column = ("Containers", 1, Containers("name"));
const IMAGES: Column = ("Images", 1, Containers("image"));
const SELECTOR: Column = ("Selector", 1, Labels("/spec/selector/matchLabels"));

/// The columns of a kind.
pub(super) fn of(kind: &Kind) -> &'static [Column] {
    match (kind.group, kind.kind) {
        ("", "Pod") => POD,
        ("", "Service") => SERVICE,
        ("", "Event") => EVENT,
        ("", "Namespace") => &[NAME, ("Status", 0, Text("/status/phase")), AGE],
        ("", "Secret") => &[NAME, ("Type", 0, Text("/type")), ("Data", 0, Count("/data")), AGE],
        ("", "ConfigMap") => CONFIG_MAP,
        ("apps", "Deployment") => DEPLOYMENT,
        ("apps", "ReplicaSet") => REPLICA_SET,
        ("batch", "Job") => JOB,
        ("coordination.k8s.io", "Lease") => {
            &[NAME, ("Holder", 0, Text("/spec/holderIdentity")), AGE]
        }
        ("networking.istio.io", "VirtualService") => VIRTUAL_SERVICE,
        ("networking.istio.io", "DestinationRule") => {
            &[NAME, ("Host", 0, Printed("/spec/host")), AGE]
        }
        _ => &[NAME, AGE],
    }
}

static POD: &[Column] = &[
    NAME,
    ("Ready", 0, Made(pod::ready)),
    ("Status", 0, Made(pod::status)),
    ("Restarts", 0, Made(pod::restarts)),
    AGE,
    ("IP", 1, Text("/status/podIP")),
    ("Node", 1, Text("/spec/nodeName")),
    ("Nominated Node", 1, Text("/status/nominatedNodeName")),
    ("Readiness Gates", 1, Text("/spec/readinessGates")),
];

static SERVICE: &[Column] = &[
    NAME,
    ("Type", 0, Text("/spec/type")),
    ("Cluster-IP", 0, Text("/spec/clusterIP")),
    ("External-IP", 0, Text("/spec/externalName")),
    ("Port(s)", 0, Made(service::ports)),
    AGE,
    ("Selector", 1, Labels("/spec/selector")),
];

static EVENT: &[Column] = &[
    ("Last Seen", 0, Timed(event::seen)),
    ("Type", 0, Text("/type")),
    ("Reason", 0, Text("/reason")),
    ("Object", 0, Made(event::object)),
    ("Source", 1, Text("/source/component")),
    ("Message", 0, Text("/message")),
    ("Count", 1, Made(event::count)),
    ("Name", 1, Text("/metadata/name")),
];

static CONFIG_MAP: &[Column] =
    &[NAME, ("Data", 0, Made(|map| json!(count(map, "/data") + count(map, "/binaryData")))), AGE];

static DEPLOYMENT: &[Column] = &[
    NAME,
    ("Ready", 0, Made(ready)),
    ("Up-to-date", 0, Whole("/status/updatedReplicas")),
    ("Available", 0, Whole("/status/availableReplicas")),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

static REPLICA_SET: &[Column] = &[
    NAME,
    ("Desired", 0, Whole("/spec/replicas")),
    ("Current", 0, Whole("/status/replicas")),
    ("Ready", 0, Whole("/status/readyReplicas")),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

static JOB: &[Column] = &[
    NAME,
    ("Status", 0, Made(job::status)),
    ("Completions", 0, Made(job::completions)),
    ("Duration", 0, Timed(job::duration)),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

static VIRTUAL_SERVICE: &[Column] =
    &[NAME, ("Gateways", 0, Printed("/spec/gateways")), ("Hosts", 0, Printed("/spec/hosts")), AGE];

/// `1/2`: ready replicas of a deployment.
fn ready(deployment: &Value) -> Value {
    let number = |pointer: &str| number(deployment, pointer);
    json!(format!("{}/{}", number("/status/readyReplicas"), number("/spec/replicas")))
}
