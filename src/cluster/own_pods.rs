//! Waiting for pods of our own: what keeps them from being ready is told when it shows, and what
//! will not pass ends the wait.

use std::time::Duration;

use tokio::time::Instant;

use super::handle::Cluster;
use super::object_ref::ObjectRef;
use super::pod_trouble::{Trouble, not_made, state, trouble};
use crate::error::{Error, Result};

/// Pulling an image in a cluster takes tens of seconds; more than this is a broken cluster.
const READY_DEADLINE: Duration = Duration::from_mins(2);

/// Between two looks for what is wrong: a person waits, and the API server has other work.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The wait for the pods of one Deployment of ours.
#[derive(Debug)]
pub(crate) struct OwnPods {
    doing: String,
    deployment: ObjectRef,
    selector: String,
    began: Instant,
    looked: Instant,
    /// What is wrong, and since when.
    seen: Option<(Trouble, Instant)>,
}

/// What a look found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Nothing new.
    Nothing,
    /// Something that may pass.
    New(String),
    /// Something that does not.
    InVain(Trouble),
}

// === impl OwnPods ===

impl OwnPods {
    /// Begins to wait; `doing` is for whom, as an error says it.
    pub(crate) fn begin(doing: String, deployment: ObjectRef, selector: String) -> Self {
        let now = Instant::now();
        Self { doing, deployment, selector, began: now, looked: now, seen: None }
    }

    /// Looks, once a second, what keeps the pods; an error when it is in vain to wait longer, and
    /// what is new about it.
    pub(crate) async fn look(&mut self, cluster: &Cluster) -> Result<Option<String>> {
        let now = Instant::now();
        let late = now.duration_since(self.began) > READY_DEADLINE;
        if !late && now.duration_since(self.looked) < LOOK_PAUSE {
            return Ok(None);
        }
        self.looked = now;
        let ObjectRef { namespace, .. } = &self.deployment;
        let (pods, _) = cluster.list("v1", "Pod", namespace, &self.selector).await?;
        let deployment = cluster.get(&self.deployment).await?;
        let found = pods.iter().find_map(trouble);
        let found = found.or_else(|| deployment.as_ref().and_then(not_made));
        if late {
            let cause = match (found, pods.first(), deployment) {
                (Some(found), ..) => return Err(self.error(cluster, &found)),
                (None, Some(pod), _) => state(pod),
                (None, None, Some(_)) => "it has no pod".to_owned(),
                (None, None, None) => format!("{} is gone", self.deployment),
            };
            let cause = format!("after {} s {cause}", READY_DEADLINE.as_secs());
            return Err(Error::runner(self.doing.clone(), cause)
                .hint(format!("kubectl describe pods -l {} -n {namespace}", self.selector)));
        }
        match self.judge(found, now) {
            Found::Nothing => Ok(None),
            Found::New(text) => Ok(Some(format!("{}: {text}", self.doing))),
            Found::InVain(trouble) => Err(self.error(cluster, &trouble)),
        }
    }

    /// What to make of what is wrong now.
    fn judge(&mut self, found: Option<Trouble>, now: Instant) -> Found {
        let Some(found) = found else {
            self.seen = None;
            return Found::Nothing;
        };
        // The words change while it lasts: they tell how long, or how often.
        let same = |seen: &Trouble| {
            (seen.in_vain_after, seen.of_image) == (found.in_vain_after, found.of_image)
        };
        let before = self.seen.take().filter(|(seen, _)| same(seen));
        let known = before.is_some();
        let since = before.map_or(now, |(_, since)| since);
        self.seen = Some((found.clone(), since));
        match found.in_vain_after {
            Some(after) if now.duration_since(since) >= after => Found::InVain(found),
            _ if known => Found::Nothing,
            _ => Found::New(found.text),
        }
    }

    fn error(&self, cluster: &Cluster, trouble: &Trouble) -> Error {
        let error = Error::runner(self.doing.clone(), &trouble.text);
        match trouble.of_image {
            true => error.hint(cluster.agent_image().remedy()),
            false => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> OwnPods {
        let deployment = ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: "a".to_owned(),
            name: "d".to_owned(),
        };
        OwnPods::begin("waiting".to_owned(), deployment, "app=d".to_owned())
    }

    fn trouble(text: &str, seconds: Option<u64>) -> Trouble {
        let in_vain_after = seconds.map(Duration::from_secs);
        Trouble { text: text.to_owned(), in_vain_after, of_image: true }
    }

    #[test]
    fn what_may_pass_is_told_once_and_ends_the_wait_when_it_does_not() {
        let (mut pods, start) = (waiting(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(pods.judge(None, at(0)), Found::Nothing);
        let pull = trouble("pulling failed", Some(5));
        assert_eq!(pods.judge(Some(pull.clone()), at(1)), Found::New("pulling failed".to_owned()));
        let again = trouble("pulling failed again", Some(5));
        assert_eq!(pods.judge(Some(again.clone()), at(2)), Found::Nothing);
        // It passed, and came back.
        assert_eq!(pods.judge(None, at(5)), Found::Nothing);
        assert!(matches!(pods.judge(Some(again.clone()), at(6)), Found::New(_)));
        assert_eq!(pods.judge(Some(again.clone()), at(10)), Found::Nothing);
        assert_eq!(pods.judge(Some(again.clone()), at(11)), Found::InVain(again));
    }

    #[test]
    fn what_never_passes_ends_the_wait_at_once_and_what_may_does_not() {
        let (mut pods, now) = (waiting(), Instant::now());
        let never = trouble("never", Some(0));
        assert_eq!(pods.judge(Some(never.clone()), now), Found::InVain(never));
        let no_node = trouble("no node", None);
        assert!(matches!(pods.judge(Some(no_node.clone()), now), Found::New(_)));
        assert_eq!(pods.judge(Some(no_node), now + READY_DEADLINE), Found::Nothing);
    }
}
