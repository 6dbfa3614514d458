//! The mesh is asked for what the scenarios' own Istio configuration meets there: what it names,
//! and other people's objects for the same hosts.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use istio::{DOMAIN, Object};
use serde_json::Value;

use super::ask::{found, list_path, listed};
use super::facts::{Configured, Seen};
use super::references::{Target, references};
use super::reviews;
use crate::application::Application;
use crate::cluster::Cluster;
use crate::cluster::question::Refusal;

const GROUP: &str = "networking.istio.io";

/// More different names than these are not asked for.
const REFERENCES_MAX: usize = 100;

/// Asks. Of objects that name nothing but the application's, only for others like them.
pub(super) async fn configured(
    cluster: &Cluster,
    objects: &[Object],
    application: &Application,
    namespaces: &[String],
) -> Configured {
    if objects.is_empty() {
        return Configured::default();
    }
    let mut references = references(objects, application);
    let unasked = references.len() > REFERENCES_MAX;
    references.truncate(REFERENCES_MAX);
    let of_hosts = references.iter().any(|one| matches!(one.to, Target::Host(_)));
    let entries = match of_hosts {
        true => everywhere(cluster, "serviceentries").await,
        false => Ok(Vec::new()),
    };
    let there = join_all(references.iter().map(|one| there(cluster, &one.to, &entries))).await;
    let clients = application.clients.values().map(|client| client.namespace.clone());
    let clients: BTreeSet<String> = clients.collect();
    let ((services, elsewhere), sidecars) = futures::join!(
        services(cluster, namespaces),
        of_namespaces(cluster, clients.into_iter(), "sidecars"),
    );
    Configured {
        objects: objects.to_vec(),
        references: references.into_iter().zip(there).collect(),
        services,
        elsewhere,
        sidecars,
        unasked,
    }
}

/// All `VirtualService`s where the whole cluster may be listed, and those of these namespaces where
/// not.
async fn services(
    cluster: &Cluster,
    namespaces: &[String],
) -> (BTreeMap<String, Seen<Vec<Value>>>, Option<Refusal>) {
    let plural = "virtualservices";
    let all = match everywhere(cluster, plural).await {
        Ok(all) => all,
        Err(why) => {
            return (of_namespaces(cluster, namespaces.iter().cloned(), plural).await, Some(why));
        }
    };
    let mut services: BTreeMap<String, Seen<Vec<Value>>> = BTreeMap::new();
    for service in all {
        let namespace = service.pointer("/metadata/namespace").and_then(Value::as_str);
        let namespace = namespace.unwrap_or_default().to_owned();
        if let Ok(there) = services.entry(namespace).or_insert_with(|| Ok(Vec::new())) {
            there.push(service);
        }
    }
    (services, None)
}

/// All of a kind, if we may list it in all namespaces: nobody is asked for what is not granted.
async fn everywhere(cluster: &Cluster, plural: &str) -> Seen<Vec<Value>> {
    match reviews::may_list(cluster, GROUP, plural).await? {
        true => listed(cluster, &list_path(GROUP, "v1", "", plural)).await,
        false => {
            let message = format!("cannot list {plural} in all namespaces");
            Err(Refusal { code: 403, message })
        }
    }
}

/// All of a kind, by namespace.
async fn of_namespaces(
    cluster: &Cluster,
    namespaces: impl Iterator<Item = String>,
    plural: &str,
) -> BTreeMap<String, Seen<Vec<Value>>> {
    let asking = namespaces.map(|namespace| async move {
        let path = list_path(GROUP, "v1", &namespace, plural);
        let all = listed(cluster, &path).await;
        (namespace, all)
    });
    join_all(asking).await.into_iter().collect()
}

async fn there(cluster: &Cluster, to: &Target, entries: &Seen<Vec<Value>>) -> Seen<bool> {
    let istios = |namespace: &str, plural: &str, name: &str| {
        format!("/apis/{GROUP}/v1/namespaces/{namespace}/{plural}/{name}")
    };
    let path = match to {
        Target::Gateway(namespace, name) => istios(namespace, "gateways", name),
        Target::Delegate(namespace, name) => istios(namespace, "virtualservices", name),
        Target::Host(host) => {
            let mut service = Ok(false);
            let own = host.strip_suffix(DOMAIN).and_then(|rest| rest.strip_suffix('.'));
            if let Some((name, namespace)) = own.and_then(|own| own.split_once('.')) {
                let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
                service = found(cluster, &path).await.map(|found| found.is_some());
            }
            let declared = |all: Vec<Value>| all.iter().any(|entry| declares(entry, host));
            // One that is there is enough; that none is, both must say.
            return match (service, entries.clone().map(declared)) {
                (Ok(true), _) | (_, Ok(true)) => Ok(true),
                (Ok(false), entries) => entries,
                (Err(why), _) => Err(why),
            };
        }
    };
    Ok(found(cluster, &path).await?.is_some())
}

/// Whether a `ServiceEntry` has this host, or one of a wildcard.
fn declares(entry: &Value, host: &str) -> bool {
    let hosts = entry.pointer("/spec/hosts").and_then(Value::as_array).into_iter().flatten();
    hosts.filter_map(Value::as_str).any(|own| {
        own == host
            || own.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix))
            || host.strip_prefix('*').is_some_and(|suffix| own.ends_with(suffix))
    })
}
