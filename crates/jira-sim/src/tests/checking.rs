//! The checker finds each kind of disagreement, and nothing where all is well.

use serde_json::{Value, json};

use super::stage::{BOT, DEV, Stage, USER, adf, wait};
use crate::Action;
use crate::check::{Disagreement, Expectation, Mirror, Side, Unlinked, agree};

fn mirror(from: Side, status: &str, to_status: &str) -> Mirror {
    Mirror { from, status: status.into(), to_status: to_status.into() }
}

fn expectation() -> Expectation {
    Expectation {
        user_project: USER.into(),
        dev_project: DEV.into(),
        bot_account: BOT.into(),
        create_on: "Will Do".into(),
        mirrors: vec![
            mirror(Side::Dev, "Closed", "Resolved"),
            mirror(Side::User, "Reopened", "Reopened"),
            mirror(Side::User, "Closed", "Closed"),
        ],
        mark_property: "lockstep".into(),
        watched_since: None,
    }
}

fn found(stage: &Stage) -> Vec<String> {
    agree(&stage.site, &expectation()).iter().map(Disagreement::to_string).collect()
}

/// What the daemon is supposed to do, done by hand.
struct Daemon<'a>(&'a Stage);

impl Daemon<'_> {
    async fn create(&self, user: &str) -> String {
        let dev = self.create_marked(user, json!([{"key": "lockstep", "value": {"userIssue": self.id(user)}}])).await;
        self.link(user, &dev).await;
        dev
    }

    async fn create_marked(&self, user: &str, properties: Value) -> String {
        let fields = json!({
            "project": {"key": DEV}, "issuetype": {"name": "Bug"}, "summary": "Copy",
            "description": adf(&format!("User Link: https://jira.example.net/browse/{user}")),
        });
        let reply = self.0.post("issue", json!({"fields": fields, "properties": properties})).await;
        reply.json()["key"].as_str().unwrap().into()
    }

    async fn link(&self, user: &str, dev: &str) {
        let edit = json!({
            "fields": {"description": adf(&format!("Dev Link: https://jira.example.net/browse/{dev}"))},
            "update": {"comment": [{"add": {"body": adf(&format!("Dev issue: {dev}"))}}]},
            "properties": [{"key": "lockstep", "value": {"devIssue": self.id(dev)}}],
        });
        assert_eq!(self.0.put(&format!("issue/{user}"), edit).await.status, 204);
    }

    fn moves(&self, issue: &str, status: &str) {
        self.0.site.act(BOT, Action::Move { issue: issue.into(), status: status.into() }).unwrap();
    }

    fn comments(&self, issue: &str, text: &str) {
        self.0.site.act(BOT, Action::Comment { issue: issue.into(), text: text.into() }).unwrap();
    }

    fn id(&self, key: &str) -> String {
        self.0.site.issue(key).unwrap().id
    }
}

/// A pair as it should be, with a while gone by since.
async fn pair(stage: &Stage) -> (String, String) {
    let user = stage.ann_reports("One");
    stage.ann_moves(&user, "Will Do");
    wait(10).await;
    let dev = Daemon(stage).create(&user).await;
    wait(10).await;
    (user, dev)
}

