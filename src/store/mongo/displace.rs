//! When an issue's key is on another document already.
//!
//! Issues are known by ids, and keys are unique too, since the Node.js service has only those. So a key can be in the
//! way: on a document of that service, which then turns out to be this issue's; or on one of an issue that had the key
//! before, which then loses it and keeps everything else.

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use super::bulk::Put;
use super::trouble::Trouble;

/// Found in what stands for the key of an issue that lost it; no key has blanks.
pub(super) const FORMER: &str = "formerly of";

/// Whether what is in the way of `refused` by its key is so no longer.
pub(super) async fn made_room(database: &Database, refused: &Put, refusal: &Document) -> Result<bool, Trouble> {
    let key = refusal.get_document("keyValue").ok().and_then(|value| value.get_str("issue_key").ok());
    let issue = refused.which.get_str("issue_id").ok();
    let (Some(key), Some(issue)) = (key, issue) else { return Ok(false) };
    let documents = database.collection::<Document>(refused.collection);
    let Some(holder) = documents.find_one(doc! { "issue_key": key }).await? else { return Ok(true) };
    let mut held = doc! { "_id": holder.get("_id"), "issue_key": key };
    // Nothing that a successor wrote.
    held.extend(refused.which.get("epoch").map(|epoch| ("epoch".to_owned(), epoch.clone())));
    if holder.get_str("issue_id").is_ok_and(|other| other == issue) {
        return Ok(false);
    }
    if holder.get_str("issue_id").is_err() {
        let own = documents.update_one(held.clone(), doc! { "$set": { "issue_id": issue } }).await;
        match own.map_err(Trouble::from) {
            Ok(_) => return Ok(true),
            // The issue has a document under an earlier key.
            Err(trouble) if trouble.is_duplicate() => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let former = format!("{key} ({FORMER} {})", holder.get("_id").unwrap_or(&Bson::Null));
    documents.update_one(held, doc! { "$set": { "issue_key": former } }).await?;
    Ok(true)
}
