//! Writes, and what may be done when nobody knows whether they happened.

use std::time::Duration;

use http::{Method, StatusCode};
use lockstep::flow::{IssueId, Mark};
use lockstep::jira::{Client, Effect, Error, NewIssue};
use lockstep::sim::faults::{self, Garbage, Kind, LateReply, Rule, When};
use lockstep::sim::{FaultPlan, Flavour};

use crate::desk::{DEV, Desk, USER, dev_project};

/// Longer than any late effect below.
const MUCH_LATER: Duration = Duration::from_secs(300);

/// Whatever hides the outcome of a write: it was sent once, and its effect is there once or not at all.
pub async fn a_create_or_comment_in_doubt_is_never_repeated(flavour: Flavour) {
    let late = |reply| Kind::LateEffect { after: Duration::from_secs(50)..=Duration::from_secs(60), reply };
    let server_error = |status, effect| Kind::ServerError { status, effect };
    let kinds = [
        (server_error(StatusCode::INTERNAL_SERVER_ERROR, faults::Effect::After), 1),
        (server_error(StatusCode::BAD_GATEWAY, faults::Effect::After), 1),
        (server_error(StatusCode::GATEWAY_TIMEOUT, faults::Effect::Before), 0),
        (Kind::LostReply, 1),
        (Kind::Stall { effect: true }, 1),
        (Kind::Stall { effect: false }, 0),
        (late(LateReply::Unavailable), 1),
        (late(LateReply::Broken), 1),
        (Kind::Garbage(Garbage::TruncatedJson), 1),
        (Kind::Garbage(Garbage::LoginPage), 0),
    ];
    for (kind, happened) in kinds {
        let desk = Desk::new(flavour);
        let client = desk.client().await;
        let issue = desk.report(USER, "something");
        desk.site.faults(FaultPlan { rules: vec![all_posts(kind.clone())] });

        assert_in_doubt(&kind, create(&client, &issue).await);
        assert_in_doubt(&kind, client.comment(&issue, "said", &"intent-1".parse().unwrap()).await);

        desk.clock.sleep(MUCH_LATER).await;
        assert_eq!(desk.site.issues(DEV).len(), happened, "{kind:?}");
        assert_eq!(desk.site.issue(issue.as_str()).unwrap().comments.len(), happened, "{kind:?}");
    }
}

async fn create(client: &Client, user_issue: &IssueId) -> Result<(), Error> {
    let mark = Mark::Created {
        site: client.site().clone(),
        user_issue: user_issue.clone(),
        intent: "intent-1".parse().unwrap(),
    };
    let project = dev_project();
    let new = NewIssue { project: &project, summary: "made", description: None, issue_type: "Bug", link: None, mark };
    client.create(&new).await.map(|_| ())
}

fn all_posts(kind: Kind) -> Rule {
    Rule { target: faults::Target { method: Some(Method::POST), path: None }, when: When::First(99), kind }
}

#[track_caller]
fn assert_in_doubt(kind: &Kind, end: Result<(), Error>) {
    let error = end.expect_err("nobody can know");
    assert_eq!(error.effect(), Effect::Unknown, "{kind:?}: {error}");
}
