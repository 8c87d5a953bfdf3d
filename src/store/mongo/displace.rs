//! When an issue's key is on another document already.
//!
//! Issues are known by ids, and keys are unique too, since the Node.js service has only those. So a key can be in the
//! way: on a document of that service, which then turns out to be this issue's; or on one of an issue that had the key
//! before, which then loses it and keeps everything else.

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use super::bulk::{self, Put};
use super::trouble::Trouble;
use crate::store::records::FORMER;

/// Makes the changes of issues that have no document in those of their keys, where these are of no issue that is known by
/// its id.
pub(super) async fn claim(database: &Database, puts: &[&Put]) -> Result<(), Trouble> {
    let Some(first) = puts.first() else { return Ok(()) };
    let claims: Vec<Bson> = puts.iter().filter_map(|put| claim_of(put)).map(Bson::Document).collect();
    let answer = bulk::run(database, doc! { "update": first.collection, "updates": claims, "ordered": false }).await?;
    // An issue that has a document already, under an earlier key, goes without.
    let refusals = answer.get_array("writeErrors").ok().into_iter().flatten().filter_map(Bson::as_document);
    let trouble = refusals.map(Trouble::said).find(|trouble| !trouble.is_duplicate());
    trouble.map_or(Ok(()), Err)
}

fn claim_of(put: &Put) -> Option<Document> {
    let issue = put.which.get_str("issue_id").ok()?;
    let mut fields = put.change.get_document("$set").ok()?.clone();
    let key = fields.get_str("issue_key").ok()?;
    let nobodys = not_a_successors(put, doc! { "issue_key": key, "issue_id": null });
    // All at once: should the process end here, nobody could make anything of one that has got the id only.
    fields.insert("issue_id", issue);
    Some(doc! { "q": nobodys, "u": { "$set": fields } })
}

fn not_a_successors(put: &Put, mut which: Document) -> Document {
    which.extend(put.which.get("epoch").map(|epoch| ("epoch".to_owned(), epoch.clone())));
    which
}

/// Whether what is in the way of `refused` by its key is so no longer.
pub(super) async fn made_room(database: &Database, refused: &Put, refusal: &Document) -> Result<bool, Trouble> {
    let key = refusal.get_document("keyValue").ok().and_then(|value| value.get_str("issue_key").ok());
    let issue = refused.which.get_str("issue_id").ok();
    let (Some(key), Some(issue)) = (key, issue) else { return Ok(false) };
    let documents = database.collection::<Document>(refused.collection);
    let Some(holder) = documents.find_one(doc! { "issue_key": key }).await? else { return Ok(true) };
    if holder.get_str("issue_id").is_ok_and(|other| other == issue) {
        return Ok(false);
    }
    let held = not_a_successors(refused, doc! { "_id": holder.get("_id"), "issue_key": key });
    let former = format!("{key} ({FORMER} {})", holder.get("_id").unwrap_or(&Bson::Null));
    documents.update_one(held, doc! { "$set": { "issue_key": former } }).await?;
    Ok(true)
}
