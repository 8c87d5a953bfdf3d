//! Reading request bodies, strictly: what the document does not name is refused.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::answer::Complaints;
use super::call::Call;
use super::endpoint::Api;
use super::properties;
use super::scope::{Comments, Scope};
use super::texts::{self, Refused};
use super::values::{self, FieldRequest};
use super::visibility;
use crate::fields::Field;
use crate::markup;
use crate::permissions::Permission;
use crate::state::State;
use crate::values::{self as held, FieldValue};
use crate::write::{Draft, Edit, Remark};

/// The most characters of a summary, as documented.
const LONGEST_SUMMARY: usize = 255;

pub(super) type Checked<T> = Result<T, Complaints>;

/// A new issue. Ids and numbers are given away only to valid ones.
pub(super) fn draft(state: &mut State, call: &Call, body: &Value) -> Checked<Draft> {
    let request = Request::read(body)?;
    let mut complaints = Complaints::default();
    let project = request.project(state, call, &mut complaints);
    let kind = project.as_ref().and_then(|project| request.issue_type(state, project, &mut complaints));
    if !request.names("summary") {
        complaints.field("summary", "You must specify a summary of the issue.");
    }
    let place = project.as_deref().unwrap_or_default();
    let scope = Scope::of(state, call, place, state.projects.create_screen(place, kind.as_deref()));
    values::check_required(state, &scope.screen, &request.fields, &request.update, |_| false, &mut complaints);
    let edit = request.edit(state, &scope, &["project", "issuetype"], &mut complaints);
    let transition = request.first_move(state, call, project.as_deref().unwrap_or_default(), &mut complaints);
    match (project, kind) {
        (Some(project), Some(kind)) if complaints.is_empty() => Ok(Draft {
            id: state.next_id(),
            number: state.projects.next_number(&project),
            project,
            kind,
            values: edit.values_of_new(),
            summary: edit.summary.unwrap_or_default(),
            description: edit.description.flatten(),
            properties: edit.properties,
            transition,
            viewers: None,
            files: Vec::new(),
        }),
        _ => Err(complaints),
    }
}

/// Changes to an issue that `has` something in the fields it names.
pub(super) fn edit(state: &mut State, body: &Value, scope: &Scope, has: impl Fn(&str) -> bool) -> Checked<Edit> {
    let request = Request::read(body)?;
    let mut complaints = Complaints::default();
    values::check_required(state, &scope.screen, &request.fields, &request.update, has, &mut complaints);
    let edit = request.edit(state, scope, &[], &mut complaints);
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
    let properties = properties::read(&comment["properties"], &mut complaints);
    let visibility = visibility::read(state, call, &comment["visibility"]).unwrap_or_else(|wrong| {
        complaints.merge(wrong);
        None
    });
    if complaints.is_empty() {
        Ok(Remark { id: state.next_id(), body, properties, visibility })
    } else {
        Err(complaints)
    }
}

/// The parts of a body that creates or edits.
struct Request<'a> {
    fields: Map<String, Value>,
    update: Map<String, Value>,
    properties: &'a Value,
    /// Only for new issues; edits ignore it, as documented.
    transition: &'a Value,
}

