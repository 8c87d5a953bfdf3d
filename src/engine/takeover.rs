//! Taking over what the Node.js service left (docs/sync.md, "Taking over"): its keys become ids, and what it left undone is
//! looked at again.
//!
//! Nothing is written to Jira here. The state document comes last: until then the takeover is owed, and doing it again
//! finds done what was done.

mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cx::{Cx, Error};
use super::known::{Known, Proof};
use super::look::adopt::survey;
use super::look::observe;
use super::memory::survey::Claims;
use super::plan::plan;
use super::retry::FailureContext;
use super::write::files::entries;
use super::write::{self, failures};
use crate::flow::{
    Event, Handled, Issue, IssueKey, IssueRef, JiraTime, MissingDev, Observed, Origin, Pair, PairState, Side, Sighting,
    Watermark,
};
use crate::jira::{self, BATCH, Ending, FetchedByKey};
use crate::store::{Change, Failure, KeyPair, Legacy, Revision};
pub use report::Report;

/// That service noted its own clock at the end of a cycle: what people did while the cycle ran lies before it, and so does
/// what happened while that clock was ahead.
const TOO_LATE: Duration = Duration::from_secs(24 * 3600);

/// What several pairs come to. Those of a kind are neighbours, as a store without transactions writes them at once.
#[derive(Default)]
struct Taking {
    files: Vec<Change>,
    users: Vec<Change>,
    devs: Vec<Change>,
    missing: Vec<Change>,
    owed: Vec<Change>,
    told: Vec<Change>,
    pairs: Vec<Change>,
    found: Vec<Change>,
}

impl Taking {
    /// Pairs come behind their files: one whose files are not in the ledger would have them all copied. That a dev issue
    /// is missing no more comes behind its pair, as nothing else keeps another one from being created.
    fn in_order(self) -> Vec<Change> {
        let Self { files, users, devs, missing, owed, told, pairs, found } = self;
        [files, users, devs, missing, owed, told, pairs, found].into_iter().flatten().collect()
    }
}

/// Who is told how far a takeover has come.
pub type Progress<'a> = &'a (dyn Fn(usize) + Sync);

/// See [`Engine::take_over`](super::Engine::take_over).
pub(super) async fn take_over(cx: &Cx, legacy: &Legacy, progress: Progress<'_>) -> Result<Report, Error> {
    let mut report = Report::of(legacy);
    for pairs in legacy.pairs.chunks(BATCH / 2) {
        unless_stopping(cx)?;
        take_pairs(cx, pairs, legacy, &mut report).await?;
        progress(report.seen());
    }
    find_claims(cx, &mut report).await?;
    find_failed_creates(cx, legacy, &mut report).await?;
    take_state(cx, legacy, &mut report).await?;
    cx.teller.tell(&report.event());
    Ok(report)
}

fn unless_stopping(cx: &Cx) -> Result<(), Error> {
    if cx.pulse.stopping() { Err(Error::Stopping) } else { Ok(()) }
}

async fn take_pairs(cx: &Cx, pairs: &[KeyPair], legacy: &Legacy, report: &mut Report) -> Result<(), Error> {
    let keys: Vec<_> = pairs.iter().flat_map(|pair| [&pair.user, &pair.dev]).collect();
    let FetchedByKey { issues: read, unread } = cx.jira.fetch_by_key(&keys).await?;
    let mut known = recorded(cx, read.values()).await?;
    let mut taking = Taking::default();
    for keys in pairs {
        let (Some(user), Some(dev)) = (read.get(&keys.user), read.get(&keys.dev)) else {
            report.lost.push(keys.clone());
            match unread.contains_key(&keys.user) {
                true => note_unread(cx, keys, &known, &mut taking).await?,
                false => note_missing(cx, keys, read.get(&keys.user), &known, &mut taking),
            }
            continue;
        };
        report.moved(&keys.user, user);
        report.moved(&keys.dev, dev);
        let is_in = |pair: &&Pair| pair.user.id == user.at.id || pair.dev.id == dev.at.id;
        match known.iter().find(is_in) {
            Some(pair) if pair.user.id == user.at.id && pair.dev.id == dev.at.id => report.known += 1,
            Some(pair) => report.contradicted.push((keys.clone(), pair.clone())),
            None => {
                let pair = pair_of_two(cx, user, dev);
                take_pair(cx, keys, (user, dev), &pair, legacy, &mut taking);
                report.taken(&pair);
                known.push(pair);
            }
        }
    }
    taking.found = found_again(cx, &read, &known).await?;
    Ok(cx.store.write(taking.in_order()).await?)
}

