//! Queries.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use mongodb::Database;
use mongodb::bson::{Bson, Document, bson, doc};

use super::ask::Ask;
use super::base::Base;
use super::deeds::failure_id;
use super::displace;
use super::document::{Found, ids, wall_date};
use super::layout::{
    ATTACHMENTS, FAILURES, HISTORY, INTENTS, JIRA_MAPPING, MISSING, SYNC_STATE, handled as handled_collection, known,
};
use super::trouble::Trouble;
use crate::flow::{
    AttachmentId, Copied, Event, Handled, HistoryQuery, Intent, IssueId, IssueName, IssueRef, MissingDev, Pair,
    PairState, Side, Status, StatusName, Told, Watermark,
};
use crate::store::records;
use crate::store::{Failure, HandledIssue, NEWEST, Patrol, Revision, State};

/// The state document.
pub(super) async fn state(base: &Base, database: &Database) -> Result<State, Trouble> {
    let found = base.state(database).await?;
    let pairs = count_pairs(database).await?;
    state_of(&Found { collection: SYNC_STATE, document: &found }, pairs)
}

/// Whether a worker of the flow has ever begun there.
pub(super) async fn is_begun(base: &Base, database: &Database) -> Result<bool, Trouble> {
    let begun = doc! { "name": base.flow.as_str(), "epoch": { "$exists": true } };
    Ok(database.collection::<Document>(SYNC_STATE).find_one(begun).await?.is_some())
}

/// How many pairs are known by their ids.
pub(super) async fn count_pairs(database: &Database) -> Result<u64, Trouble> {
    Ok(database.collection::<Document>(JIRA_MAPPING).count_documents(known("user_issue_id")).await?)
}

fn state_of(found: &Found<'_>, pairs: u64) -> Result<State, Trouble> {
    let cursor = found.record("cursor")?.map(|json| records::cursor_from_json(&json)).transpose();
    let served = found.record("projects")?.map(|json| records::served_from_json(&json)).transpose();
    let shortfalls = found.record("shortfalls")?.map(|json| records::shortfalls_from_json(&json)).transpose();
    Ok(State {
        last_sync: found.maybe_jira_time("last_sync")?.map(Watermark),
        initial_sync_completed: found.flag("initial_sync_completed")?,
        cursor: cursor?,
        started_at: found.maybe_jira_time("started_at")?,
        all_read: found.flag("all_read")?.unwrap_or_default(),
        named_elsewhere: found.flag("named_elsewhere")?.unwrap_or_default(),
        updated_at: found.maybe_wall("updated_at")?,
        patrol: Patrol { begun: found.maybe_wall("patrol_begun")?, after: found.maybe("patrol_after")? },
        served: served?,
        held_until: found.maybe_wall("held_until")?,
        shortfalls: shortfalls?.unwrap_or_default(),
        pairs_lost: found.number("pairs")? > pairs,
        revision: Revision(found.number("revision")?),
    })
}

/// What was handled of those of `issues` that ever were.
pub(super) async fn handled(
    database: &Database,
    side: Side,
    issues: &[IssueId],
) -> Result<BTreeMap<IssueId, Handled>, Trouble> {
    let asked = Ask::of(handled_collection(side), doc! { "issue_id": { "$in": ids(issues) } });
    let read = |found: &Found<'_>| Ok((found.parsed("issue_id")?, handled_of(found)?));
    Ok(asked.answer(database, read).await?.into_iter().collect())
}

fn handled_of(found: &Found<'_>) -> Result<Handled, Trouble> {
    let status = Status { id: found.parsed("status_id")?, name: StatusName::new(found.text("status")?) };
    Ok(Handled { status, updated: found.jira_time("seen_updated")? })
}

