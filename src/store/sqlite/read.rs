//! Queries.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};

use super::row::{handled_table, id_list, issue, maybe, parsed};
use super::trouble::Trouble;
use crate::flow::{
    AttachmentId, Copied, Event, FlowName, Handled, HistoryQuery, Intent, IssueId, IssueName, IssueRef, MissingDev,
    Pair, PairState, Side, Status, StatusName, Told, Watermark,
};
use crate::store::records;
use crate::store::{Failure, HandledIssue, NEWEST, Patrol, Revision, State};

/// A file keeps one flow's data: the first to come owns it, also when another one has its name in `database.name`.
pub(super) fn refuse_foreign(connection: &Connection, flow: &FlowName) -> Result<(), Trouble> {
    let sql = "SELECT name FROM sync_state WHERE name <> :name LIMIT 1";
    let params = named_params! { ":name": flow.as_str() };
    let owner: Option<String> = connection.query_row(sql, params, |row| row.get(0)).optional()?;
    owner.map_or(Ok(()), |owner| {
        let remedies = "give it its old name back if it was renamed, else a database of its own (database.name); or move \
                        the file away to begin anew";
        Err(Trouble::Foreign(format!("it belongs to the flow {owner}, not to {flow}: {remedies}")))
    })
}

/// The state document; as of a new flow if there is none.
pub(super) fn state(connection: &Connection, flow: &FlowName) -> Result<State, Trouble> {
    let sql = "SELECT *, pairs > (SELECT count(*) FROM jira_mapping) AS pairs_lost FROM sync_state WHERE name = :name";
    let found = rows(connection, sql, named_params! { ":name": flow.as_str() }, state_row)?;
    Ok(found.into_iter().next().unwrap_or_default())
}

fn state_row(row: &Row<'_>) -> Result<State, Trouble> {
    let cursor: Option<String> = row.get("cursor")?;
    let served: Option<String> = row.get("projects")?;
    let shortfalls: Option<String> = row.get("shortfalls")?;
    let shortfalls = shortfalls.map(|text| records::shortfalls_from_json(&text)).transpose()?;
    Ok(State {
        last_sync: maybe(row, "last_sync")?.map(Watermark),
        initial_sync_completed: row.get("initial_sync_completed")?,
        cursor: cursor.map(|text| records::cursor_from_json(&text)).transpose()?,
        started_at: maybe(row, "started_at")?,
        all_read: row.get("all_read")?,
        named_elsewhere: row.get("named_elsewhere")?,
        updated_at: maybe(row, "updated_at")?,
        patrol: Patrol { begun: maybe(row, "patrol_begun")?, after: maybe(row, "patrol_after")? },
        served: served.map(|text| records::served_from_json(&text)).transpose()?,
        held_until: maybe(row, "held_until")?,
        shortfalls: shortfalls.unwrap_or_default(),
        pairs_lost: row.get("pairs_lost")?,
        revision: Revision(row.get::<_, i64>("revision")?.cast_unsigned()),
    })
}

/// What was handled of those of `ids` that ever were.
pub(super) fn handled(
    connection: &Connection,
    side: Side,
    ids: &[IssueId],
) -> Result<BTreeMap<IssueId, Handled>, Trouble> {
    let table = handled_table(side);
    let sql = format!("SELECT * FROM {table} WHERE issue_id IN (SELECT value FROM json_each(:ids))");
    let found = rows(connection, &sql, named_params! { ":ids": id_list(ids) }, handled_row)?;
    Ok(found.into_iter().collect())
}

fn handled_row(row: &Row<'_>) -> Result<(IssueId, Handled), Trouble> {
    let name: String = row.get("status")?;
    let status = Status { id: parsed(row, "status_id")?, name: StatusName::new(&name) };
    Ok((parsed(row, "issue_id")?, Handled { status, updated: parsed(row, "seen_updated")? }))
}

