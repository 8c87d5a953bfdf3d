//! Set the flow's `repliedField` on the user issue.

use super::{Found, Outcome, absent_by_now};
use crate::engine::{Engine, Error};
use crate::flow::{Doubt, Intent, SetReplied};

pub(super) async fn perform(_engine: &Engine, _intent: &Intent, _step: &SetReplied) -> Result<Outcome, Error> {
    Ok(Outcome::Needless)
}

pub(super) async fn find(engine: &Engine, _intent: &Intent, _step: &SetReplied, doubt: Doubt) -> Result<Found, Error> {
    Ok(absent_by_now(engine, doubt))
}
