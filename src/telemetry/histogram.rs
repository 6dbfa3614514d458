//! A proxy's histogram: from the lines of its page, and what was added to it since. Pure.

/// Counters larger than this are no longer whole numbers in the text format's floats.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

pub(crate) fn count(value: f64) -> Result<u64, &'static str> {
    if !(0.0..=MAX_COUNT).contains(&value) || value.fract() != 0.0 {
        return Err("is not a whole number");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within 0 and 2^53, as was just checked"
    )]
    Ok(value as u64)
}

/// A histogram; bucket i holds what lies between `bounds[i - 1]` (or 0) and `bounds[i]`, the last
/// one what lies above.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Histogram {
    pub(crate) bounds: Vec<f64>,
    /// One more than bounds.
    pub(crate) buckets: Vec<u64>,
    pub(crate) sum: f64,
}

/// A histogram as its lines come.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    cumulative: Vec<(f64, u64)>,
    sum: Option<f64>,
    count: Option<u64>,
    /// The first thing that was wrong with a line.
    wrong: Option<&'static str>,
}

/// What is wrong with a histogram.
type Wrong = &'static str;

// === impl Lines ===

impl Lines {
    /// Takes a line: what its name has behind the metric's, its `le`, its value.
    pub(crate) fn take(&mut self, suffix: &str, bound: Option<&str>, value: f64) {
        if let Err(wrong) = self.add(suffix, bound, value) {
            self.wrong.get_or_insert(wrong);
        }
    }

    fn add(&mut self, suffix: &str, bound: Option<&str>, value: f64) -> Result<(), Wrong> {
        let twice = match (suffix, bound) {
            ("_bucket", Some(bound)) => {
                let bound: f64 = bound.parse().map_err(|_| "has a bad `le`")?;
                if bound.is_nan() || bound < 0.0 {
                    return Err("has a bad `le`");
                }
                self.cumulative.push((bound, count(value)?));
                false
            }
            ("_sum", None) => self.sum.replace(value).is_some(),
            ("_count", None) => self.count.replace(count(value)?).is_some(),
            _ => return Err("is not a histogram"),
        };
        if twice { Err("occurs twice") } else { Ok(()) }
    }

    /// The histogram, if the lines make one.
    pub(crate) fn histogram(mut self) -> Result<Histogram, Wrong> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let count = self.count.ok_or("has no _count")?;
        let sum = self.sum.ok_or("has no _sum")?;
        if !sum.is_finite() || sum < 0.0 {
            return Err("has a _sum that is no duration");
        }
        self.cumulative.sort_by(|a, b| a.0.total_cmp(&b.0));
        if self.cumulative.last().is_none_or(|last| last.0.is_finite()) {
            self.cumulative.push((f64::INFINITY, count));
        }
        if self.cumulative.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err("has a bucket twice");
        }
        let mut below = 0;
        let mut buckets = Vec::with_capacity(self.cumulative.len());
        for (_, cumulative) in &self.cumulative {
            buckets.push(cumulative.checked_sub(below).ok_or("has buckets that shrink")?);
            below = *cumulative;
        }
        if below != count {
            return Err("has buckets that do not add up to its _count");
        }
        self.cumulative.pop();
        let bounds = self.cumulative.into_iter().map(|(bound, _)| bound).collect();
        Ok(Histogram { bounds, buckets, sum })
    }
}

// === impl Histogram ===

impl Histogram {
    /// Whether both have the same buckets, so that they can be compared and added up.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.bounds == other.bounds
    }

    /// What was added since `was`, which fits; `None` if something shrank.
    pub(crate) fn since(&self, was: &Self) -> Option<Self> {
        let pairs = self.buckets.iter().zip(&was.buckets);
        let buckets = pairs.map(|(now, was)| now.checked_sub(*was)).collect::<Option<_>>()?;
        // The sum is approximate (`Durations::sum_ms`), and could fall by a rounding.
        let sum = (self.sum - was.sum).max(0.0);
        Some(Self { bounds: self.bounds.clone(), buckets, sum })
    }

    /// Adds another, which fits.
    pub(crate) fn add(&mut self, other: &Self) {
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket = bucket.saturating_add(*more);
        }
        self.sum += other.sum;
    }

    /// Takes away another, which fits and is a part of this one.
    pub(crate) fn subtract(&mut self, part: &Self) {
        for (bucket, less) in self.buckets.iter_mut().zip(&part.buckets) {
            *bucket = bucket.saturating_sub(*less);
        }
        self.sum = (self.sum - part.sum).max(0.0);
    }

    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}
