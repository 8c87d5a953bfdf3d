//! Notices: why a flow that runs does not do all that it should.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

/// What a notice is about. A flow has at most one notice of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// A project has another key than the flow file says.
    ProjectRenamed,
    /// A rule names a status that its project does not have.
    StatusMissing,
    /// Jira's search shows fewer issues than it counts.
    SearchIncomplete,
    /// Issues carry marks or links of another site address, so that no dev issue is created for them.
    ForeignMarks,
    /// The clock of Jira's answers and Jira's own clock differ.
    ClocksDiffer,
    /// `issueTypeMap` or `issueType` names an issue type that its project does not have.
    IssueTypeMissing,
    /// Jira refuses some kind of request, though it accepts the account.
    RequestsRefused,
}

impl NoticeKind {
    /// Its name in the log and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProjectRenamed => "projectRenamed",
            Self::StatusMissing => "statusMissing",
            Self::SearchIncomplete => "searchIncomplete",
            Self::ForeignMarks => "foreignMarks",
            Self::ClocksDiffer => "clocksDiffer",
            Self::IssueTypeMissing => "issueTypeMissing",
            Self::RequestsRefused => "requestsRefused",
        }
    }
}

/// Why a flow that runs does not do all that it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The message: what is wrong, what Lockstep does about it, and what the reader can do.
    pub why: String,
    /// When it was raised, by this machine's wall clock; another wording does not change it.
    pub since: DateTime<Utc>,
}

/// The notices of one flow. Its worker raises and clears them, others list them; clones share them, so that they
/// outlive a worker.
#[derive(Clone, Debug, Default)]
pub struct Notices(Arc<Mutex<BTreeMap<NoticeKind, Notice>>>);

impl Notices {
    /// Raises a notice, or gives it another wording. Returns whether anything changed.
    pub fn raise(&self, kind: NoticeKind, why: String, now: DateTime<Utc>) -> bool {
        let mut notices = self.0.lock();
        let before = notices.get(&kind);
        if before.is_some_and(|notice| notice.why == why) {
            return false;
        }
        let since = before.map_or(now, |notice| notice.since);
        notices.insert(kind, Notice { kind, why, since });
        true
    }

    /// Clears a notice. Returns whether it was raised.
    pub fn clear(&self, kind: NoticeKind) -> bool {
        self.0.lock().remove(&kind).is_some()
    }

    /// Clears all of them.
    pub fn clear_all(&self) {
        self.0.lock().clear();
    }

    /// All notices that are raised now, in the order of their kinds.
    #[must_use]
    pub fn list(&self) -> Vec<Notice> {
        self.0.lock().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_notice_keeps_its_beginning_while_its_wording_changes() {
        let notices = Notices::default();
        let (first, later) = (at("2026-03-02T00:00:00Z"), at("2026-03-02T01:00:00Z"));
        assert!(notices.raise(NoticeKind::StatusMissing, "one status".to_owned(), first));
        assert!(!notices.raise(NoticeKind::StatusMissing, "one status".to_owned(), later), "nothing changed");
        assert!(notices.raise(NoticeKind::StatusMissing, "two statuses".to_owned(), later));
        let notice = Notice { kind: NoticeKind::StatusMissing, why: "two statuses".to_owned(), since: first };
        assert_eq!(notices.list(), [notice]);
        assert!(notices.clear(NoticeKind::StatusMissing));
        assert!(!notices.clear(NoticeKind::StatusMissing), "it is gone");
        assert_eq!(notices.list(), []);
    }
}
