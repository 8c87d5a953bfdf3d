//! Jira, in our terms (docs/architecture.md, "Jira").
//!
//! [`Client`] speaks as one account to one site. Requests leave through [`Transport`], the first gate; Jira's JSON is
//! seen only in `wire`, and only `dialect` knows one kind of Jira from another.

mod budget;
mod call;
mod dialect;
mod error;
mod jql;
pub mod markup;
mod scan;
mod transport;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

pub use budget::{Budget, Budgets};
pub use error::{Effect, Error, Fault};
pub use jql::By;
pub use scan::{Page, Scan};
pub use transport::{Body as WireBody, BoxError, InMemory, Network, Transport, Unreachable};

pub(crate) use call::REQUEST_LIMIT;

use crate::clock::{Clock, Entropy};
use crate::flow::{
    AccountId, Body, IntentId, Issue, IssueId, IssueRef, JiraAccess, JiraTime, Mark, ProjectKey, SiteUrl, Status,
};
use crate::pulse::Pulse;
use call::{Answer, Ask, Caller};
use dialect::Dialect;
use markup::{Format, Room};

/// Most issues that one fresh read takes (Jira Cloud's limit of `issue/bulkfetch`).
pub const BATCH: usize = 100;

/// What the fresh read of an issue asks for.
const ISSUE_FIELDS: [&str; 6] = ["summary", "description", "status", "created", "updated", "issuetype"];

/// One account at one site, for one worker.
pub struct Client {
    caller: Caller,
    dialect: Dialect,
    clock: Clock,
    site: SiteUrl,
    account: AccountId,
    jira_clock: Mutex<Reading>,
}

/// Jira's clock as last read, and when.
#[derive(Clone, Copy)]
struct Reading {
    date: JiraTime,
    at: Instant,
    /// How much later than `date` it may have been when the answer arrived: `Date` counts whole seconds, and was
    /// stamped some time between sending and arriving.
    slack: Duration,
}

impl Reading {
    fn new(date: JiraTime, at: Instant, round_trip: Duration) -> Self {
        Self { date, at, slack: round_trip + Duration::from_secs(1) }
    }
}

/// What a client is made of.
pub struct Tools {
    /// The way out.
    pub transport: Arc<dyn Transport>,
    /// Shared with all flows on the same site and account.
    pub budget: Arc<Budget>,
    /// The worker's.
    pub pulse: Pulse,
    /// This machine's.
    pub clock: Clock,
    /// The worker's.
    pub entropy: Entropy,
}

/// A dev issue to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIssue<'a> {
    /// Where.
    pub project: &'a ProjectKey,
    /// One line, at most 255 characters; a longer one is cut.
    pub summary: &'a str,
    /// Its text, before the link is added.
    pub description: Option<&'a Body>,
    /// Name of its type.
    pub issue_type: &'a str,
    /// The page to which `User Link` leads, if there is to be one.
    pub link: Option<String>,
    /// Set by the create request itself.
    pub mark: Mark,
}

/// One edit of a user issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEdit<'a> {
    /// The back-mark.
    pub mark: Mark,
    /// The page to which `Dev Link` leads, if there is to be one.
    pub link: Option<String>,
    /// The description as it was read just before.
    pub description: Option<&'a Body>,
    /// Said in the same edit.
    pub comment: Option<String>,
}

/// Where an issue stands, and where it can go from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its status now.
    pub status: Status,
    /// What Jira offers us.
    pub offers: Vec<Offer>,
}

/// A transition that can be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Jira's id of it; good only for this moment.
    pub id: String,
    /// Its own name, which is not its target's.
    pub name: String,
    /// Where it leads.
    pub to: Status,
}

