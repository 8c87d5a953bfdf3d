//! `unpair KEY`: this issue and its counterpart do not belong together.

use super::hindrance::{Hindrance, refused, still_open};
use super::{marks, records};
use crate::engine::cx::{Cx, Error};
use crate::flow::{IssueKey, MissingDev, Order, Pair, PairState, Refused, Side};
use crate::jira::Fetched;
use crate::store::Change;

/// The decision first, the marks last: a mark that is left over proves nothing against the pair table, and giving the
/// order again takes it away.
pub(super) async fn unpair(cx: &Cx, order: &Order, key: &IssueKey) -> Result<String, Hindrance> {
    let Some(pair) = pair_named(cx, key).await? else {
        return Err(in_no_pair(cx, key).await?.into());
    };
    let is_news = pair.state != PairState::Unpaired;
    if is_news {
        part(cx, order, &pair).await?;
    }
    let both = [&pair.user.id, &pair.dev.id];
    let Fetched { issues, unread } = cx.jira.fetch(&both).await?;
    let mut left = marks::unmark(cx, both, &issues.iter().collect::<Vec<_>>(), Some(&pair)).await?;
    left.extend(unread.into_iter().map(|(id, error)| {
        let at = if id == pair.dev.id { &pair.dev } else { &pair.user };
        format!("whether {at} still has its mark is not known: {error}")
    }));
    let said = if is_news { "are no pair any more" } else { "are no pair already" };
    let left: String = left.iter().map(|left| format!("; {left}; give the order again")).collect();
    Ok(format!(
        "{} and {} {said}{left}. Links and comments that people can read are left as they are",
        pair.user, pair.dev
    ))
}

/// What was left out when it was taken over needs no such order: nothing is done for it.
async fn in_no_pair(cx: &Cx, key: &IssueKey) -> Result<Refused, Error> {
    let user = cx.jira.fetch_by_key(&[key]).await?.issues.remove(key).map(|issue| issue.at.id);
    let missing = cx.store.get::<MissingDev>(Side::User, user).await?.pop();
    let why = missing.map_or_else(String::new, |MissingDev { user, dev }| {
        format!(
            ": its dev issue {dev} could not be read when it was taken over, and no other is created for it unless you \
             `pair` or `recreate {user}`"
        )
    });
    Ok(refused(format!("{key} is in no pair that this flow knows{why}")))
}

async fn part(cx: &Cx, order: &Order, pair: &Pair) -> Result<(), Hindrance> {
    let open = records::intents_of(cx, &[&pair.user.id, &pair.dev.id]).await?;
    if let Some(doubtful) = open.iter().find(|intent| !intent.is_owed() && is_looked_up(pair)) {
        return Err(still_open(doubtful).into());
    }
    let mut batch: Vec<_> = open.iter().map(|intent| Change::CloseIntent(intent.id.clone())).collect();
    batch.push(Change::PutPair(Pair { state: PairState::Unpaired, ..pair.clone() }));
    batch.push(Change::ClearFailure(Side::User, pair.user.id.clone()));
    batch.push(Change::ClearFailure(Side::Dev, pair.dev.id.clone()));
    records::decide_as_ordered(cx, order, &pair.user, batch).await?;
    open.iter().for_each(|intent| cx.memory.intents.set_free(intent));
    Ok(())
}

/// By the issue's id, whatever its key was once; by the recorded key where it can't be read any more.
async fn pair_named(cx: &Cx, key: &IssueKey) -> Result<Option<Pair>, Error> {
    let Some(issue) = cx.jira.fetch_by_key(&[key]).await?.issues.remove(key) else {
        return pair_recorded_as(cx, key).await;
    };
    for side in Side::BOTH {
        if let Some(pair) = cx.store.get::<Pair>(side, [issue.at.id.clone()]).await?.pop() {
            return Ok(Some(pair));
        }
    }
    Ok(None)
}

async fn pair_recorded_as(cx: &Cx, key: &IssueKey) -> Result<Option<Pair>, Error> {
    let named = cx.store.pairs_recorded_as(key).await?;
    Ok(named.into_iter().min_by(|one, other| one.user.id.cmp(&other.user.id)))
}

/// Whether a doubt about this pair will be settled by itself. As long as one of its issues is away nobody looks, perhaps
/// forever.
fn is_looked_up(pair: &Pair) -> bool {
    match pair.state {
        PairState::Active | PairState::Held | PairState::Unpaired => true,
        PairState::Suspended | PairState::Broken => false,
    }
}