/// At most `most` of the issues that were handled on a side, after `after`, in the order of their numbers.
pub(super) fn handled_after(
    connection: &Connection,
    side: Side,
    after: Option<&IssueId>,
    most: u32,
) -> Result<Vec<HandledIssue>, Trouble> {
    page_after(connection, (handled_table(side), "issue_id"), after, most, |row| {
        Ok(HandledIssue { issue: issue(row, "issue_id", "issue_key")?, was: handled_row(row)?.1 })
    })
}

/// The pairs with one of `ids` on `side`, oldest user issue first.
pub(super) fn pairs(connection: &Connection, side: Side, ids: &[IssueId]) -> Result<Vec<Pair>, Trouble> {
    let sql = format!(
        "SELECT * FROM jira_mapping WHERE {side}_issue_id IN (SELECT value FROM json_each(:ids))
         ORDER BY length(user_issue_id), user_issue_id"
    );
    rows(connection, &sql, named_params! { ":ids": id_list(ids) }, pair_row)
}

fn pair_row(row: &Row<'_>) -> Result<Pair, Trouble> {
    let (state, origin): (String, String) = (row.get("state")?, row.get("origin")?);
    let user = issue(row, "user_issue_id", "user_issue_key")?;
    let dev = issue(row, "dev_issue_id", "dev_issue_key")?;
    // A pair in a state that this version does not know must not be written to.
    Ok(Pair { user, dev, origin: records::origin_from_text(&origin)?, state: records::pair_state_from_text(&state)? })
}

/// At most `most` pairs after the one of the user issue `after`, in the order of their user issues.
pub(super) fn pairs_after(connection: &Connection, after: Option<&IssueId>, most: u32) -> Result<Vec<Pair>, Trouble> {
    page_after(connection, ("jira_mapping", "user_issue_id"), after, most, pair_row)
}

