//! Searches and fresh reads in batches.

use serde::Deserialize;

use super::changelog::History;
use super::entries::Entries;
use super::issue::IssueBean;

/// A page of `POST search/jql` (Cloud) or `POST search` (Data Center): each tells in its own way what comes next.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct SearchPage {
    pub issues: Entries<IssueBean>,
    /// Cloud: absent on the last page.
    pub next_page_token: Option<String>,
    /// Cloud: `false` says that there is more, whether or not a token leads there.
    pub is_last: Option<bool>,
    /// Data Center: the row at which this page begins.
    pub start_at: Option<u64>,
    /// Data Center: how many there are in all.
    pub total: Option<u64>,
}

/// `POST issue/bulkfetch`. What is missing or hidden is left out in silence.
#[derive(Deserialize)]
pub(in crate::jira) struct Fetched {
    pub issues: Entries<IssueBean>,
}

/// How many issues a search finds: `POST search/approximate-count` (Cloud) or `POST search` (Data Center).
#[derive(Deserialize)]
pub(in crate::jira) struct Count {
    count: Option<u64>,
    total: Option<u64>,
}

impl Count {
    pub(in crate::jira) fn number(self) -> Option<u64> {
        self.count.or(self.total)
    }
}

/// A page of `POST changelog/bulkfetch`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct ChangelogPage {
    pub issue_change_logs: Entries<IssueChangelog>,
    pub next_page_token: Option<String>,
}

/// Some of one issue's changelog.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct IssueChangelog {
    pub issue_id: String,
    pub change_histories: Entries<History>,
}
