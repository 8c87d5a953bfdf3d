//! Links between issues, and from an issue to any page. Issue linking must be switched on in Jira for both.

use http::Method;
use serde_json::json;

use super::{Client, Error, get, wire, write};
use crate::flow::{IssueId, IssueRef};

/// A link as one of its issues shows it (`issuelinks`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueLink {
    /// Jira's `id`.
    pub id: String,
    /// Name of its type, such as `Relates`.
    pub kind: String,
    /// From which end we look.
    pub direction: Direction,
    /// The issue at the other end.
    pub other: IssueRef,
}

/// The end of a link at which another issue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// This issue "blocks" the other.
    Outward,
    /// This issue "is blocked by" the other.
    Inward,
}

/// A link from an issue to any page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteLink {
    /// By which it is found again; at most 255 characters. Setting one that is there replaces it.
    pub global_id: String,
    /// Where it leads.
    pub url: String,
    /// What people read.
    pub title: String,
}

impl Client {
    /// Links two issues, named as in Jira's request. Jira accepts a link that is there already in silence, so it may be
    /// repeated. Needs *Link issues* on the project of `outward`, *Browse projects* on both.
    ///
    /// Which of the two "blocks" the other is not said clearly by the document; where that matters, look at
    /// [`Client::links`] once.
    ///
    /// # Errors
    /// When they were not linked, or nobody knows.
    pub async fn link(&self, kind: &str, inward: &IssueId, outward: &IssueId) -> Result<(), Error> {
        let body = json!({
            "type": {"name": kind},
            "inwardIssue": {"id": inward.as_str()},
            "outwardIssue": {"id": outward.as_str()},
        });
        self.caller.done(write(Method::POST, self.dialect.api("issueLink"), body, "issueLink").of_one_issue()).await
    }

    /// An issue's links to other issues; `None` when it is deleted or hidden. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn links(&self, issue: &IssueId) -> Result<Option<Vec<IssueLink>>, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields=issuelinks"));
        let bean: Option<wire::IssueBean> = self.if_shown(get(path, "issue").of_one_issue()).await?;
        Ok(bean.map(|bean| bean.links(self.caller.mask())))
    }

    /// Sets a remote link, new or in place of the one with its global id. May be repeated. Needs *Link issues*.
    ///
    /// # Errors
    /// When it was not set, or nobody knows.
    pub async fn set_remote_link(&self, issue: &IssueId, link: &RemoteLink) -> Result<(), Error> {
        let path = self.dialect.api(&format!("issue/{issue}/remotelink"));
        let body = json!({"globalId": link.global_id, "object": {"url": link.url, "title": link.title}});
        self.caller.done(write(Method::POST, path, body, "remotelink").of_one_issue()).await
    }

    /// An issue's remote links that have a global id. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn remote_links(&self, issue: &IssueId) -> Result<Vec<RemoteLink>, Error> {
        let path = self.dialect.api(&format!("issue/{issue}/remotelink"));
        let links: wire::Entries<wire::RemoteLinkBean> = self.json(get(path, "remotelink").of_one_issue()).await?.value;
        Ok(links
            .into_readable(issue.as_str(), self.caller.mask())
            .into_iter()
            .filter_map(wire::RemoteLinkBean::link)
            .collect())
    }
}
