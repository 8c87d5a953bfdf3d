//! Copy a file from the user issue to the dev issue. Jira gives an upload no mark: its copy is the new file of ours with
//! that name and size that is no other file's copy.

use super::{Outcome, Trace};
use crate::engine::write::outcome::Learned;
use crate::engine::{Engine, Error};
use crate::flow::{AccountId, Attachment, AttachmentId, Copied, CopyAttachment, Intent};
use crate::jira::{self, Fault};

/// The ledger is asked once more: a file is copied once.
pub(super) async fn perform(engine: &Engine, intent: &Intent, step: &CopyAttachment) -> Result<Outcome, Error> {
    let Some(dev) = &intent.dev else { return Ok(Outcome::Needless) };
    if ledger(engine, intent).await?.iter().any(|copied| copied.file == step.file.id) {
        return Ok(Outcome::Done(Learned::NoFile(step.file.clone())));
    }
    match engine.jira.copy_attachment(&engine.jira, &step.file, &dev.id).await {
        Ok(copy) => Ok(Outcome::Done(Learned::Copied(step.file.clone(), copy))),
        Err(error) => not_copied(engine, intent, &step.file, error).await,
    }
}

/// One file that can't be copied must hold nothing else up, and only what Jira will never take is given up.
async fn not_copied(engine: &Engine, intent: &Intent, file: &Attachment, error: jira::Error) -> Result<Outcome, Error> {
    let of_the_upload = !error.only_reads;
    match &error.what {
        Fault::TooLarge(_) | Fault::Forbidden(_) | Fault::Invalid(_) => {
            Ok(Outcome::Done(Learned::StaysBehind(file.clone(), error.to_string())))
        }
        Fault::Missing(_) if !of_the_upload && is_gone(engine, intent, file).await? => {
            Ok(Outcome::Done(Learned::NoFile(file.clone())))
        }
        Fault::Missing(_)
        | Fault::Conflict(_)
        | Fault::Denied(_)
        | Fault::BlockedByProxy(_)
        | Fault::NoEndpoint(_)
        | Fault::IssueThrottled(_) => Ok(Outcome::Later(error)),
        Fault::Unanswered(_) | Fault::NotJira(_) if !of_the_upload => Ok(Outcome::Later(error)),
        // The download had just begun, so Jira is there: it, or a proxy, did not take this file to its end.
        Fault::NotSent(_) if of_the_upload => Ok(Outcome::Later(error)),
        Fault::Throttled(_)
        | Fault::Refused(_)
        | Fault::Removed(_)
        | Fault::NotSent(_)
        | Fault::NotOurs
        | Fault::Stopping
        | Fault::Unfit(_)
        | Fault::Unanswered(_)
        | Fault::NotJira(_)
        | Fault::Cancelled => Err(error.into()),
    }
}

/// Whether somebody took the file off the user issue.
async fn is_gone(engine: &Engine, intent: &Intent, file: &Attachment) -> Result<bool, Error> {
    let still = engine.jira.attachments(&intent.user.id).await?;
    Ok(still.is_some_and(|files| files.iter().all(|other| other.id != file.id)))
}

pub(super) async fn find(engine: &Engine, intent: &Intent, step: &CopyAttachment) -> Result<Trace, Error> {
    let Some(dev) = &intent.dev else { return Ok(Trace::Hidden) };
    let Some(files) = engine.jira.attachments(&dev.id).await? else { return Ok(Trace::Hidden) };
    let ledger = ledger(engine, intent).await?;
    let others: Vec<&AttachmentId> =
        step.before.iter().chain(ledger.iter().filter_map(|it| it.copy.as_ref())).collect();
    let copy =
        files.into_iter().find(|file| is_copy(file, &step.file, engine.jira.account()) && !others.contains(&&file.id));
    Ok(copy.map_or(Trace::Lacking, |copy| Trace::Shown(Learned::Copied(step.file.clone(), copy.id))))
}

async fn ledger(engine: &Engine, intent: &Intent) -> Result<Vec<Copied>, Error> {
    Ok(engine.store.ledger(vec![intent.user.id.clone()]).await?)
}

fn is_copy(candidate: &Attachment, original: &Attachment, account: &AccountId) -> bool {
    candidate.author.as_ref() == Some(account) && candidate.may_be_copy_of(original)
}
