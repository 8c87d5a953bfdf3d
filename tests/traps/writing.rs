//! Writes, and what may be done when it is unknown whether they happened.

use std::time::Duration;

use http::{Method, StatusCode};
use jira_sim::faults::{self, Garbage, Kind, LateReply, Rule, When};
use jira_sim::workflow::{Category, Status, Transition};
use jira_sim::{FaultPlan, Flavour, Screen, Workflow};
use lockstep::flow::{IssueId, Mark, StatusName};
use lockstep::jira::{Client, Effect, Error, Fault, FieldValue, Fields, NewIssue, Offer};

use testing::desk::{Desk, dev_project};
use testing::story::{InJira as _, USER_PROJECT};

/// Longer than any late effect below.
const MUCH_LATER: Duration = Duration::from_secs(300);

/// Whatever hides the outcome of a write: it was sent once, and its effect is there once or not at all.
pub async fn a_create_or_comment_in_doubt_is_never_repeated(flavour: Flavour) {
    let late = |reply| Kind::LateEffect { from: Duration::from_secs(50), to: Duration::from_secs(60), reply };
    let server_error = |status, effect| Kind::ServerError { status, effect };
    let kinds = [
        (server_error(StatusCode::INTERNAL_SERVER_ERROR, faults::Effect::After), 1),
        (server_error(StatusCode::BAD_GATEWAY, faults::Effect::After), 1),
        (server_error(StatusCode::GATEWAY_TIMEOUT, faults::Effect::Before), 0),
        (Kind::LostReply, 1),
        (Kind::Stall { effect: jira_sim::faults::Effect::After }, 1),
        (Kind::Stall { effect: jira_sim::faults::Effect::Before }, 0),
        (late(LateReply::Unavailable), 1),
        (late(LateReply::Broken), 1),
        (Kind::Garbage(Garbage::TruncatedJson), 1),
        (Kind::Garbage(Garbage::LoginPage), 0),
    ];
    for (kind, happened) in kinds {
        let desk = Desk::new(flavour);
        let client = desk.client().await;
        let issue = desk.report(USER_PROJECT, "something");
        desk.site.faults(FaultPlan { rules: vec![all_posts(kind.clone())] });

        assert_in_doubt(&kind, create(&client, &issue).await);
        let commented = client.comment(&issue, &client.plain("said"), &"intent-1".parse().unwrap()).await;
        // Of a comment no more is needed than 201, however the rest of the answer looks.
        if !matches!(kind, Kind::Garbage(Garbage::TruncatedJson)) {
            assert_in_doubt(&kind, commented);
        }

        desk.clock.sleep(MUCH_LATER).await;
        assert_eq!(desk.dev_count(), happened, "{kind:?}");
        assert_eq!(desk.site.issue(issue.as_str()).unwrap().comments.len(), happened, "{kind:?}");
    }
}

/// The transition called *Done* leads to Waiting, and only one way out asks for a resolution: what counts is where a
/// transition leads, what its screen has, and what is offered at this moment.
pub async fn a_transition_is_chosen_by_where_it_leads(flavour: Flavour) {
    for told in [true, false] {
        let desk = Desk::built(flavour, |setup| {
            setup.projects[0].workflow = misleading();
            setup.under_reported_fields = !told;
        });
        let client = desk.client().await;
        let issue = desk.report(USER_PROJECT, "something");
        let status = || desk.site.issue(issue.as_str()).unwrap().status;

        let finish = offer(&client, &issue, "Done").await;
        assert_eq!(
            (finish.name.as_str(), finish.to.as_ref().unwrap().name.as_str(), finish.is_done),
            ("Finish", "Done", true)
        );
        let required = client.screen(&issue, &finish).await.unwrap().into_iter().filter(|field| field.must_be_set);
        assert_eq!(required.map(|field| field.id).collect::<Vec<_>>(), if told { vec!["resolution"] } else { vec![] });

        let without = client.transition(&issue, &finish, &Fields::new()).await.unwrap_err();
        assert!(
            matches!(&without.what, Fault::Invalid(said) if said.to_lowercase().contains("resolution")),
            "{without}"
        );
        assert_eq!(status(), "Open", "refused is not done");

        let resolution = Fields::from([("resolution".to_owned(), FieldValue::named("Done"))]);
        let waits = offer(&client, &issue, "Waiting").await;
        let unwanted = client.transition(&issue, &waits, &resolution).await.unwrap_err();
        assert!(matches!(&unwanted.what, Fault::Invalid(_)), "its screen has no resolution: {unwanted}");

        client.transition(&issue, &finish, &resolution).await.unwrap();
        assert_eq!(status(), "Done");
        // Remembered, and no longer offered; or remembered from a workflow that is gone, at which Data Center breaks down.
        let stale = client.transition(&issue, &waits, &Fields::new()).await.unwrap_err();
        assert_eq!(stale.effect(), Effect::Never, "{stale}");
        let gone = Offer { id: "9999".to_owned(), ..waits };
        let strange = client.transition(&issue, &gone, &Fields::new()).await.unwrap_err();
        let effect = match flavour {
            Flavour::Cloud => Effect::Never,
            Flavour::DataCenter => Effect::Unknown,
        };
        assert_eq!(strange.effect(), effect, "{strange}");
        assert_eq!(status(), "Done");
    }
}

fn misleading() -> Workflow {
    let statuses = [
        Status::new("1", "Open", Category::New),
        Status::new("2", "Waiting", Category::Indeterminate),
        Status::new("3", "Done", Category::Done),
    ];
    Workflow::new(statuses)
        .with(Transition::to("Done", "Waiting").from(&["Open"]))
        .with(Transition::to("Finish", "Done").from(&["Open"]).screen(Screen::of(&["resolution!"])))
}

async fn offer(client: &Client, issue: &IssueId, to: &str) -> Offer {
    client.standing(issue).await.unwrap().offers_to(&StatusName::new(to))[0].clone()
}

async fn create(client: &Client, user_issue: &IssueId) -> Result<(), Error> {
    let mark = Mark::Created {
        site: client.site().own().clone(),
        user_issue: user_issue.clone(),
        intent: "intent-1".parse().unwrap(),
    };
    let project = dev_project();
    let new = NewIssue {
        project: &project,
        summary: "made",
        description: None,
        issue_type: &client.issue_types(&project).await?[0],
        link: None,
        room: client.text_limit(),
        mark,
        fields: Fields::new(),
    };
    client.create(&new).await.map(|_| ())
}

fn all_posts(kind: Kind) -> Rule {
    Rule { method: Some(Method::POST), ..Rule::anywhere(When::Always, kind) }
}

#[track_caller]
fn assert_in_doubt(kind: &Kind, end: Result<(), Error>) {
    let error = end.expect_err("it is unknown");
    assert_eq!(error.effect(), Effect::Unknown, "{kind:?}: {error}");
}
