//! Answers of an API server that do not come, or that are none: bounded in time, and as errors that
//! say whose fault it is.

use super::chain::chain;
use super::connect::REQUEST_TIMEOUT;
use super::way_hint::way_hint;
use crate::error::{Error, Result};

/// Waits for an answer, whatever the client does meanwhile: it asks again after a 429, 503 or 504,
/// for as long as the server's `Retry-After` says, and an answer may come byte by byte.
pub(super) async fn bounded<T>(
    asking: impl Future<Output = kube::Result<T>>,
    doing: impl Fn() -> String,
) -> Result<T> {
    match tokio::time::timeout(REQUEST_TIMEOUT, asking).await {
        Ok(answer) => answer.map_err(|cause| failed(doing(), cause)),
        Err(_) => Err(Error::runner(doing(), "no answer that helps within 20 s")
            .hint("is the API server overloaded?")),
    }
}

/// An answer of the API server as an error: what it refused for its content is the feature's fault,
/// everything else the cluster's.
pub(super) fn failed(doing: String, cause: kube::Error) -> Error {
    match &cause {
        kube::Error::Api(status) if status.code == 400 || status.code == 422 => {
            Error::feature(doing, &status.message)
        }
        kube::Error::Api(status) if status.code == 401 || status.code == 403 => {
            Error::runner(doing, &status.message)
                .hint("`faultless preflight` shows which rights are missing, and gives a Role")
                .of_rights()
        }
        kube::Error::Api(status) => Error::runner(doing, &status.message),
        // The request was never sent: whoever should sign it in could not.
        kube::Error::Service(own) if own.is::<Error>() => {
            own.downcast_ref::<Error>().cloned().unwrap_or_else(|| Error::runner(doing, own))
        }
        kube::Error::Service(_) | kube::Error::HyperError(_) => {
            let text = chain(&cause);
            let hint = way_hint(&text).unwrap_or("is the API server reachable and running?");
            Error::runner(doing, text).hint(hint)
        }
        _ => Error::runner(doing, chain(&cause)),
    }
}
