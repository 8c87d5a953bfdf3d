//! The checker finds what the daemon did twice, and takes nothing for a repetition that people gave reason to.

use serde_json::json;

use super::stage::{BOT, DEV, Stage, USER, wait};
use crate::check::{Disagreement, Expectation, repetitions};
use crate::{Action, FileContent};

/// A user issue and the dev issue marked as made for it.
async fn pair() -> (Stage, String, String) {
    let stage = Stage::new();
    let user = stage.ann_reports("One");
    let dev = stage.create(DEV, "Copy").await;
    let value = json!({"userIssue": stage.site.issue(&user).unwrap().id});
    stage.ann(Action::SetProperty { issue: dev.clone(), key: "lockstep".into(), value });
    (stage, user, dev)
}

fn found(stage: &Stage) -> Vec<String> {
    let expected = Expectation {
        user_project: USER.into(),
        dev_project: DEV.into(),
        bot_account: BOT.into(),
        create_on: "Will Do".into(),
        mirrors: Vec::new(),
        mark_property: "lockstep".into(),
        watched_since: None,
    };
    repetitions(&stage.site, &expected).iter().map(Disagreement::to_string).collect()
}

/// Attaches `log.txt`, with the content of this seed.
fn attach(stage: &Stage, who: &str, issue: &str, seed: u64) {
    let content = FileContent::Made { size: 5, seed };
    stage.site.act(who, Action::Attach { issue: issue.into(), filename: "log.txt".into(), content }).unwrap();
}

async fn says(stage: &Stage, who: &str, issue: &str) {
    wait(1).await;
    stage.site.act(who, Action::Comment { issue: issue.into(), text: "Fixed in DEV-A-1".into() }).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_file_may_be_copied_as_often_as_it_was_attached() {
    let (stage, user, dev) = pair().await;
    for seed in [1, 1, 2] {
        attach(&stage, "Ann", &user, seed);
        attach(&stage, BOT, &dev, seed);
    }
    attach(&stage, "Ann", &dev, 1);
    assert_eq!(found(&stage), [""; 0], "and what people attach to the dev issue is their business");
    attach(&stage, BOT, &dev, 2);
    assert_eq!(found(&stage), ["DEV-A-1 has 2 copies of log.txt by the daemon, for 1 originals"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_removed_had_its_copy_all_the_same() {
    let (stage, user, dev) = pair().await;
    attach(&stage, "Ann", &user, 1);
    attach(&stage, BOT, &dev, 1);
    let attachment = stage.site.issue(&user).unwrap().attachments[0].id.clone();
    stage.ann(Action::Detach { issue: user, attachment });
    assert_eq!(found(&stage), [""; 0]);
    attach(&stage, BOT, &dev, 1);
    assert_eq!(found(&stage), ["DEV-A-1 has 2 copies of log.txt by the daemon, for 1 originals"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_words_need_a_change_or_a_word_between_them() {
    let (stage, user, dev) = pair().await;
    says(&stage, BOT, &user).await;
    stage.ann_moves(&dev, "Closed");
    says(&stage, BOT, &user).await;
    wait(1).await;
    stage.ann_moves(&user, "Resolved");
    says(&stage, BOT, &user).await;
    stage.ann(Action::Comment { issue: user.clone(), text: "Thanks".into() });
    says(&stage, BOT, &user).await;
    stage.ann(Action::Label { issue: user.clone(), labels: vec!["red".into()] });
    assert_eq!(found(&stage), [""; 0]);
    says(&stage, BOT, &user).await;
    assert_eq!(found(&stage), ["the daemon said twice in a row on USER-A-1: Fixed in DEV-A-1"]);
}

#[tokio::test(start_paused = true)]
async fn people_may_repeat_themselves() {
    let (stage, user, _) = pair().await;
    for who in ["Ann", "Ann", BOT] {
        says(&stage, who, &user).await;
    }
    assert_eq!(found(&stage), [""; 0]);
}
