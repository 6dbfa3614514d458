//! A claim that was judged, with its numbers and proof.

use std::fmt::{self, Write as _};

use super::badge::Badge;
use super::escape::Esc;
use crate::run::Claim;

/// Writes it.
pub(super) fn write(page: &mut String, claim: &Claim) -> fmt::Result {
    let (outcome, stated) = (Badge(claim.outcome), claim.stated());
    write!(page, "<div class=\"claim\">{outcome} <b>{}</b>", Esc(&stated))?;
    if let Some(proof) = &claim.proof {
        writeln!(page, "<br><span class=\"meta\">Proof: {}</span>", Esc(proof))?;
    }
    page.push_str("</div>\n");
    Ok(())
}
