//! What a pair needs besides statuses: its customer's files, and a text put back that an edit of ours replaced unread.

use std::collections::BTreeSet;

use crate::flow::{
    Attachment, AttachmentId, Attachments, CopyAttachment, Draft, IntentKind, Issue, RestoreText, Rule, Rules, Side,
    Sighting, Step,
};

/// Nothing else is planned for a pair while an intent is open, and its document is stored anew after each step. What is
/// left over comes with the next look: these very steps have the pair seen again.
const MOST_STEPS: usize = 200;

/// A dev issue's creation has two steps besides files.
const CREATE_AND_LINK: usize = 2;

/// The steps that no status asks for.
pub(super) struct Upkeep {
    restore: Option<Step>,
    files: Vec<Step>,
}

impl Upkeep {
    pub(super) fn of(rules: &Rules, user: &Sighting, dev: &Sighting, copied: &BTreeSet<AttachmentId>) -> Self {
        let (user, dev) = (&user.issue, &dev.issue);
        let restore = || Step::Restore(RestoreText { cross_link: rules.cross_links() });
        let files = if rules.follow_attachments() { later_files(user, dev, copied) } else { Vec::new() };
        Self { restore: user.overwritten.as_ref().map(|_| restore()), files }
    }

    /// These steps after those of `draft`; or, if there is none, by themselves.
    pub(super) fn after(self, draft: Option<Draft>) -> Option<Draft> {
        let kind = if self.restore.is_some() { IntentKind::Restore } else { IntentKind::Attach };
        let own = Draft { kind, rule: None, source: Side::User, steps: Vec::new() };
        let mut draft = draft.unwrap_or(own);
        draft.steps.extend(self.restore);
        draft.steps.extend(self.files);
        draft.steps.truncate(MOST_STEPS);
        Some(draft).filter(|draft| !draft.steps.is_empty())
    }
}

fn later_files(user: &Issue, dev: &Issue, copied: &BTreeSet<AttachmentId>) -> Vec<Step> {
    let before: Vec<_> = dev.attachments.iter().map(|file| file.id.clone()).collect();
    user.attachments.iter().filter(|file| !copied.contains(&file.id)).map(|file| copy(file, before.clone())).collect()
}

/// The files that a dev issue gets at its creation. Where later ones are followed, so are those beyond the bound.
pub(super) fn first_files(rules: &Rules, rule: &Rule, user: &Issue) -> Vec<Step> {
    let most = match rule.act.attachments {
        Attachments::Never => 0,
        Attachments::AtCreation | Attachments::AlsoLater if rules.follow_attachments() => MOST_STEPS - CREATE_AND_LINK,
        Attachments::AtCreation | Attachments::AlsoLater => usize::MAX,
    };
    user.attachments.iter().take(most).map(|file| copy(file, Vec::new())).collect()
}

fn copy(file: &Attachment, before: Vec<AttachmentId>) -> Step {
    Step::Attach(CopyAttachment { file: file.clone(), before })
}
