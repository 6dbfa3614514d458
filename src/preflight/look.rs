//! The look itself: everything is asked at once, as far as one answer does not need another.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use istio::Object;
use serde_json::{Value, json};

use super::ask::{found, group_path, list_path, listed};
use super::configured::configured;
use super::facts::{ControlPlane, Facts, Istiod, Itself, Mtls, Namespace, Seen};
use super::report::Preflight;
use super::{judge, own_kinds, parse, reviews};
use crate::application::{Application, Client};
use crate::cluster::{Cluster, ObjectRef, rights};
use crate::error::{Error, Result};
use crate::evidence::prometheus::{Prometheus, Sight, Trouble};
use crate::evidence::{Agents, Source};
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};
use crate::safety::namespaces;

/// Where a control plane is unless somebody says otherwise.
const CONTROL_PLANE: &str = "istio-system";

/// What finds its pods.
const ISTIOD: &str = "labelSelector=app%3Distiod";

/// Where istiod tells its version, to everybody.
const VERSION_PORT: u16 = 15014;

/// What the objects of an admission dry run are labelled with; nothing is ever stored under it.
const RUN: &str = "preflight";

/// Looks at a cluster before a run of this application, in which scenarios configure these objects:
/// asks, and writes nothing. Answers what was
/// found, be it good or bad; an error is only what is wrong with the application's own files.
pub async fn preflight(
    cluster: &Cluster,
    application: &Application,
    objects: &[Object],
    source: &Source,
) -> Result<Preflight> {
    let own = namespaces(application)?;
    let more = own_kinds::rights(application)?;
    let version = match cluster.look("/version").await {
        Ok(version) => version["gitVersion"].as_str().unwrap_or("unknown").to_owned(),
        // To be seen by everybody, but not everywhere.
        Err(refusal) if refusal.code == 403 => "of an unknown version".to_owned(),
        Err(refusal) if refusal.code == 429 || refusal.code >= 500 => {
            let doing = format!("looking at {}", cluster.name());
            return Err(Error::runner(doing, refusal).hint("is the API server overloaded?"));
        }
        Err(refusal) => return Ok(Preflight::unreachable(cluster, &refusal)),
    };
    let spaces = join_all(own.iter().map(|name| namespace(cluster, name)));
    let (spaces, control_plane, served) =
        futures::join!(spaces, find_control_plane(cluster), served(cluster));
    let spaces: BTreeMap<String, Namespace> = own.iter().cloned().zip(spaces).collect();
    // Where it was found, nobody has to look for it in the whole cluster.
    let missed = control_plane.pods.as_ref().is_ok_and(Vec::is_empty);
    let places = reviews::Places {
        application: &own,
        control_plane: &control_plane.namespace,
        cluster: missed,
        prometheus: source
            .prometheus()
            .and_then(Prometheus::in_cluster)
            .map(|said| said.unwrap_or(&control_plane.namespace)),
    };
    let asking = reviews::rights(cluster, places, more);
    let (rights, admission, prometheus, configured) = futures::join!(
        asking,
        admission(cluster, application, &spaces),
        prometheus(cluster, source, &control_plane.namespace, &application.namespaces),
        Box::pin(configured(cluster, objects, application, &own)),
    );
    let allowed = rights.iter().all(|asked| asked.allowed == Ok(true));
    let user = if allowed { None } else { reviews::user(cluster).await };
    let facts = Facts {
        version,
        user,
        rights,
        served,
        namespaces: spaces,
        control_plane,
        prometheus,
        configured,
        admission: admission?,
    };
    Preflight::of(cluster, judge::judge(application, &facts), &facts)
}

async fn prometheus(
    cluster: &Cluster,
    source: &Source,
    control_plane: &str,
    namespaces: &[String],
) -> Option<Result<Sight, Trouble>> {
    Some(source.prometheus()?.look(cluster, control_plane, namespaces).await)
}

async fn namespace(cluster: &Cluster, name: &str) -> Namespace {
    let path = format!("/api/v1/namespaces/{name}");
    let list = |group, version, plural| list_path(group, version, name, plural);
    let [services, pods, quotas] =
        ["services", "pods", "resourcequotas"].map(|plural| list("", "v1", plural));
    let deployments = list("apps", "v1", "deployments");
    let (itself, services, deployments, pods, quotas, mtls) = futures::join!(
        found(cluster, &path),
        listed(cluster, &services),
        listed(cluster, &deployments),
        listed(cluster, &pods),
        listed(cluster, &quotas),
        mtls(cluster, name),
    );
    Namespace {
        itself: itself.map(|there| there.as_ref().map(parse::namespace)),
        services: services.map(|all| all.iter().map(parse::service).collect()),
        deployments: deployments.map(|all| all.iter().map(parse::name).collect()),
        pods: pods.map(|all| all.iter().filter_map(parse::pod).collect()),
        quotas: quotas.map(|all| all.iter().map(parse::quota).collect()),
        mtls,
    }
}