impl Client {
    /// Asks the site what it is and who we are, and so makes sure that the credentials are good.
    ///
    /// # Errors
    /// When the site can't be reached, is no Jira that we know, or refuses us.
    pub async fn connect(access: &JiraAccess, tools: Tools) -> Result<Self, Error> {
        let Tools { transport, budget, pulse, clock, entropy } = tools;
        let caller = Caller::new(access, transport, budget, pulse, clock.clone(), entropy);
        let info: Answer<wire::ServerInfo> =
            caller.json(get("/rest/api/3/serverInfo".to_owned(), "serverInfo")).await?;
        let dialect = Dialect::of(access.deployment, info.value.deployment_type.as_deref())?;
        let me: wire::Myself = caller.json(get(dialect.api("myself"), "myself")).await?.value;
        let date = info.date.or(info.value.server_time).ok_or_else(|| strange("serverInfo", "it tells no time"))?;
        let account =
            me.account_id.and_then(|id| id.parse().ok()).ok_or_else(|| strange("myself", "it tells no account"))?;
        // Behind Atlassian's gateway the site knows its own address; without one ours has to do.
        let site = info.value.base_url.and_then(|url| url.parse().ok()).unwrap_or_else(|| access.base.clone());
        let jira_clock = Mutex::new(Reading::new(date, info.arrived, info.round_trip));
        Ok(Self { caller, dialect, clock, site, account, jira_clock })
    }

    /// The site as it names itself; browse links and marks are built from it.
    #[must_use]
    pub fn site(&self) -> &SiteUrl {
        &self.site
    }

    /// Our own account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Jira's clock now, reckoned from its last answer; never late.
    #[must_use]
    pub fn jira_now(&self) -> JiraTime {
        let reading = self.reading();
        reading.date.later(self.clock.now().saturating_duration_since(reading.at))
    }

    /// Jira's clock now, reckoned from its last answer; never early.
    #[must_use]
    pub fn jira_now_at_latest(&self) -> JiraTime {
        self.jira_now().later(self.reading().slack)
    }

