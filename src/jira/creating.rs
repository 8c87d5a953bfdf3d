//! Creating issues, one or many. There is no key against repetition in Jira: the mark that rides in the request is how
//! a lost create is found again.

use std::collections::{BTreeMap, VecDeque};

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::error::{Refusal, said};
use super::field::Fields;
use super::{Client, Error, Fault, strange, wire, write};
use crate::flow::{Body, IntentId, IssueRef, IssueType, Mark, ProjectId};
use jira_markup::{Crossing, WhenFull};

/// Most issues that one bulk create takes (`issue/bulk`, on Cloud and Data Center).
pub const BULK: usize = 50;

/// A dev issue to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct NewIssue<'a> {
    /// Where.
    pub project: &'a ProjectId,
    /// One line, at most 255 characters; a longer one is cut.
    pub summary: &'a str,
    /// Its text, as [`Client::carried`] there, before the link is added. Too long a one is cut at its end, visibly.
    pub description: Option<&'a Crossing>,
    /// Its type, sent by id: a name can be ambiguous on a site.
    pub issue_type: &'a IssueType,
    /// The page to which `User Link` leads, if there is to be one.
    pub link: Option<String>,
    /// The most characters of its description: see [`Client::text_limit`].
    pub room: usize,
    /// Set by the create request itself.
    pub mark: Mark,
    /// More fields; they must be on the create screen. What is named above wins.
    pub fields: Fields,
}

impl Client {
    /// A text of one issue as it arrives in another of this site: in the site's own format, and with what would do harm
    /// or mean nothing there in words. It tells what that cost; whoever sends the text tells it on.
    #[must_use]
    pub fn carried(&self, body: &Body) -> Crossing {
        jira_markup::carry(body, self.dialect.format(), &jira_markup::Context::default())
    }

    /// Creates an issue. Never repeated: see [`Error::effect`]. Needs *Create issues* and *Browse projects*.
    ///
    /// # Errors
    /// When it was not created, or nobody knows.
    pub async fn create(&self, new: &NewIssue<'_>) -> Result<IssueRef, Error> {
        let ask = write(Method::POST, self.dialect.api("issue"), self.create_body(new), "create");
        let created = self.json::<wire::Created>(ask).await.inspect_err(|error| self.learn_refusal(new, error))?.value;
        created.issue().map_err(|lack| Error { only_reads: false, ..self.unreadable("POST issue", &lack) })
    }

