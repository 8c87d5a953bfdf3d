//! Links between issues, and from issues to elsewhere.

use serde::Deserialize;

use super::issue::Named;
use super::{Lack, issue_ref};
use crate::jira::linking::{Direction, IssueLink, RemoteLink};

/// One of `fields.issuelinks`: it names the other issue only, on the side where that stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct LinkBean {
    id: String,
    #[serde(rename = "type")]
    kind: Named,
    inward_issue: Option<Other>,
    outward_issue: Option<Other>,
}

#[derive(Deserialize)]
struct Other {
    id: String,
    key: String,
}

/// One of `GET issue/{id}/remotelink`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct RemoteLinkBean {
    global_id: Option<String>,
    object: RemoteObject,
}

#[derive(Deserialize)]
struct RemoteObject {
    url: String,
    #[serde(default)]
    title: String,
}

impl LinkBean {
    pub(in crate::jira) fn link(self) -> Result<IssueLink, Lack> {
        let (direction, other) = match (self.outward_issue, self.inward_issue) {
            (Some(other), _) => (Direction::Outward, other),
            (None, Some(other)) => (Direction::Inward, other),
            (None, None) => return Err(format!("link {} names no issue", self.id)),
        };
        Ok(IssueLink { id: self.id, kind: self.kind.name, direction, other: issue_ref(&other.id, &other.key)? })
    }
}

impl RemoteLinkBean {
    /// `None` for one without a global id: made by hand, and nothing that could be found again.
    pub(in crate::jira) fn link(self) -> Option<RemoteLink> {
        Some(RemoteLink { global_id: self.global_id?, url: self.object.url, title: self.object.title })
    }
}
