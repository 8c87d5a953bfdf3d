//! Turns a flow file's JSON into a [`Flow`]: meaning, defaults and limits (docs/sync.md, "The flow file").
//!
//! Pure: the environment is an input. Each check reports its problem and goes on, so that one run shows all of them;
//! where a check returns `None`, it has reported a problem.

mod access;
mod advice;
mod data;
mod rules;
mod takeover;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::expand::expand;
use super::finding::{Findings, Placed};
use super::problem::{Position, Problem};
use super::raw::{self, FlowFile};
use super::reader::{self, Maybe};
use super::scan::NamedFile;
use crate::flow::{Flow, IssueTypes, NotA, ProjectKey, Secret, TypeName};
use crate::foreign::without_user_info;
use crate::settings::ReadMongo;

/// Inputs of a check besides the flow file's text.
#[derive(Clone, Copy)]
pub struct CheckInputs<'a> {
    /// The value of an environment variable, `None` when it is not set.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file that the flow file names, such as `jira.apiTokenFile`, or why it can't be used. It is part of
    /// the flow: when the token changes, the flow has changed. See [`read_named_file`](super::read_named_file).
    pub file: &'a dyn Fn(&Path) -> Result<NamedFile, String>,
    /// Reads a MongoDB address.
    pub mongo: ReadMongo,
    /// The interval of flows that set none.
    pub default_interval: Duration,
}

/// A valid flow file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its flow.
    pub flow: Flow,
    /// What in it has another effect than its author may expect.
    pub warnings: Vec<Problem>,
    pub(super) places: Positions,
    /// The fields that hold a secret instead of a reference to one.
    pub(super) literals: Vec<(Position, &'static str)>,
}

/// The places of the fields that may conflict with those of another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Positions {
    pub name: Position,
    pub user_project: Position,
    pub dev_project: Position,
    /// `None` when the file doesn't name its database.
    pub database: Option<Position>,
}

/// Checks the `text` of one flow file; problems name it `file`.
///
/// # Errors
/// Every problem of the file, in the order of their places; never an empty list.
pub fn check(file: &str, text: &str, inputs: &CheckInputs<'_>) -> Result<Checked, Vec<Problem>> {
    // Some editors put a byte order mark at the beginning of a file; it is not JSON.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let findings = Findings::default();
    let made = reader::read::<FlowFile>(text, &findings).and_then(|raw| {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let checker = Checker { inputs, folder, text, findings: &findings };
        Some((checker.flow(&raw)?, Positions::of(&raw, text), literals(&raw, text)))
    });
    let ((flow, places, literals), warnings) = findings.verdict(file, text, made)?;
    Ok(Checked { flow, warnings, places, literals })
}

const DEFAULT_LAG: Duration = Duration::from_secs(300);

const DEFAULT_ISSUE_TYPE: &str = "Bug";

impl Positions {
    fn of(raw: &FlowFile, text: &str) -> Self {
        let named = |field: &Maybe<String>| field.as_ref().map(|field| field.at.place(text));
        let required = |field| named(field).unwrap_or(Position::START);
        Self {
            name: required(&raw.name),
            user_project: required(&raw.user_project_key),
            dev_project: required(&raw.dev_project_key),
            database: raw.database.as_ref().and_then(|database| named(&database.value.name)),
        }
    }
}

/// The fields in which the file itself holds a secret: a token, or a store's address with a password.
fn literals(raw: &FlowFile, text: &str) -> Vec<(Position, &'static str)> {
    let is_literal = |secret: &Secret| !secret.expose().contains("${env:");
    let token = raw.jira.as_ref().and_then(|jira| jira.value.api_token.as_ref());
    let uri = raw.database.as_ref().and_then(|database| database.value.uri.as_ref());
    let uri = uri.filter(|uri| without_user_info(uri.value.expose()) != uri.value.expose());
    let named = [(token, "jira.apiToken"), (uri, "database.uri")];
    let found = named.into_iter().filter_map(|(field, path)| Some((field?, path)));
    found.filter(|(field, _)| is_literal(&field.value)).map(|(field, path)| (field.at.place(text), path)).collect()
}

