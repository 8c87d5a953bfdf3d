//! Files that can't be copied now. Whatever else there is to do for their pair must not wait for them: they are passed
//! over, and what is owed at an intent's end is tried again by itself (docs/sync.md, "Files").

use std::collections::BTreeSet;

use super::course::{self, Course};
use super::failures;
use crate::engine::cx::{Cx, Error};
use crate::engine::retry::FailureContext;
use crate::flow::{AttachmentId, Copied, CopyAttachment, Intent, IntentKind, IntentState, Side, Step};
use crate::store::Change;

/// Whether nothing else may be planned for an intent's pair. Files and links that are owed, and of which nothing was sent,
/// hold nothing up.
pub(super) fn holds_its_pair(intent: &Intent) -> bool {
    let left = intent.steps_left();
    let only_files = !left.is_empty() && left.iter().all(|step| matches!(step, Step::Attach(_)));
    !(only_files || intent.kind == IntentKind::Link) || !intent.is_owed()
}

/// The files that an intent was to copy and that the ledger does not know at its end.
pub(super) async fn owed_files(cx: &Cx, course: &Course) -> Result<Vec<CopyAttachment>, Error> {
    let intent = &course.intent;
    let files: Vec<_> = intent.steps.iter().filter_map(file_of).collect();
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let settled = settled_files(cx, &course.done, intent).await?;
    Ok(files.into_iter().filter(|step| !settled.contains(&step.file.id)).cloned().collect())
}

async fn settled_files(cx: &Cx, done: &[Change], intent: &Intent) -> Result<BTreeSet<AttachmentId>, Error> {
    let ledger = cx.store.for_record().get::<Copied>(Side::User, [intent.user.id.clone()]).await?;
    let about_to_be = done
        .iter()
        .filter_map(|change| if let Change::PutCopied(copied) = change { Some(copied.file.clone()) } else { None });
    Ok(ledger.into_iter().map(|copied| copied.file).chain(about_to_be).collect())
}

/// Stored before the intent that owes them is closed.
pub(super) async fn remember_what_is_owed(cx: &Cx, intent: &Intent, why: Option<String>) -> Result<(), Error> {
    let why = why.unwrap_or_else(|| "it could not be copied before".to_owned());
    failures::failed(
        cx,
        Side::User,
        &intent.user,
        format!("a file is still to be copied: {why}"),
        FailureContext::default(),
    )
    .await
}

/// Where files that come later are copied too, the next look at the pair finds these missing. Elsewhere nothing but
/// an intent of their own remembers them.
pub(super) async fn to_be_copied_later(
    cx: &Cx,
    closed: &Intent,
    owed: Vec<CopyAttachment>,
) -> Result<Option<Change>, Error> {
    if cx.flow.rules.follow_attachments() {
        return Ok(None);
    }
    let steps = owed.into_iter().map(Step::Attach);
    let open = cx
        .store
        .for_record()
        .open_intents()
        .await?
        .into_iter()
        .find(|open| open.kind == IntentKind::Attach && open.user.id == closed.user.id && open.id != closed.id);
    if let Some(mut open) = open {
        open.steps.extend(steps);
        return Ok(Some(Change::UpdateIntent(open)));
    }
    Ok(Some(Change::AddIntent(Intent {
        id: course::intent_id(cx),
        kind: IntentKind::Attach,
        rule: closed.rule.clone(),
        source: Side::User,
        user: closed.user.clone(),
        dev: closed.dev.clone(),
        steps: steps.collect(),
        state: IntentState::FIRST_OWED,
        begun: cx.jira.jira_now(),
        settles_user: None,
        settles_dev: None,
    })))
}

fn file_of(step: &Step) -> Option<&CopyAttachment> {
    if let Step::Attach(step) = step { Some(step) } else { None }
}
