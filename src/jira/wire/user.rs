//! People and machines.

use serde::Deserialize;

use super::time::optional_time;
use crate::flow::JiraTime;

/// An account, wherever it stands. Which of these names it forever is the dialect's to say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct User {
    /// Cloud.
    pub account_id: Option<String>,
    /// Data Center; survives renaming.
    pub key: Option<String>,
    /// Data Center: the login.
    pub name: Option<String>,
    pub display_name: Option<String>,
    /// An IANA name; may be hidden.
    pub time_zone: Option<String>,
}

/// `GET /_edge/tenant_info`, which Cloud sites answer to anybody, and no document promises.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct TenantInfo {
    pub cloud_id: String,
}

/// `GET serverInfo`. Only `deploymentType` being `Cloud` can be relied on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct ServerInfo {
    pub base_url: Option<String>,
    /// Cloud: where people find it, if it has a domain of its own.
    pub display_url: Option<String>,
    pub deployment_type: Option<String>,
    pub version: Option<String>,
    #[serde(default, deserialize_with = "optional_time")]
    pub server_time: Option<JiraTime>,
}
