//! Reading request bodies, strictly: what the document does not name is refused.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::answer::{Answer, Complaints};
use super::call::Call;
use super::routes::Api;
use super::texts::{self, Refused};
use crate::sim::state::State;
use crate::sim::write::{Draft, Edit, Remark};

/// Limits that Jira documents, in characters.
const LONGEST_SUMMARY: usize = 255;
const LONGEST_PROPERTY_KEY: usize = 255;
const LONGEST_PROPERTY: usize = 32_768;

type Checked<T> = Result<T, Complaints>;

/// The members of an object, all of which the endpoint knows.
pub(super) fn members<'a>(body: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, Answer> {
    let members = body.as_object().ok_or_else(Answer::invalid_payload)?;
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(members),
        Some(unknown) => Err(Answer::bad(&format!("Unrecognized field \"{unknown}\" in the request body."))),
    }
}

/// A list of texts, if it is there.
pub(super) fn texts(members: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Answer> {
    let Some(value) = members.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let list = value.as_array().ok_or_else(Answer::invalid_payload)?;
    let text = |it: &Value| it.as_str().map(String::from).ok_or_else(Answer::invalid_payload);
    list.iter().map(text).collect::<Result<_, _>>().map(Some)
}

/// Yes or no, if it is there.
pub(super) fn flag(members: &Map<String, Value>, name: &str) -> Result<Option<bool>, Answer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Ok(Some(value.as_bool().ok_or_else(Answer::invalid_payload)?)),
    }
}

/// A text, if it is there.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Answer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Answer::invalid_payload()),
    }
}

/// A whole number from 0, if it is there.
pub(super) fn number(members: &Map<String, Value>, name: &str) -> Result<Option<usize>, Answer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Ok(Some(value.as_u64().ok_or_else(Answer::invalid_payload)? as usize)),
    }
}

/// A new issue. Ids and numbers are given away only to valid ones.
pub(super) fn draft(state: &mut State, call: &Call, body: &Value) -> Checked<Draft> {
    let request = Request::read(body)?;
    let mut complaints = Complaints::default();
    let project = request.project(state, &mut complaints);
    let kind = project.as_ref().and_then(|project| request.issue_type(state, project, &mut complaints));
    if !request.names("summary") {
        complaints.field("summary", "You must specify a summary of the issue.");
    }
    let edit = request.edit(state, call, &["project", "issuetype"], &mut complaints);
    match (project, kind) {
        (Some(project), Some(kind)) if complaints.is_empty() => Ok(Draft {
            id: state.next_id(),
            number: state.next_number(&project),
            project,
            kind,
            summary: edit.summary.unwrap_or_default(),
            description: edit.description.flatten(),
            properties: edit.properties,
        }),
        _ => Err(complaints),
    }
}

/// Changes to an issue.
pub(super) fn edit(state: &mut State, call: &Call, body: &Value) -> Checked<Edit> {
    let request = Request::read(body)?;
    let mut complaints = Complaints::default();
    let edit = request.edit(state, call, &[], &mut complaints);
    if complaints.is_empty() { Ok(edit) } else { Err(complaints) }
}

/// A comment: its `body`, and `properties` if it has any.
pub(super) fn remark(state: &mut State, call: &Call, comment: &Value) -> Checked<Remark> {
    let known = ["body", "properties", "visibility"];
    if let Some(unknown) = comment.as_object().and_then(|it| it.keys().find(|key| !known.contains(&key.as_str()))) {
        return Err(Complaints::about(unknown, &format!("Unrecognized field \"{unknown}\".")));
    }
    let body = comment_body(state, call, &comment["body"])?;
    let mut complaints = Complaints::default();
    let properties = properties(&comment["properties"], &mut complaints);
    if complaints.is_empty() { Ok(Remark { id: state.next_id(), body, properties }) } else { Err(complaints) }
}

/// A property's value, once key and value are found short enough.
pub(super) fn property(key: &str, value: &Value) -> Checked<Value> {
    let size = value.to_string().chars().count();
    if key.is_empty() || key.chars().count() > LONGEST_PROPERTY_KEY {
        let message = format!("The property key must have from 1 to {LONGEST_PROPERTY_KEY} characters.");
        return Err(Complaints::whole(&message));
    }
    if size > LONGEST_PROPERTY {
        let message = format!("The property value must have at most {LONGEST_PROPERTY} characters.");
        return Err(Complaints::whole(&message));
    }
    Ok(value.clone())
}

/// The three parts of a body that creates or edits.
struct Request<'a> {
    fields: Map<String, Value>,
    update: Map<String, Value>,
    properties: &'a Value,
}

