//! Ports inside a pod, as the `kube` crate and a stock `kubectl` forward them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Error};
use localmesh::kinds;
use localmesh::network::{Network, PodNet, PodPort, Protocol, Workload};
use localmesh::registry::WriteMode;
use localmesh::store::Part;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::mesh::{BareMesh, KUBECTL_MAX};

/// Everything here is on loopback; an idle machine takes milliseconds.
const SOON: Duration = Duration::from_secs(20);

/// More than all buffers on the way together.
const MUCH: usize = 5 << 20;

/// A pod `p` whose port 8000 says who calls and sends back whatever comes, whose port 9000 closes
/// at once, and whose port 9001 refuses.
struct Forwarded {
    mesh: BareMesh,
    pod: Arc<PodNet>,
    _applications: JoinSet<()>,
}

// === impl Forwarded ===

impl Forwarded {
    async fn start() -> Self {
        let mesh = BareMesh::start().await;
        let (ip, _) = mesh.network.allocate().unwrap();
        let mut applications = JoinSet::new();
        let echo = mesh.network.listen(ip, 0).unwrap();
        let closes = mesh.network.listen(ip, 0).unwrap();
        let refuses = mesh.network.listen(ip, 0).unwrap().local_addr().unwrap();
        let at =
            [(8000, &echo), (9000, &closes)].map(|(port, it)| (port, it.local_addr().unwrap()));
        let ports = at.into_iter().chain([(9001, refuses)]).map(|(port, app)| {
            // Other pods would reach it elsewhere, where nobody listens.
            let reach = SocketAddr::from((ip, 9));
            PodPort { port, protocol: Protocol::Tcp, reach, app }
        });
        applications.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, peer)) = echo.accept().await {
                connections.spawn(async move { drop(repeat(stream, peer).await) });
            }
        });
        applications.spawn(async move { while closes.accept().await.is_ok() {} });
        let spec = json!({"containers": [{"name": "c", "image": "x"}], "nodeName": "local"});
        let pod = json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec});
        mesh.cluster.create(&kinds::POD, pod.clone(), WriteMode::default()).unwrap();
        let runs = |pod: &mut serde_json::Value| pod["status"] = json!({"phase": "Running"});
        mesh.cluster.update(&kinds::POD, "default", "p", Part::Status, runs).unwrap();
        let pod = put(&mesh.network, ip, &pod, ports.collect());
        Self { mesh, pod, _applications: applications }
    }

    async fn api(&self) -> Api<Pod> {
        Api::namespaced(self.mesh.client().await, "default")
    }
}

fn put(
    network: &Network,
    ip: Ipv4Addr,
    pod: &serde_json::Value,
    ports: Vec<PodPort>,
) -> Arc<PodNet> {
    network.register(PodNet {
        namespace: "default".to_owned(),
        name: "p".to_owned(),
        uid: "u".to_owned(),
        ip,
        labels: [].into(),
        workload: Workload::of(pod),
        dir: "/nowhere".into(),
        sidecar: false,
        ports,
        telemetry: None,
    })
}

