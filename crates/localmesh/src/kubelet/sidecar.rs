//! Keeps an Envoy running beside the application, as `app` keeps the application.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::restart::Backoff;
use super::told::{Teller, Told, farewell};
use crate::envoy::{Envoy, Spec};
use crate::image::Log;

/// Keeps an Envoy running beside the application until it is stopped.
pub(super) async fn supervise(
    name: String,
    spec: Spec,
    log: Log,
    tell: Teller,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::new();
    loop {
        let began = Instant::now();
        let started = tokio::select! {
            started = start(spec.clone(), Arc::clone(&log)) => started,
            () = stop.cancelled() => return,
        };
        let why = match started {
            Err(error) => error,
            Ok(mut envoy) => {
                // As Istio's agent says it: Envoy itself is silent as long as all is well.
                log("Envoy proxy is ready".to_owned());
                if tell.send((name.clone(), Told::Started)).await.is_err() {
                    return envoy.stop().await;
                }
                tokio::select! {
                    why = envoy.ended() => why,
                    () = stop.cancelled() => return envoy.stop().await,
                }
            }
        };
        let wait = backoff.after(began.elapsed());
        let (outcome, again) = (Err(why), Some(wait));
        log(farewell(&outcome, again));
        if tell.send((name.clone(), Told::Ended { outcome, again })).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Starts an Envoy and waits until it is ready.
async fn start(spec: Spec, log: Log) -> Result<Envoy, String> {
    let mut envoy = Envoy::spawn(spec, log).await.map_err(|error| error.to_string())?;
    match envoy.ready().await {
        Ok(()) => Ok(envoy),
        Err(error) => {
            envoy.stop().await;
            Err(error.to_string())
        }
    }
}
