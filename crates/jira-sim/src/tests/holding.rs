//! Requests that are held until somebody releases them.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::stage::{DEV, Stage, new_issue};
use crate::faults::{Effect, Kind, Rule, When};

const ISSUES: &str = "/rest/api/3/issue";

/// A site that holds the first create.
fn holding(effect: Effect) -> Stage {
    let stage = Stage::new();
    stage.site.faults(Rule::on(Method::POST, ISSUES, When::First(1), Kind::Hold { effect }).into());
    stage
}

#[tokio::test(start_paused = true)]
async fn a_held_request_is_answered_after_its_release_and_not_before() {
    for (effect, meanwhile) in [(Effect::Before, 0), (Effect::After, 1)] {
        let stage = holding(effect);
        let release = async {
            stage.site.held(1).await;
            tokio::time::sleep(Duration::from_secs(3600)).await;
            assert_eq!(stage.site.issues(DEV).len(), meanwhile);
            assert_eq!(stage.site.requests()[0].status, None);
            assert_eq!(stage.site.release_all(), 1);
        };
        let (reply, ()) = tokio::join!(stage.post("issue", new_issue(DEV, "One")), release);
        assert_eq!((reply.status, stage.site.issues(DEV).len()), (201, 1));
        assert_eq!(stage.site.holding(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_has_its_effect_though_its_client_has_left() {
    let stage = holding(Effect::Before);
    let request = stage.post("issue", new_issue(DEV, "One"));
    assert!(tokio::time::timeout(Duration::from_secs(9), request).await.is_err());
    let held = stage.site.holding();
    assert_eq!((held.len(), held[0].fault), (1, Some("hold before effect")));
    assert!(stage.site.release(held[0].number));
    assert!(!stage.site.release(held[0].number), "it is gone");
    assert_eq!((stage.site.issues(DEV).len(), stage.site.requests()[0].status), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_request_held_at_the_door_is_judged_as_things_are_at_its_release() {
    let stage = Stage::new();
    let key = stage.ann_reports("One");
    let hold = Kind::Hold { effect: Effect::Before };
    stage.site.faults(Rule::anywhere(When::First(1), hold).into());
    let path = format!("issue/{key}/transitions");
    let meanwhile = async {
        stage.site.held(1).await;
        stage.ann_moves(&key, "Declined");
        stage.site.release_all();
    };
    let (reply, ()) = tokio::join!(stage.post(&path, json!({"transition": {"id": "11"}})), meanwhile);
    assert_eq!(reply.status, 400, "{}", reply.text);
}

#[tokio::test(start_paused = true)]
async fn a_read_held_after_its_look_is_of_the_past_when_it_is_answered() {
    for (effect, status) in [(Effect::Before, "Declined"), (Effect::After, "Open")] {
        let stage = Stage::new();
        let key = stage.ann_reports("One");
        stage.site.faults(Rule::anywhere(When::First(1), Kind::Hold { effect }).into());
        let path = format!("issue/{key}?fields=status");
        let meanwhile = async {
            stage.site.held(1).await;
            stage.ann_moves(&key, "Declined");
            stage.site.release_all();
        };
        let (reply, ()) = tokio::join!(stage.get(&path), meanwhile);
        assert_eq!(reply.json()["fields"]["status"]["name"], status);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_released_one_by_one() {
    let stage = Stage::new();
    stage.site.faults(Rule::anywhere(When::Always, Kind::Hold { effect: Effect::Before }).into());
    let release = async {
        stage.site.held(2).await;
        stage.site.release(1);
        assert_eq!(stage.site.issues(DEV)[0].summary, "Two");
        stage.site.held(1).await;
        stage.site.release_all()
    };
    let (one, two) = (stage.post("issue", new_issue(DEV, "One")), stage.post("issue", new_issue(DEV, "Two")));
    let (one, two, released) = tokio::join!(one, two, release);
    assert_eq!((one.json()["key"].as_str(), two.json()["key"].as_str()), (Some("DEV-A-2"), Some("DEV-A-1")));
    assert_eq!(released, 1);
}
