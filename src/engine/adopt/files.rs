//! Which of a user issue's files need no copying any more when its pair is found.

use std::collections::BTreeSet;

use super::evidence::Proof;
use crate::flow::{AccountId, Attachment, AttachmentId, Copied, Handled, Issue};

/// What to enter into the ledger for a pair that was found by `proof`, beside what it has already.
///
/// A pair that we made has files that we copied: those are told by name and size; the others are still to be copied. A
/// pair that others made has seen to its files in its own way: all that the user issue has are left as they are, with the
/// copy where there is one. But what came after we last `handled` the user issue is news.
pub(super) fn entries(
    user: &Issue,
    dev: &Issue,
    (proof, us): (Proof, &AccountId),
    handled: Option<&Handled>,
    ledger: &[Copied],
) -> Vec<Copied> {
    let mut taken: BTreeSet<&AttachmentId> = ledger.iter().filter_map(|known| known.copy.as_ref()).collect();
    let mut entries = Vec::new();
    for file in user.attachments.iter().filter(|file| !ledger.iter().any(|known| known.file == file.id)) {
        let fits = |copy: &&Attachment| {
            let ours = proof == Proof::Line || copy.author.as_ref() == Some(us);
            ours && copy.filename == file.filename && copy.size == file.size && !taken.contains(&copy.id)
        };
        let copy = dev.attachments.iter().find(fits).map(|copy| &copy.id);
        taken.extend(copy);
        let old = proof == Proof::Line && handled.is_none_or(|handled| file.created <= handled.updated);
        if copy.is_some() || old {
            entries.push(Copied { on: user.at.id.clone(), file: file.id.clone(), copy: copy.cloned() });
        }
    }
    entries
}
