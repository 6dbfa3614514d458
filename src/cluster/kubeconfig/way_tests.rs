//! The whole way to a server that is here: TLS, proxies, tokens and plugins.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::certificates::base64;
use super::machine::{Certificate, Machine, NAME, pem_of};

/// A user's entry with a plugin that is this script.
fn plugin(script: &str, more: &str) -> String {
    let script = serde_json::to_string(script).unwrap();
    format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, \
         {script}]{more}}}}}"
    )
}

fn answer(status: &str) -> String {
    format!(
        "printf '%s\\n' '{{\"kind\": \"ExecCredential\", \"apiVersion\": \
         \"client.authentication.k8s.io/v1\", \"status\": {status}}}'"
    )
}

#[tokio::test]
async fn a_token_in_a_file_signs_in_without_its_line_break() {
    let mut here = Machine::new();
    let port = here.server(Certificate::Good, false).await;
    std::fs::write(here.folder.path().join("token"), " from-file\r\n").unwrap();
    let cluster = here.cluster(&format!("https://127.0.0.1:{port}"), "");
    // What stands beside it in the entry is older.
    here.ask(&cluster, "{token: inline, tokenFile: token}", &[], 2).await.unwrap();
    here.ask(&cluster, "{token: inline}", &[], 1).await.unwrap();
    here.ask(&cluster, "{}", &[], 1).await.unwrap();
    assert_eq!(here.seen(), ["Bearer from-file", "Bearer from-file", "Bearer inline", "nobody"]);
}

