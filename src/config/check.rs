//! From a flow file's JSON to a [`Flow`]: meaning, defaults and limits (docs/sync.md, "The flow file").
//!
//! Pure: the environment is an input. Each check notes its problem and goes on, so that one run shows all of them; a
//! `None` always stands for a problem that was noted.

mod advice;
mod rules;

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::expand::expand;
use super::finding::{Findings, Placed};
use super::problem::{Place, Problem};
use super::raw::{self, FlowFile, Maybe};
use super::reader::{self, nearest};
use crate::flow::{Credentials, Deployment, Flow, JiraAccess, NotA, ProjectKey, Secret, SiteUrl};

/// What a flow file's meaning depends on besides its text.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The value of an environment variable, `None` when it is not set.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The interval of flows that name none.
    pub default_interval: Duration,
}

/// A flow file that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it says.
    pub flow: Flow,
    /// What it says that is not acted upon as its writer may think.
    pub warnings: Vec<Problem>,
    pub(super) places: Places,
}

/// Where the fields stand that may clash with another file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub name: Place,
    pub user_project: Place,
    pub dev_project: Place,
}

/// Checks the `text` of one flow file; `file` is how problems name it.
///
/// # Errors
/// Every problem of the file, in the order of their places; never an empty list.
pub fn check(file: &str, text: &str, around: &Around<'_>) -> Result<Checked, Vec<Problem>> {
    // Some editors begin a file with a byte order mark; it is no part of the JSON.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let findings = Findings::default();
    let made = reader::read::<FlowFile>(text, &findings).and_then(|raw| {
        let flow = Checker { around, findings: &findings }.flow(&raw)?;
        Some((flow, Places::of(&raw, text)))
    });
    let ((flow, places), warnings) = findings.verdict(file, text, made)?;
    Ok(Checked { flow, warnings, places })
}

/// From 1 s, which Jira's rate limits bear, to 30 days, which no clock overflows.
const INTERVALS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30 * 24 * 3600);

/// Up to a day: a search that lags longer is none to work by.
const LAGS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * 3600);

const DEFAULT_LAG: Duration = Duration::from_secs(300);

const DEFAULT_ISSUE_TYPE: &str = "Bug";

impl Places {
    fn of(raw: &FlowFile, text: &str) -> Self {
        let place = |field: &Maybe<String>| field.as_ref().map_or(Place::START, |field| field.at.place(text));
        Self {
            name: place(&raw.name),
            user_project: place(&raw.user_project_key),
            dev_project: place(&raw.dev_project_key),
        }
    }
}

struct Checker<'a> {
    around: &'a Around<'a>,
    findings: &'a Findings,
}

#[derive(Clone, Copy)]
enum AuthType {
    Basic,
    Pat,
}