struct Checker<'a> {
    inputs: &'a CheckInputs<'a>,
    /// The folder of the flow file, to which paths in it are relative.
    folder: &'a Path,
    /// The whole file.
    text: &'a str,
    findings: &'a Findings,
}

impl Checker<'_> {
    fn flow(&self, raw: &FlowFile) -> Option<Flow> {
        let name = self.parsed(&raw.name);
        let jira = raw.jira.as_ref().and_then(|jira| self.jira(jira));
        let projects = self.projects(raw);
        let interval = self.interval(raw);
        let issue_types = self.issue_types(raw);
        let field_map = self.field_map(raw);
        let database = self.database(raw, name.as_ref());
        let rules = self.rules(raw);
        let (user_project, dev_project) = projects?;
        Some(Flow {
            name: name?,
            description: raw.description.as_ref().map(|text| text.value.clone()).unwrap_or_default(),
            jira: jira?,
            user_project,
            dev_project,
            interval,
            initial_sync: flag(&raw.initial_sync_enabled, true),
            index_lag: raw.index_lag_seconds.as_ref().map_or(DEFAULT_LAG, |lag| lag.value.0),
            issue_types: issue_types?,
            field_map,
            database: database?,
            rules,
        })
    }

    fn projects(&self, raw: &FlowFile) -> Option<(ProjectKey, ProjectKey)> {
        let user: Option<ProjectKey> = self.parsed(&raw.user_project_key);
        let dev: Option<ProjectKey> = self.parsed(&raw.dev_project_key);
        let (user, dev) = (user?, dev?);
        if let Some(raw) = &raw.dev_project_key {
            let differ = !user.as_str().eq_ignore_ascii_case(dev.as_str());
            self.demand(differ, raw, "is the user project too; a flow needs two different projects");
        }
        Some((user, dev))
    }

    fn interval(&self, raw: &FlowFile) -> Duration {
        match (&raw.sync_interval_minutes, &raw.sync_interval_seconds) {
            (Some(minutes), None) => minutes.value.0,
            (None, Some(seconds)) => seconds.value.0,
            (None, None) => self.inputs.default_interval,
            (Some(_), Some(seconds)) => {
                self.problem(seconds, "syncIntervalMinutes is given too; keep one of them");
                seconds.value.0
            }
        }
    }

    fn issue_types(&self, raw: &FlowFile) -> Option<IssueTypes> {
        let map = self.issue_type_map(raw);
        let default = match general(raw, |general| &general.issue_type) {
            Some(named) => self.type_name(named),
            None => TypeName::new(DEFAULT_ISSUE_TYPE),
        };
        Some(IssueTypes { map, default: default? })
    }

    fn expanded<T>(&self, raw: &Placed<T>, text: &str) -> Option<String> {
        expand(text, self.inputs.env).map_err(|error| self.problem(raw, error.to_string())).ok()
    }

    fn parsed<T: FromStr<Err = NotA>>(&self, raw: &Maybe<String>) -> Option<T> {
        let raw = raw.as_ref()?;
        // The value is not repeated: it may be a token in the wrong place.
        raw.value.parse().map_err(|not: NotA| self.problem(raw, not.without_text())).ok()
    }

    fn demand<T>(&self, holds: bool, raw: &Placed<T>, otherwise: &str) -> bool {
        if !holds {
            self.problem(raw, otherwise);
        }
        holds
    }

    fn problem<T>(&self, raw: &Placed<T>, message: impl Into<String>) {
        self.findings.problem(&raw.at, message);
    }

    fn warn<T>(&self, raw: &Placed<T>, message: impl Into<String>) {
        self.findings.warn(&raw.at, message);
    }
}

/// A field that may be in the outermost object or in `defaultBehavior`; the latter takes precedence.
fn general<'a, T>(raw: &'a FlowFile, field: impl Fn(&'a raw::General) -> &'a Maybe<T>) -> Option<&'a Placed<T>> {
    let narrower = raw.default_behavior.as_ref().and_then(|defaults| field(&defaults.value.general).as_ref());
    narrower.or(field(&raw.general).as_ref())
}

fn flag(raw: &Maybe<bool>, absent: bool) -> bool {
    raw.as_ref().map_or(absent, |flag| flag.value)
}

#[cfg(test)]
pub(super) mod snapshots;
#[cfg(test)]
mod tests;
