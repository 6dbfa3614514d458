//! The kinds of object the local API server knows: one table, from which discovery, OpenAPI, the
//! short names of `kubectl` and the store's keys are derived. Pure data.

/// One kind of Kubernetes object.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Served versions, the preferred one first; all share one storage.
    pub versions: &'static [&'static str],
    /// `Pod`
    pub kind: &'static str,
    /// `pods`
    pub plural: &'static str,
    /// What `kubectl` accepts besides the plural and the singular, e.g. `po`.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Sub-resources with their own path: `status`, `scale`, `log`, `proxy`, `portforward`.
    pub subresources: &'static [&'static str],
}

const fn kind(
    group: &'static str,
    versions: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
    subresources: &'static [&'static str],
) -> Kind {
    Kind { group, versions, kind, plural, short, namespaced, subresources }
}

const V1: &[&str] = &["v1"];
const ISTIO_VERSIONS: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const ISTIO: &str = "networking.istio.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// A namespace.
pub static NAMESPACE: Kind = kind("", V1, "Namespace", "namespaces", &["ns"], false, &["status"]);
/// A pod.
pub static POD: Kind =
    kind("", V1, "Pod", "pods", &["po"], true, &["status", "log", "proxy", "portforward"]);
/// A service.
pub static SERVICE: Kind =
    kind("", V1, "Service", "services", &["svc"], true, &["status", "proxy"]);
/// A service account.
pub static SERVICE_ACCOUNT: Kind =
    kind("", V1, "ServiceAccount", "serviceaccounts", &["sa"], true, &[]);
/// A secret.
pub static SECRET: Kind = kind("", V1, "Secret", "secrets", &[], true, &[]);
/// A config map.
pub static CONFIG_MAP: Kind = kind("", V1, "ConfigMap", "configmaps", &["cm"], true, &[]);
/// An event.
pub static EVENT: Kind = kind("", V1, "Event", "events", &["ev"], true, &[]);
/// An endpoint slice.
pub static ENDPOINT_SLICE: Kind =
    kind("discovery.k8s.io", V1, "EndpointSlice", "endpointslices", &[], true, &[]);
/// A deployment.
pub static DEPLOYMENT: Kind =
    kind("apps", V1, "Deployment", "deployments", &["deploy"], true, &["status", "scale"]);
/// A replica set.
pub static REPLICA_SET: Kind =
    kind("apps", V1, "ReplicaSet", "replicasets", &["rs"], true, &["status", "scale"]);
/// A job.
pub static JOB: Kind = kind("batch", V1, "Job", "jobs", &[], true, &["status"]);
/// A lease.
pub static LEASE: Kind = kind("coordination.k8s.io", V1, "Lease", "leases", &[], true, &[]);
/// What may be done to which kinds in a namespace.
pub static ROLE: Kind = kind(RBAC, V1, "Role", "roles", &[], true, &[]);
/// Who has a role.
pub static ROLE_BINDING: Kind = kind(RBAC, V1, "RoleBinding", "rolebindings", &[], true, &[]);
/// A virtual service.
pub static VIRTUAL_SERVICE: Kind =
    kind(ISTIO, ISTIO_VERSIONS, "VirtualService", "virtualservices", &["vs"], true, &["status"]);
/// A destination rule.
pub static DESTINATION_RULE: Kind =
    kind(ISTIO, ISTIO_VERSIONS, "DestinationRule", "destinationrules", &["dr"], true, &["status"]);

/// All kinds that are stored. (`SelfSubjectAccessReview` is answered, never stored.)
pub static ALL: &[&Kind] = &[
    &NAMESPACE,
    &POD,
    &SERVICE,
    &SERVICE_ACCOUNT,
    &SECRET,
    &CONFIG_MAP,
    &EVENT,
    &ENDPOINT_SLICE,
    &DEPLOYMENT,
    &REPLICA_SET,
    &JOB,
    &LEASE,
    &ROLE,
    &ROLE_BINDING,
    &VIRTUAL_SERVICE,
    &DESTINATION_RULE,
];
