//! A flow file exactly as it is written (docs/sync.md, "The flow file").
//!
//! `None` is a field that is absent, or was of the wrong kind and has been noted. Meaning and defaults are `check`'s.
//! Each field stands for the JSON field of the same name in camel case.

use super::finding::Placed;
use super::reader::{Object, Part};
use crate::flow::Secret;

/// A field that may be absent.
pub type Maybe<T> = Option<Placed<T>>;

/// The file's outermost object.
pub struct FlowFile {
    pub name: Maybe<String>,
    pub description: Maybe<String>,
    pub jira: Maybe<Jira>,
    pub user_project_key: Maybe<String>,
    pub dev_project_key: Maybe<String>,
    pub sync_interval_minutes: Maybe<f64>,
    pub sync_interval_seconds: Maybe<f64>,
    pub index_lag_seconds: Maybe<f64>,
    pub initial_sync_enabled: Maybe<bool>,
    pub default_behavior: Maybe<DefaultBehavior>,
    pub general: General,
    pub rules: Maybe<Vec<Placed<Rule>>>,
}

/// `jira`.
pub struct Jira {
    pub base_url: Maybe<String>,
    pub email: Maybe<String>,
    pub api_token: Maybe<Secret>,
    pub auth_type: Maybe<String>,
    pub deployment: Maybe<String>,
}

/// `defaultBehavior`.
#[derive(Default)]
pub struct DefaultBehavior {
    pub sync_attachments: Maybe<bool>,
    pub add_cross_links: Maybe<bool>,
    pub only_on_status_change: Maybe<bool>,
    pub skip_intermediate_statuses: Maybe<bool>,
    pub fallback_behavior: Maybe<String>,
    pub general: General,
}

/// Fields that may stand in the outermost object as well as in `defaultBehavior`.
#[derive(Default)]
pub struct General {
    pub intermediate_statuses: Maybe<Vec<Placed<String>>>,
    pub on_conflict: Maybe<String>,
    pub issue_type: Maybe<String>,
}

/// One of `rules`.
pub struct Rule {
    pub id: Maybe<String>,
    pub source_status: Maybe<String>,
    pub target_status: Maybe<String>,
    pub target_project: Maybe<String>,
    pub sync_direction: Maybe<String>,
    pub enabled: Maybe<bool>,
    pub priority: Maybe<f64>,
    pub conditions: Maybe<Conditions>,
    pub actions: Maybe<Actions>,
}

/// A rule's `conditions`.
#[derive(Default)]
pub struct Conditions {
    pub require_mapping: Maybe<bool>,
    pub on_status_change: Maybe<bool>,
}

/// A rule's `actions`.
pub struct Actions {
    pub create_issue: Maybe<bool>,
    pub sync_status: Maybe<bool>,
    pub target_status: Maybe<String>,
    pub resolution: Maybe<String>,
    pub sync_attachments: Maybe<bool>,
    pub add_cross_link: Maybe<bool>,
    pub add_comment: Maybe<bool>,
    pub comment_template: Maybe<String>,
}

impl Part for FlowFile {
    fn read(object: &mut Object<'_>) -> Self {
        object.not_yet("fieldMap", "remove it: summary, description and type are copied");
        object.not_yet("repliedField", "remove it");
        object.not_yet("database", "remove it: a flow's data is kept under the flow's name");
        Self {
            name: object.required("name"),
            description: object.optional("description"),
            jira: object.required("jira"),
            user_project_key: object.required("userProjectKey"),
            dev_project_key: object.required("devProjectKey"),
            sync_interval_minutes: object.optional("syncIntervalMinutes"),
            sync_interval_seconds: object.optional("syncIntervalSeconds"),
            index_lag_seconds: object.optional("indexLagSeconds"),
            initial_sync_enabled: object.optional("initialSyncEnabled"),
            default_behavior: object.optional("defaultBehavior"),
            general: General::of(object),
            rules: object.required("rules"),
        }
    }
}

impl Part for Jira {
    fn read(object: &mut Object<'_>) -> Self {
        object.not_yet("caFile", "put the authority among this machine's");
        object.not_yet("apiTokenFile", "write \"apiToken\": \"${env:NAME}\"");
        Self {
            base_url: object.required("baseUrl"),
            email: object.optional("email"),
            api_token: object.required("apiToken"),
            auth_type: object.optional("authType"),
            deployment: object.optional("deployment"),
        }
    }
}

impl Part for DefaultBehavior {
    fn read(object: &mut Object<'_>) -> Self {
        Self {
            sync_attachments: object.optional("syncAttachments"),
            add_cross_links: object.optional("addCrossLinks"),
            only_on_status_change: object.optional("onlyOnStatusChange"),
            skip_intermediate_statuses: object.optional("skipIntermediateStatuses"),
            fallback_behavior: object.optional("fallbackBehavior"),
            general: General::of(object),
        }
    }
}

impl General {
    fn of(object: &mut Object<'_>) -> Self {
        Self {
            intermediate_statuses: object.optional("intermediateStatuses"),
            on_conflict: object.optional("onConflict"),
            issue_type: object.optional("issueType"),
        }
    }
}

impl Part for Rule {
    fn read(object: &mut Object<'_>) -> Self {
        Self {
            id: object.required("id"),
            source_status: object.required("sourceStatus"),
            target_status: object.optional("targetStatus"),
            target_project: object.optional("targetProject"),
            sync_direction: object.optional("syncDirection"),
            enabled: object.optional("enabled"),
            priority: object.optional("priority"),
            conditions: object.optional("conditions"),
            actions: object.required("actions"),
        }
    }
}

impl Part for Conditions {
    fn read(object: &mut Object<'_>) -> Self {
        Self { require_mapping: object.optional("requireMapping"), on_status_change: object.optional("onStatusChange") }
    }
}

impl Part for Actions {
    fn read(object: &mut Object<'_>) -> Self {
        Self {
            create_issue: object.optional("createIssue"),
            sync_status: object.optional("syncStatus"),
            target_status: object.optional("targetStatus"),
            resolution: object.optional("resolution"),
            sync_attachments: object.optional("syncAttachments"),
            add_cross_link: object.optional("addCrossLink"),
            add_comment: object.optional("addComment"),
            comment_template: object.optional("commentTemplate"),
        }
    }
}
