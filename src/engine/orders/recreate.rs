//! `recreate USER`: this user issue gets a new dev issue.

use super::hindrance::{Hindrance, refused, still_open};
use super::{marks, records};
use crate::engine::cx::{Cx, Error};
use crate::engine::known::counterpart;
use crate::engine::plan::creation;
use crate::engine::write::course::{self, Abandoned, Course, Driven};
use crate::engine::write::executor;
use crate::flow::{
    Copied, Draft, Intent, Issue, IssueId, IssueKey, IssueRef, MissingDev, Observed, Order, Pair, PairState, Refused,
    Side, Sighting,
};
use crate::store::Change;

/// The old marks go first, so that nobody takes the former dev issue for the new one's rival; then the former pair, or
/// that its dev issue is missing, goes in the moment that the intent comes, which nothing can overtake.
pub(super) async fn recreate(cx: &Cx, order: &Order, key: &IssueKey) -> Result<String, Hindrance> {
    let user = records::issue_on(cx, Side::User, key).await?;
    let former = records::pairs_with(cx, &user.at.id, None).await?.pop();
    if let Some(intent) = records::intents_of(cx, &[&user.at.id]).await?.first() {
        return Err(in_the_way(intent, former.as_ref()).into());
    }
    let dev = former_dev_issue(cx, &user, former.as_ref()).await?;
    refuse_while_served(cx, &user, former.as_ref(), dev.as_ref())?;
    let missing = still_missing(cx, &user).await?;
    let seen = sighting_of(cx, user.clone()).await?;
    let Some(draft) = creation(&cx.flow.rules, &seen) else {
        return Err(refused("no rule of this flow creates issues").into());
    };
    if let Some(lost) = dev_of(&user, former.as_ref()) {
        let read: Vec<_> = [&user].into_iter().chain(&dev).collect();
        if let Some(left) = marks::unmark(cx, [&user.at.id, lost], &read, former.as_ref()).await?.first() {
            return Err(refused(format!("nothing was created: {left}")).into());
        }
    }
    let as_it_was = as_it_is(cx, &user.at, former, missing).await?;
    create_as_ordered(cx, order, draft, seen, as_it_was).await
}

/// The dev issue that the user issue had, if it can be read.
async fn former_dev_issue(cx: &Cx, user: &Issue, former: Option<&Pair>) -> Result<Option<Issue>, Hindrance> {
    match dev_of(user, former) {
        Some(dev) => Ok(cx.jira.fetch_one(dev).await?),
        None => Ok(None),
    }
}

/// Nobody gets a second dev issue who has one.
fn refuse_while_served(cx: &Cx, user: &Issue, former: Option<&Pair>, dev: Option<&Issue>) -> Result<(), Hindrance> {
    let Some(dev) = dev else { return Ok(()) };
    let why = match former.map(|pair| pair.state) {
        Some(PairState::Unpaired) => return Ok(()),
        None if !marks::names_user(cx, dev, user) => return Ok(()),
        Some(PairState::Active | PairState::Held | PairState::Broken | PairState::Suspended) => "are a pair",
        None => "belong together by their marks",
    };
    let (user, dev) = (&user.at, &dev.at);
    let way = if former.is_some() { format!("`unpair {user}` first") } else { format!("`pair {user} {dev}`") };
    Err(refused(format!("{user} and {dev} {why}, and both can be read; {way}")).into())
}

/// What is recorded of a dev issue that could not be read when it was taken over. If it can be read now it is not
/// replaced, unless it is another's or left its project.
async fn still_missing(cx: &Cx, user: &Issue) -> Result<Option<MissingDev>, Hindrance> {
    let Some(missing) = cx.store.get::<MissingDev>(Side::User, [user.at.id.clone()]).await?.pop() else {
        return Ok(None);
    };
    let Some(dev) = records::issue_by(cx, &missing.dev).await? else {
        return Ok(Some(missing));
    };
    let is_anothers = !cx.store.get::<Pair>(Side::Dev, [dev.at.id.clone()]).await?.is_empty();
    if is_anothers || cx.sides.of_issue(&dev) != Some(Side::Dev) {
        return Ok(Some(missing));
    }
    let (user, dev) = (&user.at, &dev.at);
    let why = "belonged together when they were taken over";
    Err(refused(format!("{user} and {dev} {why}, and both can be read; `pair {user} {dev}`")).into())
}

