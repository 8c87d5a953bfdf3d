//! What orders read and record.

use super::hindrance::{Hindrance, refused};
use crate::engine::cx::{Cx, Error};
use crate::flow::{Event, Intent, Issue, IssueId, IssueKey, IssueRef, Order, Pair, Side};
use crate::jira::FetchedByKey;
use crate::store::Change;

/// Reads the issue that an order names, which must be on that side now.
pub(super) async fn issue_on(cx: &Cx, side: Side, key: &IssueKey) -> Result<Issue, Hindrance> {
    let project = cx.flow.project(side);
    let Some(issue) = issue_by(cx, key).await? else {
        return Err(refused(format!("{key} can't be read: it was deleted, or is hidden from us")).into());
    };
    if cx.sides.of_issue(&issue) == Some(side) {
        return Ok(issue);
    }
    let now = if issue.at.key == *key { String::new() } else { format!(" is {} now and", issue.at.key) };
    Err(refused(format!("{key}{now} is not in {project}, the {side} project of this flow")).into())
}

/// The issue that answers to a key. One that can't be read although Jira is there is no missing one.
pub(super) async fn issue_by(cx: &Cx, key: &IssueKey) -> Result<Option<Issue>, Hindrance> {
    let FetchedByKey { mut issues, mut unread } = cx.jira.fetch_by_key(&[key]).await?;
    match unread.remove(key) {
        Some(error) => Err(refused(format!("{key} can't be read, nothing was changed: {error}")).into()),
        None => Ok(issues.remove(key)),
    }
}

/// The pairs that one of these issues is in, of whatever state.
pub(super) async fn pairs_with(cx: &Cx, user: &IssueId, dev: Option<&IssueId>) -> Result<Vec<Pair>, Error> {
    // Also asked to put back what an order took away that is not carried out.
    let store = cx.store.for_record();
    let mut pairs = store.get::<Pair>(Side::User, [user.clone()]).await?;
    let others = store.get::<Pair>(Side::Dev, dev.cloned()).await?;
    pairs.extend(others.into_iter().filter(|pair| pair.user.id != *user));
    Ok(pairs)
}

/// The open intents that one of these issues is part of.
pub(super) async fn intents_of(cx: &Cx, issues: &[&IssueId]) -> Result<Vec<Intent>, Error> {
    let open = cx.store.open_intents().await?.into_iter();
    let is_named = |at: Option<&IssueRef>| at.is_some_and(|at| issues.contains(&&at.id));
    Ok(open.filter(|intent| Side::BOTH.iter().any(|side| is_named(intent.on(*side)))).collect())
}

/// Records a decision and tells it, as an event and in history.
pub(super) async fn decide_as_ordered(
    cx: &Cx,
    order: &Order,
    user: &IssueRef,
    mut batch: Vec<Change>,
) -> Result<(), Error> {
    let event = Event::OrderExecuted { key: user.key.clone(), order: order.to_string() };
    batch.push(cx.teller.line(&event, user));
    cx.store.write(batch).await?;
    cx.memory.other_addresses.settled(&user.id);
    cx.teller.tell(&event);
    Ok(())
}
