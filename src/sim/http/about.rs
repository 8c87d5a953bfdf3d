//! What the site says of itself, of the caller and of its projects.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::wire::Wire;
use crate::sim::setup::Flavour;
use crate::sim::state::{Home, State};

pub(super) fn server_info(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let base_url = &state.setup.base_url;
    Ok(Answer::ok(json!({
        "baseUrl": base_url,
        "displayUrl": base_url,
        "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud",
        "buildNumber": 100_293,
        "buildDate": "2026-02-02T09:00:00.000+0000",
        "serverTime": wire.time(state.now),
        "scmInfo": "simulated",
        "serverTitle": "Jira",
        "defaultLocale": {"locale": "en_US"},
    })))
}

pub(super) fn myself(state: &State, call: &Call) -> Result<Answer, Answer> {
    let account = state.accounts.get(&call.account).ok_or_else(Answer::unauthorized)?;
    Ok(Answer::ok(Wire::new(state, call).own_account(account)))
}

pub(super) fn project(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let home = asked_for(state, call)?;
    let mut written = wire.project(home);
    written["issueTypes"] = home.project.issue_types.iter().map(|name| wire.issue_type(name)).collect();
    Ok(Answer::ok(written))
}

/// For each issue type the statuses it can have; here all types of a project share one workflow.
pub(super) fn statuses(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let project = &asked_for(state, call)?.project;
    let statuses: Vec<Value> = project.workflow.statuses.iter().map(|status| wire.status(status)).collect();
    let of_type = |name: &String| {
        let mut written = wire.issue_type(name);
        written["statuses"] = statuses.clone().into();
        written
    };
    Ok(Answer::ok(project.issue_types.iter().map(of_type).collect()))
}

/// The project that the path names.
pub(super) fn asked_for<'a>(state: &'a State, call: &Call) -> Result<&'a Home, Answer> {
    let wanted = call.param("projectIdOrKey");
    // Unlike JQL, a path does not know projects by name.
    let known = state.find_project(wanted).filter(|home| home.project.name != wanted || home.project.key == wanted);
    known.ok_or_else(|| no_project(call, wanted))
}

/// Data Center's document has a 400 for projects whose issue types are asked for, and a 404 for the others.
pub(super) fn no_project(call: &Call, wanted: &str) -> Answer {
    let kind = if wanted.parse::<u64>().is_ok() { "id" } else { "key" };
    let message = format!("No project could be found with {kind} '{wanted}'.");
    match call.flavour {
        Flavour::DataCenter if call.path.contains("/createmeta/") => Answer::bad(&message),
        Flavour::DataCenter | Flavour::Cloud => Answer::missing(&message),
    }
}
