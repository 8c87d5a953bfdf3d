//! Recording pairs that were found.

use super::failures;
use super::files::entries;
use super::linking::{self, is_unlinked};
use crate::engine::cx::{Cx, Error};
use crate::engine::known::{Known, Obstacle, Proof};
use crate::flow::{Copied, Event, Issue, Mark, Origin, Pair, PairState, Side, SkipReason};
use crate::store::{self, Change};

/// Records two issues as a pair that was found. Where the store says otherwise, none is created for the user issue.
pub(in crate::engine) async fn record_adopted(
    cx: &Cx,
    user: &Issue,
    dev: &Issue,
    proof: Proof,
    known: &mut Known,
) -> Result<(), Error> {
    let taken = known.pairs.iter().any(|pair| pair.user.id == user.at.id || pair.dev.id == dev.at.id);
    if taken || cx.memory.intents.is_busy(&user.at.id) {
        return Ok(());
    }
    let (origin, state) = (Origin::Adopted, PairState::Active);
    let pair = Pair { user: user.at.clone(), dev: dev.at.clone(), origin, state };
    let event = Event::PairAdopted { user: user.at.key.clone(), dev: dev.at.key.clone() };
    let files = files_seen_to(cx, user, dev, proof, known).await?;
    let link = match &dev.mark {
        Some(Mark::Created { intent, .. }) if proof == Proof::Mark && is_unlinked(user) => {
            linking::link_to_be_made(cx, &pair, intent.clone()).await?
        }
        Some(Mark::Created { .. } | Mark::Linked { .. }) | None => None,
    };
    // The pair comes last: one whose files are not in the ledger would have them all copied.
    let batch = [cx.teller.line(&event, &user.at), Change::PutPair(pair.clone())];
    let found = known.missing_dev_of(&user.at.id).map(|_| Change::ClearMissing(user.at.id.clone()));
    match cx.store.write(files.into_iter().chain(link).chain(batch).chain(found).collect()).await {
        Ok(()) => {
            cx.teller.tell(&event);
            known.pairs.push(pair);
        }
        // By whatever else writes to this database, one of the two is another's by now.
        Err(store::Error::Taken { .. }) => {
            failures::skip(cx, &user.at, SkipReason::HasLink);
            known.obstacles.insert(user.at.id.clone(), Obstacle::OneWayLink);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn files_seen_to(cx: &Cx, user: &Issue, dev: &Issue, by: Proof, known: &Known) -> Result<Vec<Change>, Error> {
    let ledger = cx.store.get::<Copied>(Side::User, [user.at.id.clone()]).await?;
    let handled = known.handled.get(&user.at.id);
    let entries = entries(user, dev, (by, cx.jira.account()), handled, &ledger);
    Ok(entries.into_iter().map(Change::PutCopied).collect())
}
