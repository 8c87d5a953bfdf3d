//! The vocabulary of stories: who acts, what they do in the simulated Jira, and what they see there.

use jira_sim::{Action, FileContent, IssueView, Site};
use serde_json::Value;

pub const CUSTOMER: &str = "customer-ines";
pub const TRIAGER: &str = "triage-noor";
pub const DEVELOPER: &str = "dev-bea";
/// Lockstep's own account.
pub const BOT: &str = "account-lockstep";

/// The projects of the flow of most stories.
pub const USER_PROJECT: &str = "USER-A";
pub const DEV_PROJECT: &str = "DEV-A";

/// The summary of most tickets.
pub const FIRE: &str = "The printer is on fire";

/// What people do in the simulated Jira, and what they see there.
pub trait InJira {
    fn site(&self) -> &Site;

    /// A person does something. Returns the key of the issue.
    fn act(&self, who: &str, action: Action) -> String {
        self.site().act(who, action).unwrap()
    }

    /// Creates an issue of the project's first type. Returns its key.
    fn creates(&self, who: &str, project: &str, summary: &str, text: &str) -> String {
        let (project, summary, text) = (project.to_owned(), summary.to_owned(), text.to_owned());
        self.act(who, Action::Create { project, summary, text })
    }

    /// The customer reports a ticket in the user project. Returns its key.
    fn reports(&self, summary: &str, text: &str) -> String {
        self.creates(CUSTOMER, USER_PROJECT, summary, text)
    }

    /// The customer reports the usual ticket. Returns its key.
    fn reports_ticket(&self) -> String {
        self.reports(FIRE, "Again.")
    }

    /// The customer reports a ticket and `who` accepts it, so that it gets a dev issue. Returns its key.
    fn accepts(&self, who: &str, summary: &str, text: &str) -> String {
        let ticket = self.reports(summary, text);
        self.moves(who, &ticket, "Will Do");
        ticket
    }

    /// The customer reports the usual ticket and `who` accepts it. Returns its key.
    fn accepts_ticket(&self, who: &str) -> String {
        self.accepts(who, FIRE, "Again.")
    }

    /// Moves an issue into the status of this name.
    fn moves(&self, who: &str, issue: &str, status: &str) {
        self.act(who, Action::Move { issue: issue.to_owned(), status: status.to_owned() });
    }

    /// Moves an issue into another project. Returns its new key.
    fn moves_to_project(&self, who: &str, issue: &str, project: &str) -> String {
        self.act(who, Action::MoveToProject { issue: issue.to_owned(), project: project.to_owned() })
    }

    fn comments(&self, who: &str, issue: &str, text: &str) {
        self.act(who, Action::Comment { issue: issue.to_owned(), text: text.to_owned() });
    }

    /// Replaces the description.
    fn describes(&self, who: &str, issue: &str, text: &str) {
        self.act(who, Action::Describe { issue: issue.to_owned(), text: text.to_owned() });
    }

    fn attaches(&self, who: &str, issue: &str, filename: &str, content: FileContent) {
        self.act(who, Action::Attach { issue: issue.to_owned(), filename: filename.to_owned(), content });
    }

    /// Attaches a file of this size; files of one size are equal.
    fn attaches_bytes(&self, who: &str, issue: &str, filename: &str, size: u64) {
        self.attaches(who, issue, filename, FileContent::Made { size, seed: size });
    }

    /// Replaces the labels.
    fn labels(&self, who: &str, issue: &str, labels: &[&str]) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.act(who, Action::Label { issue: issue.to_owned(), labels });
    }

    /// Returns the key of the copy.
    fn clones(&self, who: &str, issue: &str, with_properties: bool) -> String {
        self.act(who, Action::Clone { issue: issue.to_owned(), with_properties })
    }

    fn deletes(&self, who: &str, issue: &str) {
        self.act(who, Action::Delete { issue: issue.to_owned() });
    }

    /// Hides an issue from all but developers, Lockstep included.
    fn hides(&self, issue: &str) {
        self.act(DEVELOPER, Action::Restrict { issue: issue.to_owned(), viewers: Some(vec![DEVELOPER.to_owned()]) });
    }

    /// Shows a hidden issue to all again.
    fn shows(&self, issue: &str) {
        self.act(DEVELOPER, Action::Restrict { issue: issue.to_owned(), viewers: None });
    }

    /// Sets the property by which Lockstep marks issues.
    fn marks(&self, who: &str, issue: &str, value: Value) {
        self.act(who, Action::SetProperty { issue: issue.to_owned(), key: "lockstep".to_owned(), value });
    }

    fn id(&self, issue: &str) -> String {
        self.site().issue(issue).unwrap().id
    }

    fn status(&self, issue: &str) -> String {
        self.site().issue(issue).unwrap().status
    }

    /// The issues of the dev project, in the order of their ids.
    fn dev_issues(&self) -> Vec<IssueView> {
        self.site().issues(DEV_PROJECT)
    }

    fn dev_count(&self) -> usize {
        self.dev_issues().len()
    }

    /// The summaries of the issues of the dev project, in the order of their ids.
    fn dev_summaries(&self) -> Vec<String> {
        self.dev_issues().into_iter().map(|issue| issue.summary).collect()
    }

    /// The texts of an issue's comments, oldest first.
    fn comment_texts(&self, issue: &str) -> Vec<String> {
        self.site().issue(issue).unwrap().comments.into_iter().map(|comment| comment.text).collect()
    }

    /// How many comments of an issue have this text.
    fn count_comments(&self, issue: &str, text: &str) -> usize {
        self.comment_texts(issue).iter().filter(|comment| *comment == text).count()
    }
}

impl InJira for Site {
    fn site(&self) -> &Site {
        self
    }
}
