//! From observations to decisions: each unit is handled to its end, and what needed no write is recorded.

use futures::{FutureExt, StreamExt, stream};

use super::cx::{CONCURRENCY, Cx, Error};
use super::known::{Candidates, Known, counterpart, pair_of, sightings, user_of};
use super::look::units::{self, Unit};
use super::look::{adopt, observe};
use super::past::Past;
use super::plan::{Lost, Plan, plan};
use super::retry::{self, FailureContext};
use super::write::bulk::{self, Creation};
use super::write::pairs::{self, ENOUGH_ASKED};
use super::write::{adoption, executor, failures, owed_links};
use crate::flow::{Event, Handled, IntentKind, Issue, IssueId, IssueRef, Observed, Pair, PairState, Side, SkipReason};
use crate::jira::Page;
use crate::store::{self, Change, Failure};

/// How a unit ended: what it is about, and what is left to do.
struct Ended {
    about: (Side, IssueRef),
    left: Left,
}

/// What a unit leaves to be done together with others of its page.
enum Left {
    /// Nothing was written to Jira, or all is recorded but this.
    Record(Vec<Change>),
    /// It gets a dev issue.
    Create(Box<Creation>),
}

impl Left {
    /// The issue is to be tried again, whatever else was handled of it.
    fn keeping_failure_of(self, user: &IssueRef) -> Self {
        match self {
            Self::Record(mut changes) => {
                changes.retain(|change| *change != Change::ClearFailure(Side::User, user.id.clone()));
                Self::Record(changes)
            }
            Self::Create(creation) => Self::Create(creation),
        }
    }
}

/// Handles what a page of a search named, to the end.
pub(super) async fn handle_page(cx: &Cx, page: Page, past: Past) -> Result<(), Error> {
    let Page { rows, odd, watermark: _ } = page;
    let mut candidates = observe::candidates(cx, rows).await?;
    candidates.extend(observe::odd_candidates(cx, odd).await?);
    handle_candidates(cx, candidates, past).await
}

/// Reads, adopts, decides and records.
pub(super) async fn handle_candidates(cx: &Cx, candidates: Candidates, past: Past) -> Result<(), Error> {
    if candidates.is_empty() {
        return Ok(());
    }
    let mut known = observe::read(cx, &candidates).await?;
    // Evidence is looked for only if an issue has no counterpart yet.
    if candidates.keys().any(|id| pair_of(&known, id).is_none()) {
        let seen = adopt::gather(cx, &candidates, &mut known, past).await?;
        for (user, dev, proof) in adopt::matches(cx, &candidates, &known) {
            adoption::record_adopted(cx, &user, &dev, proof, &mut known).await?;
        }
        adopt::find_obstacles(cx, &candidates, &mut known, seen).await?;
    }
    observe::recall(cx, &mut known).await?;
    let units = units::put_together(cx, &candidates, &known, past);
    // Boxed: a page of them waits at once.
    let work: Vec<_> = units.into_iter().map(|unit| end_unit(cx, unit, &known, past).boxed()).collect();
    let ends: Vec<_> = stream::iter(work).buffer_unordered(CONCURRENCY).collect().await;
    let (mut quiet, mut creations) = (Vec::new(), Vec::new());
    for end in ends {
        match end? {
            Ended { about, left: Left::Record(changes) } => quiet.push((about, changes)),
            Ended { about: _, left: Left::Create(creation) } => creations.push(*creation),
        }
    }
    write_down(cx, quiet).await?;
    bulk::create_all(cx, creations).await
}

/// One write for a page full of what needed none in Jira. If something stored contradicts one unit, that one fails
/// and the others are recorded all the same.
async fn write_down(cx: &Cx, quiet: Vec<((Side, IssueRef), Vec<Change>)>) -> Result<(), Error> {
    let all = quiet.iter().flat_map(|(_, changes)| changes.iter().cloned()).collect();
    match cx.store.write(all).await {
        Err(store::Error::Taken { .. }) => {}
        end => return Ok(end?),
    }
    for (about, changes) in quiet {
        match cx.store.write(changes).await {
            Err(error @ store::Error::Taken { .. }) => failures::contradicted(cx, &about, &error).await?,
            end => end?,
        }
    }
    Ok(())
}

async fn end_unit(cx: &Cx, unit: Unit, known: &Known, past: Past) -> Result<Ended, Error> {
    let about = unit.about();
    let left = failures::unless_contradicted(cx, &about, Box::pin(handle_unit(cx, unit, known, past)).await).await?;
    Ok(Ended { left: left.unwrap_or_else(|| Left::Record(Vec::new())), about })
}

