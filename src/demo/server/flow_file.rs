//! A flow for the simulated Jira, as its file is written.

use std::time::Duration;

use serde::Serialize;

use super::{Options, arguments};

/// A flow file that `lockstep run` takes as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowFile {
    name: &'static str,
    jira: Access,
    user_project_key: String,
    dev_project_key: String,
    sync_interval_seconds: u32,
    index_lag_seconds: u64,
    issue_type: &'static str,
    default_behavior: Defaults,
    rules: [Rule; 3],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Defaults {
    only_on_status_change: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    base_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    api_token: String,
    auth_type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    source_status: &'static str,
    sync_direction: &'static str,
    enabled: bool,
    actions: Actions,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Actions {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    create_issue: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sync_status: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment_template: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    add_comment: bool,
}

/// What flickers is out of search for so long at most; the flow must allow for that on top of the lag.
const FLICKER: Duration = Duration::from_secs(3);

/// On a rough day effects come up to a minute late. A flow gives up on a create after three times the lag that it trusts.
const LATE: Duration = Duration::from_secs(60);

/// How often the flow runs a cycle: often, for users that try things out.
const INTERVAL_SECS: u32 = 2;

impl FlowFile {
    /// For the first pair of projects, at this address.
    pub(super) fn of(options: &Options, url: &str) -> Option<Self> {
        let (user_project_key, dev_project_key) = arguments::pairs(&options.projects).into_iter().next()?;
        Some(Self {
            name: "jira-sim",
            jira: Access::of(options, url),
            user_project_key,
            dev_project_key,
            sync_interval_seconds: INTERVAL_SECS,
            index_lag_seconds: trusted_lag(options).as_secs() + 1,
            issue_type: "Bug",
            default_behavior: Defaults { only_on_status_change: true },
            rules: rules(),
        })
    }
}

impl Access {
    fn of(options: &Options, url: &str) -> Self {
        let (base_url, api_token) = (url.to_owned(), options.token.clone());
        if options.data_center {
            Self { base_url, email: None, api_token, auth_type: "pat" }
        } else {
            Self { base_url, email: Some(options.email.clone()), api_token, auth_type: "basic" }
        }
    }
}

fn trusted_lag(options: &Options) -> Duration {
    let flicker = if options.flicker > 0.0 { FLICKER } else { Duration::ZERO };
    let late = if options.rough { LATE } else { Duration::ZERO };
    (options.index_lag.most + flicker).max(late)
}

/// The road of a report: accepted, worked on, answered.
fn rules() -> [Rule; 3] {
    let rule =
        |id, source_status, sync_direction, actions| Rule { id, source_status, sync_direction, enabled: true, actions };
    let become_ = |target_status, comment_template: Option<&'static str>| Actions {
        create_issue: false,
        sync_status: true,
        target_status: Some(target_status),
        add_comment: comment_template.is_some(),
        comment_template,
    };
    let create = Actions {
        create_issue: true,
        sync_status: false,
        target_status: None,
        add_comment: true,
        comment_template: Some("Dev issue: ${targetKey}"),
    };
    [
        rule("accepted", "Will Do", "user_to_dev", create),
        rule("begun", "In Progress", "dev_to_user", become_("In Progress", None)),
        rule("closed", "Closed", "dev_to_user", become_("Resolved", Some("Fixed in ${sourceKey}"))),
    ]
}
