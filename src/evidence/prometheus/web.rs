//! The way to a Prometheus by its address: with headers or a client certificate where it wants to
//! know who asks. What is secret in them is neither told nor logged, and goes nowhere but there.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity, Url};

use super::trouble::{Trouble, status};
use crate::cluster::chain;
use crate::error::{Error, Result};

/// The largest answer that is read: 200 sidecars' series in a mesh of 200 services are 20 MB.
const ANSWER_MAX: usize = 64 << 20;

/// Whoever is there takes a connection at once.
const CONNECT: Duration = Duration::from_secs(4);

const DOING: &str = "reading --prometheus";

/// Whom we trust, and who we are. The files' contents, not their names.
#[derive(Default)]
pub struct Trust {
    /// Lines `NAME: VALUE` that go with each request.
    pub headers: Vec<String>,
    /// Certificates that vouch for the server, beside the system's; PEM.
    pub ca: Option<Vec<u8>>,
    /// Our certificate and its key; PEM.
    pub identity: Option<Vec<u8>>,
}

/// The way to it.
pub(super) struct Web {
    client: reqwest::Client,
    /// Where the API is asked.
    query: Url,
    name: String,
}

// === impl Trust ===

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust(…)")
    }
}

impl Trust {
    /// Whether nothing is said.
    pub(super) const fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.ca.is_none() && self.identity.is_none()
    }

    fn client(self, server: &Url) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            // It would take what is secret along.
            .redirect(Policy::none())
            .default_headers(headers(&self.headers)?);
        // As Go's programs do: a variable that names a proxy does not mean this machine.
        let here = server.host_str().is_some_and(|host| {
            let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        });
        if here {
            builder = builder.no_proxy();
        }
        if server.scheme() == "http" {
            // A machine without any authorities needs none for this.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = &self.ca {
            let authorities = Certificate::from_pem_bundle(pem)
                .map_err(|cause| Error::feature("reading --prometheus-ca", chain(&cause)))?;
            if authorities.is_empty() {
                let cause = "there is no certificate in it";
                return Err(Error::feature("reading --prometheus-ca", cause).hint("it is PEM"));
            }
            builder = builder.tls_certs_merge(authorities);
        }
        if let Some(pem) = &self.identity {
            let identity = Identity::from_pem(pem).map_err(|_| {
                // What the reader says might quote the key.
                let cause = "there is no certificate with its key in them";
                Error::feature("reading --prometheus-client-cert and -key", cause)
                    .hint("both are PEM, and the key has no password")
            })?;
            builder = builder.identity(identity);
        }
        builder
            .build()
            .map_err(|cause| Error::runner("making a client for Prometheus", chain(&cause)))
    }
}

// === impl Web ===

impl Web {
    pub(super) fn new(address: &str, trust: Trust) -> Result<Self> {
        let refuse = |cause: &str| Error::feature(DOING, cause);
        let mut query = Url::parse(address).map_err(|cause| {
            refuse(&cause.to_string()).hint(
                "it is an address as http://prometheus.example:9090, \
                                             or `cluster`",
            )
        })?;
        if !query.username().is_empty() || query.password().is_some() {
            // The address is told in reports.
            return Err(refuse("it has a user's name or a password in it")
                .hint("say `Authorization: Basic …` in a file, with --prometheus-header-file"));
        }
        if !matches!(query.scheme(), "http" | "https") || !query.has_host() {
            return Err(refuse("it is no address of http or https"));
        }
        if query.query().is_some() || query.fragment().is_some() {
            return Err(refuse("an address with `?` or `#` leads to no API")
                .hint("it is what stands before /api/v1"));
        }
        let server = query.clone();
        let name = query.as_str().trim_end_matches('/').to_owned();
        let path = format!("{}/api/v1/query", query.path().trim_end_matches('/'));
        query.set_path(&path);
        Ok(Self { client: trust.client(&server)?, query, name })
    }

    /// Its address.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Asks with a form: what is asked may be longer than what an address may be.
    pub(super) async fn ask(
        &self,
        form: &[(&str, &str)],
        patience: Duration,
    ) -> Result<Vec<u8>, Trouble> {
        match tokio::time::timeout(patience, self.answer(form)).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::Silent(patience.as_secs())),
        }
    }

    async fn answer(&self, form: &[(&str, &str)]) -> Result<Vec<u8>, Trouble> {
        let silent = |cause: reqwest::Error| Trouble::Unreachable(chain(&cause.without_url()));
        let asking = self
            .client
            .post(self.query.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encoded(form));
        let mut answer = asking.send().await.map_err(silent)?;
        if answer.status().is_redirection() {
            let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            return Err(Trouble::Elsewhere(self.origin(to.unwrap_or_default())));
        }
        let code = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(silent)? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(Trouble::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        status(code, &body).map_or(Ok(body), Err)
    }

    /// Where an address leads, without what may be secret in it.
    fn origin(&self, to: &str) -> String {
        let joined = self.query.join(to).ok();
        let origin = joined.map(|url| url.origin().ascii_serialization());
        origin.unwrap_or_else(|| "somewhere".to_owned())
    }
}

/// A form, or a query.
pub(super) fn encoded(form: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://form", form);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

fn headers(lines: &[String]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines {
        // The line itself is never told.
        let wrong = |what: &str| {
            Error::feature("reading a header for Prometheus", what)
                .hint("it is `NAME: VALUE`, as `Authorization: Bearer …`")
        };
        let (name, value) = line.split_once(':').ok_or_else(|| wrong("it has no `:`"))?;
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| wrong("what stands before the `:` is no header's name"))?;
        let mut value = HeaderValue::from_str(value.trim())
            .map_err(|_| wrong("what stands behind the `:` cannot be a header's value"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}