/// At most `most` rows of a table, after the one of the issue `after`, in the order of the issues' numbers.
fn page_after<T>(
    connection: &Connection,
    (table, id): (&str, &str),
    after: Option<&IssueId>,
    most: u32,
    read: impl Fn(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    // Two questions, as SQLite finds its place in an index of two expressions only by one of them at a time.
    let as_long = format!(
        "SELECT * FROM {table} WHERE length({id}) = length(:after) AND {id} > :after ORDER BY {id} LIMIT :most"
    );
    let longer =
        format!("SELECT * FROM {table} WHERE length({id}) > length(:after) ORDER BY length({id}), {id} LIMIT :most");
    // The empty text comes before every id.
    let after = after.map_or("", IssueId::as_str);
    let mut found = rows(connection, &as_long, named_params! { ":after": after, ":most": most }, &read)?;
    let rest = most.saturating_sub(u32::try_from(found.len()).unwrap_or(most));
    found.extend(rows(connection, &longer, named_params! { ":after": after, ":most": rest }, &read)?);
    Ok(found)
}

/// At most `most` pairs that are not kept in step, in the order of their user issues; those that were taken apart last.
pub(super) fn troubled_pairs(connection: &Connection, most: u32) -> Result<Vec<Pair>, Trouble> {
    let sql = "SELECT * FROM jira_mapping WHERE state <> :active
               ORDER BY state = :unpaired, length(user_issue_id), user_issue_id LIMIT :most";
    let params = named_params! {
        ":active": PairState::Active.as_str(),
        ":unpaired": PairState::Unpaired.as_str(),
        ":most": most,
    };
    rows(connection, sql, params, pair_row)
}

/// The dev issues that are missing for these user issues, oldest user issue first.
pub(super) fn missing(connection: &Connection, users: &[IssueId]) -> Result<Vec<MissingDev>, Trouble> {
    let sql = "SELECT * FROM missing_dev_issues WHERE user_issue_id IN (SELECT value FROM json_each(:ids))
               ORDER BY length(user_issue_id), user_issue_id";
    rows(connection, sql, named_params! { ":ids": id_list(users) }, missing_row)
}

/// At most `most` missing dev issues after that of the user issue `after`, in the order of the user issues' numbers.
pub(super) fn missing_after(
    connection: &Connection,
    after: Option<&IssueId>,
    most: u32,
) -> Result<Vec<MissingDev>, Trouble> {
    page_after(connection, ("missing_dev_issues", "user_issue_id"), after, most, missing_row)
}

fn missing_row(row: &Row<'_>) -> Result<MissingDev, Trouble> {
    Ok(MissingDev { user: issue(row, "user_issue_id", "user_issue_key")?, dev: parsed(row, "dev_issue_key")? })
}

/// What the ledger says of the files of these user issues.
pub(super) fn ledger(connection: &Connection, users: &[IssueId]) -> Result<Vec<Copied>, Trouble> {
    let sql = "SELECT * FROM attachments WHERE user_issue_id IN (SELECT value FROM json_each(:ids)) ORDER BY file_id";
    rows(connection, sql, named_params! { ":ids": id_list(users) }, copied_row)
}

/// At most `most` entries of the ledger after that of the file `after`, in the order of the files' ids as text.
pub(super) fn ledger_after(
    connection: &Connection,
    after: Option<&AttachmentId>,
    most: u32,
) -> Result<Vec<Copied>, Trouble> {
    let sql = "SELECT * FROM attachments WHERE file_id > :after ORDER BY file_id LIMIT :most";
    // The empty text comes before every id.
    let after = after.map_or("", AttachmentId::as_str);
    rows(connection, sql, named_params! { ":after": after, ":most": most }, copied_row)
}

fn copied_row(row: &Row<'_>) -> Result<Copied, Trouble> {
    Ok(Copied { on: parsed(row, "user_issue_id")?, file: parsed(row, "file_id")?, copy: maybe(row, "copy_id")? })
}

/// How often a status was brought across for these user issues, since their pair was last mended or decided about.
pub(super) fn recent_writes(
    connection: &Connection,
    users: &[IssueId],
    within: &RangeInclusive<DateTime<Utc>>,
) -> Result<BTreeMap<IssueId, u32>, Trouble> {
    let sql = "SELECT issue_id, count(*) AS writes FROM history
               WHERE issue_id IN (SELECT value FROM json_each(:ids)) AND at BETWEEN :since AND :until AND event = :event
                   AND number > (SELECT coalesce(max(later.number), 0) FROM history AS later
                                 WHERE later.issue_id = history.issue_id AND later.at >= :since
                                     AND later.event IN (:mended, :ordered))
               GROUP BY issue_id";
    let params = named_params! {
        ":ids": id_list(users),
        ":since": records::wall_text(*within.start()),
        ":until": records::wall_text(*within.end()),
        ":event": Event::STATUS_SYNCED,
        ":mended": Event::PAIR_MENDED,
        ":ordered": Event::PAIR_ORDER,
    };
    let counts = rows(connection, sql, params, |row| Ok((parsed(row, "issue_id")?, row.get("writes")?)))?;
    Ok(counts.into_iter().collect())
}

/// Lines of history, latest first. Each way to ask has a statement of its own, as no index serves them all.
pub(super) fn history(connection: &Connection, query: &HistoryQuery) -> Result<Vec<Told>, Trouble> {
    let sql = match &query.issue {
        None => "SELECT * FROM history WHERE number < :before AND :issue IS NULL ORDER BY number DESC LIMIT :most",
        Some(IssueName::Id(_)) => {
            "SELECT * FROM history
             WHERE issue_id IN (SELECT :issue UNION SELECT user_issue_id FROM jira_mapping WHERE dev_issue_id = :issue)
               AND +number < :before ORDER BY number DESC LIMIT :most"
        }
        // Looks through all of a history that is bounded by age: people ask so now and then, and workers never.
        Some(IssueName::Key(_)) => {
            "SELECT * FROM history
             WHERE issue_id IN (SELECT issue_id FROM history WHERE issue_key = :issue UNION
                                SELECT user_issue_id FROM jira_mapping
                                WHERE user_issue_key = :issue OR dev_issue_key = :issue)
               AND +number < :before ORDER BY number DESC LIMIT :most"
        }
    };
    let params = named_params! {
        ":issue": query.issue.as_ref().map(ToString::to_string),
        ":before": query.before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX),
        ":most": query.most,
    };
    rows(connection, sql, params, told_row)
}

