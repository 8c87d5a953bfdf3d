//! Reading what requests put into fields.

use serde_json::{Map, Value};

use super::answer::Complaints;
use super::endpoint::Api;
use super::texts::{self, Refused};
use crate::fields::{self, Choice, CustomField, Field, FieldKind, LONGEST_LINE};
use crate::flavour::Flavour;
use crate::screen::Screen;
use crate::state::State;
use crate::values::{FieldValue, Operation, Term, Touch};

/// What `update` does to a field: one verb with its value.
pub(super) struct FieldRequest<'a> {
    pub verb: &'a str,
    pub value: &'a Value,
}

/// Where a value is put.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub state: &'a State,
    /// By which rich texts are read.
    pub api: Api,
    /// The key of the project, of which the versions are.
    pub project: &'a str,
}

/// What a person enters into a field of an issue of this project, written as requests write it.
pub(crate) fn entered(state: &State, project: &str, id: &str, value: &Value) -> Result<Touch, String> {
    let api = match state.setup.flavour {
        Flavour::Cloud => Api::V3,
        Flavour::DataCenter => Api::V2,
    };
    let field = Field::find(id, &state.setup.custom_fields).ok_or("there is no such field")?;
    touch(&Spot { state, api, project }, field, &FieldRequest { verb: "set", value })
}

/// The change that a request asks of one of the fields that not every issue has.
pub(super) fn touch(spot: &Spot, field: Field, ask: &FieldRequest) -> Result<Touch, String> {
    let operation = match ask.verb {
        "set" => Operation::Set(whole(spot, field, ask.value)?),
        "add" if field.is_list() => Operation::Add(term(spot, field, ask.value)?),
        "remove" if field.is_list() => Operation::Remove(term(spot, field, ask.value)?),
        other => return Err(unsupported(spot.state, field, other)),
    };
    Ok(field.touch(operation))
}

/// Jira's words for a verb that a field does not take.
fn unsupported(state: &State, field: Field, verb: &str) -> String {
    let known = field.operations().join(",");
    let (id, name) = (field.id(), field.name(state.setup.flavour));
    format!(
        "Field with id '{id}' and name '{name}' does not support operation '{verb}' Supported operation(s) are: '{known}'"
    )
}

