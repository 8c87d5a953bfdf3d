//! The fuzzers' door: an answer's body, read as everything that an answer can be. Only there in tests and
//! in builds with `--cfg fuzzing`, as cargo-fuzz makes them.

use http::HeaderMap;
use serde::de::DeserializeOwned;

use super::attachment::AttachmentBean;
use super::link::LinkBean;
use super::{
    BulkCreated, ChangelogPage, Comments, Count, Created, EditMeta, FieldPage, IssueBean, IssueTypePage, KnownField,
    Permissions, RawIssue, Reader, RemoteLinkBean, SearchPage, ServerInfo, StatusesOfType, Transitions, User,
};
use crate::foreign::Mask;
use crate::jira::dialect::Dialect;
use crate::jira::error::said;

/// Reads `body` as each type of `wire`, and what can be read on into our own words.
pub fn read_as_everything(body: &[u8]) {
    let _ = said(&HeaderMap::new(), body);
    read::<ServerInfo>(body);
    read::<User>(body);
    read::<Comments>(body);
    read::<BulkCreated>(body);
    read::<IssueTypePage>(body);
    read::<FieldPage>(body);
    read::<Transitions>(body);
    read::<Vec<StatusesOfType>>(body);
    read::<Permissions>(body);
    read::<EditMeta>(body);
    read::<Vec<KnownField>>(body);
    read::<Count>(body);
    let _ = read::<RawIssue>(body).map(|issue| issue.status());
    read::<ChangelogPage>(body);
    let _ = read::<Created>(body).map(|created| created.issue());
    let _ = read::<AttachmentBean>(body).map(|bean| bean.attachment(Dialect::Cloud));
    let _ = read::<LinkBean>(body).map(LinkBean::link);
    let links = read::<Vec<RemoteLinkBean>>(body).unwrap_or_default();
    links.into_iter().for_each(|link| drop(RemoteLinkBean::link(link)));
    for dialect in [Dialect::Cloud, Dialect::DataCenter] {
        read_issues(body, dialect);
    }
}

fn read_issues(body: &[u8], dialect: Dialect) {
    let mask = Mask::default();
    let issues = read::<SearchPage>(body).map(|page| page.issues).unwrap_or_default().into_readable("a page", &mask);
    // Whoever made a change may be us.
    if let Ok(us) = "5b10".parse() {
        let reader = Reader { dialect, us: &us, mask: &mask };
        let _ = read::<IssueBean>(body).map(|issue| issue.attachments(reader));
        issues.into_iter().for_each(|issue| drop(issue.issue(reader)));
        let _ = read::<IssueBean>(body).map(|issue| (issue.needs_older_texts(reader), issue.issue(reader)));
    }
    let _ = read::<IssueBean>(body).map(IssueBean::row);
    let _ = read::<IssueBean>(body).map(|mut issue| issue.standing(&mask));
    let _ = read::<IssueBean>(body).map(|issue| issue.links(&mask));
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What fuzzing begins with, broken off at every place.
    #[test]
    fn no_part_of_an_answer_is_stumbled_over() {
        for seed in [
            include_bytes!("../../../fuzz/seeds/wire/search.json").as_slice(),
            include_bytes!("../../../fuzz/seeds/wire/comments.json"),
            include_bytes!("../../../fuzz/seeds/wire/complaint.json"),
            include_bytes!("../../../fuzz/seeds/wire/page.html"),
        ] {
            (0..=seed.len()).for_each(|end| read_as_everything(&seed[..end]));
        }
    }
}
