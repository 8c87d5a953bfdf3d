//! How Jira says no.

use jira_sim::Flavour;
use lockstep::jira::{Error, Fault};

use testing::desk::Desk;
use testing::middle::Canned;
use testing::story::USER_PROJECT;

const JSON: &str = "application/json;charset=UTF-8";
const PROBLEM: &str = "application/problem+json";
const HTML: &str = "text/html;charset=UTF-8";

/// Where an error should lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Throttled,
    Denied,
    NoEndpoint,
    Missing,
    Conflict,
    Invalid,
    Unanswered,
    NotJira,
    Removed,
}

/// Six shapes and no shape at all: each leads somewhere, and what was said in it is told, on one line.
pub async fn every_shape_of_error_leads_where_it_should(flavour: Flavour) {
    let cases = [
        (
            400,
            JSON,
            r#"{"errorMessages":[],"errors":{"summary":"You must specify a summary"}}"#,
            Way::Invalid,
            "summary: You must",
        ),
        (400, JSON, r#"{"errorMessages":["Field 'x' is unknown"]}"#, Way::Invalid, "Field 'x'"),
        (400, JSON, r#"{"errorMessages":["one"],"errors":{"two":"three"}}"#, Way::Invalid, "two: three"),
        (
            404,
            JSON,
            r#"{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}"#,
            Way::Missing,
            "Issue does not exist",
        ),
        (
            404,
            PROBLEM,
            r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"No static resource x."}"#,
            Way::NoEndpoint,
            "No static resource",
        ),
        (405, PROBLEM, r#"{"title":"Method Not Allowed","status":405}"#, Way::Invalid, "Method Not Allowed"),
        (415, PROBLEM, r#"{"title":"Unsupported Media Type","status":415}"#, Way::Invalid, "Unsupported Media Type"),
        (
            401,
            JSON,
            r#"{"code":401,"message":"Unauthorized; scope does not match"}"#,
            Way::Denied,
            "scope does not match",
        ),
        (401, HTML, "<html><head><title>Unauthorized (401)</title></head></html>", Way::Denied, "Unauthorized (401)"),
        (409, JSON, r#"{"errorMessages":["The issue is being transitioned"]}"#, Way::Conflict, "being transitioned"),
        (410, JSON, r#"{"errorMessages":["The requested API has been removed."]}"#, Way::Removed, "has been removed"),
        (429, JSON, r#"{"errorMessages":["Rate limit exceeded."]}"#, Way::Throttled, ""),
        (500, HTML, "<html><body><h1>Oops</h1>\n<p>an error</p></body></html>", Way::Unanswered, "Oops"),
        (502, HTML, "<html><title>Bad Gateway</title></html>", Way::Unanswered, "Bad Gateway"),
        (503, JSON, "", Way::Unanswered, "503"),
        (200, HTML, "<!DOCTYPE html><title>Log in - Jira</title>", Way::NotJira, "Log in"),
        (200, JSON, r#"{"issues": [{"id": "#, Way::NotJira, ""),
    ];
    for (status, kind, body, way, said) in cases {
        let error = asked(flavour, Canned { to: "/comment", status, kind, body: body.to_owned() }).await;
        let case = format!("{status} {body}: {error:?}");
        assert_eq!(way_of(&error.what), Some(way), "{case}");
        let told = error.to_string();
        assert!(told.contains(said), "{case}");
        assert!(!told.contains('\n') && told.len() < 600, "{case}");
        assert!(!told.contains("good-token") && !told.contains('<'), "{case}");
    }
}

/// What becomes of a reading request that is answered so.
async fn asked(flavour: Flavour, canned: Canned) -> Error {
    let mut desk = Desk::new(flavour);
    desk.plot.canned = Some(canned);
    let client = desk.client().await;
    let issue = desk.report(USER_PROJECT, "something");
    client.comments(&issue, client.jira_now()).await.unwrap_err()
}

fn way_of(fault: &Fault) -> Option<Way> {
    Some(match fault {
        Fault::Throttled(_) => Way::Throttled,
        Fault::Denied(_) => Way::Denied,
        Fault::NoEndpoint(_) => Way::NoEndpoint,
        Fault::Missing(_) => Way::Missing,
        Fault::Conflict(_) => Way::Conflict,
        Fault::Invalid(_) => Way::Invalid,
        Fault::Unanswered(_) => Way::Unanswered,
        Fault::NotJira(_) => Way::NotJira,
        Fault::Removed(_) => Way::Removed,
        Fault::Refused(_)
        | Fault::IssueThrottled(_)
        | Fault::Forbidden(_)
        | Fault::TooLarge(_)
        | Fault::NotSent(_)
        | Fault::BlockedByProxy(_)
        | Fault::NotOurs
        | Fault::Stopping
        | Fault::Cancelled => return None,
    })
}