    fn reading(&self) -> Reading {
        *self.jira_clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jira's clock, asked now.
    ///
    /// # Errors
    /// When the site does not answer.
    pub async fn ask_time(&self) -> Result<JiraTime, Error> {
        let info: wire::ServerInfo = self.json(get(self.dialect.api("serverInfo"), "serverInfo")).await?.value;
        Ok(info.server_time.unwrap_or_else(|| self.jira_now()))
    }

    /// Makes sure that we are still who we were: a lapsed credential can look like an empty Jira.
    ///
    /// # Errors
    /// When we are somebody else or nobody.
    pub async fn assert_identity(&self) -> Result<(), Error> {
        let me: wire::Myself = self.json(get(self.dialect.api("myself"), "myself")).await?.value;
        if me.account_id.as_deref() == Some(self.account.as_str()) {
            return Ok(());
        }
        let what = Fault::Refused("the account has changed; restart the flow if that is meant".to_owned());
        Err(Error { request: "GET myself".to_owned(), what, only_reads: true })
    }

    /// Makes sure that a project is there and shown to us.
    ///
    /// # Errors
    /// When it is not, or Jira does not answer well.
    pub async fn assert_project(&self, project: &ProjectKey) -> Result<(), Error> {
        let asked = self.caller.done(get(self.dialect.api(&format!("project/{project}")), "project")).await;
        asked.map_err(|error| {
            let Fault::Missing(said) = &error.what else { return error };
            let why = format!("there is no project {project}, or it is not shown to this account: {said}");
            Error { what: Fault::Refused(why), ..error }
        })
    }

    /// Reads issues afresh, at most [`BATCH`]. What is deleted, hidden, or not to be understood is absent: one odd issue
    /// must not hide the others.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn fetch(&self, ids: &[&IssueId]) -> Result<Vec<Issue>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({
            "issueIdsOrKeys": ids.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
            "fields": ISSUE_FIELDS,
            "expand": ["changelog"],
            "properties": [wire::PROPERTY],
        });
        let fetched: wire::Fetched =
            self.json(read(self.dialect.api("issue/bulkfetch"), body, "bulkfetch")).await?.value;
        Ok(fetched.issues.into_iter().filter_map(understood).collect())
    }

    /// Reads one issue afresh; `None` when it is deleted or hidden.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn fetch_one(&self, id: &IssueId) -> Result<Option<Issue>, Error> {
        Ok(self.fetch(&[id]).await?.into_iter().find(|issue| issue.at.id == *id))
    }

    /// The names of the types that an issue of `project` may have, sub-tasks apart.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn issue_types(&self, project: &ProjectKey) -> Result<Vec<String>, Error> {
        let path = self.dialect.api(&format!("issue/createmeta/{project}/issuetypes?maxResults=200"));
        let types: wire::IssueTypes = self.json(get(path, "createmeta")).await?.value;
        Ok(types.issue_types.into_iter().filter(|kind| !kind.subtask).map(|kind| kind.name).collect())
    }

    /// Creates an issue. Never repeated: see [`Error::effect`].
    ///
    /// # Errors
    /// When it was not created, or nobody knows.
    pub async fn create(&self, new: &NewIssue<'_>) -> Result<IssueRef, Error> {
        let ask = write(Method::POST, self.dialect.api("issue"), create_body(new), "create");
        let created: wire::Created = self.json(ask).await?.value;
        created.issue().map_err(|lack| Error { only_reads: false, ..strange("POST issue", &lack) })
    }

    /// Sets back-mark, link and comment of a user issue in one edit. Says whether the link found room.
    ///
    /// # Errors
    /// When it was not edited, or nobody knows.
    pub async fn link(&self, issue: &IssueId, edit: &LinkEdit<'_>) -> Result<Linked, Error> {
        let (body, linked) = link_body(edit);
        let path = self.dialect.api(&format!("issue/{issue}"));
        self.caller.done(write(Method::PUT, path, body, "edit").of_one_issue()).await?;
        Ok(linked)
    }

    /// Where an issue stands and where it can go.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn standing(&self, issue: &IssueId) -> Result<Standing, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields=status&expand=transitions"));
        let bean: wire::IssueBean = self.json(get(path, "issue").of_one_issue()).await?.value;
        let (status, offers) = bean.standing().map_err(|lack| strange("issue", &lack))?;
        let offers = offers.into_iter().map(|offer| {
            let wire::TransitionBean { id, name, to } = offer;
            to.status().map(|to| Offer { id, name, to }).map_err(|lack| strange("issue", &lack))
        });
        Ok(Standing { status, offers: offers.collect::<Result<_, _>>()? })
    }

    /// Makes a transition.
    ///
    /// # Errors
    /// When it was not made, or nobody knows.
    pub async fn transition(&self, issue: &IssueId, offer: &Offer) -> Result<(), Error> {
        let path = self.dialect.api(&format!("issue/{issue}/transitions"));
        let body = json!({"transition": {"id": offer.id}});
        self.caller.done(write(Method::POST, path, body, "transition").of_one_issue()).await
    }

    /// Comments on an issue; the intent's id rides as the comment's property.
    ///
    /// # Errors
    /// When there is no comment, or nobody knows.
    pub async fn comment(&self, issue: &IssueId, text: &str, intent: &IntentId) -> Result<(), Error> {
        let path = self.dialect.api(&format!("issue/{issue}/comment"));
        let property = json!([{"key": wire::PROPERTY, "value": {"intent": intent.as_str()}}]);
        let body = json!({"body": markup::to_wire(&markup::plain(text, Format::Adf)), "properties": property});
        self.caller.done(write(Method::POST, path, body, "comment").of_one_issue()).await
    }

    /// Whether a comment of the intent is on the issue.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn has_comment_of(&self, issue: &IssueId, intent: &IntentId) -> Result<bool, Error> {
        let mut start = 0;
        loop {
            let path =
                format!("issue/{issue}/comment?startAt={start}&maxResults=100&expand=properties&orderBy=-created");
            let page: wire::Comments = self.json(get(self.dialect.api(&path), "comments").of_one_issue()).await?.value;
            if page.comments.iter().any(|comment| comment.is_of(intent)) {
                return Ok(true);
            }
            start = page.start_at + page.comments.len() as u64;
            if page.comments.is_empty() || start >= page.total {
                return Ok(false);
            }
        }
    }

    /// One page of a search.
    async fn search(&self, body: Value) -> Result<Answer<wire::SearchPage>, Error> {
        self.json(read(self.dialect.api("search/jql"), body, "search")).await
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, ask: Ask) -> Result<Answer<T>, Error> {
        let answer = self.caller.json(ask).await?;
        if let Some(date) = answer.date {
            let reading = Reading::new(date, answer.arrived, answer.round_trip);
            *self.jira_clock.lock().unwrap_or_else(PoisonError::into_inner) = reading;
        }
        Ok(answer)
    }
}