/// Says who calls, sends back what comes, and after its end says so.
async fn repeat(mut stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
    stream.write_all(format!("{}\n", peer.ip()).as_bytes()).await?;
    let (mut reader, mut writer) = stream.split();
    tokio::io::copy(&mut reader, &mut writer).await?;
    writer.write_all(b"the end").await?;
    writer.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kube_crate_forwards_ports_past_each_other() {
    let it = Forwarded::start().await;
    let mut forward = it.api().await.portforward("p", &[8000, 9001, 9000]).await.unwrap();
    let refused = forward.take_error(9001).unwrap();
    let refused = timeout(SOON, refused).await.unwrap().expect("a reason");
    assert!(refused.starts_with("error forwarding port 9001 to pod p"), "{refused}");
    assert!(refused.ends_with("connection refused"), "{refused}");
    // The other one goes on: from inside the pod, and whole, also when much is on its way.
    let (reader, mut writer) = tokio::io::split(forward.take_stream(8000).unwrap());
    let mut reader = BufReader::new(reader);
    let mut caller = String::new();
    reader.read_line(&mut caller).await.unwrap();
    assert_eq!(caller.trim().parse(), Ok(IpAddr::V4(it.pod.ip)));
    let much: Vec<u8> = (0..MUCH).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let mut back = vec![0; MUCH];
    let both =
        async { tokio::join!(writer.write_all(&much), reader.read_exact(&mut back)).1.map(drop) };
    timeout(SOON, both).await.unwrap().unwrap();
    assert_eq!(back, much);
    // One that the application closes is at its end.
    assert!(forward.take_error(9000).is_some());
    drop((reader, writer));
    timeout(SOON, forward.join()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_ends_when_the_application_closes_it_and_when_its_pod_goes() {
    let it = Forwarded::start().await;
    let api = it.api().await;
    let mut forward = api.portforward("p", &[9000]).await.unwrap();
    let mut stream = forward.take_stream(9000).unwrap();
    assert_eq!(timeout(SOON, stream.read(&mut [0; 9])).await.unwrap().unwrap(), 0);

    let mut forward = api.portforward("p", &[8000]).await.unwrap();
    let mut stream = BufReader::new(forward.take_stream(8000).unwrap());
    let mut line = String::new();
    timeout(SOON, stream.read_line(&mut line)).await.unwrap().unwrap();
    it.mesh.network.remove(&it.pod);
    let goes = |pod: &mut serde_json::Value| pod["status"] = json!({"phase": "Succeeded"});
    it.mesh.cluster.update(&kinds::POD, "default", "p", Part::Status, goes).unwrap();
    assert_eq!(timeout(SOON, stream.read(&mut [0; 9])).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn what_cannot_be_forwarded_is_an_object() {
    let it = Forwarded::start().await;
    let api = it.api().await;
    let code = async |name: &str, ports: &[u16]| match api.portforward(name, ports).await.err() {
        Some(Error::Api(status)) => (status.code, status.message.clone()),
        other => panic!("not a refusal: {other:?}"),
    };
    assert_eq!(code("nobody", &[80]).await, (404, "pods \"nobody\" not found".to_owned()));
    assert_eq!(code("p", &[0]).await, (400, "port \"0\" must be > 0".to_owned()));
    let path = "/api/v1/namespaces/default/pods/p/portforward?ports=8000";
    let plain = http::Request::get(path).body(Vec::new()).unwrap();
    match it.mesh.client().await.request_text(plain).await {
        Err(Error::Api(status)) => assert_eq!(status.message, "Upgrade request required"),
        other => panic!("not a refusal: {other:?}"),
    }
    it.mesh.network.remove(&it.pod);
    assert_eq!(code("p", &[80]).await, (503, "pod \"p\" is not running".to_owned()));
}

/// `kubectl port-forward` as it is today, and as it was before it used WebSockets.
#[tokio::test(flavor = "multi_thread")]
async fn kubectl_forwards_a_port() {
    let it = Forwarded::start().await;
    for websockets in ["true", "false"] {
        let args = ["port-forward", "pod/p", ":8000", ":9001"];
        let mut command = it.mesh.command(&args);
        let mut child = command.env("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut ports = Vec::new();
        while ports.len() < 2 {
            let line = timeout(KUBECTL_MAX, out.next_line()).await.unwrap().unwrap();
            let line = line.expect("kubectl goes on");
            if let Some(rest) = line.strip_prefix("Forwarding from 127.0.0.1:") {
                ports.push(rest.split(' ').next().unwrap().parse::<u16>().unwrap());
            }
        }
        // Several connections over one forward, one after the other and at once.
        let mut calls = JoinSet::new();
        for number in 0..4 {
            let port = ports[0];
            calls.spawn(async move { exchange(port, number).await.unwrap() });
        }
        let all = timeout(SOON, calls.join_all()).await.unwrap();
        assert!(all.iter().all(|said| *said == format!("{}\n", it.pod.ip)), "{all:?}");
        // What the pod refuses is said by kubectl, which ends by it.
        let mut refused = TcpStream::connect(("127.0.0.1", ports[1])).await.unwrap();
        assert_eq!(timeout(SOON, refused.read(&mut [0; 9])).await.unwrap().unwrap_or(0), 0);
        let ended = timeout(KUBECTL_MAX, child.wait_with_output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(said.contains("error forwarding port 9001 to pod p"), "{said}");
    }
}

/// Sends much, says its last word, and reads to the end; the greeting.
async fn exchange(port: u16, number: u8) -> io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
    let mut greeting = String::new();
    stream.read_line(&mut greeting).await?;
    let much = vec![number; MUCH / 8];
    let (mut reader, mut writer) = tokio::io::split(stream);
    let write = async {
        writer.write_all(&much).await?;
        writer.shutdown().await
    };
    let mut back = Vec::new();
    let (written, read) = tokio::join!(write, reader.read_to_end(&mut back));
    written?;
    read?;
    assert!(back.starts_with(&much) && back.ends_with(b"the end"), "{} bytes", back.len());
    Ok(greeting)
}

/// A port inside a pod is not one of the machine's.
#[tokio::test]
async fn only_the_pods_own_ports_are_forwarded() {
    let it = Forwarded::start().await;
    let stranger = TcpListener::bind((it.pod.ip, 0)).await.unwrap();
    let port = stranger.local_addr().unwrap().port();
    let mut forward = it.api().await.portforward("p", &[port]).await.unwrap();
    let refused = timeout(SOON, forward.take_error(port).unwrap()).await.unwrap();
    assert!(refused.is_some_and(|why| why.ends_with("connection refused")));
}