impl Checker<'_> {
    fn flow(&self, raw: &FlowFile) -> Option<Flow> {
        let name = self.parsed(&raw.name);
        let jira = raw.jira.as_ref().and_then(|jira| self.jira(jira));
        let projects = self.projects(raw);
        let interval = self.interval(raw);
        let index_lag = self.index_lag(raw);
        let issue_type = self.issue_type(raw);
        let rules = self.rules(raw);
        let (user_project, dev_project) = projects?;
        Some(Flow {
            name: name?,
            description: raw.description.as_ref().map(|text| text.value.clone()).unwrap_or_default(),
            jira: jira?,
            user_project,
            dev_project,
            interval: interval?,
            initial_sync: flag(&raw.initial_sync_enabled, true),
            index_lag: index_lag?,
            issue_type: issue_type?,
            rules: rules?,
        })
    }

    fn jira(&self, raw: &Placed<raw::Jira>) -> Option<JiraAccess> {
        let base = raw.value.base_url.as_ref().and_then(|url| self.site(url));
        let credentials = self.credentials(raw);
        let deployment = self.deployment(&raw.value.deployment);
        Some(JiraAccess { base: base?, credentials: credentials?, deployment: deployment? })
    }

    fn site(&self, raw: &Placed<String>) -> Option<SiteUrl> {
        let url = self.expanded(raw, &raw.value)?;
        // The address itself is not repeated: a password or token may have slipped into it.
        url.parse().map_err(|not: NotA| self.problem(raw, format!("is no site address: {}", not.rule()))).ok()
    }

    fn credentials(&self, raw: &Placed<raw::Jira>) -> Option<Credentials> {
        let token = raw.value.api_token.as_ref().and_then(|token| self.token(token));
        let types = [("basic", AuthType::Basic), ("pat", AuthType::Pat)];
        match self.choice(&raw.value.auth_type, AuthType::Basic, &types)? {
            AuthType::Basic => {
                let email = self.email(raw);
                Some(Credentials::Basic { email: email?, token: token? })
            }
            AuthType::Pat => Some(Credentials::Bearer { token: token? }),
        }
    }

    fn email(&self, jira: &Placed<raw::Jira>) -> Option<String> {
        let Some(raw) = &jira.value.email else {
            let message = "is missing; authType \"basic\" needs it (\"pat\" does not)";
            self.findings.problem(&jira.at.missing("email"), message);
            return None;
        };
        let email = self.expanded(raw, &raw.value)?.trim().to_owned();
        self.demand(!email.is_empty(), raw, "is empty").then_some(email)
    }

    fn token(&self, raw: &Placed<Secret>) -> Option<Secret> {
        // Secrets in files often end with a line break that is no part of them.
        let token = self.expanded(raw, raw.value.expose())?.trim().to_owned();
        let whole = self.demand(!token.is_empty(), raw, "is empty")
            && self.demand(!token.contains(char::is_control), raw, "holds a line break or another control character");
        whole.then(|| Secret::new(token))
    }

    fn deployment(&self, raw: &Maybe<String>) -> Option<Deployment> {
        let known = [("auto", Deployment::Auto), ("cloud", Deployment::Cloud), ("datacenter", Deployment::DataCenter)];
        self.choice(raw, Deployment::Auto, &known)
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

    fn interval(&self, raw: &FlowFile) -> Option<Duration> {
        let between = "must be from 1 second to 30 days";
        match (&raw.sync_interval_minutes, &raw.sync_interval_seconds) {
            (Some(minutes), None) => self.duration(minutes, 60.0, INTERVALS, between),
            (None, Some(seconds)) => self.duration(seconds, 1.0, INTERVALS, between),
            (None, None) => Some(self.around.default_interval),
            (Some(_), Some(seconds)) => {
                self.problem(seconds, "syncIntervalMinutes is given too; keep one of them");
                None
            }
        }
    }

    fn index_lag(&self, raw: &FlowFile) -> Option<Duration> {
        let Some(seconds) = &raw.index_lag_seconds else { return Some(DEFAULT_LAG) };
        self.duration(seconds, 1.0, LAGS, "must be from 0 to 86400 seconds")
    }

    fn issue_type(&self, raw: &FlowFile) -> Option<String> {
        let Some(named) = general(raw, |general| &general.issue_type) else { return Some(DEFAULT_ISSUE_TYPE.into()) };
        let issue_type = named.value.trim();
        self.demand(!issue_type.is_empty(), named, "is empty").then(|| issue_type.to_owned())
    }

    fn duration(
        &self,
        raw: &Placed<f64>,
        unit_seconds: f64,
        allowed: RangeInclusive<Duration>,
        between: &str,
    ) -> Option<Duration> {
        let duration = Duration::try_from_secs_f64(raw.value * unit_seconds).ok().filter(|d| allowed.contains(d));
        self.demand(duration.is_some(), raw, between);
        duration
    }

    fn expanded<T>(&self, raw: &Placed<T>, text: &str) -> Option<String> {
        expand(text, self.around.env).map_err(|error| self.problem(raw, error.to_string())).ok()
    }

    fn parsed<T: FromStr<Err = NotA>>(&self, raw: &Maybe<String>) -> Option<T> {
        let raw = raw.as_ref()?;
        raw.value.parse().map_err(|not: NotA| self.problem(raw, not.to_string())).ok()
    }

    /// One of `choices` by its name; `absent` when the field is.
    fn choice<T: Copy>(&self, raw: &Maybe<String>, absent: T, choices: &[(&str, T)]) -> Option<T> {
        raw.as_ref().map_or(Some(absent), |raw| self.chosen(raw, choices))
    }

    fn chosen<T: Copy>(&self, raw: &Placed<String>, choices: &[(&str, T)]) -> Option<T> {
        let chosen = choices.iter().find(|(name, _)| *name == raw.value).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.problem(raw, none_of(&raw.value, &names));
        }
        chosen
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
}

/// A field that may stand in either of two places; the one in `defaultBehavior` is the narrower and wins.
fn general<'a, T>(raw: &'a FlowFile, field: impl Fn(&'a raw::General) -> &'a Maybe<T>) -> Option<&'a Placed<T>> {
    let narrower = raw.default_behavior.as_ref().and_then(|defaults| field(&defaults.value.general).as_ref());
    narrower.or(field(&raw.general).as_ref())
}

fn flag(raw: &Maybe<bool>, absent: bool) -> bool {
    raw.as_ref().map_or(absent, |flag| flag.value)
}

fn none_of(found: &str, names: &[&str]) -> String {
    let listed = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let meant = nearest(found, names).map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default();
    format!("{found:?} is none of {listed}{meant}")
}

#[cfg(test)]
mod tests;