/// Handles one unit, and returns what is left to do. A failure that concerns this unit alone is recorded and is not
/// an error.
async fn handle_unit(cx: &Cx, unit: Unit, known: &Known, past: Past) -> Result<Left, Error> {
    if cx.pulse.stopping() {
        return Err(Error::Stopping);
    }
    Ok(Left::Record(match unit {
        Unit::LoneDev(dev) if may_be_ours(cx, &dev, known) => Vec::new(),
        // That such issues were seen is recorded with the cycle; until then they are to be seen again.
        Unit::LoneDev(dev) if known.named_elsewhere.contains(&dev.at.id) => Vec::new(),
        Unit::LoneDev(dev) => lone_dev(&dev, known),
        Unit::Gone(side, at) => gone(cx, side, &at, known).await?,
        Unit::Unread(side, at, why) => unread(cx, side, &at, why, (known, past)).await?,
        Unit::CounterpartLost(user, why) => counterpart_lost(cx, &user, why, known).await?,
        Unit::OneWayLink(seen) => {
            failures::skip(cx, &user_of(&seen).issue.at, SkipReason::HasLink);
            nothing_to_write(&seen)
        }
        Unit::Separated(pair, separation) => {
            pairs::record_separation(cx, &pair, separation, known).await?;
            Vec::new()
        }
        Unit::Unpaired(pair, home) => pairs::leave_unpaired(cx, &pair, &home),
        Unit::Decide(seen) => return Box::pin(decide(cx, *seen, known)).await,
    }))
}

/// Whether a dev issue without a pair may yet turn out to be the one that an open intent has created. Recording it as
/// nobody's would lose what people did to it since; closing the intent has it looked at.
fn may_be_ours(cx: &Cx, dev: &Issue, known: &Known) -> bool {
    let owner = counterpart(dev);
    owner.is_some_and(|user| cx.memory.intents.is_busy(user) || !known.issues.contains_key(user))
}

/// Asked for some times; then its user issue counts as handled until it changes.
async fn counterpart_lost(cx: &Cx, user: &Issue, why: String, known: &Known) -> Result<Vec<Change>, Error> {
    if !is_due(cx, &user.at.id, known) {
        return Ok(Vec::new());
    }
    failures::skip(cx, &user.at, SkipReason::CounterpartMissing);
    if was_asked_enough(&user.at.id, known) {
        let handled = Change::PutHandled(Side::User, user.at.clone(), Handled::of(user));
        return Ok(vec![handled, Change::ClearFailure(Side::User, user.at.id.clone())]);
    }
    failures::failed(cx, Side::User, &user.at, why, FailureContext::default()).await?;
    Ok(Vec::new())
}

/// Whether an issue may be tried: it has not failed, or its time has come again.
fn is_due(cx: &Cx, id: &IssueId, known: &Known) -> bool {
    known.failures.get(id).is_none_or(|failure| retry::is_time_for(cx, failure))
}

fn was_asked_enough(id: &IssueId, known: &Known) -> bool {
    known.failures.get(id).is_some_and(|failure| failure.attempts >= ENOUGH_ASKED)
}

/// An unpaired issue that a search named and that can't be read: perhaps only hidden for a while, so it is asked for
/// again some times before it is forgotten.
async fn gone(cx: &Cx, side: Side, at: &IssueRef, known: &Known) -> Result<Vec<Change>, Error> {
    if was_asked_enough(&at.id, known) {
        return Ok(vec![Change::ClearFailure(side, at.id.clone())]);
    }
    if is_due(cx, &at.id, known) {
        let unseen_since = known.failures.get(&at.id).and_then(|failure| failure.unseen_since);
        failures::failed(
            cx,
            side,
            at,
            format!("{at} can't be read"),
            FailureContext { unseen_since, ..FailureContext::default() },
        )
        .await?;
    }
    Ok(Vec::new())
}

/// An issue that can't be read although Jira is there, or one that depends on such an issue. It is as it was: it fails
/// alone, and is tried ever less often.
async fn unread(
    cx: &Cx,
    side: Side,
    at: &IssueRef,
    why: String,
    (known, past): (&Known, Past),
) -> Result<Vec<Change>, Error> {
    if is_due(cx, &at.id, known) {
        let before = known.failures.get(&at.id).and_then(|failure| failure.unseen_since);
        let unseen_since = past.unseen_since_of_unread(side);
        let unseen_since =
            before.map_or(unseen_since, |before| unseen_since.map_or(Some(before), |now| Some(now.min(before))));
        failures::failed(cx, side, at, why, FailureContext { unseen_since, ..FailureContext::default() }).await?;
    }
    Ok(Vec::new())
}

async fn decide(cx: &Cx, seen: Observed, known: &Known) -> Result<Left, Error> {
    let user = user_of(&seen).issue.at.clone();
    let (seen, mended) = match as_kept_in_step(cx, seen, known).await? {
        Kept::No => return Ok(Left::Record(Vec::new())),
        Kept::AsBefore(seen) => (seen, false),
        Kept::Again(seen) => (seen, true),
    };
    if cx.memory.intents.is_busy(&user.id) {
        // Closing the intent has the pair looked at again.
        failures::skip(cx, &user, SkipReason::OpenIntent);
        return Ok(Left::Record(Vec::new()));
    }
    if !mended && known.failures.get(&user.id).is_some_and(|failure| is_waiting(cx, failure, &seen)) {
        return Ok(Left::Record(Vec::new()));
    }
    let status = user_of(&seen).issue.status.id.clone();
    let left = plan_and_carry_out(cx, seen).await?;
    let tries_again = Box::pin(owed_links::try_owed_link(cx, &user, &status)).await?;
    Ok(if tries_again { left.keeping_failure_of(&user) } else { left })
}