/// What is recorded of a user issue, in case that nothing is created.
async fn as_it_is(
    cx: &Cx,
    user: &IssueRef,
    former: Option<Pair>,
    missing: Option<MissingDev>,
) -> Result<Vec<Change>, Error> {
    let ledger = cx.store.get::<Copied>(Side::User, [user.id.clone()]).await?.into_iter().map(Change::PutCopied);
    let former = former.into_iter().map(Change::PutPair);
    Ok(former.chain(ledger).chain(missing.map(Change::PutMissing)).collect())
}

async fn sighting_of(cx: &Cx, user: Issue) -> Result<Sighting, Error> {
    let handled = cx.store.handled(Side::User, vec![user.at.id.clone()]).await?.remove(&user.at.id);
    // Its mark was taken away, or is about to be.
    Ok(Sighting { issue: Issue { mark: None, ..user }, handled })
}

async fn create_as_ordered(
    cx: &Cx,
    order: &Order,
    draft: Draft,
    seen: Sighting,
    as_it_was: Vec<Change>,
) -> Result<String, Hindrance> {
    let user = seen.issue.at.clone();
    let fresh = seen.issue.clone();
    let intent = course::intent(cx, draft, &Observed::Unpaired { user: seen, unseen_since: None });
    let forget = [Change::RemovePair(user.id.clone()), Change::ClearMissing(user.id.clone())];
    let calm = Change::ClearFailure(Side::User, user.id.clone());
    let begin = Change::AddIntent(intent.clone());
    cx.store.write([begin].into_iter().chain(forget).chain([calm]).collect()).await?;
    cx.memory.intents.set_busy(&intent);
    match Box::pin(executor::drive(cx, Course::new(intent), Some(&fresh))).await {
        Ok(Driven::Closed | Driven::Open) => {
            records::decide_as_ordered(cx, order, &user, Vec::new()).await?;
            Ok(created_for(cx, &user).await?)
        }
        Ok(Driven::Abandoned(why)) => {
            cx.store.write(as_it_was).await?;
            Err(abandoned(&user, why))
        }
        Err(Error::Stopping) if records::pairs_with(cx, &user.id, None).await?.is_empty() => {
            cx.store.write(as_it_was).await?;
            Err(Error::Stopping.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn created_for(cx: &Cx, user: &IssueRef) -> Result<String, Error> {
    Ok(match records::pairs_with(cx, &user.id, None).await?.pop() {
        Some(pair) => format!("{} was created for {user}", pair.dev),
        None => format!(
            "a dev issue for {user} was asked for, and nobody knows yet whether it was created: that is being \
             looked up, and it is created if it was not"
        ),
    })
}

/// What a pair that is apart still owes does not close by itself.
fn in_the_way(intent: &Intent, former: Option<&Pair>) -> Refused {
    match former.map(|pair| pair.state) {
        Some(PairState::Broken | PairState::Suspended) => {
            refused(format!("something is still owed to the former pair of {0}; `unpair {0}` first", intent.user))
        }
        Some(PairState::Active | PairState::Held | PairState::Unpaired) | None => still_open(intent),
    }
}

/// The dev issue that a user issue had: by the pair table, else by its back-mark.
fn dev_of<'a>(user: &'a Issue, former: Option<&'a Pair>) -> Option<&'a IssueId> {
    former.map(|pair| &pair.dev.id).or_else(|| counterpart(user))
}

fn abandoned(user: &IssueRef, why: Abandoned) -> Hindrance {
    match why {
        Abandoned::Outdated(reason) => {
            refused(format!("nothing was created for {user}: {}; give the order again", reason.as_str())).into()
        }
        Abandoned::Failed(error) if error.is_local() => {
            refused(format!("nothing was created for {user}: {error}")).into()
        }
        Abandoned::Failed(error) => Hindrance::Failed(error.into()),
    }
}
