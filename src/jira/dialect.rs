//! The only place that knows one kind of Jira from another. So far there is Cloud.

use super::error::{Error, Fault};
use crate::flow::Deployment;

/// How a Jira wants to be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Jira Cloud, REST v3: bodies are Atlassian documents, searches have page tokens.
    Cloud,
}

impl Dialect {
    /// What a flow asks for, or what `serverInfo.deploymentType` says; a site that doesn't say is taken for Cloud.
    pub(super) fn of(wanted: Deployment, told: Option<&str>) -> Result<Self, Error> {
        match (wanted, told) {
            (Deployment::Cloud, _) | (Deployment::Auto, None | Some("Cloud")) => Ok(Self::Cloud),
            (Deployment::DataCenter, _) | (Deployment::Auto, Some(_)) => Err(Error {
                request: "GET /rest/api/3/serverInfo".to_owned(),
                what: Fault::Refused("this is not Jira Cloud, and other kinds are not supported yet".to_owned()),
                only_reads: true,
            }),
        }
    }

    /// The path of a resource of the platform API.
    pub(super) fn api(self, resource: &str) -> String {
        match self {
            Self::Cloud => format!("/rest/api/3/{resource}"),
        }
    }
}
