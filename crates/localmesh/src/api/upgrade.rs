//! What becomes of a connection that changes its protocol: the handler of its last request leaves
//! it here, and the connection's own task goes on with it. So nothing is detached.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use futures::future::BoxFuture;
use http::Request;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::store::Refusal;

/// From the answer on it is only hyper's own buffers that have to be written.
const SWITCH_MAX: Duration = Duration::from_secs(10);

/// What a connection goes on with after HTTP.
#[derive(Clone, Default)]
pub(super) struct Upgrade(Arc<Mutex<Option<BoxFuture<'static, ()>>>>);

// === impl Upgrade ===

impl Upgrade {
    /// What was left by the last request, if anything was.
    pub(super) fn take(&self) -> Option<BoxFuture<'static, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn leave(&self, future: BoxFuture<'static, ()>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(future);
    }
}

/// After this request is answered with `101 Switching Protocols`, its connection goes on as `then`.
pub(super) fn switch<F, T>(request: &mut Request<Body>, then: F) -> Result<(), Refusal>
where
    F: FnOnce(TokioIo<Upgraded>) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let upgrade = request.extensions().get::<Upgrade>().cloned().ok_or_else(|| {
        Refusal::new(500, "InternalError", "this connection cannot change its protocol")
    })?;
    let switched = hyper::upgrade::on(request);
    upgrade.leave(Box::pin(async move {
        match timeout(SWITCH_MAX, switched).await {
            Ok(Ok(io)) => then(TokioIo::new(io)).await,
            Ok(Err(error)) => tracing::debug!(%error, "a client left before its protocol"),
            Err(_) => {}
        }
    }));
    Ok(())
}
