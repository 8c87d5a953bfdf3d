//! Editing an issue: fields, link line, comment and mark in one request; and the mark by itself.

use http::Method;
use serde_json::{Value, json};

use super::field::Fields;
use super::reading::ReadMarks;
use super::{Client, Error, Fault, delete, get, wire, write};
use crate::flow::{Body, IssueId, Mark};
use jira_markup::{Format, WhenFull};

/// One edit of an issue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit<'a> {
    /// Replaces the mark that it has.
    pub mark: Option<Mark>,
    /// The page to which `Dev Link` leads, if there is to be one.
    pub link: Option<String>,
    /// The description as it was read just before; used only with a link.
    pub description: Option<&'a Body>,
    /// Said in the same edit.
    pub comment: Option<String>,
    /// Fields to be set; they must be on the edit screen.
    pub fields: Fields,
}

/// Whether the `Dev Link` line found room in the user's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It is there, or was not asked for.
    Yes,
    /// The text is too long, or not in the format of its site: a person's own text is never shortened, nor rewritten.
    NoRoom,
}

impl Client {
    /// Makes an edit. Says whether the link found room. Needs *Edit issues*, and *Add comments* for a comment.
    ///
    /// # Errors
    /// When it was not made, or nobody knows.
    pub async fn edit(&self, issue: &IssueId, edit: &Edit<'_>) -> Result<Linked, Error> {
        let mut made = self.send_edit(issue, edit).await;
        if let (Err(error), Some(text)) = (&made, &edit.comment)
            && self.learn_text_limit(error, "comment", &self.plain(text))
        {
            // Jira made nothing of the edit, and the comment is shorter now.
            made = self.send_edit(issue, edit).await;
        }
        if let (Err(error), Some(own)) = (&made, edit.description) {
            self.learn_text_limit(error, "description", own);
        }
        if !edit.fields.is_empty() && made.as_ref().is_err_and(|error| matches!(error.what, Fault::Invalid(_))) {
            self.field_names.forget();
        }
        made
    }

    async fn send_edit(&self, issue: &IssueId, edit: &Edit<'_>) -> Result<Linked, Error> {
        let (body, linked) = self.edit_body(edit);
        let path = self.dialect.api(&format!("issue/{issue}"));
        self.marks.forget(issue);
        self.caller.done(write(Method::PUT, path, body, "edit").of_one_issue()).await?;
        Ok(linked)
    }

    /// Whether anything of an issue can be edited by us where it stands now: a workflow may forbid it in some statuses.
    /// Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn may_edit(&self, issue: &IssueId) -> Result<bool, Error> {
        let ask = get(self.dialect.api(&format!("issue/{issue}/editmeta")), "editmeta").of_one_issue();
        let meta: wire::Editable = self.json(ask).await?.value;
        Ok(!meta.fields.is_empty())
    }

    /// The mark of an issue; `None` when it has none, or is deleted or hidden.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn mark_of(&self, issue: &IssueId) -> Result<Option<Mark>, Error> {
        let ReadMarks { mut marks, mut unread } = self.read_marks(&[issue]).await?;
        unread.remove(issue).map_or_else(|| Ok(marks.remove(issue).flatten()), Err)
    }

    /// Marks an issue, replacing the mark that it has. May be repeated. Needs *Edit issues*.
    ///
    /// # Errors
    /// When it was not marked, or nobody knows.
    pub async fn set_mark(&self, issue: &IssueId, mark: &Mark) -> Result<(), Error> {
        self.marks.forget(issue);
        let ask = write(Method::PUT, self.mark_path(issue), wire::mark_value(mark), "property");
        self.caller.done(ask.of_one_issue()).await
    }

    /// Takes an issue's mark away. May be repeated. Needs *Edit issues*.
    ///
    /// # Errors
    /// When it was not taken away, or nobody knows. Missing is either the issue or the mark.
    pub async fn remove_mark(&self, issue: &IssueId) -> Result<(), Error> {
        self.marks.forget(issue);
        self.caller.done(delete(self.mark_path(issue), "property").of_one_issue()).await
    }

    fn mark_path(&self, issue: &IssueId) -> String {
        self.dialect.api(&format!("issue/{issue}/properties/{}", wire::PROPERTY))
    }

    fn edit_body(&self, edit: &Edit<'_>) -> (Value, Linked) {
        let mut body = json!({});
        let mut fields: serde_json::Map<_, _> =
            edit.fields.iter().map(|(id, value)| (id.clone(), value.to_jira())).collect();
        let mut linked = Linked::Yes;
        if let Some(url) = &edit.link {
            match self.linked_text(edit.description, url) {
                Some(text) => drop(fields.insert("description".to_owned(), jira_markup::to_json(&text))),
                None => linked = Linked::NoRoom,
            }
        }
        if !fields.is_empty() {
            body["fields"] = Value::Object(fields);
        }
        if let Some(mark) = &edit.mark {
            body["properties"] = wire::marked_with(mark);
        }
        if let Some(text) = &edit.comment {
            let said = jira_markup::to_json(&jira_markup::shortened(&self.plain(text), self.text_limit()));
            body["update"] = json!({"comment": [{"add": {"body": said}}]});
        }
        (body, linked)
    }

    /// A person's own text with the link; `None` when that would cost any of it.
    fn linked_text(&self, own: Option<&Body>, url: &str) -> Option<Body> {
        let format = self.dialect.format();
        let is_foreign = own.is_some_and(|own| Format::of(own) != format);
        if is_foreign {
            None
        } else {
            jira_markup::with_link_within(self.text_limit(), own, format, "Dev Link", url, WhenFull::Refuse)
        }
    }
}
