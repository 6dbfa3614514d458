//! The columns of each kind, as one table.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Column;
use super::cells::{
    age, containers, count, event_object, event_seen, job_completions, job_duration, job_status,
    labels, number, pod_ready, pod_restarts, pod_status, service_ports, slice_addresses,
    slice_ports, text,
};
use crate::kinds::Kind;

type Cell = fn(&Value, Timestamp) -> Value;

const fn column(name: &'static str, cell: Cell) -> Column {
    Column { name, kind: "string", format: "", priority: 0, cell }
}

const fn wide(name: &'static str, cell: Cell) -> Column {
    Column { name, kind: "string", format: "", priority: 1, cell }
}

const fn whole(name: &'static str, cell: Cell) -> Column {
    Column { name, kind: "integer", format: "", priority: 0, cell }
}

const NAME: Column = Column {
    name: "Name",
    kind: "string",
    format: "name",
    priority: 0,
    cell: |o, _| o["metadata"]["name"].clone(),
};
const AGE: Column = column("Age", age);
const CONTAINERS: Column = wide("Containers", |o, _| containers(o, "name"));
const IMAGES: Column = wide("Images", |o, _| containers(o, "image"));
const SELECTOR: Column = wide("Selector", |o, _| labels(o, "/spec/selector/matchLabels"));

/// The columns of a kind; name and age for those without their own.
pub(super) fn of(kind: &Kind) -> &'static [Column] {
    match (kind.group, kind.kind) {
        ("", "Pod") => POD,
        ("", "Service") => SERVICE,
        ("", "Namespace") => NAMESPACE,
        ("", "ServiceAccount") => SERVICE_ACCOUNT,
        ("", "Secret") => SECRET,
        ("", "ConfigMap") => CONFIG_MAP,
        ("", "Event") => EVENT,
        ("apps", "Deployment") => DEPLOYMENT,
        ("apps", "ReplicaSet") => REPLICA_SET,
        ("batch", "Job") => JOB,
        ("coordination.k8s.io", "Lease") => LEASE,
        ("rbac.authorization.k8s.io", "Role") => ROLE,
        ("rbac.authorization.k8s.io", "RoleBinding") => ROLE_BINDING,
        ("discovery.k8s.io", "EndpointSlice") => ENDPOINT_SLICE,
        ("networking.istio.io", "VirtualService") => VIRTUAL_SERVICE,
        ("networking.istio.io", "DestinationRule") => DESTINATION_RULE,
        _ => OTHER,
    }
}

static OTHER: &[Column] = &[NAME, AGE];

static POD: &[Column] = &[
    NAME,
    column("Ready", |o, _| pod_ready(o)),
    column("Status", |o, _| pod_status(o)),
    column("Restarts", |o, _| pod_restarts(o)),
    AGE,
    wide("IP", |o, _| text(o, "/status/podIP")),
    wide("Node", |o, _| text(o, "/spec/nodeName")),
    wide("Nominated Node", |o, _| text(o, "/status/nominatedNodeName")),
    wide("Readiness Gates", |o, _| text(o, "/spec/readinessGates")),
];

static SERVICE: &[Column] = &[
    NAME,
    column("Type", |o, _| text(o, "/spec/type")),
    column("Cluster-IP", |o, _| text(o, "/spec/clusterIP")),
    column("External-IP", |o, _| text(o, "/spec/externalName")),
    column("Port(s)", |o, _| service_ports(o)),
    AGE,
    wide("Selector", |o, _| labels(o, "/spec/selector")),
];

static NAMESPACE: &[Column] = &[NAME, column("Status", |o, _| text(o, "/status/phase")), AGE];

static SERVICE_ACCOUNT: &[Column] =
    &[NAME, whole("Secrets", |o, _| json!(count(o, "/secrets"))), AGE];

static ROLE: &[Column] =
    &[NAME, column("Created At", |o, _| text(o, "/metadata/creationTimestamp"))];

static ROLE_BINDING: &[Column] = &[
    NAME,
    column("Role", |o, _| {
        let part = |name: &str| o["roleRef"][name].as_str().unwrap_or_default().to_owned();
        json!(format!("{}/{}", part("kind"), part("name")))
    }),
    AGE,
];

static SECRET: &[Column] = &[
    NAME,
    column("Type", |o, _| text(o, "/type")),
    whole("Data", |o, _| json!(count(o, "/data"))),
    AGE,
];

static CONFIG_MAP: &[Column] =
    &[NAME, whole("Data", |o, _| json!(count(o, "/data") + count(o, "/binaryData"))), AGE];

static EVENT: &[Column] = &[
    column("Last Seen", event_seen),
    column("Type", |o, _| text(o, "/type")),
    column("Reason", |o, _| text(o, "/reason")),
    column("Object", |o, _| event_object(o)),
    wide("Source", |o, _| text(o, "/source/component")),
    column("Message", |o, _| text(o, "/message")),
    wide("Count", |o, _| json!(number(o, "/count").max(1).to_string())),
    Column {
        name: "Name",
        kind: "string",
        format: "name",
        priority: 1,
        cell: |o, _| o["metadata"]["name"].clone(),
    },
];

static DEPLOYMENT: &[Column] = &[
    NAME,
    column("Ready", |o, _| {
        json!(format!("{}/{}", number(o, "/status/readyReplicas"), number(o, "/spec/replicas")))
    }),
    whole("Up-to-date", |o, _| json!(number(o, "/status/updatedReplicas"))),
    whole("Available", |o, _| json!(number(o, "/status/availableReplicas"))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

static REPLICA_SET: &[Column] = &[
    NAME,
    whole("Desired", |o, _| json!(number(o, "/spec/replicas"))),
    whole("Current", |o, _| json!(number(o, "/status/replicas"))),
    whole("Ready", |o, _| json!(number(o, "/status/readyReplicas"))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

static JOB: &[Column] = &[
    NAME,
    column("Status", |o, _| job_status(o)),
    column("Completions", |o, _| job_completions(o)),
    column("Duration", job_duration),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

static LEASE: &[Column] = &[NAME, column("Holder", |o, _| text(o, "/spec/holderIdentity")), AGE];

static ENDPOINT_SLICE: &[Column] = &[
    NAME,
    column("AddressType", |o, _| text(o, "/addressType")),
    column("Ports", |o, _| slice_ports(o)),
    column("Endpoints", |o, _| slice_addresses(o)),
    AGE,
];

static VIRTUAL_SERVICE: &[Column] = &[
    NAME,
    column("Gateways", |o, _| crd_cell(o, "/spec/gateways")),
    column("Hosts", |o, _| crd_cell(o, "/spec/hosts")),
    AGE,
];

static DESTINATION_RULE: &[Column] = &[NAME, column("Host", |o, _| crd_cell(o, "/spec/host")), AGE];

/// A column of a custom resource (its CRD's `additionalPrinterColumns`): nothing where nothing is.
fn crd_cell(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).map_or(Value::Null, |_| text(object, pointer))
}
