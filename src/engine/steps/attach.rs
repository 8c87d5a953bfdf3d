//! Copy a file from the user issue to the dev issue.

use super::{Found, Outcome, absent_by_now};
use crate::engine::{Engine, Error};
use crate::flow::{CopyAttachment, Doubt, Intent};

pub(super) async fn perform(_engine: &Engine, _intent: &Intent, _step: &CopyAttachment) -> Result<Outcome, Error> {
    Ok(Outcome::Needless)
}

pub(super) async fn find(
    engine: &Engine,
    _intent: &Intent,
    _step: &CopyAttachment,
    doubt: Doubt,
) -> Result<Found, Error> {
    Ok(absent_by_now(engine, doubt))
}
