//! Each rule finds its mistake, and finds nothing in what the wizards write.

use serde_json::{Value, json};

use crate::analysis::{Caller, Finding, Service, Severity, Surroundings, analyze};
use crate::object::Object;

fn found(objects: &[Value]) -> Vec<String> {
    let told = |finding: &Finding| match finding.severity {
        Severity::Error => finding.to_string(),
        Severity::Warning => format!("warning: {finding}"),
    };
    let objects: Vec<_> = objects.iter().map(|object| Object::parse(object).unwrap()).collect();
    analyze(&objects, &around()).iter().map(told).collect()
}

fn around() -> Surroundings {
    let service = |name: &str, namespace: &str, versions: &[&str]| Service {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        versions: versions.iter().map(|version| (*version).to_owned()).collect(),
    };
    let agent = |name: &str| Caller {
        namespace: "travel-portal".to_owned(),
        labels: [("app".to_owned(), format!("faultless-load-{name}"))].into(),
    };
    let all = ["v1", "v2", "v3"];
    let services = ["travels", "hotels", "mysqldb"];
    let mut services = services.map(|name| service(name, "travel-agency", &all)).to_vec();
    services.push(service("hotels", "travel-control", &[]));
    Surroundings { services, callers: ["voyages", "viaggi"].map(agent).to_vec() }
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "travel-agency"},
        "spec": spec,
    })
}

fn host(name: &str) -> String {
    format!("{name}.travel-agency.svc.cluster.local")
}

fn rule(name: &str) -> Value {
    let subsets = ["v1", "v2", "v3"].map(|v| json!({"name": v, "labels": {"version": v}}));
    object("DestinationRule", name, json!({"host": host(name), "subsets": subsets}))
}

fn travels(http: &[&Value]) -> Value {
    object("VirtualService", "travels", json!({"hosts": [host("travels")], "http": http}))
}

/// A rule that spreads requests over versions.
fn to(name: &str, weights: &[(&str, i32)]) -> Value {
    let share = |(version, weight): &(&str, i32)| {
        let destination = json!({"host": name, "subset": version});
        json!({"destination": destination, "weight": weight})
    };
    json!({"route": weights.iter().map(share).collect::<Vec<_>>()})
}

fn shares(weights: [i32; 3]) -> Value {
    let [one, two, three] = weights;
    to(&host("travels"), &[("v1", one), ("v2", two), ("v3", three)])
}

/// A rule with something more in it.
fn with(mut rule: Value, field: &str, value: Value) -> Value {
    rule[field] = value;
    rule
}

#[track_caller]
fn finds(objects: &[Value], expected: &str) {
    let found = found(objects);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "expected one finding with {expected:?}, found {found:#?}"
    );
}

#[test]
fn what_the_wizards_write_is_right() {
    let portal = |name| {
        with(shares([100, 0, 0]), "match", json!([{"headers": {"portal": {"exact": name}}}]))
    };
    let (mysqldb, hotels) = (host("mysqldb"), host("hotels"));
    let tcp = to(&mysqldb, &[("v1", 80), ("v2", 20)]);
    let delay = json!({"delay": {"percentage": {"value": 100}, "fixedDelay": "5s"}});
    let delayed = with(to(&hotels, &[("v1", 100)]), "fault", delay);
    let objects = [
        rule("travels"),
        travels(&[&portal("a"), &portal("b"), &shares([33, 33, 34])]),
        rule("mysqldb"),
        object("VirtualService", "mysqldb", json!({"hosts": [mysqldb], "tcp": [tcp]})),
        rule("hotels"),
        object("VirtualService", "hotels", json!({"hosts": [hotels], "http": [delayed]})),
    ];
    assert_eq!(found(&objects), Vec::<String>::new());
}

#[test]
fn two_objects_for_one_host() {
    let mut second = travels(&[&shares([80, 10, 10])]);
    second["metadata"]["name"] = "travels-too".into();
    let first = travels(&[&shares([100, 0, 0])]);
    finds(
        &[rule("travels"), first.clone(), second],
        "VirtualService travel-agency/travels-too: spec.hosts: travels.travel-agency.svc.cluster.\
         local already has VirtualService travel-agency/travels",
    );
    // The same object again is an update.
    assert!(found(&[rule("travels"), first.clone(), first]).is_empty());
}

fn anywhere(name: &str) -> Value {
    json!({"route": [{"destination": {"host": name}}]})
}

