//! What the daemon did twice where once would have done: files, and comments.

use std::collections::BTreeMap;

use super::{Disagreement, Expectation, Ledger, Pair};
use crate::attachment::AttachmentView;
use crate::issue::{CommentView, IssueView};
use crate::site::Site;

/// What the daemon repeated on the pairs that are pairs now. It is asked for apart from [`agree`](super::agree), since it
/// holds only where the daemon alone puts files on dev issues under its account, and where every comment of the daemon
/// belongs to a creation or to a change of status.
///
/// A file counts as copied twice if the dev issue has more of the daemon's, of one name and content, than the user issue
/// ever had from any author; a file that was removed there counts by its name. A comment counts as repeated if it follows
/// one of the same words, without another comment or a change of either status between them.
pub fn repetitions(site: &Site, expected: &Expectation) -> Vec<Disagreement> {
    let ledger = Ledger::read(site, expected);
    let by_user = ledger.devs_by_user();
    let pairs = ledger.users.iter().filter_map(|user| match by_user.get(&user.id)?.as_slice() {
        [dev] => Some(Pair { expected, user, dev }),
        // Twins are told of as such.
        [] | [_, _, ..] => None,
    });
    pairs.flat_map(|pair| pair.copied_twice().into_iter().chain(pair.said_twice())).collect()
}

impl Pair<'_> {
    fn copied_twice(&self) -> Vec<Disagreement> {
        let mut copies: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for file in self.dev.attachments.iter().filter(|file| file.author == self.expected.bot_account) {
            *copies.entry((&file.filename, &file.sha256)).or_default() += 1;
        }
        let tell = |((file, sha256), copies): ((&str, &str), usize)| {
            let originals = originals(self.user, file, sha256);
            let on = self.dev.key.clone();
            (copies > originals).then(|| Disagreement::TwinFiles { on, file: file.into(), copies, originals })
        };
        copies.into_iter().filter_map(tell).collect()
    }

    fn said_twice(&self) -> Vec<Disagreement> {
        let neighbours = self.user.comments.iter().zip(self.user.comments.iter().skip(1));
        let repeated = neighbours.filter(|(first, second)| self.repeats(first, second));
        repeated.map(|(_, it)| Disagreement::Repeated { on: self.user.key.clone(), text: it.text.clone() }).collect()
    }

    fn repeats(&self, first: &CommentView, second: &CommentView) -> bool {
        let by_bot = [first, second].iter().all(|comment| comment.author == self.expected.bot_account);
        let statuses = self.user.history.iter().chain(&self.dev.history).filter(|change| change.field == "status");
        // Of equal times it is unknown which came first: then the change may be the reason.
        let moved = statuses.map(|change| change.at).any(|at| first.created <= at && at <= second.created);
        by_bot && first.text == second.text && !moved
    }
}

/// How many files of this name and content the issue has; one that was removed may have been another of that name.
fn originals(issue: &IssueView, name: &str, sha256: &str) -> usize {
    let same = |file: &&AttachmentView| file.filename == name && file.sha256 == sha256;
    let removed = issue.history.iter().filter(|change| change.field == "Attachment" && change.from == name);
    issue.attachments.iter().filter(same).count() + removed.count()
}
