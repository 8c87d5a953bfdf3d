//! From candidates to observations: what search rows name is read afresh, and put beside what is known of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::projects;
use crate::engine::cx::{Cx, Error};
use crate::engine::known::{Candidates, Known, pair_of, sighting};
use crate::engine::past::Past;
use crate::engine::retry;
use crate::flow::{Copied, Event, Issue, IssueId, IssueRef, JiraTime, Observed, Pair, PairState, Row, Side};
use crate::jira::{BATCH, Fetched, OddRow};

/// What was written to a pair longer ago says nothing of rules that answer each other.
const RECENTLY: TimeDelta = TimeDelta::minutes(10);

/// The rows that show more than was handled already.
pub(in crate::engine) async fn candidates(cx: &Cx, rows: Vec<Row>) -> Result<Candidates, Error> {
    let mut candidates = Candidates::new();
    for side in Side::BOTH {
        // What was there before the flow came to a project is not its business until it changes.
        let since = cx.sides.on(side).since.map(|since| since.earlier(cx.flow.overlap()));
        let is_ours = |row: &&Row| cx.sides.of(&row.project.id) == Some(side) && Some(row.updated) >= since;
        let rows: Vec<_> = rows.iter().filter(is_ours).collect();
        let handled = cx.store.handled(side, rows.iter().map(|row| row.at.id.clone()).collect()).await?;
        let news = rows.into_iter().filter(|row| !handled.get(&row.at.id).is_some_and(|handled| handled.covers(row)));
        candidates.extend(news.map(|row| (row.at.id.clone(), (side, row.at.clone()))));
    }
    Ok(candidates)
}

/// The issues behind rows that can't be read: a fresh read decides about them. Those that can't even be named are
/// told and counted.
pub(in crate::engine) async fn odd_candidates(cx: &Cx, odd: Vec<OddRow>) -> Result<Candidates, Error> {
    let mut candidates = Candidates::new();
    for OddRow { id, key, why } in odd {
        let at = match (id, key) {
            (Some(id), Some(key)) => Some(IssueRef { id, key }),
            (Some(id), None) => cx.jira.fetch(&[&id]).await?.issues.pop().map(|issue| issue.at),
            (None, Some(key)) => cx.jira.id_behind(&key).await?.map(|id| IssueRef { id, key }),
            (None, None) => None,
        };
        match at {
            Some(at) => {
                let side = cx.sides.of_key(&at.key);
                candidates.extend(side.map(|side| (at.id.clone(), (side, at))));
            }
            None => {
                cx.tally.errors.add(1);
                tracing::warn!("a row of a search can't be read, and its issue can't be told: {why}");
            }
        }
    }
    Ok(candidates)
}

/// Reads the candidates and their counterparts afresh.
pub(in crate::engine) async fn read(cx: &Cx, candidates: &Candidates) -> Result<Known, Error> {
    let pairs = pairs_of(cx, candidates).await?;
    let about = candidates.keys().chain(pairs.iter().flat_map(|pair| [&pair.user.id, &pair.dev.id])).cloned();
    let failures = cx.store.failures_about(about.collect::<BTreeSet<_>>()).await?;
    let mut known = Known { pairs, ..Known::default() };
    known.add_failures(failures);
    known.resting = resting(cx, candidates, &known);
    let awake = |id: &&IssueId| !known.resting.contains(*id);
    let mut ids: BTreeSet<IssueId> = candidates.keys().filter(awake).cloned().collect();
    let pairs = known.pairs.iter().filter(|pair| ids.contains(&pair.user.id) || ids.contains(&pair.dev.id));
    let both: Vec<_> = pairs.flat_map(|pair| [pair.user.id.clone(), pair.dev.id.clone()]).collect();
    ids.extend(both);
    let FreshRead { issues, unread } = fetch_all(cx, &ids).await?;
    for side in Side::BOTH {
        let on_side = issues.values().filter(|issue| cx.sides.of_issue(issue) == Some(side));
        known.handled.extend(cx.store.handled(side, on_side.map(|issue| issue.at.id.clone()).collect()).await?);
    }
    Ok(Known { issues, unread, ..known })
}

