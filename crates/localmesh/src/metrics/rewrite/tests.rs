//! Pages as Envoy 1.40 writes them, and what becomes of them.

use super::*;

fn workload(name: &str, namespace: &str, app: &str, version: &str) -> Workload {
    Workload {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        app: app.to_owned(),
        version: version.to_owned(),
        canonical_name: app.to_owned(),
        canonical_revision: version.to_owned(),
    }
}

/// 127.1.0.1 is voyages, 127.1.0.2 and 127.1.0.3 are two pods of travels-v1.
fn peer(ip: Ipv4Addr) -> Option<Workload> {
    match ip.octets() {
        [127, 1, 0, 1] => Some(workload("voyages", "travel-portal", "voyages", "v1")),
        [127, 1, 0, 2 | 3] => Some(workload("travels-v1", "travel-agency", "travels", "v1")),
        _ => None,
    }
}

fn source(page: &str) -> String {
    rewrite(page, &workload("voyages", "travel-portal", "voyages", "v1"), &peer)
}

const SERVICES: &str = concat!(
    r#"services="[{\"host\":\"travels.travel-agency.svc.cluster.local\","#,
    r#"\"name\":\"travels\",\"namespace\":\"travel-agency\"}]""#
);

#[test]
fn a_page_of_the_source() {
    let page = format!(
        r#"# TYPE envoy_istio_requests_total counter
envoy_istio_requests_total{{reporter="source",destination="127.1.0.2:8000",{SERVICES},cluster="outbound|8000|v1|travels.travel-agency.svc.cluster.local",response_flags="-",authority="travels.travel-agency:8000",response_code="200",grpc_status=""}} 3
envoy_istio_requests_total{{reporter="source",destination="127.1.0.3:8000",{SERVICES},cluster="outbound|8000|v1|travels.travel-agency.svc.cluster.local",response_flags="-",authority="travels.travel-agency:8000",response_code="200",grpc_status=""}} 4
envoy_istio_requests_total{{reporter="source",destination="",{SERVICES},cluster="outbound|8000|v1|travels.travel-agency.svc.cluster.local",response_flags="UO",authority="travels.travel-agency:8000",response_code="503",grpc_status=""}} 2
envoy_istio_requests_total{{reporter="source",destination="",services="",cluster="",response_flags="NR",authority="travels.travel-agency:8000",response_code="404",grpc_status=""}} 1
# TYPE envoy_istio_request_duration_milliseconds histogram
envoy_istio_request_duration_milliseconds_bucket{{reporter="source",destination="127.1.0.2:8000",{SERVICES},cluster="c",response_flags="-",authority="a",response_code="200",grpc_status="",le="0.5"}} 1
envoy_istio_request_duration_milliseconds_bucket{{reporter="source",destination="127.1.0.2:8000",{SERVICES},cluster="c",response_flags="-",authority="a",response_code="200",grpc_status="",le="10"}} 2
envoy_istio_request_duration_milliseconds_bucket{{reporter="source",destination="127.1.0.2:8000",{SERVICES},cluster="c",response_flags="-",authority="a",response_code="200",grpc_status="",le="+Inf"}} 3
envoy_istio_request_duration_milliseconds_sum{{reporter="source",destination="127.1.0.2:8000",{SERVICES},cluster="c",response_flags="-",authority="a",response_code="200",grpc_status=""}} 15.05
envoy_istio_request_duration_milliseconds_count{{reporter="source",destination="127.1.0.2:8000",{SERVICES},cluster="c",response_flags="-",authority="a",response_code="200",grpc_status=""}} 3
# TYPE envoy_server_live gauge
envoy_server_live{{}} 1
"#
    );
    insta::assert_snapshot!(source(&page));
}

#[test]
fn a_page_of_the_destination() {
    let page = format!(
        r#"# TYPE envoy_istio_requests_total counter
envoy_istio_requests_total{{reporter="destination",source="127.1.0.1",{SERVICES},cluster="inbound|8000||",response_flags="DC",response_code="0",grpc_status=""}} 3
envoy_istio_requests_total{{reporter="destination",source="127.0.0.1",services="",cluster="inbound|8000||",response_flags="-",response_code="200",grpc_status="0"}} 1
# TYPE envoy_istio_tcp_sent_bytes_total counter
envoy_istio_tcp_sent_bytes_total{{reporter="destination",source="127.1.0.1",{SERVICES},cluster="inbound|3306||",response_flags="-"}} 1234567890123
"#
    );
    let own = workload("travels-v1", "travel-agency", "travels", "v1");
    insta::assert_snapshot!(rewrite(&page, &own, &peer));
}

#[test]
fn passthrough_is_named_after_its_cluster() {
    let page = "envoy_istio_requests_total{reporter=\"source\",destination=\"1.2.3.4:80\",\
                cluster=\"PassthroughCluster\",authority=\"example.com\"} 1\n";
    let page = source(page);
    assert!(page.contains("destination_service=\"example.com\""), "{page}");
    assert!(page.contains("destination_service_name=\"PassthroughCluster\""), "{page}");
}

#[test]
fn hosts_that_were_made_to_break_the_page_stay_one_label() {
    let host = r#"a\"} 7\n# TYPE x\\"#;
    let page =
        format!("envoy_istio_requests_total{{reporter=\"source\",authority=\"{host}\"}} 1\n");
    let page = source(&page);
    assert_eq!(page.lines().count(), 2, "{page}");
    assert!(page.contains(&format!("destination_service=\"{host}\"")), "{page}");
}

proptest::proptest! {
    #[test]
    fn no_page_panics(
        page in "(envoy_istio_[a-z_]{0,9}[{}a-z=\",\\\\]{0,20} ?[0-9.a-zA-Z]{0,4}\n|.{0,9}\n){0,9}"
    ) {
        let _ = source(&page);
    }

    #[test]
    fn nothing_is_lost(values in proptest::collection::vec(0u32..1000, 1..20)) {
        let line = |(at, value): (usize, &u32)| format!(
            "envoy_istio_requests_total{{reporter=\"source\",destination=\"127.1.0.{}:80\"}} {}\n",
            at % 6,
            value
        );
        let page: String = values.iter().enumerate().map(line).collect();
        let number = |line: &str| line.rsplit_once(' ')?.1.parse::<f64>().ok();
        let sum: f64 = source(&page).lines().filter_map(number).sum();
        proptest::prop_assert!((sum - f64::from(values.iter().sum::<u32>())).abs() < 0.5);
    }
}
