//! The outermost layer of a client: signs each request in, and says of what failed which way it
//! went.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use kube::client::Body;
use tokio::sync::Mutex;
use tower::{BoxError, Layer, Service, ServiceExt};

use super::credential::Credential;

/// What is done to each request.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Signing {
    credential: Option<Arc<Credential>>,
    way: Option<Arc<str>>,
}

/// A service whose requests are signed in.
#[derive(Debug)]
pub(in crate::cluster) struct Signed<S> {
    inner: Arc<Mutex<S>>,
    signing: Signing,
}

/// Why a request failed on its way through a proxy.
#[derive(Debug)]
struct Through {
    way: Arc<str>,
    cause: BoxError,
}

// === impl Signing ===

impl Signing {
    pub(super) fn new(credential: Option<Credential>, way: Option<String>) -> Self {
        Self { credential: credential.map(Arc::new), way: way.map(Into::into) }
    }
}

impl<S> Layer<S> for Signing {
    type Service = Signed<S>;

    fn layer(&self, inner: S) -> Signed<S> {
        Signed { inner: Arc::new(Mutex::new(inner)), signing: self.clone() }
    }
}

// === impl Signed ===

impl<S, B> Service<Request<Body>> for Signed<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Send + 'static,
    S::Future: Send,
    B: Send,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<B>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The inner one is asked when it is called: signing in takes time.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let (inner, Signing { credential, way }) = (Arc::clone(&self.inner), self.signing.clone());
        Box::pin(async move {
            let header = match &credential {
                Some(credential) => Some(credential.header().await?),
                None => None,
            };
            if let Some(header) = &header {
                request.headers_mut().insert(AUTHORIZATION, header.clone());
            }
            let answer = {
                let mut inner = inner.lock().await;
                inner.ready().await?.call(request)
            };
            let answer = answer.await.map_err(|cause| match way {
                Some(way) => Through { way, cause }.into(),
                None => cause,
            })?;
            if let (Some(credential), Some(header)) = (&credential, &header)
                && answer.status() == StatusCode::UNAUTHORIZED
            {
                credential.refused(header);
            }
            Ok(answer)
        })
    }
}

// === impl Through ===

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.way)
    }
}

impl std::error::Error for Through {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.cause.as_ref())
    }
}
