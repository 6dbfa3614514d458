//! Why a run is not a run any more, once it is not.

use std::sync::{Arc, OnceLock};

use crate::error::Error;

/// Told by the session, asked by every step. Every clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Lost(Arc<OnceLock<String>>);

// === impl Lost ===

impl Lost {
    pub(crate) fn set(&self, why: String) {
        // The first reason is the one that counts.
        let _ = self.0.set(why);
    }

    /// Why the run is lost.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// Its error: nothing that this run saw counts.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let why = self.why()?;
        Some(Error::runner("keeping the run alive", why).hint("what this run saw is invalid"))
    }
}