impl<'a> Request<'a> {
    fn read(body: &'a Value) -> Checked<Self> {
        let members = body.as_object().ok_or_else(|| Complaints::whole("The request body must be an object."))?;
        let known = ["fields", "update", "properties", "transition", "historyMetadata"];
        if let Some(unknown) = members.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(Complaints::whole(&format!("Unrecognized field \"{unknown}\" in the request body.")));
        }
        let object = |name: &str| match members.get(name).filter(|value| !value.is_null()) {
            None => Ok(Map::new()),
            Some(value) => {
                value.as_object().cloned().ok_or_else(|| Complaints::whole(&format!("'{name}' must be an object.")))
            }
        };
        let request = Self {
            fields: object("fields")?,
            update: object("update")?,
            properties: &body["properties"],
            transition: &body["transition"],
        };
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
    fn project(&self, state: &State, call: &Call, complaints: &mut Complaints) -> Option<String> {
        let named = self.fields.get("project").and_then(|project| name_in(project, &["id", "key"]));
        let known = named.and_then(|name| state.projects.find(name)).map(|home| home.project.key.clone());
        let seen = known.filter(|key| state.accounts.may(&call.account, key, Permission::BrowseProjects));
        match &seen {
            None => complaints.field("project", "Specify a valid project ID or key"),
            Some(key) if !state.accounts.may(&call.account, key, Permission::CreateIssues) => {
                complaints.messages.push("You do not have permission to create issues in this project.".into());
            }
            Some(_) => {}
        }
        seen
    }

    fn issue_type(&self, state: &State, project: &str, complaints: &mut Complaints) -> Option<String> {
        let named = self.fields.get("issuetype").unwrap_or(&Value::Null);
        let (id, name) = (named["id"].as_str(), named["name"].as_str());
        let (None, None) = (id, name) else {
            return self.known_type(state, project, id, name, complaints);
        };
        complaints.field("issuetype", "Specify an issue type");
        None
    }

    /// A type by its id, or by a name that no other type of the site has.
    fn known_type(
        &self,
        state: &State,
        project: &str,
        id: Option<&str>,
        name: Option<&str>,
        complaints: &mut Complaints,
    ) -> Option<String> {
        let types = state.projects.get(project).map(|home| &home.project.issue_types);
        let alike = name.map(|name| state.projects.types_named(name)).unwrap_or_default();
        let fits = |kind: &&String| match id {
            Some(id) => state.projects.type_id(project, kind) == id,
            None => alike.len() == 1 && name.is_some_and(|name| kind.eq_ignore_ascii_case(name)),
        };
        let known = types.into_iter().flatten().find(fits).cloned();
        let elsewhere = !alike.is_empty() || state.projects.types().any(|(known, _)| Some(known.as_str()) == id);
        match &known {
            Some(kind) if state.setup.subtask_types.contains(kind) && !self.fields.contains_key("parent") => {
                complaints.field("issuetype", "Issue type is a sub-task but parent issue key or id not specified.")
            }
            Some(_) => {}
            None if elsewhere => complaints.field("issuetype", "The issue type selected is invalid."),
            None => complaints.field("issuetype", "Specify a valid issue type"),
        }
        known
    }

    /// The id of the transition that a new issue takes at once.
    fn first_move(&self, state: &State, call: &Call, project: &str, complaints: &mut Complaints) -> Option<String> {
        if self.transition.is_null() {
            return None;
        }
        let workflow = &state.projects.get(project)?.project.workflow;
        let first = &workflow.statuses.first()?.id;
        let may = state.accounts.may(&call.account, project, Permission::TransitionIssues);
        let wanted = self.transition["id"].as_str();
        let mut offered = workflow.offered_to(&call.account, first).filter(|_| may);
        let known = offered.find(|it| Some(it.id.as_str()) == wanted).map(|it| it.id.clone());
        if known.is_none() {
            let shown = wanted.unwrap_or_default();
            complaints.messages.push(format!("Transition id '{shown}' is not valid for this issue."));
        }
        known
    }

    /// What the request sets, apart from the fields that its endpoint sees to itself.
    fn edit(&self, state: &mut State, scope: &Scope, elsewhere: &[&str], complaints: &mut Complaints) -> Edit {
        let mut edit = Edit { properties: properties::read(self.properties, complaints), ..Edit::default() };
        for (field, value) in self.fields.iter().filter(|(field, _)| !elsewhere.contains(&field.as_str())) {
            put(state, scope, &mut edit, field, &FieldRequest { verb: "set", value }, complaints);
        }
        for (field, operations) in &self.update {
            match operations.as_array() {
                None => complaints.field(field, "Operations must be an array."),
                Some(all) => {
                    all.iter().for_each(|operation| operate(state, scope, &mut edit, field, operation, complaints))
                }
            }
        }
        edit
    }
}

