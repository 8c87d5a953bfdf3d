//! `pair USER DEV`: these two belong together, whatever they carry.

use super::hindrance::{Hindrance, refused, still_open};
use super::{marks, records};
use crate::engine::cx::{Cx, Error};
use crate::engine::known::Proof;
use crate::engine::retry::FailureContext;
use crate::engine::write::failures;
use crate::engine::write::files::entries;
use crate::flow::{Handled, Issue, IssueKey, Order, Origin, Pair, PairState, Refused, Side};
use crate::store::Change;

/// What the pair table says of two issues that are to be a pair.
enum Former {
    /// That they are one.
    Paired,
    /// That they are one, which is not kept in step for some reason that may pass.
    Waiting(Pair),
    /// Nothing that counts any more: these go.
    Over(Vec<Pair>),
}

/// Marks first, the pair last: it is the decision. Whoever ends in between leaves two issues that say what was
/// decided, or one that says nothing.
pub(super) async fn pair(cx: &Cx, order: &Order, user: &IssueKey, dev: &IssueKey) -> Result<String, Hindrance> {
    let user = records::issue_on(cx, Side::User, user).await?;
    let dev = records::issue_on(cx, Side::Dev, dev).await?;
    let former = former(records::pairs_with(cx, &user.at.id, Some(&dev.at.id)).await?, &user, &dev)?;
    let open = records::intents_of(cx, &[&user.at.id, &dev.at.id]).await?;
    let names = format!("{} and {}", user.at, dev.at);
    match (former, open.first()) {
        // The open intent sets its own mark.
        (Former::Paired, Some(_)) => Ok(format!("{names} are a pair already")),
        (Former::Paired, None) => {
            marks::mark_as_pair(cx, &user, &dev).await?;
            Ok(format!("{names} are a pair already"))
        }
        (Former::Waiting(pair), _) => {
            release(cx, order, &user, &dev, &pair).await?;
            Ok(format!("{names} are kept in step again; they were {}", pair.state.as_str()))
        }
        (Former::Over(_), Some(intent)) => Err(still_open(intent).into()),
        (Former::Over(former), None) => {
            marks::mark_as_pair(cx, &user, &dev).await?;
            join(cx, order, &user, &dev, &former).await?;
            Ok(format!("{names} are a pair now{}", left_alone(&former, &user, &dev)))
        }
    }
}

/// What happened while the pair waited is looked at now.
async fn release(cx: &Cx, order: &Order, user: &Issue, dev: &Issue, pair: &Pair) -> Result<(), Error> {
    let (at, active) = (user.at.clone(), PairState::Active);
    let again = failures::again(cx, &at, FailureContext::default());
    let pair = Pair { user: at, dev: dev.at.clone(), origin: pair.origin, state: active };
    records::decide_as_ordered(cx, order, &user.at, vec![again, Change::PutPair(pair)]).await
}

/// What happened to the two before is nobody's news, and what files the user issue has stay where they are.
async fn join(cx: &Cx, order: &Order, user: &Issue, dev: &Issue, former: &[Pair]) -> Result<(), Error> {
    let mut batch: Vec<_> = former.iter().map(|pair| Change::RemovePair(pair.user.id.clone())).collect();
    // As for pairs that others made, whatever the ledger says of a former pair.
    let files = entries(user, dev, (Proof::Line, cx.jira.account()), None, &[]);
    batch.extend(files.into_iter().map(Change::PutCopied));
    for (side, issue) in [(Side::User, user), (Side::Dev, dev)] {
        batch.push(Change::PutHandled(side, issue.at.clone(), Handled::of(issue)));
    }
    let (origin, state) = (Origin::Adopted, PairState::Active);
    batch.push(Change::PutPair(Pair { user: user.at.clone(), dev: dev.at.clone(), origin, state }));
    batch.push(Change::ClearMissing(user.at.id.clone()));
    batch.push(Change::ClearFailure(Side::User, user.at.id.clone()));
    batch.push(Change::ClearFailure(Side::Dev, dev.at.id.clone()));
    records::decide_as_ordered(cx, order, &user.at, batch).await
}

fn former(pairs: Vec<Pair>, user: &Issue, dev: &Issue) -> Result<Former, Refused> {
    let same = |pair: &Pair| pair.user.id == user.at.id && pair.dev.id == dev.at.id;
    let mut over = Vec::new();
    for pair in pairs {
        match pair.state {
            PairState::Active if same(&pair) => return Ok(Former::Paired),
            PairState::Suspended | PairState::Held | PairState::Broken if same(&pair) => {
                return Ok(Former::Waiting(pair));
            }
            PairState::Active | PairState::Suspended | PairState::Held => return Err(taken(&pair)),
            PairState::Broken | PairState::Unpaired => over.push(pair),
        }
    }
    Ok(Former::Over(over))
}

fn taken(pair: &Pair) -> Refused {
    let Pair { user, dev, state, .. } = pair;
    refused(format!("{user} and {dev} are a pair ({}); `unpair {user}` first", state.as_str()))
}

/// Who is without a counterpart from now on, if anybody is.
fn left_alone(former: &[Pair], user: &Issue, dev: &Issue) -> String {
    let alone = former.iter().flat_map(|pair| {
        let user = (pair.user.id != user.at.id)
            .then(|| format!("; {} has no dev issue any more, and gets one where a rule asks for it", pair.user));
        let dev = (pair.dev.id != dev.at.id).then(|| format!("; {} belongs to no issue any more", pair.dev));
        [user, dev]
    });
    alone.flatten().collect()
}
