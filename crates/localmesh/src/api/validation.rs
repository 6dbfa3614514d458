//! `dryRun` and `fieldValidation`: what is written, refused or warned of. Pure.

use std::sync::Arc;

use super::options::{FieldValidation, Options};
use crate::registry::WriteMode;
use crate::store::{Object, Refusal};

/// Makes a write as `dryRun` and `fieldValidation` say, and says what was pruned. A warning needs
/// to know what a strict write would refuse, so that is tried first, without storing.
pub(super) fn validated(
    options: &Options,
    write: impl Fn(WriteMode) -> Result<Arc<Object>, Refusal>,
) -> Result<(Arc<Object>, Vec<String>), Refusal> {
    const STRICT: &str = "strict decoding error: ";
    let dry_run = options.dry_run()?;
    match options.field_validation()? {
        FieldValidation::Strict => Ok((write(WriteMode { dry_run, strict: true })?, Vec::new())),
        FieldValidation::Ignore => Ok((write(WriteMode { dry_run, strict: false })?, Vec::new())),
        FieldValidation::Warn => {
            let tried = write(WriteMode { dry_run: true, strict: true });
            let warnings = match tried {
                Err(refusal) => match refusal.message.split_once(STRICT) {
                    Some((_, fields)) => fields.split(", ").map(str::to_owned).collect(),
                    None => return Err(refusal),
                },
                Ok(_) => Vec::new(),
            };
            Ok((write(WriteMode { dry_run, strict: false })?, warnings))
        }
    }
}
