//! A value of one field in the terms of another.

use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};

use super::screen::{Kind, Shape, Taken, name_of};
use crate::flow::Body;
use crate::jira::field::FieldValue;
use crate::jira::{Client, wire};

/// What became of a value.
#[derive(Debug, PartialEq)]
pub(super) struct Converted {
    /// What is left of it; `None` if nothing is.
    pub value: Option<FieldValue>,
    /// Why not all of it is.
    pub lost: Option<String>,
}

/// One value that can't be said, and why.
struct Unsayable(String);

/// `value` as the field takes it.
pub(super) fn convert(value: &FieldValue, taken: &Taken, client: &Client) -> Converted {
    let value = value.to_jira();
    let (kind, is_list) = match &taken.shape {
        Shape::One(kind) => (*kind, false),
        Shape::Many(kind) => (*kind, true),
        Shape::Foreign(what) => return nothing(format!("fields of the type {what} are not copied")),
        Shape::Ours => return nothing("Lockstep itself sets it in every issue that it creates".to_owned()),
    };
    let crossing = Crossing { kind, taken, client };
    match (value, is_list) {
        (Value::Array(all), true) => crossing.list(&all),
        (one, true) => crossing.list(&[one]),
        (Value::Array(all), false) => match &all[..] {
            [only] => crossing.single(only),
            several => nothing(format!("it takes one value, and there are {}", several.len())),
        },
        (one, false) => crossing.single(&one),
    }
}

fn nothing(why: String) -> Converted {
    Converted { value: None, lost: Some(why) }
}

struct Crossing<'a> {
    kind: Kind,
    taken: &'a Taken,
    client: &'a Client,
}

impl Crossing<'_> {
    fn single(&self, value: &Value) -> Converted {
        match self.one(value) {
            Ok(value) => Converted { value: Some(FieldValue::from_jira(value)), lost: None },
            Err(Unsayable(why)) => nothing(why),
        }
    }

    /// Each for itself: what can be said is.
    fn list(&self, values: &[Value]) -> Converted {
        let mut said = Vec::new();
        let mut lost = Vec::new();
        for value in values {
            match self.one(value) {
                Ok(value) => said.push(value),
                Err(Unsayable(why)) => lost.push(why),
            }
        }
        let value = (!said.is_empty()).then(|| FieldValue::from_jira(Value::Array(said)));
        Converted { value, lost: (!lost.is_empty()).then(|| lost.join("; ")) }
    }

    fn one(&self, value: &Value) -> Result<Value, Unsayable> {
        match self.kind {
            Kind::Line => words(value).map(|words| json!(line(&words))).ok_or_else(|| no_way("a line of words")),
            Kind::Text => self.text(value),
            Kind::Label => label(value),
            Kind::Number => value.as_f64().map(|_| value.clone()).ok_or_else(|| no_way("a number")),
            Kind::Date => date(value).ok_or_else(|| no_way("a date")),
            Kind::Instant => instant(value).ok_or_else(|| no_way("a date with its time")),
            Kind::Option => Ok(json!({"value": self.choice(value)?})),
            Kind::Named => Ok(json!({"name": self.choice(value)?})),
            Kind::Cascade => self.cascade(value),
            Kind::Person => self.person(value),
        }
    }

    fn choice<'a>(&'a self, value: &'a Value) -> Result<&'a str, Unsayable> {
        let name = name_of(value).ok_or_else(|| no_way("one of its values"))?;
        self.taken.choice(name).ok_or_else(|| Unsayable(format!("\"{name}\" is not among its values")))
    }

    fn cascade(&self, value: &Value) -> Result<Value, Unsayable> {
        let parent = self.choice(value)?;
        let Some(child) = value.get("child").and_then(name_of) else { return Ok(json!({"value": parent})) };
        let known = self.taken.child(parent, child);
        let known = known.ok_or_else(|| Unsayable(format!("\"{parent} - {child}\" is not among its values")))?;
        Ok(json!({"value": parent, "child": {"value": known}}))
    }

    fn person(&self, value: &Value) -> Result<Value, Unsayable> {
        let user = serde_json::from_value::<wire::User>(value.clone()).ok();
        user.and_then(|user| self.client.dialect.person(&user)).ok_or_else(|| no_way("an account"))
    }

    fn text(&self, value: &Value) -> Result<Value, Unsayable> {
        let body = match jira_markup::from_json(value.clone()) {
            Some(Body::Adf(_)) if !is_document(value) => None,
            body => body,
        };
        body.map(|body| self.client.rich(&body).to_jira()).ok_or_else(|| no_way("a text"))
    }
}

fn no_way(what: &str) -> Unsayable {
    Unsayable(format!("the value can't become {what}"))
}

fn is_document(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str) == Some("doc")
}

/// What there is to read in a value.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::Object(_) if is_document(value) => {
            jira_markup::from_json(value.clone()).map(|body| jira_markup::text_of(&body))
        }
        Value::String(_) | Value::Object(_) => name_of(value).map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

/// Jira takes one line of at most 255 characters.
fn line(words: &str) -> String {
    const MOST: usize = 255;
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST - 1).chain(['…']).collect() }
}

fn label(value: &Value) -> Result<Value, Unsayable> {
    let label = words(value).ok_or_else(|| no_way("a label"))?;
    let fits = !label.contains(char::is_whitespace) && label.chars().count() <= 255;
    if fits { Ok(json!(label)) } else { Err(Unsayable(format!("\"{label}\" has blanks or is too long for a label"))) }
}

/// Of an instant the day is left, as its author saw it.
fn date(value: &Value) -> Option<Value> {
    let day = value.as_str()?.get(..10)?;
    NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().map(|_| json!(day))
}

fn instant(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|_| json!(text))
}