#[tokio::test(start_paused = true)]
async fn a_whole_story_in_step_is_no_disagreement() {
    let stage = Stage::new();
    let (user, dev) = pair(&stage).await;
    assert_eq!(found(&stage), [] as [&str; 0]);
    stage.ann_moves(&dev, "In Progress");
    wait(10).await;
    stage.ann_moves(&dev, "Closed");
    wait(10).await;
    Daemon(&stage).moves(&user, "Resolved");
    Daemon(&stage).comments(&user, &format!("Fixed in {dev}"));
    wait(10).await;
    stage.ann_moves(&user, "Reopened");
    wait(10).await;
    Daemon(&stage).moves(&dev, "Reopened");
    wait(10).await;
    stage.ann_moves(&dev, "In Progress");
    assert_eq!(found(&stage), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn twins_are_named_together() {
    let stage = Stage::new();
    let (user, _) = pair(&stage).await;
    Daemon(&stage)
        .create_marked(&user, json!([{"key": "lockstep", "value": {"userIssue": Daemon(&stage).id(&user)}}]))
        .await;
    assert_eq!(found(&stage), ["USER-A-1 has several dev issues: DEV-A-1, DEV-A-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_dev_issue_of_the_daemon_must_carry_a_mark() {
    let stage = Stage::new();
    Daemon(&stage).create_marked("USER-A-1", json!([])).await;
    stage.ann(Action::Create { project: DEV.into(), summary: "A person's own".into(), text: String::new() });
    assert_eq!(found(&stage), ["DEV-A-1 was made by the daemon and carries no mark"]);
}

#[tokio::test(start_paused = true)]
async fn a_wish_counts_even_if_the_issue_moved_on() {
    let stage = Stage::new();
    let user = stage.ann_reports("One");
    stage.ann_reports("Nobody wants this one");
    wait(10).await;
    stage.ann_moves(&user, "Will Do");
    wait(10).await;
    stage.ann_moves(&user, "Declined");
    assert_eq!(found(&stage), ["USER-A-1 should have a dev issue and has none"]);
    let later = Some(super::stage::dawn() + chrono::Duration::seconds(15));
    assert_eq!(agree(&stage.site, &Expectation { watched_since: later, ..expectation() }), []);
}

#[tokio::test(start_paused = true)]
async fn a_dev_issue_that_people_deleted_is_not_missed() {
    let stage = Stage::new();
    let (_, dev) = pair(&stage).await;
    stage.ann(Action::Delete { issue: dev });
    assert_eq!(found(&stage), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_dev_issue_of_a_ticket_that_no_rule_accepted_is_found() {
    let stage = Stage::new();
    let user = stage.ann_reports("One");
    Daemon(&stage).create(&user).await;
    assert_eq!(found(&stage), ["DEV-A-1 was made for USER-A-1, and nobody asked for it"]);
}

#[tokio::test(start_paused = true)]
async fn a_mark_must_name_a_user_issue_that_is_or_was() {
    let stage = Stage::new();
    let (user, _) = pair(&stage).await;
    stage.ann(Action::Delete { issue: user });
    assert_eq!(found(&stage), [] as [&str; 0]);
    Daemon(&stage).create_marked("X-1", json!([{"key": "lockstep", "value": {"userIssue": "77"}}])).await;
    assert_eq!(found(&stage), ["DEV-A-2 was made for 77, and nobody asked for it"]);
}

#[tokio::test(start_paused = true)]
async fn each_part_of_the_link_is_missed() {
    let stage = Stage::new();
    let (user, dev) = pair(&stage).await;
    let (user, dev) = (user.as_str(), dev.as_str());
    let describe = |issue: &str, text: String| stage.ann(Action::Describe { issue: issue.into(), text });
    describe(user, format!("Dev Link: https://x/browse/{dev}\nDev Link: https://x/browse/{dev}"));
    describe(dev, "User Link: https://x/browse/USER-A-11".into());
    let wrong_mark =
        Action::SetProperty { issue: user.into(), key: "lockstep".into(), value: json!({"devIssue": "1"}) };
    stage.ann(wrong_mark);
    Daemon(&stage).comments(user, &format!("Dev issue: {dev}"));
    let unlinked = |why| Disagreement::Unlinked { user: user.into(), dev: dev.into(), why };
    assert_eq!(
        agree(&stage.site, &expectation()),
        [
            unlinked(Unlinked::Mark),
            unlinked(Unlinked::DevLinks(2)),
            unlinked(Unlinked::UserLinks(0)),
            unlinked(Unlinked::Comments(2)),
            Disagreement::Chatter { on: user.into(), comments: 2, reasons: 1 },
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_did_not_arrive_is_out_of_step() {
    let stage = Stage::new();
    let (user, dev) = pair(&stage).await;
    stage.ann_moves(&dev, "Closed");
    assert_eq!(found(&stage), ["people moved DEV-A-1 to Closed, so USER-A-1 should be Resolved but is Will Do"]);
    wait(10).await;
    stage.ann_moves(&user, "In Progress");
    assert_eq!(found(&stage), [] as [&str; 0], "people went on to a status that no mirror names");
}

#[tokio::test(start_paused = true)]
async fn a_named_status_from_before_the_dev_issue_demands_nothing() {
    let stage = Stage::new();
    let user = stage.ann_reports("One");
    for status in ["Will Do", "Resolved", "Reopened"] {
        stage.ann_moves(&user, status);
        wait(10).await;
    }
    Daemon(&stage).create(&user).await;
    assert_eq!(found(&stage), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_echo_is_a_move_without_a_reason() {
    let stage = Stage::new();
    let (user, dev) = pair(&stage).await;
    stage.ann_moves(&dev, "Closed");
    wait(10).await;
    Daemon(&stage).moves(&user, "Resolved");
    Daemon(&stage).moves(&dev, "Reopened");
    assert_eq!(found(&stage), ["DEV-A-1 was moved to Reopened 1 times by the daemon, for 0 reasons"]);
}

#[tokio::test(start_paused = true)]
async fn comments_need_reasons_too() {
    let stage = Stage::new();
    let (user, _) = pair(&stage).await;
    Daemon(&stage).comments(&user, "Still working on it");
    assert_eq!(found(&stage), ["USER-A-1 has 2 comments by the daemon, for 1 reasons"]);
}
