//! What people do in the browser, and how it becomes a write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::fields::{self, Field};
use super::file::FileContent;
use super::flavour::Flavour;
use super::http::values::entered;
use super::issue::{Issue, Via};
use super::markup;
use super::projects::Home;
use super::refusal::Refusal;
use super::screen::Screen;
use super::state::State;
use super::values::{self, FieldValue, Operation, Term, Touch};
use super::visibility::Visibility;
use super::workflow::Transition;
use super::write::{Draft, Edit, Effect, Remark, Write};

mod cloning;
mod hanging;

/// What a person can do in the browser. Issues are given by key or id.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are named as on the screen")]
#[serde(deny_unknown_fields)]
pub enum Action {
    /// Reports an issue of the project's first type.
    #[serde(rename = "create")]
    Create {
        project: String,
        summary: String,
        #[serde(default)]
        text: String,
    },
    /// Copies the issue within its project, as Jira's “Clone” does with all boxes ticked but that for links: summary
    /// (behind `CLONE - `, cut at 255 characters), description, type, fields and security level, and attachments under
    /// ids and a name of their own. It starts in the workflow's first status, without resolution, comments, remote
    /// links and past, and a `Cloners` link leads to the original. Answers the copy's key.
    #[serde(rename = "clone")]
    Clone {
        issue: String,
        /// Whether the copy gets the original's entity properties, marks of programs included. Sites were seen to do
        /// either.
        #[serde(default, rename = "withProperties")]
        with_properties: bool,
    },
    /// Takes an offered transition that leads to the status of this name.
    #[serde(rename = "move")]
    Move { issue: String, status: String },
    #[serde(rename = "rename")]
    Rename { issue: String, summary: String },
    /// Replaces the description, paragraph by line.
    #[serde(rename = "describe")]
    Describe { issue: String, text: String },
    /// Replaces the description by this document, however deep, as the editor of some other program would.
    #[serde(rename = "rewrite")]
    Rewrite { issue: String, document: Value },
    #[serde(rename = "comment")]
    Comment { issue: String, text: String },
    /// Not in the browser; for tests that play a program.
    #[serde(rename = "setProperty")]
    SetProperty { issue: String, key: String, value: Value },
    #[serde(rename = "delete")]
    Delete { issue: String },
    /// Replaces the labels; none of them may contain a space.
    #[serde(rename = "label")]
    Label { issue: String, labels: Vec<String> },
    /// Enters something into any field but summary and description, written as requests write it (`{"value": "Red"}`),
    /// whether or not the screens show it; nothing if null.
    #[serde(rename = "fill")]
    Fill { issue: String, field: String, value: Value },
    /// Sets the priority of this name.
    #[serde(rename = "prioritise")]
    Prioritise { issue: String, priority: String },
    /// Moves the issue to another project, where it gets a new key; under the old one it is still found.
    #[serde(rename = "moveToProject")]
    MoveToProject { issue: String, project: String },
    /// Says something that only these people can read.
    #[serde(rename = "commentFor")]
    CommentFor { issue: String, text: String, visibility: Visibility },
    /// `comment` is an id.
    #[serde(rename = "editComment")]
    EditComment { issue: String, comment: String, text: String },
    #[serde(rename = "deleteComment")]
    DeleteComment { issue: String, comment: String },
    #[serde(rename = "attach")]
    Attach { issue: String, filename: String, content: FileContent },
    /// `attachment` is an id.
    #[serde(rename = "detach")]
    Detach { issue: String, attachment: String },
    /// Lets only these accounts, by id, see the issue; all again if absent.
    #[serde(rename = "restrict")]
    Restrict { issue: String, viewers: Option<Vec<String>> },
}

impl State {
    pub(super) fn act(&mut self, who: &str, action: Action) -> Result<String, Refusal> {
        let author = self.account_named(who)?;
        let (key, write) = self.intend(&author, action)?;
        self.do_now(&author, write).map_err(|_| Refusal::NoIssue(key.clone()))?;
        Ok(key)
    }

    /// A person's write, which takes effect at once. People speak ADF; Data Center takes it down as wiki markup.
    pub(super) fn do_now(&mut self, author: &str, mut write: Write) -> Result<(), super::write::Misfire> {
        if self.setup.flavour == Flavour::DataCenter {
            write.texts().for_each(|text| *text = markup::to_wiki(text).into());
        }
        let effect = Effect { id: self.next_id(), author: author.into(), via: Via::People, write };
        self.carry_out(self.now, effect)
    }

    /// An issue about to be reported, with the id and number it will have.
    pub(super) fn draft(&mut self, project: &str, summary: &str, description: Option<Value>) -> Option<Draft> {
        let kind = self.projects.get(project)?.project.issue_types.first()?.clone();
        Some(Draft {
            id: self.next_id(),
            number: self.projects.next_number(project),
            project: project.into(),
            kind,
            summary: summary.into(),
            description,
            values: values::usual_values(),
            properties: BTreeMap::new(),
            transition: None,
            viewers: None,
            files: Vec::new(),
        })
    }

    /// A comment of plain text.
    pub(super) fn remark(&mut self, text: &str) -> Remark {
        Remark { id: self.next_id(), body: markup::paragraphs(text), properties: BTreeMap::new(), visibility: None }
    }

    fn account_named(&self, who: &str) -> Result<String, Refusal> {
        let known = self.accounts.all().find(|account| account.id == who || account.name == who);
        known.map(|account| account.id.clone()).ok_or_else(|| Refusal::NoAccount(who.into()))
    }