    /// Creates issues, at most [`BULK`] in a request. Each has an outcome of its own, in the order asked for; as with
    /// [`Client::create`], [`Error::effect`] says of each that failed whether it was refused or is in doubt. An answer
    /// that can't be read, or does not fit what was asked, leaves all of its request in doubt.
    ///
    /// Jira tells outcomes by position only. So what it says to have created is read once more: an element counts as
    /// created if its own mark is found on an issue. Same permissions as [`Client::create`].
    pub async fn create_all(&self, all: &[NewIssue<'_>]) -> Vec<Result<IssueRef, Error>> {
        let mut outcomes = Vec::with_capacity(all.len());
        let mut waiting: VecDeque<_> = all.chunks(BULK).collect();
        while let Some(some) = waiting.pop_front() {
            match self.create_some(some).await {
                Ok(ends) => outcomes.extend(ends),
                // Together they are too large: nothing happened, and each may well fit.
                Err(Error { what: Fault::TooLarge(_), .. }) if some.len() > 1 => {
                    let (first, second) = some.split_at(some.len() / 2);
                    waiting.push_front(second);
                    waiting.push_front(first);
                }
                Err(error) => outcomes.extend(vec![Err(error); some.len()]),
            }
        }
        outcomes
    }

    async fn create_some(&self, some: &[NewIssue<'_>]) -> Result<Vec<Result<IssueRef, Error>>, Error> {
        let updates: Vec<_> = some.iter().map(|new| self.create_body(new)).collect();
        let body = json!({"issueUpdates": updates});
        let created: wire::BulkCreated =
            self.json(write(Method::POST, self.dialect.api("issue/bulk"), body, "bulk")).await?.value;
        let outcomes = by_position(created, some.len(), &|said| self.caller.tell(said));
        let outcomes = outcomes.map_err(|why| in_doubt(&why))?;
        for (new, outcome) in some.iter().zip(&outcomes) {
            outcome.as_ref().err().into_iter().for_each(|error| self.learn_refusal(new, error));
        }
        Ok(self.verified(some, outcomes).await)
    }

    /// What was known of fields and screens may be outdated.
    fn learn_refusal(&self, new: &NewIssue<'_>, error: &Error) {
        if matches!(error.what, Fault::Invalid(_)) {
            self.create_screens.forget(new.project);
            self.field_names.forget();
            if let Some(text) = self.description_of(new) {
                self.learn_text_limit(error, "description", &text);
            }
        }
    }

    /// Outcomes by mark in place of outcomes by position.
    async fn verified(
        &self,
        some: &[NewIssue<'_>],
        outcomes: Vec<Result<IssueRef, Error>>,
    ) -> Vec<Result<IssueRef, Error>> {
        let created: Vec<&IssueRef> = outcomes.iter().flatten().collect();
        let ids: Vec<_> = created.iter().map(|at| &at.id).collect();
        let read = self.read_marks_of_created(&ids).await.unwrap_or_default().marks;
        let marked: BTreeMap<&IntentId, &IssueRef> =
            created.iter().filter_map(|at| Some((intent_of(read.get(&at.id)?.as_ref()?), *at))).collect();
        let verify = |(new, outcome): (&NewIssue<'_>, &Result<IssueRef, Error>)| {
            match (marked.get(intent_of(&new.mark)), outcome) {
                // Even if it is said to have been refused: the places were mixed up.
                (Some(at), Ok(_) | Err(_)) => Ok((*at).clone()),
                (None, Ok(at)) => {
                    Err(in_doubt(&format!("{} is said to have been created, but does not show its mark", at.key)))
                }
                (None, Err(_)) if marked.len() < created.len() => {
                    Err(in_doubt("not all that were created can be told"))
                }
                (None, Err(error)) => Err(error.clone()),
            }
        };
        some.iter().zip(&outcomes).map(verify).collect()
    }

    pub(super) fn create_body(&self, new: &NewIssue<'_>) -> Value {
        let mut fields: BTreeMap<&str, Value> =
            new.fields.iter().map(|(id, value)| (id.as_str(), value.to_jira())).collect();
        fields.insert("project", json!({"id": new.project.as_str()}));
        fields.insert("issuetype", json!({"id": new.issue_type.id}));
        fields.insert("summary", json!(one_line(new.summary)));
        if let Some(description) = self.description_of(new) {
            fields.insert("description", jira_markup::to_json(&description));
        }
        json!({"fields": fields, "properties": wire::marked_with(&new.mark)})
    }
}

impl Client {
    fn description_of(&self, new: &NewIssue<'_>) -> Option<Body> {
        let text = new.description.map(|crossing| &crossing.body);
        match &new.link {
            Some(url) => jira_markup::with_link_within(
                new.room,
                text,
                self.dialect.format(),
                "User Link",
                url,
                WhenFull::Shorten,
            ),
            None => text.map(|text| jira_markup::shortened(text, new.room)),
        }
    }
}

/// The issues that were created are listed without their places: they fill those that are not among the errors.
/// `clean` takes credentials out of what Jira says.
fn by_position(
    answer: wire::BulkCreated,
    asked: usize,
    clean: &dyn Fn(&str) -> String,
) -> Result<Vec<Result<IssueRef, Error>>, String> {
    let mut refused: BTreeMap<usize, Fault> = BTreeMap::new();
    for error in answer.errors {
        let answer = said(&HeaderMap::new(), error.element_errors.to_string().as_bytes());
        let why = answer.text.clone();
        // What failed within Jira may have happened all the same.
        let is_clear = error.status.is_none_or(|status| status < 500);
        let fault = if is_clear { Fault::Invalid(Refusal::new(why, answer)) } else { Fault::Unanswered(why) };
        refused.insert(error.failed_element_number, fault.reword(|said| clean(&said)));
    }
    if refused.len() + answer.issues.len() != asked || refused.keys().any(|place| *place >= asked) {
        let (created, refused) = (answer.issues.len(), refused.len());
        return Err(format!("of {asked} issues it created {created} and refused {refused}"));
    }
    let mut created = answer.issues.into_iter();
    let outcome = |place| match refused.remove(&place) {
        Some(what) => Err(Error { request: "POST issue/bulk".to_owned(), what, only_reads: false }),
        None => {
            let lost = || Err("it names too few issues".to_owned());
            created.next().map_or_else(lost, |issue| issue.issue()).map_err(|lack| in_doubt(&clean(&lack)))
        }
    };
    Ok((0..asked).map(outcome).collect())
}

fn in_doubt(why: &str) -> Error {
    Error { only_reads: false, ..strange("POST issue/bulk", why) }
}

fn intent_of(mark: &Mark) -> &IntentId {
    match mark {
        Mark::Created { intent, .. } | Mark::Linked { intent, .. } => intent,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_become_one_line_that_jira_takes() {
        assert_eq!(one_line(" a\n b "), "a b");
        assert_eq!(one_line("\n"), "(no summary)");
        assert_eq!(one_line(&"x".repeat(300)).chars().count(), 255);
    }

    /// What became of each element, as `position` reads the answer.
    fn told(answer: &str, asked: usize) -> Result<Vec<String>, String> {
        let outcomes = by_position(serde_json::from_str(answer).unwrap(), asked, &str::to_owned)?;
        Ok(outcomes.into_iter().map(|end| end.map_or_else(|e| e.what.to_string(), |at| at.key.to_string())).collect())
    }

    #[test]
    fn created_issues_fill_the_places_that_are_not_refused() {
        let answer = r#"{"issues":[{"id":"10000","key":"ED-24"},{"id":"10001","key":"ED-25"}],
            "errors":[{"elementErrors":{"errors":{"summary":"too long"}},"failedElementNumber":1,"status":400}]}"#;
        let refused = "Jira does not accept it: summary: too long".to_owned();
        assert_eq!(told(answer, 3), Ok(vec!["ED-24".to_owned(), refused, "ED-25".to_owned()]));
        assert!(told(answer, 4).is_err(), "one is missing");
        assert!(told(answer, 2).is_err(), "one is too many");
    }

    #[test]
    fn an_element_at_which_jira_itself_failed_is_in_doubt() {
        let answer = r#"{"issues":[],"errors":[{"elementErrors":{"errorMessages":["oops"]},"failedElementNumber":0,"status":500}]}"#;
        let outcomes = by_position(serde_json::from_str(answer).unwrap(), 1, &str::to_owned).unwrap();
        let effects: Vec<_> = outcomes.into_iter().map(|end| end.unwrap_err().effect()).collect();
        assert_eq!(effects, [crate::jira::Effect::Unknown]);
    }
}