impl<'a> Request<'a> {
    fn read(body: &'a Value) -> Checked<Self> {
        let members = body.as_object().ok_or_else(|| Complaints::whole("The request body must be an object."))?;
        let known = ["fields", "update", "properties", "historyMetadata"];
        if let Some(unknown) = members.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(Complaints::whole(&format!("Unrecognized field \"{unknown}\" in the request body.")));
        }
        let object = |name: &str| match members.get(name).filter(|value| !value.is_null()) {
            None => Ok(Map::new()),
            Some(value) => {
                value.as_object().cloned().ok_or_else(|| Complaints::whole(&format!("'{name}' must be an object.")))
            }
        };
        let request = Self { fields: object("fields")?, update: object("update")?, properties: &body["properties"] };
        match request.fields.keys().find(|field| request.update.contains_key(*field)) {
            None => Ok(request),
            Some(twice) => {
                let message = format!("Field '{twice}' cannot appear in both 'fields' and 'update'");
                Err(Complaints::about(twice, &message))
            }
        }
    }

    fn names(&self, field: &str) -> bool {
        self.fields.contains_key(field) || self.update.contains_key(field)
    }

    /// The key of the project that is named by key or id.
    fn project(&self, state: &State, complaints: &mut Complaints) -> Option<String> {
        let named = self.fields.get("project").and_then(|project| name_in(project, &["id", "key"]));
        let known = named.and_then(|name| state.find_project(name));
        if known.is_none() {
            complaints.field("project", "Specify a valid project ID or key");
        }
        known.map(|home| home.project.key.clone())
    }

    fn issue_type(&self, state: &State, project: &str, complaints: &mut Complaints) -> Option<String> {
        let Some(wanted) = self.fields.get("issuetype").and_then(|kind| name_in(kind, &["id", "name"])) else {
            complaints.field("issuetype", "Specify an issue type");
            return None;
        };
        let types = state.projects.get(project).map(|home| &home.project.issue_types);
        let fits = |kind: &&String| kind.eq_ignore_ascii_case(wanted) || state.type_id(kind) == wanted;
        let known = types.into_iter().flatten().find(fits).cloned();
        if known.is_none() {
            complaints.field("issuetype", "Specify a valid issue type");
        }
        known
    }

    /// What the request sets, apart from the fields that its endpoint sees to itself.
    fn edit(&self, state: &mut State, call: &Call, elsewhere: &[&str], complaints: &mut Complaints) -> Edit {
        let mut edit = Edit { properties: properties(self.properties, complaints), ..Edit::default() };
        for (field, value) in self.fields.iter().filter(|(field, _)| !elsewhere.contains(&field.as_str())) {
            set(state, call, &mut edit, field, value, complaints);
        }
        for (field, operations) in &self.update {
            match operations.as_array() {
                None => complaints.field(field, "Operations must be an array."),
                Some(all) => {
                    all.iter().for_each(|operation| operate(state, call, &mut edit, field, operation, complaints));
                }
            }
        }
        edit
    }
}

/// The first of these members that is text.
fn name_in<'a>(value: &'a Value, members: &[&str]) -> Option<&'a str> {
    members.iter().find_map(|member| value[*member].as_str())
}

fn operate(
    state: &mut State,
    call: &Call,
    edit: &mut Edit,
    field: &str,
    operation: &Value,
    complaints: &mut Complaints,
) {
    let single = operation.as_object().filter(|it| it.len() == 1).and_then(|it| it.iter().next());
    match (field, single) {
        ("comment", Some((verb, comment))) if verb == "add" => match remark(state, call, comment) {
            Ok(remark) => edit.comments.push(remark),
            Err(wrong) => complaints.merge(wrong),
        },
        (_, Some((verb, value))) if verb == "set" => set(state, call, edit, field, value, complaints),
        _ => complaints.cannot_be_set(field),
    }
}

fn set(state: &State, call: &Call, edit: &mut Edit, field: &str, value: &Value, complaints: &mut Complaints) {
    match field {
        "summary" => match summary(value) {
            Ok(summary) => edit.summary = Some(summary),
            Err(message) => complaints.field(field, message),
        },
        "description" => match description(state, call, value) {
            Ok(description) => edit.description = Some(description),
            Err(wrong) => complaints.merge(wrong),
        },
        _ => complaints.cannot_be_set(field),
    }
}

fn summary(value: &Value) -> Result<String, &'static str> {
    let text = if value.is_null() { "" } else { value.as_str().ok_or("Operation value must be a string")? };
    if text.trim().is_empty() {
        Err("You must specify a summary of the issue.")
    } else if text.contains(['\n', '\r']) {
        Err("The summary is invalid because it contains newline characters.")
    } else if text.chars().count() > LONGEST_SUMMARY {
        Err("Summary can't exceed 255 characters.")
    } else {
        Ok(text.into())
    }
}

/// A text or, if it is empty, none.
fn description(state: &State, call: &Call, value: &Value) -> Checked<Option<Value>> {
    if value.is_null() || value == "" {
        return Ok(None);
    }
    texts::read(state, call, value).map(Some).map_err(|refused| match (refused, call.api) {
        (Refused::OtherKind, Api::V2) => Complaints::about("description", "Operation value must be a string"),
        (Refused::OtherKind, Api::V3) => Complaints::about(
            "description",
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
        ),
        (Refused::Invalid, _) => Complaints::whole(INVALID_INPUT),
        (Refused::TooLong(message), _) => Complaints::about("description", &message),
    })
}

/// What a comment says.
fn comment_body(state: &State, call: &Call, value: &Value) -> Checked<Value> {
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty() && call.api == Api::V2) {
        return Err(Complaints::about("comment", "Comment body can not be empty!"));
    }
    texts::read(state, call, value).map_err(|refused| match refused {
        Refused::OtherKind => Complaints::about("comment", "Comment body is not valid!"),
        Refused::Invalid => Complaints::whole(INVALID_INPUT),
        Refused::TooLong(message) => Complaints::about("comment", &message),
    })
}

/// All that Cloud says about a document that breaks its schema.
const INVALID_INPUT: &str = "INVALID_INPUT";

/// `[{"key": …, "value": …}]`, or nothing.
fn properties(list: &Value, complaints: &mut Complaints) -> BTreeMap<String, Value> {
    if !list.is_null() && !list.is_array() {
        complaints.field("properties", "Properties must be an array.");
    }
    let mut properties = BTreeMap::new();
    for entry in list.as_array().into_iter().flatten() {
        match (entry["key"].as_str(), entry.get("value")) {
            (Some(key), Some(value)) => match property(key, value) {
                Ok(value) => drop(properties.insert(key.into(), value)),
                Err(wrong) => complaints.messages.extend(wrong.messages),
            },
            _ => complaints.field("properties", "A property needs a key and a value."),
        }
    }
    properties
}
