//! Which of a user issue's files need no copying any more when its pair is found.

use std::collections::BTreeSet;

use crate::engine::known::Proof;
use crate::flow::{AccountId, Attachment, AttachmentId, Copied, Handled, Issue};

/// What to enter into the ledger for a pair that was found by `proof`, beside what it has already.
///
/// A pair that we made has files that we copied: those are told by what a copy keeps of its name, and by size; the others
/// are still to be copied. A pair that others made has seen to its files in its own way: all that the user issue has are
/// left as they are, with the copy where there is one. But what came after we last `handled` the user issue is news.
pub(in crate::engine) fn entries(
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
            ours && copy.may_be_copy_of(file) && !taken.contains(&copy.id)
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

#[cfg(test)]
pub(in crate::engine) mod tests {
    use super::*;
    use crate::flow::{IssueRef, JiraTime, ProjectRef, Status, StatusName};

    pub(in crate::engine) fn issue(number: u32, files: &[(&str, &str, &str)]) -> Issue {
        let file = |(id, filename, author): &(&str, &str, &str)| Attachment {
            id: id.parse().unwrap(),
            filename: (*filename).to_owned(),
            size: 7,
            mime: String::new(),
            author: author.parse().ok(),
            created: JiraTime::FIRST,
            content: String::new(),
        };
        Issue {
            at: IssueRef { id: number.to_string().parse().unwrap(), key: format!("AB-{number}").parse().unwrap() },
            project: ProjectRef { id: "10000".parse().unwrap(), key: "AB".parse().unwrap() },
            summary: String::new(),
            description: None,
            issue_type: crate::flow::IssueType::default(),
            status: Status { id: "1".parse().unwrap(), name: StatusName::new("Open") },
            created: JiraTime::FIRST,
            updated: JiraTime::FIRST,
            mark: None,
            changes: Vec::new(),
            attachments: files.iter().map(file).collect(),
            linked: Vec::new(),
            overwritten: None,
        }
    }

    /// The entries as `file=copy`, `file=-` where it is left where it is.
    fn entered(user: &Issue, dev: &Issue, proof: Proof) -> Vec<String> {
        let us = "bot".parse().unwrap();
        let entries = entries(user, dev, (proof, &us), None, &[]).into_iter();
        entries.map(|it| format!("{}={}", it.file, it.copy.map_or("-".to_owned(), |copy| copy.to_string()))).collect()
    }

    #[test]
    fn a_copy_whose_name_jira_changed_is_not_made_again() {
        let user = issue(1, &[("1", "log: 50 %.txt", "ines"), ("2", "new.txt", "ines")]);
        let dev = issue(2, &[("11", "log_ 50 _.txt", "bot"), ("12", "new.txt", "bea")]);
        assert_eq!(entered(&user, &dev, Proof::Mark), ["1=11"], "what we did not upload is no copy of ours");
        assert_eq!(entered(&user, &dev, Proof::Line), ["1=11", "2=12"], "whoever uploaded it");
    }

    #[test]
    fn each_copy_stands_for_one_file() {
        let user = issue(1, &[("1", "a.png", "ines"), ("2", "a.png", "ines")]);
        let dev = issue(2, &[("11", "a.png", "bot")]);
        assert_eq!(entered(&user, &dev, Proof::Mark), ["1=11"]);
        assert_eq!(entered(&user, &dev, Proof::Line), ["1=11", "2=-"]);
    }
}
