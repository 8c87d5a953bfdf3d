//! What the client asks of either kind of Jira, and how it takes the answers of their documents.

mod failing;
mod fields;
mod finding;
mod looking;
mod writing;

use serde_json::{Value, json};

use crate::flow::{Issue, IssueId, Mark};

/// What a fresh read asks for.
const FRESH: [&str; 10] = [
    "project",
    "summary",
    "description",
    "status",
    "created",
    "updated",
    "issuetype",
    "attachment",
    "issuelinks",
    "resolution",
];

fn id(text: &str) -> IssueId {
    text.parse().unwrap()
}

/// An issue as Jira answers it, standing in `status`.
fn issue(id: &str, key: &str, status: &str) -> Value {
    json!({
        "id": id, "key": key,
        "fields": {
            "project": {"id": "10000", "key": "ED"},
            "summary": "My first example issue", "issuetype": {"name": "Bug"},
            "status": {"id": status, "name": format!("Status {status}")},
            "created": "2024-11-29T10:00:00.000-0800", "updated": "2024-11-29T10:44:51.887-0800",
        },
        "changelog": {"startAt": 0, "maxResults": 1, "total": 0, "histories": []},
    })
}

fn created_mark(intent: &str) -> Mark {
    Mark::Created {
        site: "https://a.example.net".parse().unwrap(),
        user_issue: id("10001"),
        intent: intent.parse().unwrap(),
    }
}

/// The value of the property that is [`created_mark`].
fn mark_value(intent: &str) -> Value {
    json!({"site": "https://a.example.net", "userIssue": "10001", "intent": intent})
}

fn keys(issues: &[Issue]) -> Vec<&str> {
    issues.iter().map(|issue| issue.at.key.as_str()).collect()
}
