//! Clusters that are ready, and ones that are not: the table and the Roles are golden.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::testing::{Fake, pod, shop};
use super::{Preflight, preflight};
use crate::cluster::rights::{Need, Place, RIGHTS};
use crate::error::ExitCode;
use crate::evidence::Source;
use crate::evidence::prometheus::{Prometheus, Trust};

async fn looked(fake: &Fake) -> Preflight {
    preflight(&fake.cluster(), &shop(), &[], &Source::Pods).await.unwrap()
}

/// All rights of the table up to a need, as the fake has them.
fn rights(need: Need) -> Vec<String> {
    let mut all = Vec::new();
    for right in RIGHTS.iter().filter(|right| right.need <= need) {
        let namespaces: &[&str] = match right.place {
            Place::Application => &["shop", "front"],
            Place::ControlPlane | Place::Prometheus => &["istio-system"],
            Place::Cluster => &[""],
        };
        for namespace in namespaces {
            for resource in right.resources {
                all.extend(right.verbs.iter().map(|verb| format!("{namespace} {verb} {resource}")));
            }
        }
    }
    all
}

/// The rows that are not as they should be.
fn troubles(preflight: &Preflight) -> String {
    let table = preflight.table();
    let rows = table.lines().skip(2).skip_while(|line| line.starts_with("ok"));
    let mut bad = false;
    let kept = rows.filter(|line| {
        bad = if line.starts_with(' ') { bad } else { !line.starts_with("ok") };
        bad
    });
    kept.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_cluster_that_is_ready_has_a_table_of_good_rows_and_is_only_asked() {
    let fake = Fake::ready();
    let preflight = looked(&fake).await;
    insta::assert_snapshot!(preflight.table());
    assert!(preflight.passes() && preflight.refusal().is_none());
    assert_eq!((preflight.roles(), preflight.warnings()), (None, Vec::new()));
    let asked = fake.asked();
    let reviews = "selfsubjectaccessreviews";
    let changes = |request: &&String| {
        let tries = request.starts_with("POST ") && request.contains("?dryRun=All&");
        !(tries || request.starts_with("GET ") || request.ends_with(reviews))
    };
    assert_eq!(asked.iter().filter(changes).collect::<Vec<_>>(), Vec::<&String>::new());
    // Whoever may do everything is asked once in each place.
    assert_eq!(asked.iter().filter(|request| request.ends_with(reviews)).count(), 3);
    assert!(asked.len() < 40, "{}: {asked:#?}", asked.len());
}

#[tokio::test]
async fn rights_that_are_missing_are_named_and_given_as_roles() {
    let mut fake = Fake::ready();
    let kept = |right: &String| {
        right != "shop create virtualservices"
            && right != "shop delete virtualservices"
            && right != "front update pods/proxy"
            && !right.ends_with("pods/portforward")
            && !right.ends_with("bindings")
    };
    fake.only(rights(Need::Sight).into_iter().filter(kept));
    let preflight = looked(&fake).await;
    insta::assert_snapshot!(troubles(&preflight));
    insta::assert_snapshot!("roles", preflight.roles().unwrap());
    let refusal = preflight.refusal().unwrap();
    assert_eq!(refusal.exit_code(), ExitCode::Wrong);
    assert!(refusal.to_string().contains("create, delete virtualservices"), "{refusal}");
    // With what the Roles give, nothing is missing any more.
    let mut fake = Fake::ready();
    fake.only(rights(Need::Sight));
    let preflight = looked(&fake).await;
    assert_eq!((preflight.roles(), preflight.warnings()), (None, Vec::new()));
}

#[tokio::test]
async fn without_the_rights_to_look_a_run_is_possible_and_it_is_said() {
    let mut fake = Fake::ready();
    fake.only(rights(Need::Run));
    let lists = ["resourcequotas", "pods"].map(|kind| format!("/api/v1/namespaces/shop/{kind}"));
    let policies = "/apis/security.istio.io/v1/namespaces/istio-system/peerauthentications";
    let pods = "/api/v1/namespaces/istio-system/pods";
    let namespace = "/api/v1/namespaces/front";
    for path in lists.iter().map(String::as_str).chain([policies, pods, namespace]) {
        let words = "pods is forbidden: User \"x\" cannot list resource \"pods\" in API group \"\"";
        fake.refuse(Method::GET, path, 403, words);
    }
    let deployments = "/apis/apps/v1/namespaces/front/deployments";
    let words = "deployments.apps is forbidden: User \"x\" cannot create resource \"deployments\"";
    fake.refuse(Method::POST, deployments, 403, words);
    let preflight = looked(&fake).await;
    assert!(preflight.passes(), "{}", preflight.table());
    insta::assert_snapshot!(troubles(&preflight));
}

#[tokio::test]
async fn what_the_cluster_lacks_of_the_application_comes_with_what_is_near() {
    let mut fake = Fake::ready();
    let service = json!({"metadata": {"name": "carts"}, "spec": {"ports": [{"port": 80}]}});
    let port = json!({"metadata": {"name": "db"}, "spec": {"ports": [{"port": 3307}]}});
    fake.list("/api/v1/namespaces/shop/services", [service, port]);
    fake.take_away("/apis/apps/v1/namespaces/front/deployments");
    fake.take_away("/api/v1/namespaces/front/pods");
    insta::assert_snapshot!(troubles(&looked(&fake).await));
}

#[tokio::test]
async fn a_namespace_that_is_gone_or_going_is_no_place_for_a_run() {
    let mut fake = Fake::ready();
    fake.take_away("/api/v1/namespaces/front");
    let going = json!({"metadata": {"name": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
    fake.put("/api/v1/namespaces/shop", going);
    let preflight = looked(&fake).await;
    insta::assert_snapshot!(troubles(&preflight));
    assert!(!preflight.passes());
    // Whoever may not read namespaces hears it from the dry run.
    let mut fake = Fake::ready();
    fake.refuse(Method::GET, "/api/v1/namespaces/front", 403, "no");
    let words = "deployments.apps is forbidden: unable to create new content in namespace front \
                 because it is being terminated";
    let deployments = "/apis/apps/v1/namespaces/front/deployments";
    fake.refuse(Method::POST, deployments, 403, words);
    let said = troubles(&looked(&fake).await);
    assert!(said.contains("missing") && said.contains("its namespace is being deleted"), "{said}");
}

#[tokio::test]
async fn a_cluster_without_istio_is_refused() {
    let mut fake = Fake::ready();
    fake.take_away("/apis/networking.istio.io/v1");
    fake.take_away("/api/v1/namespaces/istio-system/pods");
    let preflight = looked(&fake).await;
    insta::assert_snapshot!(troubles(&preflight));
    assert!(!preflight.passes());
}

#[tokio::test]
async fn a_server_that_is_none_or_knows_us_not_is_refused_at_once() {
    let mut fake = Fake::ready();
    fake.die("connection refused");
    insta::assert_snapshot!(looked(&fake).await.refusal().unwrap());
    let mut fake = Fake::ready();
    fake.refuse(Method::GET, "/version", 401, "Unauthorized");
    insta::assert_snapshot!(looked(&fake).await.refusal().unwrap());
    let mut fake = Fake::ready();
    fake.die("invalid peer certificate: Other(UnsupportedCertVersion)");
    let refusal = looked(&fake).await.refusal().unwrap().to_string();
    assert!(refusal.contains("X.509 version 1"), "{refusal}");
    fake.die("invalid peer certificate: UnknownIssuer");
    let refusal = looked(&fake).await.refusal().unwrap().to_string();
    assert!(refusal.contains("certificate-authority"), "{refusal}");
    // One that is only in trouble is no bad input.
    let mut fake = Fake::ready();
    fake.refuse(Method::GET, "/version", 500, "etcd is away");
    let error = preflight(&fake.cluster(), &shop(), &[], &Source::Pods).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Broken);
}

#[tokio::test]
async fn namespaces_without_sidecars_are_refused_or_told() {
    let mut fake = Fake::ready();
    fake.namespace("shop", json!({"istio.io/dataplane-mode": "ambient"}));
    fake.namespace("front", json!({"istio-injection": "disabled"}));
    fake.list("/api/v1/namespaces/front/pods", [pod("web-x", "web", false), pod("y", "y", false)]);
    insta::assert_snapshot!(troubles(&looked(&fake).await));
    // A revision is known by the control plane's pods, a tag by the webhooks.
    let mut fake = Fake::ready();
    fake.namespace("shop", json!({"istio.io/rev": "prod"}));
    assert!(troubles(&looked(&fake).await).contains("istio.io/rev=prod, and no control plane"));
    let labels = json!({"app": "sidecar-injector", "istio.io/rev": "a", "istio.io/tag": "prod"});
    let webhooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    fake.list(webhooks, [json!({"metadata": {"labels": labels}})]);
    assert_eq!(troubles(&looked(&fake).await), "");
}

#[tokio::test]
async fn a_control_plane_elsewhere_is_found_by_its_webhook() {
    let mut fake = Fake::ready();
    fake.take_away("/api/v1/namespaces/istio-system/pods");
    let said = troubles(&looked(&fake).await);
    assert!(said.contains("warning   control plane"), "{said}");
    fake.control_plane("mesh");
    let hook = json!({"clientConfig": {"service": {"namespace": "mesh"}}});
    let labels = json!({"app": "sidecar-injector"});
    let webhooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    fake.list(webhooks, [json!({"metadata": {"labels": labels}, "webhooks": [hook]})]);
    let preflight = looked(&fake).await;
    assert_eq!(troubles(&preflight), "");
    assert!(preflight.table().contains("1 pod in mesh"), "{}", preflight.table());
}

#[tokio::test]
async fn what_would_keep_our_pods_out_is_known_before() {
    let mut fake = Fake::ready();
    let enforce = "pod-security.kubernetes.io/enforce";
    fake.namespace("shop", json!({"istio-injection": "enabled", enforce: "baseline"}));
    let mut with_iptables = pod("cart-v1-x", "cart", true);
    with_iptables["spec"]["initContainers"] = json!([{"name": "istio-init"}]);
    fake.list("/api/v1/namespaces/shop/pods", [with_iptables]);
    let quota = |name: &str, hard: Value, used: Value| {
        let status = json!({"hard": hard, "used": used});
        json!({"metadata": {"name": name}, "status": status})
    };
    let full = quota("few", json!({"pods": "2"}), json!({"pods": "2"}));
    let costs = quota("cpu", json!({"requests.cpu": "2", "pods": "1"}), json!({}));
    fake.list("/api/v1/namespaces/front/resourcequotas", [full, costs]);
    let deployments = "/apis/apps/v1/namespaces/front/deployments";
    let words =
        "admission webhook \"policy.example\" denied the request: no image without a digest";
    fake.refuse(Method::POST, deployments, 400, words);
    let services = "/apis/networking.istio.io/v1/namespaces/front/virtualservices";
    let words = "admission webhook \"x.example\" does not support dry run";
    fake.refuse(Method::POST, services, 400, words);
    insta::assert_snapshot!(troubles(&looked(&fake).await));
}

#[tokio::test]
async fn strict_mtls_is_told_where_settings_are_asked_for_in_plain_text() {
    let mut fake = Fake::ready();
    let policies = "/apis/security.istio.io/v1/namespaces/istio-system/peerauthentications";
    let strict = json!({"metadata": {"name": "default"}, "spec": {"mtls": {"mode": "STRICT"}}});
    fake.list(policies, [strict]);
    let preflight = looked(&fake).await;
    assert!(preflight.passes());
    insta::assert_snapshot!(troubles(&preflight));
}

/// A preflight for a run that reads the Prometheus beside the control plane.
async fn looked_with_prometheus(fake: &Fake) -> Preflight {
    let prometheus = Prometheus::new("cluster", Trust::default()).unwrap();
    let source = Source::Prometheus(Arc::new(prometheus));
    preflight(&fake.cluster(), &shop(), &[], &source).await.unwrap()
}

/// With a Prometheus that has the proxies of these pods; it answers alike whatever it is asked.
fn with_prometheus(pods: &[(&str, &str)]) -> Fake {
    let mut fake = Fake::ready();
    let services = "/api/v1/namespaces/istio-system/services";
    let service = json!({"metadata": {"name": "prometheus"}, "spec": {"ports": [{"port": 9090}]}});
    fake.list(services, [service]);
    let series = |(namespace, pod): &(&str, &str)| {
        json!({"metric": {"namespace": namespace, "pod": pod},
            "value": [20, "2"], "values": [[1, "1"], [16, "1"]]})
    };
    let result: Vec<Value> = pods.iter().map(series).collect();
    let answer = json!({"status": "success", "data": {"resultType": "any", "result": result}});
    fake.put(&format!("{services}/prometheus:9090/proxy/api/v1/query"), answer);
    fake
}

#[tokio::test]
async fn a_prometheus_is_looked_at_where_one_is_to_be_read() {
    let all = [("shop", "cart-v1-x"), ("shop", "db-v1-x")];
    let row = |preflight: &Preflight| {
        let table = preflight.table();
        let rows = table.lines().skip_while(|line| !line.contains(" Prometheus "));
        rows.map(str::trim).collect::<Vec<_>>().join(" ")
    };
    let preflight = looked_with_prometheus(&with_prometheus(&all)).await;
    assert!(preflight.passes());
    let said = row(&preflight);
    let seen = "istio-system/prometheus:9090: 2 pods with sidecars, scraped every 15 s";
    assert!(said.starts_with("ok") && said.ends_with(seen), "{said}");

    let preflight = looked_with_prometheus(&with_prometheus(&all[..1])).await;
    assert!(preflight.passes() && row(&preflight).contains("nothing of shop/db-v1-x"));

    let mut without = Fake::ready();
    without.list("/api/v1/namespaces/istio-system/services", []);
    for (fake, words) in
        [(with_prometheus(&[]), "no series of Istio's"), (without, "no Service in istio-system")]
    {
        let preflight = looked_with_prometheus(&fake).await;
        let refusal = preflight.refusal().unwrap();
        assert_eq!(refusal.exit_code(), ExitCode::Wrong);
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

#[tokio::test]
async fn the_rights_to_a_prometheus_are_asked_for_where_one_is_to_be_read() {
    let mut fake = with_prometheus(&[("shop", "cart-v1-x"), ("shop", "db-v1-x")]);
    fake.only(rights(Need::Sight).into_iter().filter(|right| !right.ends_with("services/proxy")));
    assert!(looked(&fake).await.passes());
    let preflight = looked_with_prometheus(&fake).await;
    assert!(!preflight.passes());
    let roles = preflight.roles().unwrap();
    assert!(roles.contains("name: faultless-prometheus\n"), "{roles}");
    assert!(roles.contains("- services/proxy\n"), "{roles}");
}

/// Istio's objects, in the shop's namespace.
fn objects(all: &[(&str, Value)]) -> Vec<istio::Object> {
    let object = |(kind, spec): &(&str, Value)| {
        let metadata = json!({"name": "mine", "namespace": "shop"});
        let api_version = "networking.istio.io/v1";
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
    };
    all.iter().map(|one| istio::Object::parse(&object(one)).unwrap()).collect()
}

#[tokio::test]
async fn what_scenarios_configure_is_held_against_other_peoples_objects() {
    let route = |host: &str| json!({"route": [{"destination": {"host": host}}]});
    // A scenario deploys the versions that the application has.
    let versions = json!({"name": "b", "labels": {"version": "v2"}});
    let subsets = json!([{"name": "a", "labels": {"track": "new"}}, versions]);
    let delegate = json!({"delegate": {"name": "rest", "namespace": "team"}});
    let all = objects(&[
        (
            "VirtualService",
            json!({"hosts": ["cart"], "http": [route("pay.example.net"), delegate]}),
        ),
        (
            "VirtualService",
            json!({"hosts": ["a.example.com"], "gateways": ["edge/public"],
            "http": [route("cart")]}),
        ),
        ("DestinationRule", json!({"host": "cart", "subsets": subsets})),
    ]);
    let warned = async |fake: &Fake| {
        let looked = preflight(&fake.cluster(), &shop(), &all, &Source::Pods).await.unwrap();
        assert!(looked.passes());
        looked.warnings().join("\n")
    };
    let mut fake = Fake::ready();
    let said = warned(&fake).await;
    for part in [
        "VirtualService shop/mine: spec.http[0].route[0].destination.host: no service and no \
         ServiceEntry is called pay.example.net",
        "VirtualService shop/mine: spec.http[1].delegate: there is no VirtualService team/rest",
        "VirtualService shop/mine: spec.gateways[0]: there is no Gateway edge/public",
        "DestinationRule shop/mine: spec.subsets[0].labels: no pod of cart has them: 503 UH",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(said.lines().count(), 4, "{said}");

    // Once the mesh has all of it, nothing is left to be said.
    let istios = "/apis/networking.istio.io/v1";
    fake.list(&format!("{istios}/serviceentries"), [json!({"spec": {"hosts": ["*.example.net"]}})]);
    fake.put(&format!("{istios}/namespaces/team/virtualservices/rest"), json!({}));
    fake.put(&format!("{istios}/namespaces/edge/gateways/public"), json!({}));
    let mut cart = pod("cart-v1-x", "cart", true);
    cart["metadata"]["labels"]["track"] = "new".into();
    fake.list("/api/v1/namespaces/shop/pods", [cart, pod("db-v1-x", "db", true)]);
    assert_eq!(warned(&fake).await, "");

    // Others for the same host, and a scope without it.
    let other = |name: &str, gateways: Value| {
        json!({"kind": "VirtualService", "metadata": {"name": name, "namespace": "front"},
            "spec": {"hosts": ["cart.shop.svc.cluster.local"], "gateways": gateways}})
    };
    let theirs = [other("theirs", Value::Null), other("of-edge", json!(["edge/public"]))];
    let everywhere = format!("{istios}/virtualservices");
    fake.list(&everywhere, theirs);
    let egress = json!([{"hosts": ["./*"]}]);
    let sidecar = json!({"metadata": {"name": "default"}, "spec": {"egress": egress}});
    fake.list(&format!("{istios}/namespaces/front/sidecars"), [sidecar]);
    let said = warned(&fake).await;
    assert!(said.contains("spec.hosts: front has theirs for them too"), "{said}");
    let hidden = "cart.shop.svc.cluster.local is hidden from pods in front by Sidecar default";
    assert!(said.contains(hidden), "{said}");
    assert_eq!(said.lines().count(), 2, "{said}");

    // What may not be looked at is said so.
    fake.refuse(Method::GET, &format!("{istios}/serviceentries"), 403, "no");
    fake.refuse(Method::GET, &everywhere, 403, "no");
    for kind in ["sidecars", "virtualservices"] {
        fake.refuse(Method::GET, &format!("{istios}/namespaces/front/{kind}"), 403, "no");
    }
    let said = warned(&fake).await;
    for what in ["destination.host", "sidecars in front", "virtualservices in front"] {
        let line = said.lines().find(|line| line.contains(what));
        assert!(line.is_some_and(|line| line.contains("could not be looked at")), "{what}: {said}");
    }
    let looked = preflight(&fake.cluster(), &shop(), &all, &Source::Pods).await.unwrap();
    let table = looked.table();
    let row = table.lines().find(|row| row.starts_with("ok        elsewhere "));
    let said = "others may have routes for the same hosts, too: no";
    assert!(row.is_some_and(|row| row.ends_with(said)), "{table}");
}
