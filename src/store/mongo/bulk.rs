//! Many changes of one collection in one command.
//!
//! Each of them may be made twice with the same result, and so a command is sent again when its connection or its server
//! was lost: what of it was done already is found done.

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use super::base::Base;
use super::displace;
use super::layout::{DEV_STATE, INTENTS, JIRA_MAPPING, USER_STATE};
use super::trouble::{DUPLICATE_KEY, Trouble};
use crate::store::{Epoch, Error};

/// How many go into one command, which MongoDB limits to 16 MiB: most take some 300 bytes, an intent with many files
/// tens of kilobytes.
pub(super) const MOST: usize = 200;

/// Adds a document, or changes the one that is there.
pub(super) struct Put {
    pub(super) collection: &'static str,
    /// The one that is meant.
    pub(super) which: Document,
    pub(super) change: Document,
    /// Whether it is added where there is none.
    pub(super) add: bool,
    /// Names it, for when there is another like it.
    pub(super) what: String,
}

/// Removes what it finds.
pub(super) struct Remove {
    pub(super) collection: &'static str,
    pub(super) which: Document,
    /// All of it, or one.
    pub(super) all: bool,
}

/// Makes the changes in their order, up to the first that can't be made.
pub(super) async fn put(
    base: &Base,
    database: &Database,
    epoch: Epoch,
    collection: &str,
    puts: &[&Put],
) -> Result<(), Trouble> {
    let mut rest = puts;
    let (mut claimed, mut in_the_way) = (false, None);
    while !rest.is_empty() {
        let updates: Vec<Bson> = rest.iter().map(|put| statement(put).into()).collect();
        let answer = run(database, doc! { "update": collection, "updates": updates, "ordered": true }).await?;
        let Some((done, refusal)) = first_refusal(&answer)? else {
            return refuse_missed(base, database, epoch, &answer, rest.len()).await;
        };
        rest = rest.get(done..).unwrap_or_default();
        let Some(refused) = rest.first() else { return Err(Trouble::said(refusal)) };
        if !is_duplicate(refusal) {
            return Err(Trouble::said(refusal));
        }
        // What is in the way may be a successor's.
        base.refuse_unless_latest(database, epoch).await?;
        if has_keys(collection) && !claimed {
            // Who meets one document of the Node.js service is about to meet others.
            displace::claim(database, rest).await?;
            claimed = true;
            continue;
        }
        // Once out of the way, the same is not there again, unless this worker is not the only one.
        let again = in_the_way.replace(&refused.which) == Some(&refused.which);
        make_room(database, refused, refusal, again).await?;
    }
    Ok(())
}

/// Sees to it that a change which was refused can be made, if that is possible.
async fn make_room(database: &Database, refused: &Put, refusal: &Document, again: bool) -> Result<(), Trouble> {
    match refused.collection {
        INTENTS | JIRA_MAPPING => Err(Error::Taken { what: refused.what.clone() }.into()),
        other if has_keys(other) && !again && displace::made_room(database, refused, refusal).await? => Ok(()),
        other => Err(Trouble::Unfit(format!("{other} has a document that is in the way of {}", refused.which))),
    }
}

/// Whether a key may be on another document there.
fn has_keys(collection: &str) -> bool {
    matches!(collection, USER_STATE | DEV_STATE)
}

fn is_duplicate(refusal: &Document) -> bool {
    refusal.get_i32("code").is_ok_and(|code| code == DUPLICATE_KEY)
}

/// Removes in their order.
pub(super) async fn remove(database: &Database, collection: &str, removes: &[&Remove]) -> Result<(), Trouble> {
    let statement = |remove: &&Remove| doc! { "q": &remove.which, "limit": i32::from(!remove.all) };
    let deletes: Vec<Bson> = removes.iter().map(|remove| statement(remove).into()).collect();
    let answer = run(database, doc! { "delete": collection, "deletes": deletes, "ordered": true }).await?;
    first_refusal(&answer)?.map_or(Ok(()), |(_, refusal)| Err(Trouble::said(refusal)))
}

fn statement(put: &Put) -> Document {
    doc! { "q": &put.which, "u": &put.change, "upsert": put.add }
}

/// Sends a command, and once again if the server or the way to it was lost.
pub(super) async fn run(database: &Database, mut command: Document) -> Result<Document, Trouble> {
    command.insert("writeConcern", database.write_concern().map(concern));
    match once(database, &command).await {
        Err(trouble) if trouble.may_pass() => once(database, &command).await,
        done => done,
    }
}

async fn once(database: &Database, command: &Document) -> Result<Document, Trouble> {
    let answer = database.run_command(command.clone()).await?;
    match answer.get_document("writeConcernError") {
        Ok(unsure) => Err(Trouble::said(unsure)),
        Err(_) => Ok(answer),
    }
}

/// As commands have it that the driver passes on as they are.
fn concern(concern: &mongodb::options::WriteConcern) -> Document {
    let timeout = concern.w_timeout.and_then(|limit| i64::try_from(limit.as_millis()).ok());
    let mut written = doc! { "w": "majority" };
    written.extend(timeout.map(|timeout| ("wtimeout".to_owned(), timeout.into())));
    written.extend(concern.journal.map(|journal| ("j".to_owned(), journal.into())));
    written
}

/// The first change that was refused and its place, if one was. Those before it were made, those behind it not.
fn first_refusal(answer: &Document) -> Result<Option<(usize, &Document)>, Trouble> {
    let Some(first) = answer.get_array("writeErrors").ok().and_then(|errors| errors.first()) else { return Ok(None) };
    let refusal = first.as_document();
    let place = refusal.and_then(|refusal| refusal.get_i32("index").ok()).and_then(|at| usize::try_from(at).ok());
    match (refusal, place) {
        (Some(refusal), Some(place)) => Ok(Some((place, refusal))),
        _ => Err(Trouble::Unusable(format!("the server's answer can't be understood: {first}"))),
    }
}

/// Each change finds exactly one document or adds it. One that finds none was too late.
async fn refuse_missed(
    base: &Base,
    database: &Database,
    epoch: Epoch,
    answer: &Document,
    wanted: usize,
) -> Result<(), Trouble> {
    if answer.get_i32("n").ok().and_then(|n| usize::try_from(n).ok()) == Some(wanted) {
        return Ok(());
    }
    base.refuse_unless_latest(database, epoch).await?;
    Err(Error::Outdated.into())
}
