//! Shares of bytes. Pure.

use crate::application::Application;
use crate::error::Result;
use crate::evidence::claim::{Expectation, Unit};
use crate::evidence::count::judgement::{ClaimVerdict, Counted};
use crate::evidence::piece::View;
use crate::verdict::{Bound, Counts, Decision};

/// How many connections there must be before shares of their bytes are compared. Bytes are no
/// independent trials (a connection's belong together), so no error rate can be stated for them;
/// over this many connections, one more or less no longer moves a share by a tenth of a percent.
const BYTES_NEED_CONNECTIONS: u64 = 1_000;

impl Expectation {
    /// Shares of bytes are compared as they were counted.
    pub(crate) fn judge_bytes(
        &self,
        application: &Application,
        view: &View,
    ) -> Result<ClaimVerdict> {
        let first = |unit| {
            let counted = Self { unit, ..self.clone() }.count(application, view, &view.sum);
            counted.map(|all| all.into_iter().next())
        };
        let none =
            || Counted { who: self.observer.to_string(), counts: Counts::exact(0, 0), short: None };
        let Counted { who, counts, short } = first(Unit::Bytes)?.unwrap_or_else(none);
        let connections = first(Unit::Connections)?.map_or(0, |counted| counted.counts.trials);
        let share = counts.certain as f64 / counts.trials as f64;
        let holds = match self.bound {
            Bound::AtLeast(least) => share >= least.fraction(),
            Bound::AtMost(most) => share <= most.fraction(),
            Bound::Between(least, most) => least.fraction() <= share && share <= most.fraction(),
            Bound::Every => counts.certain == counts.trials,
            Bound::No => counts.certain == 0,
            Bound::Some => counts.certain > 0,
        };
        let decision = match holds {
            _ if connections < BYTES_NEED_CONNECTIONS || counts.trials == 0 || short.is_some() => {
                Decision::Undecided
            }
            true => Decision::Met,
            false => Decision::Violated,
        };
        // The interval that goes with a verdict is for independent trials: it is not shown.
        let required = self.bound.required();
        let short = short.map(|short| format!("; {short}")).unwrap_or_default();
        Ok(ClaimVerdict {
            who,
            decision,
            numbers: format!(
                "{:.1}% of {} bytes on {connections} connections {} (as counted: bytes have no \
                 error rate), {required}{short}",
                share * 100.0,
                counts.trials,
                self.property.past(),
            ),
            trials: (connections, BYTES_NEED_CONNECTIONS),
        })
    }
}
