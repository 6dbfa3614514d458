//! Waiting until every proxy knows what was written.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::before::Before;
use super::expected::Expected;
use super::judge::{Judge, Judgement};
use super::look::{Look, Shown, witnesses};
use super::proof::{Converged, Proof};
use super::syncz::Proxy;
use super::xds::Xds;
use crate::cluster::handle::Cluster;
use crate::cluster::tunnel::Unreached;
use crate::error::{Error, Result};

/// A healthy mesh converges in well under a second; istiod itself pushes at the latest after 10 s
/// of debouncing. Twice that is a mesh that does not converge.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// How much longer proxies are waited for that have lost their control plane: it may have to start,
/// and an Envoy tries to reach it at least every 30 s.
const RECONNECTED: Duration = Duration::from_secs(60);

/// Between two looks, at first and at most. A look costs a control plane a page.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(80);

/// After this time others are asked, too: those that were asked may not use what was written.
const WIDEN: Duration = Duration::from_millis(800);

/// What proxies show costs each of them some milliseconds, so they are asked when they have
/// accepted something since, and no later than this after the last time.
const STALE: Duration = Duration::from_millis(500);

/// The proxies that are asked for what they show.
struct Asked {
    types: BTreeSet<Xds>,
    proxies: Vec<Proxy>,
    shown: Shown,
    /// What they had accepted when they were asked last, and when that was.
    last: Option<(Vec<String>, Instant)>,
}

// === impl Asked ===

impl Asked {
    /// Before any is asked. Where objects were written they have to accept something first.
    fn begin(earlier: &Look, expected: &[Expected], written: bool) -> Self {
        let shown = expected.iter().filter(|expected| expected.can_be_shown());
        let types = shown.flat_map(|expected| expected.types.iter().copied()).collect();
        let proxies = witnesses(earlier, false);
        let last = written.then(|| (earlier.accepted(&proxies, &types), Instant::now()));
        Self { types, proxies, shown: Shown::new(), last }
    }

    fn is_due(&self, look: &Look) -> bool {
        let stale = |(accepted, at): &(Vec<String>, Instant)| {
            *accepted != look.accepted(&self.proxies, &self.types) || at.elapsed() > STALE
        };
        // Without a control plane nobody tells what they have accepted.
        let due = !look.has_control_plane || self.last.as_ref().is_none_or(stale);
        due && !self.types.is_empty()
    }
}

// === impl Cluster ===

impl Cluster {
    /// Waits until every proxy that must know it knows what was written since. A refusal is
    /// reported as that of the objects that were written.
    pub async fn converged(&self, before: &Before) -> Result<Converged> {
        let names: Vec<_> = before.objects.iter().map(|(object, _)| object.to_string()).collect();
        let mut now = Vec::new();
        for (object, _) in &before.objects {
            now.push(self.get(object).await?);
        }
        let expected = before.expected(&now);
        if expected.is_empty() {
            let proxies = before.look.as_ref().map_or(0, |look| count(look.proxies.len()));
            return Ok(Converged { proxies, took: Duration::ZERO, proof: Proof::Shown });
        }
        self.wait(before, &expected, &names, DEADLINE).await
    }

    /// Waits until the proxies in these namespaces have accepted all that they were sent.
    pub async fn acknowledged(&self, namespaces: &[String]) -> Result<Converged> {
        let before = self.before_writing(namespaces, &[]).await?;
        let names = ["what was written".to_owned()];
        self.wait(&before, &[Expected::anything()], &names, DEADLINE).await
    }

    /// Waits for no longer than this until the proxies show what is expected.
    pub(super) async fn wait(
        &self,
        before: &Before,
        expected: &[Expected],
        names: &[String],
        most: Duration,
    ) -> Result<Converged> {
        let doing = || format!("waiting until every proxy knows {}", names.join(", "));
        let Some(earlier) = &before.look else { return self.wait_blindly(before, doing()).await };
        let (started, mut pause) = (Instant::now(), PAUSE);
        let mut asked = Asked::begin(earlier, expected, !before.objects.is_empty());
        let mut judge = Judge::default();
        loop {
            let look = match self.look_again(before, &mut asked).await {
                Ok(look) => look,
                Err(Unreached::Forbidden) => return self.wait_blindly(before, doing()).await,
                Err(Unreached::Failed(error)) if started.elapsed() > most => return Err(error),
                Err(Unreached::Failed(_)) => {
                    tokio::time::sleep(PAUSE_MAX).await;
                    continue;
                }
            };
            let took = started.elapsed();
            match judge.judge(earlier, &look, &asked.shown, expected, took) {
                Judgement::Known(proof) => {
                    let proxies = count(look.proxies.len());
                    return Ok(Converged { proxies, took, proof });
                }
                Judgement::Refused(proxy, reason) => {
                    return Err(Error::mesh(doing(), format!("{proxy} refused it: {reason}"))
                        .hint(format!("look at {}", names.join(", "))));
                }
                Judgement::Waiting(_) if !look.lost.is_empty() => {
                    if took > most + RECONNECTED {
                        return Err(Error::runner(doing(), lost(&look.lost)));
                    }
                }
                Judgement::Waiting(behind) if took > most => {
                    return Err(Error::runner(doing(), late(&behind)));
                }
                Judgement::Waiting(_) => {}
            }
            let proxies = witnesses(&look, took > WIDEN);
            if proxies != asked.proxies {
                (asked.proxies, asked.last) = (proxies, None);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// What the control planes say now, and what proxies show, if it is time to ask them.
    async fn look_again(&self, before: &Before, asked: &mut Asked) -> Result<Look, Unreached> {
        let look = self.proxies(&before.namespaces).await?;
        if !asked.is_due(&look) {
            return Ok(look);
        }
        let accepted = look.accepted(&asked.proxies, &asked.types);
        asked.shown = self.shown(&asked.proxies, &asked.types).await?;
        asked.last = Some((accepted, Instant::now()));
        // Once more: a control plane that is asked later knows of what a proxy has shown.
        self.proxies(&before.namespaces).await
    }
}

fn late(behind: &[Proxy]) -> String {
    if behind.is_empty() {
        return "no proxy was sent it: does any of them use it?".to_owned();
    }
    format!("{} proxies still do not: {}", behind.len(), some_of(behind))
}

fn lost(lost: &BTreeSet<Proxy>) -> String {
    let count = lost.len();
    format!("{count} proxies have lost their control plane: {}", some_of(lost))
}

fn some_of<'a>(proxies: impl IntoIterator<Item = &'a Proxy>) -> String {
    let names: Vec<_> = proxies.into_iter().take(5).map(ToString::to_string).collect();
    names.join(", ")
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