    fn intend(&mut self, author: &str, action: Action) -> Result<(String, Write), Refusal> {
        match action {
            Action::Create { project, summary, text } => self.intend_create(&project, &summary, &text),
            Action::Clone { issue, with_properties } => self.intend_clone(&issue, with_properties),
            Action::Move { issue, status } => {
                let transition = self.way(author, &issue, &status)?;
                let touches = fill_in(&transition);
                self.intend_edit(&issue, Edit { transition: Some(transition.id), touches, ..Edit::default() })
            }
            Action::Rename { issue, summary } => {
                self.intend_edit(&issue, Edit { summary: Some(summary), ..Edit::default() })
            }
            Action::Describe { issue, text } => {
                let description = Some(Some(markup::paragraphs(&text)));
                self.intend_edit(&issue, Edit { description, ..Edit::default() })
            }
            Action::Rewrite { issue, document } => {
                self.intend_edit(&issue, Edit { description: Some(Some(document)), ..Edit::default() })
            }
            Action::Comment { issue, text } => {
                let comments = vec![self.remark(&text)];
                self.intend_edit(&issue, Edit { comments, ..Edit::default() })
            }
            Action::CommentFor { issue, text, visibility } => self.intend_comment_for(&issue, &text, visibility),
            Action::EditComment { issue, comment, text } => self.intend_edit_comment(&issue, &comment, &text),
            Action::DeleteComment { issue, comment } => self.intend_delete_comment(&issue, &comment),
            Action::Attach { issue, filename, content } => self.intend_attach(&issue, filename, content),
            Action::Detach { issue, attachment } => self.intend_detach(&issue, &attachment),
            Action::SetProperty { issue, key, value } => {
                self.intend_edit(&issue, Edit { properties: [(key, value)].into(), ..Edit::default() })
            }
            Action::Fill { issue, field, value } => self.intend_fill(&issue, field, &value),
            Action::Label { issue, labels } => self.intend_labels(&issue, &labels),
            Action::Prioritise { issue, priority } => {
                let term = fields::named(&fields::PRIORITIES, &priority);
                let term = term.ok_or(Refusal::BadValue { field: "priority", value: priority })?;
                let touches = vec![Field::Priority.touch(Operation::Set(Some(FieldValue::One(term))))];
                self.intend_edit(&issue, Edit { touches, ..Edit::default() })
            }
            Action::MoveToProject { issue, project } => {
                let issue = self.known(&issue)?.id;
                let to = self.destination(issue, &project).ok_or(Refusal::NoProject(project))?;
                Ok((to.key(), Write::Move { issue, to }))
            }
            Action::Restrict { issue, viewers } => {
                let viewers = viewers.map(BTreeSet::from_iter);
                self.known(&issue).map(|it| (it.key(), Write::Restrict { issue: it.id, viewers }))
            }
            Action::Delete { issue } => self.known(&issue).map(|it| (it.key(), Write::Delete { issue: it.id })),
        }
    }

    fn intend_create(&mut self, project: &str, summary: &str, text: &str) -> Result<(String, Write), Refusal> {
        let description = (!text.is_empty()).then(|| markup::paragraphs(text));
        let draft = self.draft(project, summary, description).ok_or_else(|| Refusal::NoProject(project.into()))?;
        Ok((format!("{}-{}", draft.project, draft.number), Write::Create(draft)))
    }

    fn intend_edit(&self, issue: &str, edit: Edit) -> Result<(String, Write), Refusal> {
        let issue = self.known(issue)?;
        Ok((issue.key(), Write::Edit { issue: issue.id, edit }))
    }

    fn intend_fill(&self, issue: &str, field: String, value: &Value) -> Result<(String, Write), Refusal> {
        let touch = entered(self, &self.known(issue)?.project, &field, value);
        let touches = vec![touch.map_err(|why| Refusal::Unfit { field, why })?];
        self.intend_edit(issue, Edit { touches, ..Edit::default() })
    }

    fn intend_labels(&self, issue: &str, labels: &[String]) -> Result<(String, Write), Refusal> {
        let value = match labels.iter().find(|label| fields::label_fault(label).is_some()) {
            Some(bad) => return Err(Refusal::BadValue { field: "labels", value: bad.clone() }),
            None => (!labels.is_empty()).then(|| FieldValue::Many(labels.iter().map(|it| Term::label(it)).collect())),
        };
        let touches = vec![Field::Labels.touch(Operation::Set(value))];
        self.intend_edit(issue, Edit { touches, ..Edit::default() })
    }

    fn known(&self, issue: &str) -> Result<&Arc<Issue>, Refusal> {
        self.issues.find(issue).ok_or_else(|| Refusal::NoIssue(issue.into()))
    }

    /// A transition that the account is offered and that leads to the status of this name.
    fn way(&self, account: &str, issue: &str, wanted: &str) -> Result<Transition, Refusal> {
        let issue = self.known(issue)?;
        let workflow = self.projects.get(&issue.project).map(|Home { project, .. }| &project.workflow);
        let leads_there = workflow.and_then(|workflow| {
            let target = workflow.status_named(wanted)?;
            workflow.offered_to(account, &issue.status.id).find(|it| it.to == target.id)
        });
        leads_there.cloned().ok_or_else(|| Refusal::NotOffered {
            issue: issue.key(),
            status: issue.status.name.clone(),
            wanted: wanted.into(),
        })
    }
}

/// What a person enters on a transition's screen: the first resolution that is offered, where one is required.
fn fill_in(transition: &Transition) -> Vec<Touch> {
    let asked = transition.screen.iter().flat_map(Screen::required).any(|id| id == Field::Resolution.id());
    let first = asked.then(|| fields::named(&fields::RESOLUTIONS, "Done")).flatten();
    first.map(|term| Field::Resolution.touch(Operation::Set(Some(FieldValue::One(term))))).into_iter().collect()
}
