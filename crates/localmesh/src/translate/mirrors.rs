//! Copies of a rule's requests that go somewhere else too.

use serde_json::{Value, json};

use super::fault::fraction;
use super::rule::Rule;
use super::target::destination_cluster;

// === impl Rule ===

impl Rule<'_> {
    pub(super) fn mirrors(&self) -> Vec<Value> {
        let rule = self.rule;
        let single = rule.mirror.iter().map(|mirror| (mirror, rule.mirrored_percent()));
        let several = rule.mirrors.iter().map(|mirror| {
            let share = mirror.percentage.as_ref().map_or(100.0, |share| *share.value);
            (&*mirror.destination, share)
        });
        let each = single.chain(several).filter_map(|(destination, percent)| {
            let namespace = &self.object.metadata.namespace;
            (percent > 0.0).then(|| {
                json!({
                    "cluster": destination_cluster(self.view, destination, namespace, self.port),
                    "runtime_fraction": {"default_value": fraction(percent)},
                    "trace_sampled": false,
                    "disable_shadow_host_suffix_append": true,
                })
            })
        });
        each.collect()
    }
}