/// At most `most` of the issues that were handled on a side, after `after`, in the order of their numbers.
pub(super) async fn handled_after(
    database: &Database,
    side: Side,
    after: Option<&IssueId>,
    most: u32,
) -> Result<Vec<HandledIssue>, Trouble> {
    // The empty text comes before every id. What lost its key to another issue is not known by one.
    let after = after.map_or("", IssueId::as_str);
    let asked = doc! { "issue_id": { "$gt": after }, "issue_key": { "$not": { "$regex": displace::FORMER } } };
    let asked = Ask::of(handled_collection(side), asked).sorted_by_number(doc! { "issue_id": 1 });
    let read =
        |found: &Found<'_>| Ok(HandledIssue { issue: found.issue("issue_id", "issue_key")?, was: handled_of(found)? });
    asked.at_most(Some(most)).answer(database, read).await
}

/// The pairs with one of `issues` on `side`, oldest user issue first.
pub(super) async fn pairs(database: &Database, side: Side, issues: &[IssueId]) -> Result<Vec<Pair>, Trouble> {
    let asked = doc! { format!("{side}_issue_id"): { "$in": ids(issues) } };
    let mut pairs = Ask::of(JIRA_MAPPING, asked).answer(database, pair_of).await?;
    pairs.sort_by(|one, other| one.user.id.cmp(&other.user.id));
    Ok(pairs)
}

fn pair_of(found: &Found<'_>) -> Result<Pair, Trouble> {
    let user = found.issue("user_issue_id", "user_issue_key")?;
    let dev = found.issue("dev_issue_id", "dev_issue_key")?;
    let origin = records::origin_from_text(found.text("origin")?).map_err(|why| found.unfit("origin", why))?;
    // A pair in a state that this version does not know must not be written to.
    let state = records::pair_state_from_text(found.text("state")?).map_err(|why| found.unfit("state", why))?;
    Ok(Pair { user, dev, origin, state })
}

/// At most `most` pairs after the one of the user issue `after`, in the order of their user issues.
pub(super) async fn pairs_after(database: &Database, after: Option<&IssueId>, most: u32) -> Result<Vec<Pair>, Trouble> {
    // The empty text comes before every id.
    pairs_in_order(database, doc! { "user_issue_id": { "$gt": after.map_or("", IssueId::as_str) } }, most).await
}

/// At most `most` pairs that are not kept in step, in the order of their user issues; those that were taken apart last.
pub(super) async fn troubled_pairs(database: &Database, most: u32) -> Result<Vec<Pair>, Trouble> {
    let in_state = |state: Bson| {
        let mut asked = known("user_issue_id");
        asked.insert("state", state);
        asked
    };
    let (active, unpaired) = (PairState::Active.as_str(), PairState::Unpaired.as_str());
    let needy = bson!({ "$nin": [active, unpaired] });
    let mut troubled = pairs_in_order(database, in_state(needy), most).await?;
    let room = most.saturating_sub(u32::try_from(troubled.len()).unwrap_or(most));
    troubled.extend(pairs_in_order(database, in_state(unpaired.into()), room).await?);
    Ok(troubled)
}

async fn pairs_in_order(database: &Database, asked: Document, most: u32) -> Result<Vec<Pair>, Trouble> {
    let asked = Ask::of(JIRA_MAPPING, asked).sorted_by_number(doc! { "user_issue_id": 1 });
    asked.at_most(Some(most)).answer(database, pair_of).await
}

/// The dev issues that are missing for these user issues, oldest user issue first.
pub(super) async fn missing(database: &Database, users: &[IssueId]) -> Result<Vec<MissingDev>, Trouble> {
    let asked = Ask::of(MISSING, doc! { "user_issue_id": { "$in": ids(users) } });
    let mut missing = asked.answer(database, missing_of).await?;
    missing.sort_by(|one, other| one.user.id.cmp(&other.user.id));
    Ok(missing)
}

/// At most `most` missing dev issues after that of the user issue `after`, in the order of the user issues' numbers.
pub(super) async fn missing_after(
    database: &Database,
    after: Option<&IssueId>,
    most: u32,
) -> Result<Vec<MissingDev>, Trouble> {
    // The empty text comes before every id.
    let asked = doc! { "user_issue_id": { "$gt": after.map_or("", IssueId::as_str) } };
    let asked = Ask::of(MISSING, asked).sorted_by_number(doc! { "user_issue_id": 1 });
    asked.at_most(Some(most)).answer(database, missing_of).await
}