/// Complains of each field that the screen requires and that is given no value, unless the issue `has` one.
pub(super) fn check_required(
    state: &State,
    screen: &Screen,
    fields: &Map<String, Value>,
    update: &Map<String, Value>,
    has: impl Fn(&str) -> bool,
    complaints: &mut Complaints,
) {
    // That a summary may not be empty is said elsewhere, in words of its own.
    for id in screen.required().filter(|id| *id != "summary") {
        let given = fields.get(id).map(|value| !is_empty(value));
        let given = given.or_else(|| update.get(id).map(|_| true)).unwrap_or_else(|| has(id));
        if let Some(field) = Field::find(id, &state.setup.custom_fields).filter(|_| !given) {
            complaints.field(id, &format!("{} is required.", field.name(state.setup.flavour)));
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// The whole value of a field.
fn whole(spot: &Spot, field: Field, value: &Value) -> Result<Option<FieldValue>, String> {
    if value.is_null() {
        return Ok(None);
    }
    match field {
        Field::Labels | Field::AffectedVersions | Field::FixVersions => list(spot, field, value),
        Field::Priority => {
            let known =
                identified(value, &["id", "name"])?.and_then(|wanted| fields::named(&fields::PRIORITIES, wanted));
            known.map(|term| Some(FieldValue::One(term))).ok_or_else(|| "The priority selected is invalid.".into())
        }
        Field::Resolution => resolution(value),
        Field::Assignee => assignee(spot.state, value),
        Field::Custom(custom) => of_custom(spot, field, custom, value),
        // These have readers of their own.
        Field::Summary | Field::Description => Err(unsupported(spot.state, field, "set")),
    }
}

fn of_custom(spot: &Spot, field: Field, custom: &CustomField, value: &Value) -> Result<Option<FieldValue>, String> {
    let text = || value.as_str().ok_or_else(|| String::from("Operation value must be a string"));
    match &custom.kind {
        FieldKind::Text => text().and_then(line),
        FieldKind::Paragraph => paragraph(spot, value),
        FieldKind::Flag => {
            let flag = value.as_bool().ok_or("Operation value must be a boolean")?;
            Ok(Some(FieldValue::Flag(flag)))
        }
        FieldKind::Number => {
            let number = value.as_number().ok_or("Operation value must be a number")?;
            Ok(Some(FieldValue::Number(number.clone())))
        }
        FieldKind::Date => match text()?.parse::<chrono::NaiveDate>() {
            Ok(day) => Ok(Some(FieldValue::Text(day.to_string()))),
            Err(_) => Err(format!("Error parsing date string: {}", text()?)),
        },
        FieldKind::Select(choices) => choice(choices, value).map(|choice| Some(FieldValue::One(choice))),
        FieldKind::Version => version(spot, value).map(|version| Some(FieldValue::One(version))),
        FieldKind::MultiSelect(_) | FieldKind::Checkboxes(_) => list(spot, field, value),
        FieldKind::Labels | FieldKind::Versions => list(spot, field, value),
    }
}

fn line(text: &str) -> Result<Option<FieldValue>, String> {
    if text.chars().count() > LONGEST_LINE {
        return Err(format!(
            "The entered text is too long. It exceeds the allowed limit of {LONGEST_LINE} characters."
        ));
    }
    Ok((!text.is_empty()).then(|| FieldValue::Text(text.into())))
}

fn paragraph(spot: &Spot, value: &Value) -> Result<Option<FieldValue>, String> {
    if value == "" && spot.api == Api::V2 {
        return Ok(None);
    }
    texts::read(spot.state, spot.api, value).map(|text| Some(FieldValue::Rich(text))).map_err(|refused| match refused {
        Refused::OtherKind => texts::wanted(spot.api).into(),
        Refused::Invalid => "INVALID_INPUT".into(),
        Refused::TooLong(message) => message,
    })
}

fn list(spot: &Spot, field: Field, value: &Value) -> Result<Option<FieldValue>, String> {
    let all = value.as_array().ok_or("data was not an array")?;
    let mut terms: Vec<Term> = Vec::new();
    for one in all {
        let term = term(spot, field, one)?;
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    Ok((!terms.is_empty()).then_some(FieldValue::Many(terms)))
}

/// One value of a list.
fn term(spot: &Spot, field: Field, value: &Value) -> Result<Term, String> {
    match field {
        Field::AffectedVersions | Field::FixVersions => version(spot, value),
        Field::Custom(CustomField { kind: FieldKind::Versions, .. }) => version(spot, value),
        Field::Custom(CustomField {
            kind: FieldKind::MultiSelect(choices) | FieldKind::Checkboxes(choices), ..
        }) => choice(choices, value),
        // The only other lists are of labels.
        Field::Labels | Field::Custom(_) | Field::Summary | Field::Description => label(value),
        Field::Priority | Field::Assignee | Field::Resolution => label(value),
    }
}

fn label(value: &Value) -> Result<Term, String> {
    let label = value.as_str().ok_or("expected data to be a string")?;
    fields::label_fault(label).map_or_else(|| Ok(Term::label(label)), Err)
}

/// A version of the issue's own project, by id or by name as it is written.
fn version(spot: &Spot, value: &Value) -> Result<Term, String> {
    let wanted = identified(value, &["id", "name"])?.unwrap_or_default();
    let member = if value["id"].is_string() { "id" } else { "name" };
    let fits = |version: &Term| match member {
        "id" => version.id.as_deref() == Some(wanted),
        _ => version.text == wanted,
    };
    let known = spot.state.projects.versions(spot.project).into_iter().find(fits);
    known.ok_or_else(|| format!("Version {member} '{wanted}' is not valid"))
}

fn choice(choices: &[Choice], value: &Value) -> Result<Term, String> {
    let none = || String::from("Could not find valid 'id' or 'value' in the Parent Option object.");
    let by = |member: &str| value[member].as_str();
    let known = match (by("id"), by("value")) {
        (Some(id), _) => {
            choices.iter().find(|it| it.id == id).ok_or_else(|| format!("Option id '{id}' is not valid"))?
        }
        (None, Some(text)) => {
            let fits = |it: &&Choice| it.value == text;
            choices.iter().find(fits).ok_or_else(|| format!("Option value '{text}' is not valid"))?
        }
        (None, None) => return Err(none()),
    };
    Ok(Term::from(known))
}

fn resolution(value: &Value) -> Result<Option<FieldValue>, String> {
    let wanted = identified(value, &["id", "name"])?.unwrap_or_default();
    let known = fields::named(&fields::RESOLUTIONS, wanted).map(|term| Some(FieldValue::One(term)));
    let member = if value["id"].is_string() { "id" } else { "name" };
    known.ok_or_else(|| format!("Resolution {member} '{wanted}' is not valid"))
}

/// Cloud knows people by account id, Data Center by name; an empty name is no user.
fn assignee(state: &State, value: &Value) -> Result<Option<FieldValue>, String> {
    let members: &[&str] = match state.setup.flavour {
        Flavour::Cloud => &["accountId", "id"],
        Flavour::DataCenter => &["name"],
    };
    let Some(wanted) = identified(value, members)? else { return Ok(None) };
    let fits = |account: &&crate::accounts::Account| match state.setup.flavour {
        Flavour::Cloud => account.id == wanted,
        Flavour::DataCenter => account.user_name == wanted,
    };
    let known = state.accounts.all().find(fits);
    let known = known.map(|account| Some(FieldValue::One(Term::new(&account.id, &account.name))));
    known.ok_or_else(|| format!("User '{wanted}' does not exist."))
}

/// What an object names itself by: the first of these members that is text.
fn identified<'a>(value: &'a Value, members: &[&str]) -> Result<Option<&'a str>, String> {
    let object = value.as_object().ok_or("data was not an object")?;
    let wrong = members.iter().find(|member| object.get(**member).is_some_and(|it| !it.is_string() && !it.is_null()));
    match wrong {
        Some(member) => Err(format!("expected '{member}' property to be a string")),
        None => Ok(members.iter().find_map(|member| value[*member].as_str())),
    }
}
