//! What the site says of itself, of the caller and of its projects.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::wire::Wire;
use crate::flavour::Flavour;
use crate::projects::Home;
use crate::state::State;

pub(super) fn server_info(state: &State, call: &Call) -> Result<Answer, Answer> {
    let base_url = &state.setup.base_url;
    let mut info = match call.flavour {
        Flavour::Cloud => json!({
            "displayUrl": base_url,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_293,
            "defaultLocale": {"locale": "en_US"},
        }),
        Flavour::DataCenter => json!({
            "version": "10.3.24",
            "versionNumbers": [10, 3, 24],
            "deploymentType": "Server",
            "buildNumber": 10_030_024,
        }),
    };
    info["baseUrl"] = base_url.clone().into();
    info["buildDate"] = "2026-02-02T09:00:00.000+0000".into();
    info["serverTime"] = Wire::new(state, call).time(state.now).into();
    info["scmInfo"] = "simulated".into();
    info["serverTitle"] = "Jira".into();
    Ok(Answer::ok(info))
}

/// What a Cloud site tells any client, beside its API.
pub(super) fn tenant_info(state: &State, call: &Call) -> Result<Answer, Answer> {
    let known = state.setup.cloud_id.as_ref().ok_or_else(|| Answer::unknown_path(call))?;
    Ok(Answer::ok(json!({"cloudId": known})))
}

pub(super) fn myself(state: &State, call: &Call) -> Result<Answer, Answer> {
    let stranger = || Answer::unauthorized(&state.setup.base_url);
    let account = state.accounts.get(&call.account).ok_or_else(stranger)?;
    Ok(Answer::ok(Wire::new(state, call).own_account(account)))
}

pub(super) fn project(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let home = asked_for(state, call)?;
    let mut written = wire.project(home);
    written["issueTypes"] =
        home.project.issue_types.iter().map(|name| wire.issue_type(&home.project.key, name)).collect();
    Ok(Answer::ok(written))
}

/// For each issue type the statuses it can have; here all types of a project share one workflow.
pub(super) fn statuses(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let project = &asked_for(state, call)?.project;
    let statuses: Vec<Value> = project.workflow.statuses.iter().map(|status| wire.status(status)).collect();
    let of_type = |name: &String| {
        let mut written = wire.issue_type_in_brief(&project.key, name);
        written["statuses"] = statuses.clone().into();
        written
    };
    Ok(Answer::ok(project.issue_types.iter().map(of_type).collect()))
}

/// The project that the path names.
pub(super) fn asked_for<'a>(state: &'a State, call: &Call) -> Result<&'a Home, Answer> {
    let wanted = call.param("projectIdOrKey");
    // Unlike JQL, a path does not know projects by name.
    let known = state.projects.keyed(wanted).or_else(|| state.projects.with_id(wanted));
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