fn missing_of(found: &Found<'_>) -> Result<MissingDev, Trouble> {
    Ok(MissingDev { user: found.issue("user_issue_id", "user_issue_key")?, dev: found.parsed("dev_issue_key")? })
}

/// What the ledger says of the files of these user issues.
pub(super) async fn ledger(database: &Database, users: &[IssueId]) -> Result<Vec<Copied>, Trouble> {
    let asked = Ask::of(ATTACHMENTS, doc! { "user_issue_id": { "$in": ids(users) } }).sorted(doc! { "_id": 1 });
    asked.answer(database, copied_of).await
}

/// At most `most` entries of the ledger after that of the file `after`, in the order of the files' ids as text.
pub(super) async fn ledger_after(
    database: &Database,
    after: Option<&AttachmentId>,
    most: u32,
) -> Result<Vec<Copied>, Trouble> {
    // The empty text comes before every id.
    let asked = doc! { "_id": { "$gt": after.map_or("", AttachmentId::as_str) } };
    Ask::of(ATTACHMENTS, asked).sorted(doc! { "_id": 1 }).at_most(Some(most)).answer(database, copied_of).await
}

fn copied_of(found: &Found<'_>) -> Result<Copied, Trouble> {
    Ok(Copied { on: found.parsed("user_issue_id")?, file: found.parsed("_id")?, copy: found.maybe("copy_id")? })
}

/// How often a status was brought across for these user issues, since their pair was last mended or decided about.
pub(super) async fn recent_writes(
    database: &Database,
    users: &[IssueId],
    within: &RangeInclusive<DateTime<Utc>>,
) -> Result<BTreeMap<IssueId, u32>, Trouble> {
    let events = [Event::STATUS_SYNCED, Event::PAIR_MENDED, Event::PAIR_ORDER].to_vec();
    let within = doc! { "$gte": wall_date(*within.start()), "$lte": wall_date(*within.end()) };
    let asked = doc! { "issue_id": { "$in": ids(users) }, "at": within, "event": { "$in": events } };
    let asked = Ask::of(HISTORY, asked).only(doc! { "issue_id": 1, "event": 1 }).sorted(doc! { "_id": 1 });
    let read =
        |found: &Found<'_>| Ok((found.parsed::<IssueId>("issue_id")?, found.text("event")? == Event::STATUS_SYNCED));
    let mut counts = BTreeMap::new();
    for (issue, is_write) in asked.answer(database, read).await? {
        if is_write {
            *counts.entry(issue).or_default() += 1;
        } else {
            counts.remove(&issue);
        }
    }
    Ok(counts)
}

/// Lines of history, latest first.
pub(super) async fn history(database: &Database, query: &HistoryQuery) -> Result<Vec<Told>, Trouble> {
    let before = query.before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
    let mut asked = doc! { "_id": { "$lt": before } };
    if let Some(issue) = &query.issue {
        asked.insert("issue_id", doc! { "$in": meant(database, issue).await? });
    }
    let asked = Ask::of(HISTORY, asked).sorted(doc! { "_id": -1 });
    asked.at_most(Some(query.most)).answer(database, told_of).await
}

/// The issues of which history tells when it is asked about this one.
async fn meant(database: &Database, issue: &IssueName) -> Result<Vec<Bson>, Trouble> {
    let (mut ids, in_pair) = match issue {
        IssueName::Id(id) => (vec![id.as_str().into()], doc! { "dev_issue_id": id.as_str() }),
        IssueName::Key(key) => {
            // Looks through all of a history that is bounded by age: people ask so now and then, and workers never.
            let history = database.collection::<Document>(HISTORY);
            let told = history.distinct("issue_id", doc! { "issue_key": key.as_str() }).await?;
            let either = [doc! { "user_issue_key": key.as_str() }, doc! { "dev_issue_key": key.as_str() }];
            (told, doc! { "$or": either.to_vec() })
        }
    };
    ids.extend(database.collection::<Document>(JIRA_MAPPING).distinct("user_issue_id", in_pair).await?);
    Ok(ids)
}

