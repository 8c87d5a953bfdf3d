//! Links: between two issues, and from an issue to something elsewhere.

use serde::Serialize;
use serde_json::Value;

/// A link between two issues; both hold it. It reads from its source to its destination: *source* blocks *destination*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IssueLink {
    pub id: u64,
    pub kind: LinkType,
    /// The numeric id of the issue that was `inwardIssue` when the link was made.
    pub source: u64,
    /// The numeric id of the issue that was `outwardIssue`.
    pub destination: u64,
}

/// A way in which issues can be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkType {
    pub id: &'static str,
    pub name: &'static str,
    /// How the destination speaks of the source.
    pub inward: &'static str,
    /// How the source speaks of the destination.
    pub outward: &'static str,
}

/// The link types that Jira ships with.
pub(super) const LINK_TYPES: [LinkType; 4] = [
    LinkType { id: "10000", name: "Blocks", inward: "is blocked by", outward: "blocks" },
    LinkType { id: "10001", name: "Cloners", inward: "is cloned by", outward: "clones" },
    LinkType { id: "10002", name: "Duplicate", inward: "is duplicated by", outward: "duplicates" },
    LinkType { id: "10003", name: "Relates", inward: "relates to", outward: "relates to" },
];

/// A link to something that is no issue of this site.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RemoteLink {
    pub id: u64,
    /// By which its maker finds it again; of the issue's links at most one has it.
    pub global_id: Option<String>,
    pub application: Value,
    pub relationship: Option<String>,
    /// Title, address and looks of what is linked to.
    pub object: Value,
}

impl RemoteLink {
    pub(super) fn view(&self) -> RemoteLinkView {
        let text = |member: &str| self.object[member].as_str().unwrap_or_default().to_owned();
        RemoteLinkView {
            id: self.id.to_string(),
            global_id: self.global_id.clone(),
            url: text("url"),
            title: text("title"),
            relationship: self.relationship.clone(),
        }
    }

    /// What the changelog calls it.
    pub(super) fn told(&self) -> String {
        let relationship = self.relationship.as_deref().unwrap_or("links to");
        let application = self.application["name"].as_str().unwrap_or("Web Link");
        format!("This issue {relationship} \"{} ({application})\"", self.object["title"].as_str().unwrap_or_default())
    }
}

/// One remote link, for tests and checkers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteLinkView {
    /// Unique on the site.
    pub id: String,
    /// By which it is found again.
    pub global_id: Option<String>,
    /// Where it leads.
    pub url: String,
    /// What people read.
    pub title: String,
    /// Such as `is caused by`.
    pub relationship: Option<String>,
}

/// One link to another issue as seen from one of its ends, for tests and checkers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// Unique on the site.
    pub id: String,
    /// How this end speaks of the other, such as `is blocked by`.
    pub says: String,
    /// The numeric id of the other issue.
    pub other: String,
}

impl IssueLink {
    /// The link as the issue of this id sees it.
    pub(super) fn view(&self, from: u64) -> LinkView {
        let (says, other) = self.seen_from(from);
        LinkView { id: self.id.to_string(), says: says.into(), other: other.to_string() }
    }

    /// How one end speaks of the other, and the id of that other.
    pub(super) fn seen_from(&self, issue: u64) -> (&'static str, u64) {
        if issue == self.source { (self.kind.outward, self.destination) } else { (self.kind.inward, self.source) }
    }
}
