//! A machine of tests, with an authority, API servers and proxies on it.

use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SigningKey};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificates::base64;
use super::files::Files;
use super::proxy::Proxies;
use crate::cluster::failure::failed;
use crate::error::Error;

/// The name of a server that no resolver knows.
pub(super) const NAME: &str = "api.cluster.invalid";

/// Servers on this machine, which end with the test.
pub(super) struct Machine {
    authority: Issuer<'static, KeyPair>,
    authority_pem: String,
    authority_der: CertificateDer<'static>,
    pub(super) folder: TempDir,
    tasks: JoinSet<()>,
    /// What the server was signed in with, and what the proxy was asked for.
    pub(super) seen: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Certificate {
    Good,
    Version1,
    OtherName,
    Authority,
}

fn key_of(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

/// One value of DER: its tag, its content, and what follows it.
fn value(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, at) = match der[1] {
        0x81 => (usize::from(der[2]), 3),
        0x82 => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
        short => (usize::from(short), 2),
    };
    (der[0], &der[at..at + length], &der[at + length..])
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head: &[u8] = match length {
        0..=0x7F => &[tag, low],
        0x80..=0xFF => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// The same certificate as version 1, which has neither a version nor extensions.
fn version_1(certificate: &[u8], signer: &KeyPair) -> CertificateDer<'static> {
    let (_, whole, _) = value(certificate);
    let (_, mut fields, rest) = value(whole);
    let (_, algorithm, _) = value(rest);
    let mut kept = Vec::new();
    while !fields.is_empty() {
        let (tag, content, more) = value(fields);
        if !matches!(tag, 0xA0 | 0xA3) {
            kept.extend(der(tag, content));
        }
        fields = more;
    }
    let signed = der(0x30, &kept);
    let signature = [&[0], signer.sign(&signed).unwrap().as_slice()].concat();
    der(0x30, &[signed, der(0x30, algorithm), der(0x03, &signature)].concat()).into()
}

// === impl Machine ===

impl Machine {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            authority_pem: certificate.pem(),
            authority_der: certificate.der().clone(),
            authority: Issuer::new(params, key),
            folder: tempfile::tempdir().unwrap(),
            tasks: JoinSet::new(),
            seen: Arc::default(),
        }
    }

    pub(super) fn issue(&self, kind: Certificate) -> (CertificateDer<'static>, KeyPair) {
        let name = if kind == Certificate::OtherName { "other.invalid" } else { NAME };
        let mut params =
            CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()]).unwrap();
        if kind == Certificate::OtherName {
            params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        }
        if kind == Certificate::Authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        match kind {
            Certificate::Version1 => (version_1(certificate.der(), self.authority.key()), key),
            _ => (certificate.der().clone(), key),
        }
    }

    fn acceptor(&self, kind: Certificate, asks: bool) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            roots.add(self.authority_der.clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let (certificate, key) = self.issue(kind);
        let key = rustls::crypto::ring::sign::any_supported_type(&key_of(&key)).unwrap();
        // What rustls itself would not show.
        let shown = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
        Arc::new(builder.with_cert_resolver(Arc::new(shown))).into()
    }

    /// An API server that notes who signs in, and refuses whoever is `stale`.
    pub(super) async fn server(&mut self, kind: Certificate, asks: bool) -> u16 {
        let (acceptor, seen) = (self.acceptor(kind, asks), Arc::clone(&self.seen));
        self.serve(move |stream| {
            let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let answer = service_fn(move |request: Request<_>| {
                    let who = request.headers().get("authorization");
                    let who = who.map_or("nobody", |who| who.to_str().unwrap()).to_owned();
                    let _: &hyper::body::Incoming = request.body();
                    let status = match who.contains("stale") {
                        true => StatusCode::UNAUTHORIZED,
                        false => StatusCode::OK,
                    };
                    seen.lock().unwrap().push(who);
                    let answer = Response::builder()
                        .status(status)
                        .body(Full::new(bytes::Bytes::from("{}")));
                    async { answer }
                });
                // A client may go at any time.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            }
        })
        .await
    }

    pub(super) async fn serve<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        answer: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream));
            }
        });
        port
    }

    /// A proxy that leads everything to one port of this machine, or answers with a status.
    pub(super) async fn proxy(&mut self, to: u16, status: &'static str, tls: bool) -> u16 {
        let (acceptor, seen) = (self.acceptor(Certificate::Good, false), Arc::clone(&self.seen));
        self.serve(move |stream| {
            let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
            async move {
                match tls {
                    true => tunnel(acceptor.accept(stream).await.unwrap(), to, status, &seen).await,
                    false => tunnel(stream, to, status, &seen).await,
                }
            }
        })
        .await
    }

    pub(super) fn cluster(&self, server: &str, more: &str) -> String {
        let data = base64(self.authority_pem.as_bytes());
        format!("{{server: '{server}', certificate-authority-data: {data}{more}}}")
    }

    /// Asks so often for something by a kubeconfig with these entries, whatever the answer; the
    /// first failure.
    pub(super) async fn ask(
        &self,
        cluster: &str,
        user: &str,
        environment: &[(&str, &str)],
        times: usize,
    ) -> Result<(), Error> {
        let text = format!(
            "clusters: [{{name: c, cluster: {cluster}}}]\nusers: [{{name: u, user: {user}}}]\n\
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
        );
        let path = self.folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        let variable = |name: &str| {
            let found = environment.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let entry = Files::one(&path, "connecting")?.entry("x")?;
        let (client, _) = entry.client(Some(&Proxies::of(variable)), |_| {}).await?;
        let mut outcome = Ok(String::new());
        for _ in 0..times {
            let request = Request::get("/version").body(Vec::new()).unwrap();
            let answer = client.request_text(request).await;
            outcome = outcome.and(answer.map_err(|cause| failed("asking".to_owned(), cause)));
        }
        outcome.map(drop)
    }

    pub(super) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// The proxy's side of `CONNECT`.
async fn tunnel(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    to: u16,
    status: &str,
    seen: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let signed = head.lines().find(|line| line.to_lowercase().starts_with("proxy-auth"));
    let first = head.lines().next().unwrap();
    let signed = signed.and_then(|line| line.split_once(": ")).map_or("", |(_, who)| who);
    seen.lock().unwrap().push(format!("{first} {signed}"));
    stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
    if status.starts_with("200") {
        let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut server).await;
    }
}

/// As PEM has it.
pub(super) fn pem_of(certificate: &CertificateDer<'_>) -> String {
    let text: Vec<char> = {
        let value = serde_json::to_value(k8s_openapi::ByteString(certificate.to_vec())).unwrap();
        value.as_str().unwrap().chars().collect()
    };
    let lines: Vec<String> = text.chunks(64).map(|line| line.iter().collect()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
