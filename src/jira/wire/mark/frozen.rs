//! The reader of marks as it was before it ignored members that it does not know, word for word. What is written must be
//! readable by it for as long as a daemon may be put back to such a version: never change this file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flow::{IntentId, Mark, SiteUrl};

pub(in crate::jira) const PROPERTY: &str = "lockstep";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MarkBean {
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_issue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dev_issue: Option<String>,
    intent: String,
}

#[derive(Deserialize)]
pub(in crate::jira) struct Property {
    pub key: String,
    pub value: Value,
}

pub(in crate::jira) fn intent_in(properties: &[Property]) -> Option<IntentId> {
    let ours = properties.iter().find(|property| property.key == PROPERTY)?;
    ours.value.get("intent")?.as_str()?.parse().ok()
}

pub(in crate::jira) fn mark(value: &Value) -> Option<Mark> {
    let bean: MarkBean = match value {
        Value::String(text) => serde_json::from_str(text).ok()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            MarkBean::deserialize(value).ok()?
        }
    };
    let intent = bean.intent.parse().ok()?;
    match (bean.site, bean.user_issue, bean.dev_issue) {
        (Some(site), Some(user), None) => {
            Some(Mark::Created { site: site.parse::<SiteUrl>().ok()?, user_issue: user.parse().ok()?, intent })
        }
        (None, None, Some(dev)) => Some(Mark::Linked { dev_issue: dev.parse().ok()?, intent }),
        _ => None,
    }
}
