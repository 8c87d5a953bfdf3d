//! Search: slow to learn, and never more than a page at a time. Cloud turns pages by tokens, Data Center by offsets.

pub(super) mod by_offset;
pub(super) mod by_token;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::members;
use super::wire::{Selection, Wire};
use crate::flavour::Flavour;
use crate::issue::Issue;
use crate::jql::{IssueName, Names, Query, Reader, Rules, SortPosition};
use crate::permissions::Permission;
use crate::projects::Home;
use crate::state::State;

/// Cloud's old search, which answers 410.
pub(super) fn removed(_: &State, _: &Call) -> Result<Answer, Answer> {
    Err(Answer::gone())
}

/// About how many issues a query finds; here exactly as many as the index knows.
pub(super) fn count(state: &State, call: &Call) -> Result<Answer, Answer> {
    let body = call.json()?;
    let jql = members::text(members::known(&body, &["jql"])?, "jql")?.unwrap_or_default();
    let query = query(state, call, &jql, true)?;
    Ok(Answer::ok(json!({"count": rows(state, &call.account, &query, &BTreeSet::new()).len()})))
}

/// Reads a query for the account that asks. Unless it is to be validated, names that do not exist are no errors.
fn query(state: &State, call: &Call, jql: &str, validate: bool) -> Result<Query, Answer> {
    understood(state, call.flavour, &call.account, jql, validate).map_err(|message| Answer::bad(&message))
}

fn understood(state: &State, flavour: Flavour, account: &str, jql: &str, validate: bool) -> Result<Query, String> {
    let cloud = flavour == Flavour::Cloud;
    let reader = Reader {
        names: &Seen { state, account },
        account,
        zone: state.accounts.get(account).map_or(chrono_tz::Tz::UTC, |account| account.time_zone),
        now: state.now,
        rules: Rules {
            bounded: cloud,
            unknown_keys_in_lists: cloud,
            validate,
            epoch_dates: !state.setup.refuses_epoch_dates,
        },
    };
    Query::read(jql, &reader)
}

/// Whether the site understands a query; for throwing made-up ones at it.
#[cfg(any(test, fuzzing))]
pub(crate) fn understands(state: &State, jql: &str) -> bool {
    understood(state, state.setup.flavour, "", jql, true).is_ok()
}

/// What the index knows, the account sees and the query wants, each with its place, in the order of the query. Some are
/// looked at as they are now, index or not.
fn rows<'a>(
    state: &'a State,
    account: &str,
    query: &Query,
    as_they_are: &BTreeSet<u64>,
) -> Vec<(SortPosition, &'a Arc<Issue>)> {
    let indexed = state.index.rows().filter(|issue| !as_they_are.contains(&issue.id));
    let current = as_they_are.iter().filter_map(|id| state.issues.get(*id));
    let wanted = indexed.chain(current).filter(|issue| query.matches(issue));
    let seen = wanted.filter(|issue| state.may_see(account, issue));
    let mut rows: Vec<_> = seen.map(|issue| (query.place(issue), issue)).collect();
    rows.sort_by(|(one, _), (other, _)| query.compare(one, other));
    rows
}

/// An issue as a row of the answer.
fn row(wire: &Wire, issue: &Issue, selection: &Selection) -> Value {
    wire.state.index.shown(issue.id, wire.issue(issue, selection))
}

/// The names that an account can use in a query: what it may not see, it can't name either.
struct Seen<'a> {
    state: &'a State,
    account: &'a str,
}

impl Seen<'_> {
    fn shown(&self, home: Option<&Home>) -> Option<String> {
        let key = home.map(|home| home.project.key.clone());
        key.filter(|key| self.state.accounts.may(self.account, key, Permission::BrowseProjects))
    }
}

impl Names for Seen<'_> {
    fn project(&self, wanted: &str) -> Option<String> {
        let state = self.state;
        let known = state.projects.keyed(wanted).or_else(|| state.projects.named(wanted));
        self.shown(known.or_else(|| state.projects.with_id(wanted)))
    }

    fn project_of(&self, id: &str) -> Option<String> {
        self.shown(self.state.projects.with_id(id))
    }

    fn status(&self, wanted: &str) -> Option<String> {
        let statuses = self.state.projects.statuses();
        let named = || statuses.values().find(|status| status.name.eq_ignore_ascii_case(wanted));
        statuses.get(wanted).or_else(named).map(|status| status.id.clone())
    }

    fn issue_type(&self, wanted: &str) -> Option<String> {
        let fits = |(id, name): &(String, &String)| name.eq_ignore_ascii_case(wanted) || *id == wanted;
        self.state.projects.types().find(fits).map(|(_, name)| name.clone())
    }

    fn user(&self, wanted: &str) -> Option<String> {
        let named = |user_name: &str| match self.state.setup.flavour {
            Flavour::Cloud => false,
            Flavour::DataCenter => user_name.eq_ignore_ascii_case(wanted),
        };
        let known = self.state.accounts.all().find(|account| account.id == wanted || named(&account.user_name));
        known.map(|account| account.id.clone())
    }

    fn issue(&self, wanted: &str) -> Option<IssueName> {
        self.state.find_for(self.account, wanted).map(|issue| IssueName::of(issue))
    }
}
