//! Where it is read what the proxies counted: each pod's own page, or a Prometheus that scrapes
//! them. Either brings the same counters, so every claim is judged alike.

use std::sync::Arc;

use crate::evidence::prometheus::Prometheus;

/// Where it is read what the proxies counted.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// Each pod's own page, through the API server.
    #[default]
    Pods,
    /// A Prometheus.
    Prometheus(Arc<Prometheus>),
}

// === impl Source ===

impl Source {
    /// The Prometheus, if it is one.
    #[must_use]
    pub fn prometheus(&self) -> Option<&Prometheus> {
        match self {
            Self::Pods => None,
            Self::Prometheus(prometheus) => Some(prometheus),
        }
    }

    /// How far readings may be from the moments that they are of, in words; `None` where they are
    /// taken at the moment itself.
    #[must_use]
    pub fn uncertainty(&self) -> Option<String> {
        let late = self.prometheus()?.lateness();
        Some(format!(
            "Prometheus scraped up to {late:.1} s later than asked, and others' traffic until then \
             counts too"
        ))
    }
}
