//! What a create screen takes for a field.

use serde_json::Value;

use crate::flow::FieldName;
use crate::jira::naming::number_of;
use crate::jira::wire::{FieldBean, FieldSchema};

/// A field on a create screen, and what it takes.
pub(super) struct Taken {
    pub id: String,
    pub shape: Shape,
    /// The values there are; `None` where Jira does not limit or tell them.
    pub choices: Option<Vec<Choice>>,
}

/// How many values a field takes, and of which kind.
pub(super) enum Shape {
    One(Kind),
    Many(Kind),
    /// A kind that does not cross, in Jira's own word for it.
    Foreign(String),
    /// A field that a create sets by itself.
    Ours,
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words on one line.
    Line,
    /// A rich text.
    Text,
    /// Words without blanks.
    Label,
    Number,
    /// `2024-11-29`.
    Date,
    /// `2024-11-29T10:44:51.887-0800`.
    Instant,
    /// One of a select field's options, known by `value`.
    Option,
    /// An option and one below it.
    Cascade,
    /// What is known by `name`: a priority, a version, a component.
    Named,
    Person,
}

/// One of the values of a field.
pub(super) struct Choice {
    pub name: String,
    /// The names of those below it.
    pub children: Vec<String>,
}

impl Taken {
    /// The field that people name so: by id, else by name, of several the oldest.
    pub(super) fn named(name: &FieldName, screen: &[FieldBean]) -> Option<Self> {
        let by_id = screen.iter().find(|field| field.field_id.as_deref().is_some_and(|id| name.is(id)));
        let is_called = |field: &&FieldBean| field.name.as_deref().is_some_and(|told| name.is(told.trim()));
        let age = |field: &&FieldBean| field.field_id.as_deref().map(number_of);
        let bean = by_id.or_else(|| screen.iter().filter(is_called).min_by_key(age))?;
        Some(Self::of(bean.field_id.clone()?, bean))
    }

    fn of(id: String, bean: &FieldBean) -> Self {
        let shape = if OURS.contains(&id.as_str()) { Shape::Ours } else { shape(bean.schema.as_ref()) };
        let choices = bean.allowed_values.as_ref().map(|values| values.iter().filter_map(Choice::of).collect());
        Self { id, shape, choices }
    }

    /// The choice of this name, without case: as Jira writes it. Any, where Jira does not limit them.
    pub(super) fn choice<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        match &self.choices {
            None => Some(name),
            Some(choices) => choices.iter().map(|choice| choice.name.as_str()).find(|known| same(known, name)),
        }
    }

    /// The choice below another; see [`Taken::choice`].
    pub(super) fn child<'a>(&'a self, parent: &str, name: &'a str) -> Option<&'a str> {
        let Some(choices) = &self.choices else { return Some(name) };
        let parent = choices.iter().find(|choice| same(&choice.name, parent))?;
        parent.children.iter().map(String::as_str).find(|known| same(known, name))
    }
}

/// What Lockstep sets itself in every create.
const OURS: [&str; 4] = ["project", "issuetype", "summary", "description"];

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

impl Choice {
    fn of(value: &Value) -> Option<Self> {
        let children = value.get("children").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Some(Self { name: name_of(value)?.to_owned(), children: names(children) })
    }
}

fn names(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(name_of).map(str::to_owned).collect()
}

/// How people know a value: an option's `value`, anything else's `name`, or the text that it is.
pub(super) fn name_of(value: &Value) -> Option<&str> {
    value.get("value").or_else(|| value.get("name")).unwrap_or(value).as_str()
}

fn shape(schema: Option<&FieldSchema>) -> Shape {
    let Some(schema) = schema else { return Shape::Foreign("unknown".to_owned()) };
    let what = schema.kind.as_str();
    let foreign = || Shape::Foreign(schema.items.as_deref().map_or(what.to_owned(), |of| format!("{what} of {of}")));
    if what == "array" {
        return schema.items.as_deref().and_then(|of| item_kind(of, schema)).map_or_else(foreign, Shape::Many);
    }
    one_kind(what, schema).map_or_else(foreign, Shape::One)
}

fn one_kind(what: &str, schema: &FieldSchema) -> Option<Kind> {
    let is_rich = schema.custom.as_deref().is_some_and(|custom| custom.ends_with(":textarea"))
        || schema.system.as_deref() == Some("environment");
    Some(match what {
        "string" if is_rich => Kind::Text,
        "string" => Kind::Line,
        "number" => Kind::Number,
        "date" => Kind::Date,
        "datetime" => Kind::Instant,
        "option" => Kind::Option,
        "option-with-child" => Kind::Cascade,
        "priority" | "resolution" | "version" | "securitylevel" | "group" => Kind::Named,
        "user" => Kind::Person,
        _ => return None,
    })
}

/// Lists of what crosses, and of nothing that only looks like it: sprints are lists of words too.
fn item_kind(what: &str, schema: &FieldSchema) -> Option<Kind> {
    let is_labels = schema.system.as_deref() == Some("labels")
        || schema.custom.as_deref().is_some_and(|custom| custom.ends_with(":labels"));
    Some(match what {
        "string" if is_labels => Kind::Label,
        "option" => Kind::Option,
        "version" | "component" | "group" => Kind::Named,
        "user" => Kind::Person,
        _ => return None,
    })
}