/// A pair that was apart and is whole again, or was held long enough, is kept in step from this very look on.
async fn as_kept_in_step(cx: &Cx, seen: Observed, known: &Known) -> Result<Kept, Error> {
    let Observed::Paired { pair, user, dev, not_before, copied, recent_writes } = seen else {
        return Ok(Kept::AsBefore(seen));
    };
    let was = pair.state;
    let pair = Pair { state: PairState::Active, ..pair };
    let again = match was {
        PairState::Active => false,
        PairState::Suspended | PairState::Broken => true,
        PairState::Held if pairs::is_released(cx, &pair, known) => true,
        PairState::Held => {
            failures::skip(cx, &pair.user, SkipReason::PingPong);
            return Ok(Kept::No);
        }
        PairState::Unpaired => return Ok(Kept::No),
    };
    if again {
        pairs::mend(cx, &pair).await?;
    }
    let seen = Observed::Paired { pair, user, dev, not_before, copied, recent_writes };
    Ok(if again { Kept::Again(seen) } else { Kept::AsBefore(seen) })
}

async fn plan_and_carry_out(cx: &Cx, seen: Observed) -> Result<Left, Error> {
    let plan = plan(&cx.flow.rules, &seen);
    if let (Some(writes), Observed::Paired { pair, .. }) = (plan.hold, &seen) {
        pairs::hold(cx, pair, writes).await?;
        return Ok(Left::Record(Vec::new()));
    }
    tell_plan(cx, &seen, &plan);
    let user = &user_of(&seen).issue.at;
    let told = plan.lost.map(|lost| cx.teller.record(&conflict_lost(lost, user), user));
    match plan.draft {
        None => Ok(Left::Record(nothing_to_write(&seen).into_iter().chain(told).collect())),
        Some(draft) if draft.kind == IntentKind::Create => Ok(Left::Create(Box::new(Creation { draft, seen }))),
        Some(draft) => {
            let end = executor::carry_out(cx, draft, &seen, told).await;
            executor::or_failed(cx, end, &seen).await?;
            Ok(Left::Record(Vec::new()))
        }
    }
}

/// Whether an issue that failed has neither changed since nor waited long enough.
fn is_waiting(cx: &Cx, failure: &Failure, seen: &Observed) -> bool {
    !retry::is_time_for(cx, failure) && failure.seen.is_some() && failure.seen >= FailureContext::of(seen).seen
}

fn tell_plan(cx: &Cx, seen: &Observed, plan: &Plan) {
    for (side, sighting) in sightings(seen) {
        let key = sighting.issue.at.key.clone();
        if plan.changed.contains(&side) {
            cx.tally.changes.add(1);
            let from = sighting.handled.as_ref().map(|handled| handled.status.name.clone());
            cx.teller.tell(&Event::StatusChanged { side, key, from, to: sighting.issue.status.name.clone() });
        } else {
            cx.teller.tell(&Event::StatusUnchanged { side, key });
        }
    }
    for reason in &plan.skipped {
        failures::skip(cx, &user_of(seen).issue.at, *reason);
    }
}

/// Whether something may be planned for an observation.
enum Kept {
    /// Its pair is not kept in step.
    No,
    /// As it always was.
    AsBefore(Observed),
    /// From now on again: no earlier failure stands in the way.
    Again(Observed),
}

/// Nothing of ours; what was recorded while it could not be read is over.
fn lone_dev(dev: &Issue, known: &Known) -> Vec<Change> {
    let handled = Change::PutHandled(Side::Dev, dev.at.clone(), Handled::of(dev));
    let over = known.failures.contains_key(&dev.at.id).then(|| Change::ClearFailure(Side::Dev, dev.at.id.clone()));
    [handled].into_iter().chain(over).collect()
}

fn conflict_lost(lost: Lost, user: &IssueRef) -> Event {
    let Lost { side, status, wanted } = lost;
    Event::ConflictLost { user: user.key.clone(), side, status, wanted }
}

/// What is recorded of a unit that needed no write: it was handled as it was read.
fn nothing_to_write(seen: &Observed) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Observed::Paired { pair, .. } = seen {
        changes.push(Change::PutPair(pair.clone()));
    }
    for (side, sighting) in sightings(seen) {
        let issue = &sighting.issue;
        changes.push(Change::PutHandled(side, issue.at.clone(), Handled::of(issue)));
        changes.push(Change::ClearFailure(side, issue.at.id.clone()));
    }
    changes
}