fn told_of(found: &Found<'_>) -> Result<Told, Trouble> {
    Ok(Told {
        number: found.number("_id")?,
        at: found.wall("at")?,
        issue: found.issue("issue_id", "issue_key")?,
        level: found.text("level")?.to_owned(),
        event: found.maybe_text("event")?.map(str::to_owned),
        message: found.text("message")?.to_owned(),
        fields: found.record("fields")?.ok_or_else(|| found.unfit("fields", "it is missing"))?,
    })
}

/// All intents, oldest first: what is stored is open.
pub(super) async fn open_intents(database: &Database, most: Option<u32>) -> Result<Vec<Intent>, Trouble> {
    let asked = Ask::of(INTENTS, doc! {}).sorted(doc! { "number": 1 });
    let read = |found: &Found<'_>| {
        let json = found.record("document")?.ok_or_else(|| found.unfit("document", "it is missing"))?;
        records::intent_from_json(found.text("_id")?, &json).map_err(|why| found.unfit("document", why))
    };
    asked.at_most(most).answer(database, read).await
}

/// All failures in order of their next try.
pub(super) async fn failures(database: &Database, most: Option<u32>) -> Result<Vec<Failure>, Trouble> {
    let asked = Ask::of(FAILURES, doc! {}).sorted(doc! { "next_try": 1, "side": 1, "issue_id": 1 });
    asked.at_most(most).answer(database, failure_of).await
}

/// At most `most` failures after that of the issue `after`, by side and id as texts.
pub(super) async fn failures_after(
    database: &Database,
    after: Option<&(Side, IssueId)>,
    most: u32,
) -> Result<Vec<Failure>, Trouble> {
    // The empty text comes before every one.
    let after = after.map_or_else(String::new, |(side, id)| failure_id(*side, id));
    let asked = Ask::of(FAILURES, doc! { "_id": { "$gt": after } }).sorted(doc! { "_id": 1 });
    asked.at_most(Some(most)).answer(database, failure_of).await
}

fn failure_of(found: &Found<'_>) -> Result<Failure, Trouble> {
    let attempts = found.number("attempts")?;
    Ok(Failure {
        side: found.parsed("side")?,
        issue: found.issue("issue_id", "issue_key")?,
        attempts: u32::try_from(attempts).map_err(|why| found.unfit("attempts", why))?,
        next_try: found.wall("next_try")?,
        why: found.text("why")?.to_owned(),
        seen: found.maybe_jira_time("seen_updated")?,
        unseen_since: found.maybe_jira_time("unseen_since")?,
    })
}

/// The issues of that side with the largest ids, largest first.
pub(super) async fn newest_issues(database: &Database, side: Side) -> Result<Vec<IssueRef>, Trouble> {
    let (id, key) = (format!("{side}_issue_id"), format!("{side}_issue_key"));
    let handled = newest(database, handled_collection(side), "issue_id", "issue_key").await?;
    let paired = newest(database, JIRA_MAPPING, &id, &key).await?;
    // Of equal ids the handled one comes first and stays: its key is refreshed whenever the issue changes.
    let mut issues: Vec<_> = handled.into_iter().chain(paired).collect();
    issues.sort_by(|one, other| other.id.cmp(&one.id));
    issues.dedup_by(|later, earlier| later.id == earlier.id);
    issues.truncate(NEWEST);
    Ok(issues)
}

async fn newest(database: &Database, collection: &'static str, id: &str, key: &str) -> Result<Vec<IssueRef>, Trouble> {
    let asked = Ask::of(collection, known(id)).sorted_by_number(doc! { id: -1 }).at_most(u32::try_from(NEWEST).ok());
    // What lost its key to another issue is not known by one.
    let read = |found: &Found<'_>| {
        let key = found.text(key)?.parse().ok();
        key.map(|key| Ok(IssueRef { id: found.parsed(id)?, key })).transpose()
    };
    Ok(asked.answer(database, read).await?.into_iter().flatten().collect())
}
