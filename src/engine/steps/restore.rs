//! Put a person's text back that our edit replaced unread.

use super::{Found, Outcome, absent_by_now};
use crate::engine::{Engine, Error};
use crate::flow::{Doubt, Intent, RestoreText};

pub(super) async fn perform(_engine: &Engine, _intent: &Intent, _step: &RestoreText) -> Result<Outcome, Error> {
    Ok(Outcome::Needless)
}

pub(super) async fn find(engine: &Engine, _intent: &Intent, _step: &RestoreText, doubt: Doubt) -> Result<Found, Error> {
    Ok(absent_by_now(engine, doubt))
}