/// A user issue whose dev issue can't be read may have it all the same: no other is created for it. If one would be,
/// that is told in the first cycle.
fn note_missing(cx: &Cx, keys: &KeyPair, user: Option<&Issue>, known: &[Pair], taking: &mut Taking) {
    let Some(user) = user.filter(|user| !known.iter().any(|pair| pair.user.id == user.at.id)) else { return };
    let missing = MissingDev { user: user.at.clone(), dev: keys.dev.clone() };
    taking.missing.push(Change::PutMissing(missing));
    if gets_dev_issue(cx, user) {
        taking.owed.push(to_be_seen_to(cx, user, "its dev issue could not be read when it was taken over"));
    }
}

/// A user issue that can't be read although Jira is there: its id may be told all the same. Once it can be read, no
/// other dev issue is created for it behind anyone's back.
async fn note_unread(cx: &Cx, keys: &KeyPair, known: &[Pair], taking: &mut Taking) -> Result<(), Error> {
    let id = match cx.jira.id_behind(&keys.user).await {
        Err(error) if error.is_local() => None,
        end => end?,
    };
    let single = id.filter(|id| !known.iter().any(|pair| pair.user.id == *id));
    let user = single.map(|id| IssueRef { id, key: keys.user.clone() });
    let missing = user.map(|user| Change::PutMissing(MissingDev { user, dev: keys.dev.clone() }));
    taking.missing.extend(missing);
    Ok(())
}

/// User issues that are in a pair now, and whose dev issue could not be read when this was done before.
async fn found_again(cx: &Cx, read: &BTreeMap<IssueKey, Issue>, known: &[Pair]) -> Result<Vec<Change>, Error> {
    let users = read.values().map(|issue| issue.at.id.clone());
    let mut missing = cx.store.get::<MissingDev>(Side::User, users).await?;
    missing.retain(|missing| known.iter().any(|pair| pair.user.id == missing.user.id));
    Ok(missing.into_iter().map(|missing| Change::ClearMissing(missing.user.id)).collect())
}

/// The pairs that any of these issues is in.
async fn recorded(cx: &Cx, issues: impl Iterator<Item = &Issue>) -> Result<Vec<Pair>, Error> {
    let ids: Vec<_> = issues.map(|issue| issue.at.id.clone()).collect();
    let mut pairs = cx.store.get::<Pair>(Side::User, ids.clone()).await?;
    pairs.extend(cx.store.get::<Pair>(Side::Dev, ids).await?);
    Ok(pairs)
}

fn pair_of_two(cx: &Cx, user: &Issue, dev: &Issue) -> Pair {
    let at_home = |side, issue: &Issue| cx.sides.of_issue(issue) == Some(side);
    let whole = at_home(Side::User, user) && at_home(Side::Dev, dev);
    let state = if whole { PairState::Active } else { PairState::Suspended };
    Pair { user: user.at.clone(), dev: dev.at.clone(), origin: Origin::Adopted, state }
}

/// A status that is no longer what that service saw is not recorded: it is judged like that of any pair found on the
/// way.
fn take_pair(
    cx: &Cx,
    keys: &KeyPair,
    (user, dev): (&Issue, &Issue),
    pair: &Pair,
    legacy: &Legacy,
    taking: &mut Taking,
) {
    let files = entries(user, dev, (Proof::Line, cx.jira.account()), None, &[]);
    taking.files.extend(files.into_iter().map(Change::PutCopied));
    let sides = [(Side::User, &keys.user, user, &mut taking.users), (Side::Dev, &keys.dev, dev, &mut taking.devs)];
    for (side, key, issue, handled) in sides {
        if legacy.statuses(side).get(key) == Some(&issue.status.name) {
            handled.push(Change::PutHandled(side, issue.at.clone(), Handled::of(issue)));
        }
    }
    let event = Event::PairAdopted { user: user.at.key.clone(), dev: dev.at.key.clone() };
    taking.told.push(cx.teller.line(&event, &user.at));
    taking.pairs.push(Change::PutPair(pair.clone()));
}

/// That service noted a status also when the create that it asks for had failed: issues that stand in such a status
/// without a pair are handled in the first cycle.
async fn find_failed_creates(cx: &Cx, legacy: &Legacy, report: &mut Report) -> Result<(), Error> {
    let paired: BTreeSet<_> = legacy.pairs.iter().map(|pair| &pair.user).collect();
    let single: Vec<_> = legacy.user_statuses.keys().filter(|key| !paired.contains(key)).collect();
    for keys in single.chunks(BATCH) {
        unless_stopping(cx)?;
        let FetchedByKey { issues: read, unread } = cx.jira.fetch_by_key(keys).await?;
        see_to_unread(cx, unread).await?;
        let paired = recorded(cx, read.values()).await?;
        let is_single = |issue: &&Issue| !paired.iter().any(|pair| pair.user.id == issue.at.id);
        let owed: Vec<_> = read.values().filter(is_single).filter(|user| gets_dev_issue(cx, user)).collect();
        let owed_changes = owed.iter().map(|user| to_be_seen_to(cx, user, "its dev issue was never made"));
        cx.store.write(owed_changes.collect()).await?;
        let unclaimed = owed.into_iter().map(|user| user.at.key.clone()).filter(|key| !report.is_claimed(key));
        let unclaimed: Vec<_> = unclaimed.collect();
        report.failed_creates.extend(unclaimed);
    }
    Ok(())
}

