//! Issues that failed, and those for which nothing is done: each by itself, and no other waits for it (docs/sync.md,
//! "Failures and retry").

use crate::engine::cx::{Cx, Error};
use crate::engine::retry::{self, FailureContext};
use crate::flow::{Event, IssueRef, Side, SkipReason};
use crate::store::{self, Change, Failure};

/// Tells that nothing is done for an issue, and why.
pub(in crate::engine) fn skip(cx: &Cx, issue: &IssueRef, reason: SkipReason) {
    cx.tally.skipped.add(1);
    cx.teller.tell(&Event::Skipped { key: issue.key.clone(), reason });
}

/// Records that an issue failed and when it is tried again.
pub(in crate::engine) async fn failed(
    cx: &Cx,
    side: Side,
    issue: &IssueRef,
    why: String,
    context: FailureContext,
) -> Result<(), Error> {
    cx.tally.errors.add(1);
    let before: Vec<Failure> = cx.store.for_record().get_on_both([issue.id.clone()]).await?;
    let before = before.into_iter().min_by_key(|failure| failure.next_try);
    let attempts = before.map_or(0, |failure| failure.attempts) + 1;
    let again_in = retry::pause_after(cx, attempts);
    let next_try = cx.clock.wall() + again_in;
    cx.teller.tell(&Event::IssueFailed { key: issue.key.clone(), why: why.clone(), again_in });
    let FailureContext { seen, unseen_since } = context;
    let failure = Failure { side, issue: issue.clone(), attempts, next_try, why, seen, unseen_since };
    Ok(cx.store.write(vec![Change::PutFailure(failure)]).await?)
}

/// Has a user issue looked at again in this or the next cycle, whatever searches show.
pub(super) async fn look_again(cx: &Cx, user: &IssueRef, context: FailureContext) -> Result<(), Error> {
    Ok(cx.store.write(vec![again(cx, user, context)]).await?)
}

pub(in crate::engine) fn again(cx: &Cx, user: &IssueRef, context: FailureContext) -> Change {
    Change::PutFailure(context.failure(Side::User, user.clone(), cx.clock.wall()))
}

/// `None` if what is stored said otherwise: that is the failure of this one issue.
pub(in crate::engine) async fn unless_contradicted<T>(
    cx: &Cx,
    about: &(Side, IssueRef),
    end: Result<T, Error>,
) -> Result<Option<T>, Error> {
    match end {
        Err(Error::Store(error @ store::Error::Taken { .. })) => {
            contradicted(cx, about, &error).await?;
            Ok(None)
        }
        end => end.map(Some),
    }
}

/// What is stored says otherwise: somebody has to see it, and no other issue has to wait for that.
pub(in crate::engine) async fn contradicted(
    cx: &Cx,
    (side, issue): &(Side, IssueRef),
    error: &store::Error,
) -> Result<(), Error> {
    failed(cx, *side, issue, error.to_string(), FailureContext::default()).await
}
