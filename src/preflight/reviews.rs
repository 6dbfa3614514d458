//! What we may do, asked one right at a time. Whoever may do everything is asked that once.

use futures::stream;
use futures::stream::StreamExt as _;
use serde_json::{Value, json};

use super::facts::{Asked, Seen};
use crate::cluster::Cluster;
use crate::cluster::rights::{Place, RIGHTS};

/// Reviews under way at the same time: they cost the API server next to nothing, but it is
/// somebody's production.
const AT_ONCE: usize = 16;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Where rights are asked for.
pub(super) struct Places<'a> {
    /// The application's namespaces.
    pub(super) application: &'a [String],
    /// The control plane's namespace.
    pub(super) control_plane: &'a str,
    /// Whether those for the whole cluster are wanted too.
    pub(super) cluster: bool,
    /// Where Prometheus is, if it is reached through the API server.
    pub(super) prometheus: Option<&'a str>,
}

/// Asks for every right in its place.
pub(super) async fn rights(cluster: &Cluster, places: Places<'_>, more: Vec<Asked>) -> Vec<Asked> {
    let mut wanted = more;
    wanted.extend(wanted_in(&places));
    let mut namespaces: Vec<String> = wanted.iter().map(|asked| asked.namespace.clone()).collect();
    namespaces.sort();
    namespaces.dedup();
    let all = namespaces.into_iter().map(|namespace| async move {
        let allowed = review(cluster, &namespace, "*", "*", "*").await;
        (allowed == Ok(true)).then_some(namespace)
    });
    let free: Vec<String> =
        stream::iter(all).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    let asking = wanted.into_iter().map(|mut asked| {
        let free = free.contains(&asked.namespace);
        async move {
            if !free {
                let Asked { namespace, group, resource, verb, .. } = &asked;
                asked.allowed = review(cluster, namespace, group, resource, verb).await;
            }
            asked
        }
    });
    stream::iter(asking).buffered(AT_ONCE).collect().await
}

/// The table of rights, spelled out.
fn wanted_in(places: &Places<'_>) -> Vec<Asked> {
    let mut wanted = Vec::new();
    for right in RIGHTS {
        let namespaces = match right.place {
            Place::Application => places.application.to_vec(),
            Place::ControlPlane => vec![places.control_plane.to_owned()],
            Place::Cluster if places.cluster => vec![String::new()],
            Place::Cluster => Vec::new(),
            Place::Prometheus => places.prometheus.map(str::to_owned).into_iter().collect(),
        };
        for namespace in &namespaces {
            let pairs = right
                .resources
                .iter()
                .flat_map(|resource| right.verbs.iter().map(move |verb| (*resource, *verb)));
            wanted.extend(pairs.map(|(resource, verb)| Asked {
                place: right.place,
                need: right.need,
                namespace: namespace.clone(),
                group: right.group.to_owned(),
                resource: resource.to_owned(),
                verb: verb.to_owned(),
                allowed: Ok(true),
            }));
        }
    }
    wanted
}

/// Whether we may list a kind in all namespaces.
pub(super) async fn may_list(cluster: &Cluster, group: &str, plural: &str) -> Seen<bool> {
    review(cluster, "", group, plural, "list").await
}

async fn review(
    cluster: &Cluster,
    namespace: &str,
    group: &str,
    resource: &str,
    verb: &str,
) -> Seen<bool> {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": namespace,
            "group": group,
            "resource": resource,
            "subresource": subresource,
            "verb": verb,
        }},
    });
    let answer = cluster.review(REVIEWS, &review).await?;
    Ok(answer.pointer("/status/allowed") == Some(&Value::Bool(true)))
}

/// Who we are to the API server, where it says so.
pub(super) async fn user(cluster: &Cluster) -> Option<String> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer = cluster.review(path, &review).await.ok()?;
    answer.pointer("/status/userInfo/username").and_then(Value::as_str).map(str::to_owned)
}
