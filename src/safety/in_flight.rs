//! Writes whose answer is still to come. Work that is given up in the middle of one is not dropped
//! before that answer: a server may still do what it was asked, after the restore has looked and
//! found nothing to undo.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

/// How many there are; every clone counts the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct InFlight(Arc<AtomicU32>);

/// One of them, until this is dropped.
pub(crate) struct Write<'a>(&'a InFlight);

// === impl InFlight ===

impl InFlight {
    /// A write begins.
    pub(crate) fn begin(&self) -> Write<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Write(self)
    }

    fn none(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Does work until `stop`, and answers nothing then. It goes on until no write is under way,
    /// which is bounded as every request is.
    pub(crate) async fn until<T>(
        &self,
        stop: impl Future<Output = ()>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            () = stop => {}
            done = &mut work => return Some(done),
        }
        std::future::poll_fn(|context| {
            if self.none() {
                return Poll::Ready(None);
            }
            match work.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if self.none() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// Seconds of a paused clock.
    fn seconds(count: u64) -> tokio::time::Sleep {
        sleep(Duration::from_secs(count))
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_write_is_waited_for() {
        let in_flight = InFlight::default();
        let started = Instant::now();
        assert_eq!(in_flight.until(seconds(3), seconds(2)).await, Some(()));
        // Looking is given up at once.
        assert_eq!(in_flight.until(seconds(1), seconds(9)).await, None);
        assert_eq!(started.elapsed().as_secs(), 3);
        // A write is not, and what comes after it is.
        let mut written = false;
        let work = async {
            let write = in_flight.begin();
            seconds(5).await;
            written = true;
            drop(write);
            seconds(9).await;
        };
        assert_eq!(in_flight.until(seconds(1), work).await, None);
        assert!(written && in_flight.none());
        assert_eq!(started.elapsed().as_secs(), 8);
        // Work that ends with its write is done.
        let work = async {
            let _write = in_flight.begin();
            seconds(5).await;
        };
        assert_eq!(in_flight.until(seconds(1), work).await, Some(()));
    }
}