#[tokio::test]
async fn a_plugin_signs_in_and_is_asked_again_when_its_answer_ends() {
    let mut here = Machine::new();
    let port = here.server(Certificate::Good, false).await;
    let cluster = here.cluster(&format!("https://127.0.0.1:{port}"), "");
    let ask = async |here: &Machine, status: &str, times| {
        let counter = here.folder.path().join("counter");
        std::fs::write(&counter, "").unwrap();
        let count = format!("echo >> {0}; n=$(wc -l < {0} | tr -d ' ');", counter.display());
        let script = format!("{count} {}", answer(status).replace("NUMBER", "'$n'"));
        here.ask(&cluster, &plugin(&script, ""), &[], times).await
    };
    ask(&here, r#"{"token": "t-NUMBER"}"#, 2).await.unwrap();
    let future = r#"{"token": "t-NUMBER", "expirationTimestamp": "2999-01-01T00:00:00Z"}"#;
    ask(&here, future, 2).await.unwrap();
    assert_eq!(here.seen(), ["Bearer t-1"; 4]);
    let past = future.replace("2999", "1999");
    ask(&here, &past, 2).await.unwrap();
    assert_eq!(here.seen(), ["Bearer t-2", "Bearer t-3"]);
    // Whom the server does not know any more is asked who he is.
    let error = ask(&here, r#"{"token": "stale-NUMBER"}"#, 2).await.unwrap_err().to_string();
    assert!(!error.contains("stale"), "{error}");
    assert_eq!(here.seen(), ["Bearer stale-1", "Bearer stale-2"]);
    // What the entry sets is there, and what the protocol promises.
    let env = ", env: [{name: WHO, value: me}]";
    let says = "echo '{kind: ExecCredential, apiVersion: client.authentication.k8s.io/v1, status: \
                {token: '$WHO-$(echo \"$KUBERNETES_EXEC_INFO\" | grep -c interactive)'}}'";
    here.ask(&cluster, &plugin(says, env), &[], 1).await.unwrap();
    assert_eq!(here.seen(), ["Bearer me-1"]);
}

#[tokio::test]
async fn what_a_plugin_says_of_its_failure_is_told_and_what_it_writes_is_not() {
    let mut here = Machine::new();
    let port = here.server(Certificate::Good, false).await;
    let cluster = here.cluster(&format!("https://127.0.0.1:{port}"), "");
    for (script, word) in [
        ("echo hush; echo 'SSO session has expired' >&2; exit 3", "SSO session has expired"),
        ("echo hush; exit 3", "exit status: 3 and said nothing"),
        ("echo hush", "did not write an ExecCredential and said nothing"),
        ("echo hush; echo 'open https://x' >&2", "ExecCredential and said:\n    open https://x"),
        (
            &answer(r#"{"clientCertificateData": "", "clientKeyData": ""}"#),
            "neither a token nor a certificate",
        ),
        ("yes hush | head -c 2000000", "more than 1 MiB"),
        ("kill -9 $$", "signal: 9"),
        (&answer(r#"{"token": "hush\n"}"#), "no header may have"),
        (&answer(r#"{"clientKeyData": "hush"}"#), "without its key, or the reverse"),
        (&answer("{}"), "neither a token nor a certificate"),
        (&answer(r#"{"token": "hush"}"#).replace("io/v1", "io/v1beta1"), "`apiVersion`"),
        (&answer(r#"{"token": "hush", "expirationTimestamp": "hush"}"#), "that is none"),
    ] {
        let error = here.ask(&cluster, &plugin(script, ""), &[], 1).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("signing in as user `u` of ") && text.contains("the plugin `sh`"));
        assert!(text.contains(word) && !text.contains("hush"), "{text}");
    }
    // Later, too: not as an answer of the server.
    let once = here.folder.path().join("once");
    let past = answer(r#"{"token": "t", "expirationTimestamp": "1999-01-01T00:00:00Z"}"#);
    let script = format!(
        "test -e {0} && echo 'no network' >&2 && exit 1; touch {0}; {past}",
        once.display()
    );
    let text = here.ask(&cluster, &plugin(&script, ""), &[], 1).await.unwrap_err().to_string();
    assert!(text.starts_with("signing in as user `u`") && text.contains("no network"), "{text}");
    let absent = plugin("", ", installHint: 'brew install\n it'").replace("sh,", "no-such-plugin,");
    let text = here.ask(&cluster, &absent, &[], 1).await.unwrap_err().to_string();
    assert!(text.contains("not on PATH") && text.contains("hint: brew install"), "{text}");
    let asks = plugin("", ", interactiveMode: Never").replace("Never", "Never, x: y");
    assert!(here.ask(&cluster, &asks, &[], 1).await.is_err());
    assert!(here.seen().is_empty());
}

#[tokio::test]
async fn a_plugin_may_answer_with_a_certificate() {
    let mut here = Machine::new();
    let port = here.server(Certificate::Good, true).await;
    let cluster = here.cluster(&format!("https://127.0.0.1:{port}"), "");
    let error = here.ask(&cluster, "{}", &[], 1).await.unwrap_err().to_string();
    assert!(error.contains("CertificateRequired") && error.contains("the user's entry"), "{error}");
    let (certificate, key) = here.issue(Certificate::Good);
    let pem = pem_of(&certificate);
    let status = serde_json::json!({
        "clientCertificateData": pem, "clientKeyData": key.serialize_pem(),
    });
    let script = answer(&status.to_string());
    here.ask(&cluster, &plugin(&script, ""), &[], 1).await.unwrap();
    assert_eq!(here.seen(), ["nobody"]);
}

#[tokio::test]
async fn the_proxy_is_that_of_the_entry_or_of_the_environment() {
    let mut here = Machine::new();
    let port = here.server(Certificate::Good, false).await;
    let proxy = here.proxy(port, "200 OK", false).await;
    let server = format!("https://{NAME}:6443");
    let own = format!(", proxy-url: 'http://me:p%40ss@127.0.0.1:{proxy}'");
    here.ask(&here.cluster(&server, &own), "{token: t}", &[], 1).await.unwrap();
    let connect = format!("CONNECT {NAME}:6443 HTTP/1.1");
    // The base64 of `me:p@ss`; what signs in at the server is for the server alone.
    assert_eq!(here.seen(), [format!("{connect} Basic bWU6cEBzcw=="), "Bearer t".to_owned()]);
    let plain = here.cluster(&server, "");
    let address = format!("127.0.0.1:{proxy}");
    here.ask(&plain, "{}", &[("HTTPS_PROXY", &address)], 1).await.unwrap();
    assert_eq!(here.seen(), [format!("{connect} "), "nobody".to_owned()]);
    // Reached directly, which here cannot be; a server on this machine always is.
    let spared = [("HTTPS_PROXY", address.as_str()), ("NO_PROXY", "cluster.invalid")];
    assert!(here.ask(&plain, "{}", &spared, 1).await.is_err());
    let local = here.cluster(&format!("https://127.0.0.1:{port}"), "");
    here.ask(&local, "{}", &[("HTTPS_PROXY", "ftp://what:1")], 1).await.unwrap();
    assert_eq!(here.seen(), ["nobody"]);
    let tls = here.proxy(port, "200 OK", true).await;
    let own = format!(", proxy-url: 'https://127.0.0.1:{tls}'");
    here.ask(&here.cluster(&server, &own), "{}", &[], 1).await.unwrap();
    assert_eq!(here.seen(), [format!("{connect} "), "nobody".to_owned()]);
}

#[tokio::test]
async fn a_proxy_of_socks_leads_to_the_server_by_its_name() {
    let mut here = Machine::new();
    let port = here.server(Certificate::Good, false).await;
    let seen = Arc::clone(&here.seen);
    // RFC 1928: no sign-in, and a name (3) instead of an address.
    let socks = here
        .serve(move |mut stream| {
            let seen = Arc::clone(&seen);
            async move {
                let mut head = [0; 2];
                stream.read_exact(&mut head).await.unwrap();
                let mut methods = vec![0; usize::from(head[1])];
                stream.read_exact(&mut methods).await.unwrap();
                stream.write_all(&[5, 0]).await.unwrap();
                let mut asked = [0; 5];
                stream.read_exact(&mut asked).await.unwrap();
                assert_eq!(asked[..4], [5, 1, 0, 3]);
                let mut name = vec![0; usize::from(asked[4]) + 2];
                stream.read_exact(&mut name).await.unwrap();
                name.truncate(usize::from(asked[4]));
                seen.lock().unwrap().push(String::from_utf8(name).unwrap());
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut server).await;
            }
        })
        .await;
    let own = format!(", proxy-url: 'socks5h://127.0.0.1:{socks}'");
    let cluster = here.cluster(&format!("https://{NAME}:6443"), &own);
    here.ask(&cluster, "{}", &[], 1).await.unwrap();
    assert_eq!(here.seen(), [NAME, "nobody"]);
}

#[tokio::test]
async fn a_proxy_that_does_not_lead_there_is_told_without_its_password() {
    let mut here = Machine::new();
    let server = format!("https://{NAME}:6443");
    for (status, word) in [
        ("407 Proxy Authentication Required", "percent-encoded"),
        ("403 Forbidden", "the proxy does not connect to this server"),
        ("nonsense", "the proxy does not connect to this server"),
    ] {
        let proxy = here.proxy(1, status, false).await;
        let own = format!(", proxy-url: 'http://me:hush@127.0.0.1:{proxy}'");
        let error = here.ask(&here.cluster(&server, &own), "{}", &[], 1).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("through the proxy http://***@127.0.0.1:{proxy}")));
        assert!(text.contains(word) && !text.contains("hush"), "{text}");
    }
    let gone = [("HTTPS_PROXY", "http://me:hush@127.0.0.1:1")];
    let error = here.ask(&here.cluster(&server, ""), "{}", &gone, 1).await.unwrap_err().to_string();
    assert!(error.contains("(the variable HTTPS_PROXY)"), "{error}");
    assert!(error.contains("is the proxy reachable") && !error.contains("hush"), "{error}");
}

#[tokio::test]
async fn certificates_that_are_refused_come_with_what_to_do() {
    for (kind, word) in [
        (Certificate::Version1, "X.509 version 1"),
        (Certificate::OtherName, "`tls-server-name`"),
        (Certificate::Authority, "CA:TRUE"),
    ] {
        let mut here = Machine::new();
        let port = here.server(kind, false).await;
        let cluster = here.cluster(&format!("https://127.0.0.1:{port}"), "");
        let error = here.ask(&cluster, "{}", &[], 1).await.unwrap_err().to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
    let mut here = Machine::new();
    let port = here.server(Certificate::OtherName, false).await;
    let address = format!("https://127.0.0.1:{port}");
    let cluster = here.cluster(&address, ", tls-server-name: other.invalid");
    here.ask(&cluster, "{}", &[], 1).await.unwrap();
    let stranger = Machine::new().cluster(&address, "");
    let error = here.ask(&stranger, "{}", &[], 1).await.unwrap_err().to_string();
    assert!(error.contains("is not who signed"), "{error}");
    // The client's own.
    let (certificate, key) = here.issue(Certificate::Version1);
    let user = format!(
        "{{client-certificate-data: {}, client-key-data: {}}}",
        base64(pem_of(&certificate).as_bytes()),
        base64(key.serialize_pem().as_bytes())
    );
    let cluster = here.cluster(&address, ", tls-server-name: other.invalid");
    let error = here.ask(&cluster, &user, &[], 1).await.unwrap_err().to_string();
    assert!(error.contains("user `u` of ") && error.contains("X.509 version 1"), "{error}");
}