fn told_row(row: &Row<'_>) -> Result<Told, Trouble> {
    Ok(Told {
        number: row.get::<_, i64>("number")?.cast_unsigned(),
        at: parsed(row, "at")?,
        issue: issue(row, "issue_id", "issue_key")?,
        level: row.get("level")?,
        event: row.get("event")?,
        message: row.get("message")?,
        fields: row.get("fields")?,
    })
}

/// All intents, oldest first: what is stored is open.
pub(super) fn open_intents(connection: &Connection, most: Option<u32>) -> Result<Vec<Intent>, Trouble> {
    let sql = "SELECT id, document FROM intents ORDER BY number LIMIT :most";
    rows(connection, sql, named_params! { ":most": limit(most) }, |row| {
        let (id, document): (String, String) = (row.get("id")?, row.get("document")?);
        Ok(records::intent_from_json(&id, &document)?)
    })
}

/// All failures in order of their next try.
pub(super) fn failures(connection: &Connection, most: Option<u32>) -> Result<Vec<Failure>, Trouble> {
    let sql = "SELECT * FROM failures ORDER BY next_try, side, issue_id LIMIT :most";
    rows(connection, sql, named_params! { ":most": limit(most) }, failure_row)
}

/// At most `most` failures after that of the issue `after`, by side and id as texts.
pub(super) fn failures_after(
    connection: &Connection,
    after: Option<&(Side, IssueId)>,
    most: u32,
) -> Result<Vec<Failure>, Trouble> {
    let sql = "SELECT * FROM failures WHERE (side, issue_id) > (:side, :id) ORDER BY side, issue_id LIMIT :most";
    // The empty text comes before every side.
    let (side, id) = after.map_or((String::new(), ""), |(side, id)| (side.to_string(), id.as_str()));
    rows(connection, sql, named_params! { ":side": side, ":id": id, ":most": most }, failure_row)
}

fn failure_row(row: &Row<'_>) -> Result<Failure, Trouble> {
    Ok(Failure {
        side: parsed(row, "side")?,
        issue: issue(row, "issue_id", "issue_key")?,
        attempts: row.get("attempts")?,
        next_try: parsed(row, "next_try")?,
        why: row.get("why")?,
        seen: maybe(row, "seen_updated")?,
        unseen_since: maybe(row, "unseen_since")?,
    })
}

/// The issues of that side with the largest ids, largest first.
pub(super) fn newest_issues(connection: &Connection, side: Side) -> Result<Vec<IssueRef>, Trouble> {
    let handled = newest(connection, handled_table(side), "issue_id", "issue_key")?;
    let paired = newest(connection, "jira_mapping", &format!("{side}_issue_id"), &format!("{side}_issue_key"))?;
    // Of equal ids the handled one comes first and stays: its key is refreshed whenever the issue changes.
    let mut issues: Vec<_> = handled.into_iter().chain(paired).collect();
    issues.sort_by(|one, other| other.id.cmp(&one.id));
    issues.dedup_by(|later, earlier| later.id == earlier.id);
    issues.truncate(NEWEST);
    Ok(issues)
}

fn newest(connection: &Connection, table: &str, id: &str, key: &str) -> Result<Vec<IssueRef>, Trouble> {
    let sql = format!("SELECT {id}, {key} FROM {table} ORDER BY length({id}) DESC, {id} DESC LIMIT {NEWEST}");
    rows(connection, &sql, [], |row| issue(row, id, key))
}

/// As SQLite has it: a negative limit is none.
fn limit(most: Option<u32>) -> i64 {
    most.map_or(-1, i64::from)
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then(params, read)?.collect()
}