/// The candidates that could not be read, or whose counterparts could not, and that are not to be tried yet.
fn resting(cx: &Cx, candidates: &Candidates, known: &Known) -> BTreeSet<IssueId> {
    let is_resting = |id: &&IssueId| {
        let pair = pair_of(known, id);
        let about = pair.map_or(*id, |pair| &pair.user.id);
        let waits = known.failures.get(about).is_some_and(|failure| !retry::is_time_for(cx, failure));
        let both = pair.map_or_else(|| vec![*id], |pair| vec![&pair.user.id, &pair.dev.id]);
        waits && both.iter().any(|id| cx.jira.could_not_read(id.as_str()))
    };
    candidates.keys().filter(is_resting).cloned().collect()
}

/// The pairs of the candidates. An issue that moved from one project of the flow to the other is named on the wrong
/// side.
async fn pairs_of(cx: &Cx, candidates: &Candidates) -> Result<Vec<Pair>, Error> {
    let ids: Vec<_> = candidates.keys().cloned().collect();
    let mut pairs = cx.store.get::<Pair>(Side::User, ids.clone()).await?;
    for pair in cx.store.get::<Pair>(Side::Dev, ids).await? {
        if !pairs.iter().any(|known| known.user.id == pair.user.id) {
            pairs.push(pair);
        }
    }
    Ok(pairs)
}

/// What was done for the pairs in hand before, as far as it matters for what is done next.
pub(in crate::engine) async fn recall(cx: &Cx, known: &mut Known) -> Result<(), Error> {
    let kept = known.pairs.iter().filter(|pair| pair.state != PairState::Unpaired);
    let users: Vec<_> = kept.map(|pair| pair.user.id.clone()).collect();
    if cx.flow.rules.follow_attachments() {
        for copied in cx.store.get::<Copied>(Side::User, users.clone()).await? {
            known.copied.entry(copied.on).or_default().insert(copied.file);
        }
    }
    // What seems to come later was told before this machine's clock was set back.
    let now = cx.clock.wall();
    known.recent_writes = cx.store.recent_writes(users, now - RECENTLY..=now).await?;
    Ok(())
}

pub(in crate::engine) async fn fetch_all(cx: &Cx, ids: &BTreeSet<IssueId>) -> Result<FreshRead, Error> {
    let mut read = FreshRead::default();
    for batch in ids.iter().collect::<Vec<_>>().chunks(BATCH) {
        let Fetched { issues, unread } = cx.jira.fetch(batch).await?;
        for issue in issues {
            if let Some(side) = cx.sides.of_issue(&issue) {
                cx.tally.fetched.add(1);
                cx.teller.tell(&Event::IssueFetched { side, key: issue.at.key.clone() });
                projects::notice_key(cx, side, &issue).await?;
            }
            read.issues.insert(issue.at.id.clone(), issue);
        }
        read.unread.extend(unread.into_iter().map(|(id, error)| (id, error.to_string())));
    }
    Ok(read)
}

/// If it failed before, its past is looked at as at its first try. What happened before the flow came to its project is
/// never looked at.
pub(super) fn unpaired_user(cx: &Cx, user: &Issue, known: &Known, past: Past) -> Observed {
    let tried = known.failures.get(&user.at.id).and_then(|failure| failure.unseen_since);
    let since = past.unseen_since_of(user);
    let since = tried.map_or(since, |tried| tried.min(since));
    let unseen_since = Some(cx.sides.user.since.map_or(since, |came| came.max(since)));
    Observed::Unpaired { user: sighting(user, known), unseen_since }
}

/// What happened to a pair before is not the flow's business.
pub(super) fn not_before(cx: &Cx, past: Past) -> Option<JiraTime> {
    past.not_before.max(cx.sides.user.since).max(cx.sides.dev.since)
}

/// What a fresh read showed.
#[derive(Default)]
pub(in crate::engine) struct FreshRead {
    pub issues: BTreeMap<IssueId, Issue>,
    /// See [`Known::unread`].
    pub unread: BTreeMap<IssueId, String>,
}