/// Whether the `Dev Link` line found room in the user's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It is there, or was not asked for.
    Yes,
    /// The text is too long, and a person's own text is never shortened.
    NoRoom,
}

impl wire::CommentBean {
    fn is_of(&self, intent: &IntentId) -> bool {
        self.properties.iter().any(|property| {
            property.key == wire::PROPERTY
                && property.value.get("intent").and_then(Value::as_str) == Some(intent.as_str())
        })
    }
}

fn create_body(new: &NewIssue<'_>) -> Value {
    let description = match &new.link {
        Some(url) => markup::with_link(new.description, Format::Adf, "User Link", url, Room::Make),
        None => new.description.cloned(),
    };
    let mut fields = json!({
        "project": {"key": new.project.as_str()},
        "issuetype": {"name": new.issue_type},
        "summary": one_line(new.summary),
    });
    if let Some(description) = description {
        fields["description"] = markup::to_wire(&description);
    }
    json!({"fields": fields, "properties": properties(&new.mark)})
}

fn link_body(edit: &LinkEdit<'_>) -> (Value, Linked) {
    let mut body = json!({"properties": properties(&edit.mark)});
    let mut linked = Linked::Yes;
    if let Some(url) = &edit.link {
        match markup::with_link(edit.description, Format::Adf, "Dev Link", url, Room::Ask) {
            Some(text) => body["fields"] = json!({"description": markup::to_wire(&text)}),
            None => linked = Linked::NoRoom,
        }
    }
    if let Some(text) = &edit.comment {
        body["update"] = json!({"comment": [{"add": {"body": markup::to_wire(&markup::plain(text, Format::Adf))}}]});
    }
    (body, linked)
}

fn properties(mark: &Mark) -> Value {
    json!([{"key": wire::PROPERTY, "value": wire::mark_value(mark)}])
}

/// Jira wants one line of at most 255 characters, and not an empty one.
fn one_line(summary: &str) -> String {
    const MOST: usize = 255;
    let line = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => "(no summary)".to_owned(),
        1..=MOST => line,
        _ => line.chars().take(MOST - 1).chain(['…']).collect(),
    }
}

fn understood(bean: wire::IssueBean) -> Option<Issue> {
    bean.issue().inspect_err(|lack| tracing::warn!("an issue can't be understood: {lack}")).ok()
}

fn get(path: String, endpoint: &'static str) -> Ask {
    Ask { method: Method::GET, path, body: None, endpoint, reads: true, of_one_issue: false }
}

/// A POST that only reads.
fn read(path: String, body: Value, endpoint: &'static str) -> Ask {
    Ask { method: Method::POST, path, body: Some(body), endpoint, reads: true, of_one_issue: false }
}

fn write(method: Method, path: String, body: Value, endpoint: &'static str) -> Ask {
    Ask { method, path, body: Some(body), endpoint, reads: false, of_one_issue: false }
}

impl Ask {
    /// A 403 says nothing of other issues.
    fn of_one_issue(self) -> Self {
        Self { of_one_issue: true, ..self }
    }
}

/// An answer to a reading request that lacks what Jira always says.
fn strange(request: &str, why: &str) -> Error {
    Error { request: request.to_owned(), what: Fault::NotJira(why.to_owned()), only_reads: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_become_one_line_that_jira_takes() {
        assert_eq!(one_line(" a\n b "), "a b");
        assert_eq!(one_line("\n"), "(no summary)");
        assert_eq!(one_line(&"x".repeat(300)).chars().count(), 255);
    }
}