#[test]
fn subsets_and_hosts_exist() {
    let v9 = travels(&[&to("travels", &[("v9", 1)])]);
    finds(&[rule("travels"), v9.clone()], "(it has: v1, v2, v3)");
    finds(&[v9], "(it has: none)");
    finds(
        &[travels(&[&anywhere("travel")])],
        "no service is called travel.travel-agency.svc.cluster.local; the nearest is travels.",
    );
    let mirror = json!({"host": "travels", "subset": "v9"});
    let mirror = travels(&[&with(anywhere("travels"), "mirror", mirror)]);
    finds(&[rule("travels"), mirror], "spec.http[0].mirror.subset");
}

#[test]
fn rules_that_can_never_be_used() {
    let path =
        |prefix: &str| with(anywhere("travels"), "match", json!([{"uri": {"prefix": prefix}}]));
    let (wide, narrow) = (path("/a"), path("/a/b"));
    let behind = found(&[travels(&[&wide, &narrow])]);
    // Istio warns of the condition itself.
    let expected =
        ["spec.http[1].match[0]: is not used", "spec.http[1]: can never be used: rule 0"];
    assert_eq!(behind.len(), expected.len(), "{behind:#?}");
    assert!(behind.iter().zip(expected).all(|(said, part)| said.contains(part)), "{behind:#?}");
    assert!(found(&[travels(&[&narrow, &wide])]).is_empty());
    let mut header = path("/a");
    header["match"][0]["headers"] = json!({"user": {"exact": "new"}});
    assert!(found(&[travels(&[&header, &wide])]).is_empty());
    finds(&[travels(&[&wide, &header])], "spec.http[1]");
}

#[test]
fn faults_stand_alone_and_weights_are_percentages() {
    let abort = json!({"abort": {"percentage": {"value": 50}, "httpStatus": 503}});
    let both = with(with(anywhere("travels"), "fault", abort), "timeout", json!("1s"));
    finds(&[travels(&[&both])], "spec.http[0].timeout: timeout and fault on one rule");
    finds(
        &[rule("travels"), travels(&[&shares([8, 1, 1])])],
        "spec.http[0].route: weights sum to 10, not 100",
    );
}

#[test]
fn what_is_refused_is_told() {
    let object = travels(&[&with(anywhere("travels"), "fualt", json!({}))]);
    finds(&[object], "unknown field \"spec.http[0].fualt\"");
}

fn of_hosts(hosts: &[&str], gateways: &[&str]) -> Value {
    let spec = json!({"hosts": hosts, "gateways": gateways, "http": [anywhere(&host("travels"))]});
    object("VirtualService", "a", spec)
}

#[test]
fn the_hosts_of_gateways_need_no_service() {
    for gateways in [&["istio-ingress/public"][..], &["istio-ingress/public", "mesh"]] {
        let hosts = ["trips.example.com", "*.example.org", &host("travels")];
        assert_eq!(found(&[of_hosts(&hosts, gateways)]), Vec::<String>::new());
        // One that is nearly a service's is a mistake there too.
        finds(&[of_hosts(&[&host("travesl")], gateways)], "the nearest is travels.");
    }
    finds(&[of_hosts(&["trips.example.com"], &["mesh"])], "warning: VirtualService");
}

#[test]
fn a_host_that_the_mesh_may_have_is_a_doubt_and_one_nearly_ours_a_mistake() {
    let doubt = "warning: VirtualService travel-agency/a: spec.hosts[0]: no service of the \
                 application is called payments.example.net";
    finds(&[of_hosts(&["payments.example.net"], &[])], doubt);
    let table = [
        // Far from any name of ours.
        ("reviews", "warning: VirtualService"),
        ("reviews.other.svc.cluster.local", "warning: VirtualService"),
        // Istio completes no part of a name.
        ("travels.travel-agency", "no service is called travels.travel-agency; the nearest is t"),
        ("travels.travel-agency.svc", "the nearest is travels.travel-agency.svc.cluster.local"),
        ("travels.travel-agncy.svc.cluster.local", "the nearest is travels.travel-agency.svc"),
        ("travels.travel-control.svc.cluster.local", "the nearest is travels.travel-agency.svc"),
        ("travles", "the nearest is travels.travel-agency.svc.cluster.local"),
    ];
    for (spelled, expected) in table {
        finds(&[of_hosts(&[spelled], &[])], expected);
        let is_doubt = expected.starts_with("warning");
        assert_eq!(found(&[of_hosts(&[spelled], &[])])[0].starts_with("warning"), is_doubt);
    }
    let to = travels(&[&anywhere("payments.example.net")]);
    finds(&[to], "warning: VirtualService travel-agency/travels: spec.http[0].route[0].desti");
}