impl Edit {
    /// What a new issue has in its fields after this.
    fn values_of_new(&self) -> BTreeMap<String, FieldValue> {
        let mut values = held::usual_values();
        for touch in &self.touches {
            let old = values.remove(&touch.field);
            values.extend(touch.operation.clone().applied_to(old).map(|new| (touch.field.clone(), new)));
        }
        values
    }
}

/// The first of these members that is text.
fn name_in<'a>(value: &'a Value, members: &[&str]) -> Option<&'a str> {
    members.iter().find_map(|member| value[*member].as_str())
}

/// Changes a field, if the screen shows it.
fn put(state: &State, scope: &Scope, edit: &mut Edit, id: &str, ask: &FieldRequest, complaints: &mut Complaints) {
    let Some(field) = Field::find(id, &state.setup.custom_fields).filter(|_| scope.shows(id)) else {
        return complaints.cannot_be_set(id);
    };
    let done = match (field, ask.verb) {
        (Field::Summary, "set") => {
            summary(ask.value).map(|it| edit.summary = Some(it)).map_err(|it| Complaints::about(id, it))
        }
        (Field::Description, "set") => description(state, scope.call, ask.value).map(|it| edit.description = Some(it)),
        _ => values::touch(&scope.spot(state), field, ask)
            .map(|it| edit.touches.push(it))
            .map_err(|it| Complaints::about(id, &it)),
    };
    done.unwrap_or_else(|wrong| complaints.merge(wrong));
}

/// One entry of an `update` list.
fn operate(
    state: &mut State,
    scope: &Scope,
    edit: &mut Edit,
    field: &str,
    operation: &Value,
    complaints: &mut Complaints,
) {
    match operation.as_object().filter(|it| it.len() == 1).and_then(|it| it.iter().next()) {
        Some((verb, comment)) if field == "comment" && verb == "add" => match scope.comments {
            Comments::NotOnScreen => complaints.cannot_be_set(field),
            Comments::Denied => complaints.field(field, "You do not have the permission to comment on this issue."),
            Comments::Taken => match remark(state, scope.call, comment) {
                Ok(remark) => edit.comments.push(remark),
                Err(wrong) => complaints.merge(wrong),
            },
        },
        Some((verb, value)) => put(state, scope, edit, field, &FieldRequest { verb, value }, complaints),
        None => complaints.cannot_be_set(field),
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
    texts::read(state, call.api, value).map(Some).map_err(|refused| match (refused, call.api) {
        (Refused::OtherKind, api) => Complaints::about("description", texts::wanted(api)),
        (Refused::Invalid, _) => Complaints::whole(INVALID_INPUT),
        (Refused::TooLong(message), _) => Complaints::about("description", &message),
    })
}

/// What a comment says.
fn comment_body(state: &State, call: &Call, value: &Value) -> Checked<Value> {
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty() && call.api == Api::V2) {
        return Err(Complaints::about("comment", EMPTY_COMMENT));
    }
    let said = texts::read(state, call.api, value).map_err(|refused| match refused {
        Refused::OtherKind => Complaints::about("comment", "Comment body is not valid!"),
        Refused::Invalid => Complaints::whole(INVALID_INPUT),
        Refused::TooLong(message) => Complaints::about("comment", &message),
    })?;
    // A document without a paragraph, with an empty one, or with an empty text: all are the same to Jira.
    if markup::is_blank(&said) { Err(Complaints::about("comment", EMPTY_COMMENT)) } else { Ok(said) }
}

/// All that Jira says of a comment that says nothing.
const EMPTY_COMMENT: &str = "Comment body can not be empty!";

/// All that Cloud says about a document that breaks its schema.
const INVALID_INPUT: &str = "INVALID_INPUT";
