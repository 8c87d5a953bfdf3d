//! Copy a file from the user issue to the dev issue. Jira gives an upload no mark: its copy is the new file of ours with
//! that name and size that is no other file's copy.

use super::evidence::{Horizon, StepEvidence};
use crate::engine::cx::{Cx, Error};
use crate::engine::write::outcome::{Outcome, StepDone, key_on};
use crate::flow::{AccountId, Attachment, AttachmentId, Copied, CopyAttachment, Event, Intent, Side};
use crate::jira::{self, Effect, Fault};
use crate::store::Change;

/// The ledger is asked once more: a file is copied once.
pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &CopyAttachment) -> Result<Outcome, Error> {
    let Some(dev) = &intent.dev else { return Ok(Outcome::Needless) };
    if ledger(cx, intent).await?.iter().any(|copied| copied.file == step.file.id) {
        return Ok(Outcome::Done(StepDone::default()));
    }
    match cx.jira.copy_attachment(&cx.jira, &step.file, &dev.id).await {
        Ok(copy) => Ok(Outcome::Done(copied(intent, &step.file, copy))),
        Err(error) => not_copied(cx, intent, &step.file, error).await,
    }
}

/// One file that can't be copied must hold nothing else up, and only what Jira will never take is given up.
async fn not_copied(cx: &Cx, intent: &Intent, file: &Attachment, error: jira::Error) -> Result<Outcome, Error> {
    let of_the_upload = !error.only_reads;
    if matches!(error.what, Fault::TooLarge(_) | Fault::Forbidden(_) | Fault::Invalid(_)) {
        return Ok(Outcome::Done(left_behind(intent, file, error.to_string())));
    }
    if !of_the_upload && matches!(error.what, Fault::Missing(_)) && is_gone(cx, intent, file).await? {
        return Ok(Outcome::Done(gone(cx, intent, file).await?));
    }
    // The download had just begun, so Jira is there: it, or a proxy, did not take this file to its end.
    let broke_off = of_the_upload && matches!(error.what, Fault::NotSent(_));
    let is_of_file = error.is_local() && error.effect() != Effect::Unknown;
    if broke_off || is_of_file { Ok(Outcome::Later(error)) } else { Err(error.into()) }
}

/// Whether somebody took the file off the user issue.
async fn is_gone(cx: &Cx, intent: &Intent, file: &Attachment) -> Result<bool, Error> {
    let still = cx.jira.attachments(&intent.user.id).await?;
    Ok(still.is_some_and(|files| files.iter().all(|other| other.id != file.id)))
}

pub(super) async fn find(cx: &Cx, intent: &Intent, step: &CopyAttachment) -> Result<StepEvidence, Error> {
    let Some(dev) = &intent.dev else { return Ok(StepEvidence::Hidden) };
    let Some(files) = cx.jira.attachments(&dev.id).await? else { return Ok(StepEvidence::Hidden) };
    let ledger = ledger(cx, intent).await?;
    let others: Vec<&AttachmentId> =
        step.before.iter().chain(ledger.iter().filter_map(|it| it.copy.as_ref())).collect();
    let copy =
        files.into_iter().find(|file| is_copy(file, &step.file, cx.jira.account()) && !others.contains(&&file.id));
    Ok(match copy {
        Some(copy) => StepEvidence::Shown(copied(intent, &step.file, copy.id)),
        None => StepEvidence::Lacking(Horizon::of_upload(step.file.size)),
    })
}

fn copied(intent: &Intent, file: &Attachment, copy: AttachmentId) -> StepDone {
    let (user, dev) = (intent.user.key.clone(), key_on(intent, Side::Dev));
    let event = Event::AttachmentCopied { user, dev, filename: file.filename.clone(), size: file.size };
    StepDone { changes: vec![settled(intent, file, Some(copy))], ..StepDone::told([event]) }
}

/// Jira will never take it.
fn left_behind(intent: &Intent, file: &Attachment, why: String) -> StepDone {
    let event = Event::AttachmentLeftOut { user: intent.user.key.clone(), filename: file.filename.clone(), why };
    StepDone { changes: vec![settled(intent, file, None)], ..StepDone::told([event]) }
}

/// It need not be copied any more. The ledger keeps what it knows of it.
async fn gone(cx: &Cx, intent: &Intent, file: &Attachment) -> Result<StepDone, Error> {
    let ledger = cx.store.for_record().get::<Copied>(Side::User, [intent.user.id.clone()]).await?;
    let known = ledger.iter().any(|copied| copied.file == file.id);
    let change = (!known).then(|| settled(intent, file, None));
    Ok(StepDone { changes: change.into_iter().collect(), ..StepDone::default() })
}

fn settled(intent: &Intent, file: &Attachment, copy: Option<AttachmentId>) -> Change {
    Change::PutCopied(Copied { on: intent.user.id.clone(), file: file.id.clone(), copy })
}

async fn ledger(cx: &Cx, intent: &Intent) -> Result<Vec<Copied>, Error> {
    Ok(cx.store.get::<Copied>(Side::User, [intent.user.id.clone()]).await?)
}

fn is_copy(candidate: &Attachment, original: &Attachment, account: &AccountId) -> bool {
    candidate.author.as_ref() == Some(account) && candidate.may_be_copy_of(original)
}