async fn mtls(cluster: &Cluster, namespace: &str) -> Seen<Vec<Mtls>> {
    let path = list_path("security.istio.io", "v1", namespace, "peerauthentications");
    Ok(listed(cluster, &path).await?.iter().map(parse::mtls).collect())
}

/// The control plane: in its usual namespace, and if it is not there, where the webhooks say.
async fn find_control_plane(cluster: &Cluster) -> ControlPlane {
    let webhooks =
        list_path("admissionregistration.k8s.io", "v1", "", "mutatingwebhookconfigurations");
    let (pods, webhooks) =
        futures::join!(istiods(cluster, CONTROL_PLANE), listed(cluster, &webhooks));
    let injectors = webhooks.map(|all| all.iter().filter_map(parse::injector).collect::<Vec<_>>());
    let (mut namespace, mut pods) = (CONTROL_PLANE.to_owned(), pods);
    if pods.as_ref().is_ok_and(Vec::is_empty)
        && let Ok(injectors) = &injectors
        && let Some(elsewhere) = injectors.iter().find(|injector| !injector.namespace.is_empty())
        && elsewhere.namespace != namespace
    {
        namespace.clone_from(&elsewhere.namespace);
        pods = istiods(cluster, &namespace).await;
    }
    let mtls = mtls(cluster, &namespace).await;
    ControlPlane { namespace, pods, injectors, mtls }
}

async fn istiods(cluster: &Cluster, namespace: &str) -> Seen<Vec<Istiod>> {
    let path = format!("{}&{ISTIOD}", list_path("", "v1", namespace, "pods"));
    let pods = listed(cluster, &path).await?;
    let asking = pods.iter().map(|pod| async move {
        let (name, (revision, ready)) = (parse::name(pod), parse::istiod(pod));
        let page =
            format!("/api/v1/namespaces/{namespace}/pods/{name}:{VERSION_PORT}/proxy/version");
        let version = cluster.look(&page).await.map(|page| parse::istio_version(&page));
        Istiod { name, ready, revision, version }
    });
    Ok(join_all(asking).await)
}

/// What is served of the groups that a run writes to.
async fn served(cluster: &Cluster) -> BTreeMap<String, Seen<Option<BTreeSet<String>>>> {
    let asking = rights::written().into_iter().map(|(group, version, _)| async move {
        let path = group_path(group, version);
        let document = found(cluster, &path).await;
        let api_version =
            if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        (api_version, document.map(|there| there.as_ref().map(parse::plurals)))
    });
    join_all(asking).await.into_iter().collect()
}

/// What would become of what a run adds first: its load agents, and Istio configuration.
async fn admission(
    cluster: &Cluster,
    application: &Application,
    spaces: &BTreeMap<String, Namespace>,
) -> Result<Vec<(String, Seen<()>)>> {
    let stays = |client: &&Client| {
        let itself = spaces.get(&client.namespace).map(|space| &space.itself);
        !matches!(itself, Some(Ok(None | Some(Itself { terminating: true, .. }))))
    };
    let clients: Vec<&Client> = application.clients.values().filter(stays).collect();
    let mut objects: Vec<Value> = clients
        .iter()
        .map(|client| Agents::deployment(client, RUN, cluster.agent_image()))
        .collect();
    objects.extend(clients.first().map(|client| virtual_service(client, application)));
    let trying = objects.iter().map(|object| async move {
        let name = ObjectRef::of(object)?.to_string();
        Ok((name, cluster.would_create(object).await?))
    });
    join_all(trying).await.into_iter().collect()
}

/// The simplest of what a scenario writes: everything for a host goes to that host.
fn virtual_service(client: &Client, application: &Application) -> Value {
    let called = application.services.get(&client.calls);
    let host = called.map_or_else(
        || client.calls.clone(),
        |service| format!("{}.{}.svc.cluster.local", service.name, service.namespace),
    );
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {
            "name": "faultless-preflight",
            "namespace": client.namespace,
            "labels": {MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: RUN},
        },
        "spec": {"hosts": [host], "http": [{"route": [{"destination": {"host": host}}]}]},
    })
}
