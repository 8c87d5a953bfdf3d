//! Fresh reads, one by one and many at once, of issues that moved, are gone, or are hidden.

use serde_json::json;

use super::stage::{DEV, Stage};
use crate::{Action, Flavour};

/// Five issues: untouched, moved, deleted, hidden, and moved and then deleted.
fn fates(flavour: Flavour) -> (Stage, Vec<String>) {
    let stage = Stage::with(|setup| setup.flavour = flavour);
    let keys: Vec<String> = (1..=5).map(|n| stage.ann_reports(&format!("Number {n}"))).collect();
    let ids = keys.iter().map(|key| stage.site.issue(key).unwrap().id).collect();
    for key in ["USER-A-2", "USER-A-5"] {
        stage.ann(Action::MoveToProject { issue: key.into(), project: DEV.into() });
    }
    stage.ann(Action::Delete { issue: "USER-A-3".into() });
    stage.ann(Action::Restrict { issue: "USER-A-4".into(), viewers: Some(vec!["ann".into()]) });
    stage.ann(Action::Delete { issue: "DEV-A-2".into() });
    (stage, ids)
}

#[tokio::test(start_paused = true)]
async fn a_single_read_finds_a_moved_issue_by_all_its_keys_but_no_deleted_one() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let (stage, ids) = fates(flavour);
        for (names, found) in [
            (vec!["USER-A-1", &ids[0]], Some("USER-A-1")),
            (vec!["USER-A-2", "DEV-A-1", "dev-a-1", &ids[1]], Some("DEV-A-1")),
            (vec!["USER-A-3", &ids[2]], None),
            (vec!["USER-A-4", &ids[3]], None),
            (vec!["USER-A-5", "DEV-A-2", &ids[4]], None),
        ] {
            for name in names {
                let reply = stage.get(&format!("issue/{name}?fields=status")).await;
                match found {
                    Some(key) => assert_eq!((reply.status, &reply.json()["key"]), (200, &json!(key)), "{name}"),
                    None => {
                        let why = "Issue does not exist or you do not have permission to see it.";
                        assert_eq!((reply.status, &reply.json()["errorMessages"]), (404, &json!([why])), "{name}");
                    }
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bulk_read_takes_ids_and_keys_and_omits_gone_or_hidden_issues() {
    let (stage, ids) = fates(Flavour::Cloud);
    let mixed = [&ids[4], "DEV-A-1", &ids[3], "USER-A-3", "USER-A-2", &ids[1], "USER-A-1", "NO-7", "1"];
    let ask = json!({"issueIdsOrKeys": mixed, "fields": ["status", "project"], "properties": ["lockstep"]});
    let reply = stage.post("issue/bulkfetch", ask).await;
    assert_eq!(reply.listed("key"), ["USER-A-1", "DEV-A-1"], "each once, by id");
    assert_eq!(reply.listed("id"), ids[..2]);
    let body = reply.json();
    assert_eq!((&body["issueErrors"], &body["issues"][0]["properties"]), (&json!([]), &json!({})));
    assert_eq!(body["issues"][1]["fields"]["project"]["key"], DEV);
}

#[tokio::test(start_paused = true)]
async fn a_read_of_nothing_but_strangers_is_an_empty_answer() {
    let (stage, ids) = fates(Flavour::Cloud);
    let reply = stage.post("issue/bulkfetch", json!({"issueIdsOrKeys": [ids[2], ids[3]]})).await;
    assert_eq!((reply.status, reply.listed("key")), (200, vec![]));
}

#[tokio::test(start_paused = true)]
async fn too_many_or_none_are_refused() {
    let (stage, _) = fates(Flavour::Cloud);
    for names in [vec![], vec!["USER-A-1"; 101]] {
        assert_eq!(stage.post("issue/bulkfetch", json!({"issueIdsOrKeys": names})).await.status, 400);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_hidden_is_found_again_when_it_is_shown() {
    let (stage, ids) = fates(Flavour::Cloud);
    stage.ann(Action::Restrict { issue: "USER-A-4".into(), viewers: None });
    let reply = stage.post("issue/bulkfetch", json!({"issueIdsOrKeys": [ids[3]], "fields": ["status"]})).await;
    assert_eq!(reply.listed("key"), ["USER-A-4"]);
}