/// User issues that may lack a dev issue and can't be read now.
async fn see_to_unread(cx: &Cx, unread: BTreeMap<IssueKey, jira::Error>) -> Result<(), Error> {
    for (key, error) in unread {
        match cx.jira.id_behind(&key).await {
            Ok(Some(id)) => {
                let why = format!("{key} can't be read: {error}");
                failures::failed(cx, Side::User, &IssueRef { id, key }, why, FailureContext::default()).await?;
            }
            Ok(None) => {}
            Err(again) if again.is_local() => {
                cx.tally.errors.add(1);
                tracing::warn!(
                    "{key} could not be read when it was taken over, move it again to have it seen: {error}"
                );
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn gets_dev_issue(cx: &Cx, user: &Issue) -> bool {
    let seen = Sighting { issue: user.clone(), handled: None };
    cx.sides.of_issue(user) == Some(Side::User)
        && plan(&cx.flow.rules, &Observed::Unpaired { user: seen, unseen_since: None }).draft.is_some()
}

fn to_be_seen_to(cx: &Cx, user: &Issue, why: &str) -> Change {
    let failure = FailureContext::default().failure(Side::User, user.at.clone(), cx.clock.wall());
    Change::PutFailure(Failure { why: why.to_owned(), ..failure })
}

/// Dev issues without a pair that say whose they are: those of a user issue that has no other are adopted in the first
/// cycle, all others are for people to look at.
async fn find_claims(cx: &Cx, report: &mut Report) -> Result<(), Error> {
    let mut claims = Claims::default();
    let scan = survey::look_through(cx, JiraTime::FIRST, None, &mut claims, &Known::default()).await?;
    match scan.ending() {
        Ending::Whole => {}
        // The report lists what was shown; before anything is created, they are looked through again.
        Ending::Short(lack) => tracing::warn!(
            "{}: Jira's search says that there are more dev issues than the {} that it shows: some that claim a user \
             issue may not be reported",
            cx.flow.name,
            lack.shown
        ),
    }
    let claims = claims.of;
    let users = observe::fetch_all(cx, &claims.keys().cloned().collect()).await?.issues;
    let devs = observe::fetch_all(cx, &claims.values().flatten().cloned().collect()).await?.issues;
    let pairs = recorded(cx, users.values()).await?;
    let missing = cx.store.get::<MissingDev>(Side::User, users.keys().cloned()).await?;
    for (user, claimants) in claims {
        let claimants = claimants.iter().filter_map(|dev| Some(devs.get(dev)?.at.key.clone()));
        // One of them may be a clone of the one that can't be read.
        let missing = missing.iter().filter(|missing| missing.user.id == user).map(|missing| missing.dev.clone());
        let claimants = missing.chain(claimants).collect();
        let pair = pairs.iter().find(|pair| pair.user.id == user);
        take_claim(cx, users.get(&user), pair, claimants, report).await?;
    }
    Ok(())
}

async fn take_claim(
    cx: &Cx,
    user: Option<&Issue>,
    pair: Option<&Pair>,
    claimants: Vec<IssueKey>,
    report: &mut Report,
) -> Result<(), Error> {
    let Some(user) = user else {
        report.strays.extend(claimants);
        return Ok(());
    };
    let all: Vec<_> = pair.map(|pair| pair.dev.key.clone()).into_iter().chain(claimants).collect();
    if pair.is_none() {
        cx.store.write(vec![to_be_seen_to(cx, user, "a dev issue names it, and there is no pair")]).await?;
    }
    match &all[..] {
        [only] => report.single.push((user.at.key.clone(), only.clone())),
        _ => report.twins.push((user.at.key.clone(), all)),
    }
    Ok(())
}

/// Where incremental cycles begin. A flow without that service's watermark begins with a full sync.
async fn take_state(cx: &Cx, legacy: &Legacy, report: &mut Report) -> Result<(), Error> {
    let state = cx.store.state().await?;
    let start = legacy.last_sync.map(|last_sync| Watermark(last_sync.0.earlier(TOO_LATE)));
    if state.revision != Revision::default() {
        report.goes_on_from = state.last_sync;
        return Ok(());
    }
    report.goes_on_from = start;
    let started_at = start.map(|start| start.0);
    write::commit(cx, crate::store::State { last_sync: start, started_at, all_read: false, ..state }).await?;
    Ok(())
}