#[test]
fn a_short_name_is_one_of_the_objects_own_namespace() {
    let of = |namespace: &str, name: &str| {
        let mut object = of_hosts(&[name], &[]);
        object["metadata"]["namespace"] = namespace.into();
        object
    };
    let said = "no service is called travels.travel-control.svc.cluster.local; the nearest is \
                travels.travel-agency.svc.cluster.local: a name without a dot";
    finds(&[of("travel-control", "travels")], said);
    assert!(!found(&[of("travel-control", "travels")])[0].starts_with("warning"));
    assert!(found(&[of("elsewhere", "travels")])[0].starts_with("warning"));
    finds(
        &[of("travel-agency", "hotels")],
        "warning: VirtualService travel-agency/a: spec.hosts[0]: `hotels` means hotels.\
         travel-agency.svc.cluster.local here, and not hotels.travel-control.svc",
    );
    assert!(found(&[of("travel-agency", &host("hotels"))]).is_empty());
}

#[test]
fn a_rule_is_left_to_an_object_that_may_have_it() {
    let delegate = |namespace: Value| json!({"delegate": {"name": "b", "namespace": namespace}});
    let root = travels(&[&delegate(Value::Null)]);
    let target = |hosts: &[&str]| {
        object("VirtualService", "b", json!({"hosts": hosts, "http": [anywhere("travels")]}))
    };
    finds(
        std::slice::from_ref(&root),
        "warning: VirtualService travel-agency/travels: spec.http[0].delegate: no scenario's \
         object is the VirtualService travel-agency/b",
    );
    let mut without = target(&[]);
    without["spec"].as_object_mut().unwrap().remove("hosts");
    let told = found(&[root.clone(), without]);
    assert!(told.iter().all(|told| !told.contains("delegate")), "{told:?}");
    let elsewhere = travels(&[&delegate("other".into())]);
    finds(&[elsewhere], "object is the VirtualService other/b");
    finds(&[root, target(&[&host("hotels")])], "has hosts, so no other may leave a rule to it");
}

#[test]
fn an_object_that_our_load_does_not_meet_is_told() {
    let to = |export: &[&str]| {
        let mut object = travels(&[&anywhere("travels")]);
        object["spec"]["exportTo"] = json!(export);
        object
    };
    finds(&[to(&["."])], "spec.exportTo: pods in travel-control, travel-portal do not see this");
    finds(&[to(&["travel-portal", "."])], "pods in travel-control do not see this object");
    assert!(found(&[to(&["*"])]).is_empty() && found(&[to(&[])]).is_empty());

    let from = |block: Value| travels(&[&with(anywhere("travels"), "match", json!([block]))]);
    finds(
        &[from(json!({"sourceLabels": {"app": "voyages"}}))],
        "warning: VirtualService travel-agency/travels: spec.http[0].match[0].sourceLabels: no pod \
         that sends load is of these labels (they are: app=faultless-load-viaggi; app=faultless-",
    );
    finds(&[from(json!({"sourceNamespace": "travel-agency"}))], "match[0].sourceNamespace: no pod");
    finds(
        &[from(json!({
            "sourceLabels": {"app": "faultless-load-viaggi"}, "sourceNamespace": "travel-agency"
        }))],
        "is of this namespace and has these labels (they are: travel-portal): only",
    );
    for met in [
        json!({"sourceLabels": {"app": "faultless-load-viaggi"}}),
        json!({"sourceNamespace": "travel-portal"}),
        // The application's own calls.
        json!({"sourceLabels": {"app": "hotels"}}),
        json!({"uri": {"prefix": "/a"}}),
    ] {
        assert_eq!(found(&[from(met)]), Vec::<String>::new());
    }
}

#[test]
fn a_destination_rule_is_where_callers_look_and_its_subsets_have_pods() {
    let mut away = rule("travels");
    away["metadata"]["namespace"] = "travel-portal".into();
    finds(
        &[away.clone()],
        "warning: DestinationRule travel-portal/travels: metadata.namespace: only pods in \
         travel-portal obey it",
    );
    away["metadata"]["namespace"] = "istio-system".into();
    assert!(found(&[away]).is_empty());
    let mut absent = rule("travels");
    absent["spec"]["subsets"][1]["labels"]["version"] = "v9".into();
    finds(&[absent], "spec.subsets[1].labels.version: travels has no version v9");
    // Of what nobody described, nothing is known.
    let control = "hotels.travel-control.svc.cluster.local";
    let subsets = json!([{"name": "x", "labels": {"version": "x"}}]);
    let mut rule = object("DestinationRule", "c", json!({"host": control, "subsets": subsets}));
    rule["metadata"]["namespace"] = "travel-control".into();
    assert!(found(&[rule]).is_empty());
}
