//! Comments: who may read them, how they change, what is kept with them.

use serde_json::json;

use super::stage::{BOT, Stage, USER, adf, wait};
use crate::{Action, Flavour, Setup, Visibility};

/// Ann is a developer and in the group `staff`; the bot is neither.
fn divided(setup: &mut Setup) {
    for account in setup.accounts.iter_mut().filter(|account| account.id == "ann") {
        account.roles = vec!["Developers".into()];
        account.groups = vec!["staff".into()];
    }
}

fn as_ann(stage: &mut Stage) {
    stage.log_in("ann@x.example:ann-token");
}

#[tokio::test(start_paused = true)]
async fn a_restricted_comment_does_not_exist_for_others() {
    for visibility in [Visibility::Role("Developers".into()), Visibility::Group("staff".into())] {
        let mut stage = Stage::with(divided);
        let key = stage.ann_reports("Broken");
        let (issue, text) = (key.clone(), "secret".into());
        stage.ann(Action::CommentFor { issue, text, visibility: visibility.clone() });
        stage.ann(Action::Comment { issue: key.clone(), text: "open".into() });
        let secret = stage.site.issue(&key).unwrap().comments[0].clone();
        assert_eq!(secret.visibility, Some(visibility));
        let paths = [format!("issue/{key}/comment"), format!("issue/{key}?fields=comment"), format!("issue/{key}")];
        let by_id = [
            ("GET", format!("issue/{key}/comment/{}", secret.id)),
            ("DELETE", format!("issue/{key}/comment/{}", secret.id)),
            ("GET", format!("comment/{}/properties", secret.id)),
        ];
        for path in &paths {
            let shown = stage.get(path).await.text;
            assert!(shown.contains("open") && !shown.contains("secret"), "{path}: {shown}");
            assert!(shown.contains("\"total\":1"), "{path}: {shown}");
        }
        for (method, path) in &by_id {
            assert_eq!(stage.send(method, path, None).await.status, 404, "{method} {path}");
        }
        as_ann(&mut stage);
        for path in &paths {
            assert!(stage.get(path).await.text.contains("secret"), "{path}");
        }
        let shown = stage.get(&by_id[0].1).await.json()["visibility"].clone();
        assert!(shown["type"].is_string() && shown["identifier"].is_string(), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_comment_can_be_restricted_to_ones_own_people_only() {
    let mut stage = Stage::with(divided);
    as_ann(&mut stage);
    let key = stage.create(USER, "Broken").await;
    let path = format!("issue/{key}/comment");
    let staff = json!({"type": "group", "value": "staff"});
    let shown = stage.post(&path, json!({"body": adf("one"), "visibility": staff})).await.json()["visibility"].clone();
    let by_id = json!({"type": "group", "identifier": shown["identifier"]});
    for (visibility, status) in [
        (json!({"type": "role", "value": "Developers"}), 201),
        (by_id, 201),
        (json!(null), 201),
        (json!({"type": "role", "value": "Administrators"}), 400),
        (json!({"type": "role", "value": "staff"}), 400),
        (json!({"type": "group"}), 400),
        (json!({"type": "planet", "value": "staff"}), 400),
    ] {
        let reply = stage.post(&path, json!({"body": adf("two"), "visibility": visibility})).await;
        assert_eq!(reply.status, status, "{visibility}: {}", reply.text);
    }
    let edit = json!({"update": {"comment": [{"add": {"body": adf("three"), "visibility": staff}}]}});
    assert_eq!(stage.put(&format!("issue/{key}"), edit).await.status, 204);
    let restricted = stage.site.issue(&key).unwrap().comments.into_iter().map(|it| it.visibility.is_some());
    assert_eq!(restricted.collect::<Vec<_>>(), [true, true, true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn an_edited_comment_keeps_what_the_edit_does_not_name() {
    let mut stage = Stage::with(divided);
    as_ann(&mut stage);
    let key = stage.create(USER, "Broken").await;
    let staff = json!({"type": "group", "value": "staff"});
    let properties = json!([{"key": "a", "value": 1}]);
    let body = json!({"body": adf("one"), "visibility": staff, "properties": properties});
    let id = stage.post(&format!("issue/{key}/comment"), body).await.json()["id"].as_str().unwrap().to_owned();
    wait(60).await;
    let path = format!("issue/{key}/comment/{id}");
    let shown =
        stage.put(&format!("{path}?expand=properties,renderedBody"), json!({"body": adf("<two>")})).await.json();
    assert_eq!((&shown["body"], &shown["renderedBody"]), (&adf("<two>"), &json!("<p>&lt;two&gt;</p>")));
    assert_eq!((&shown["properties"], &shown["visibility"]["value"]), (&properties, &json!("staff")));
    let truth = stage.site.issue(&key).unwrap();
    assert_eq!((truth.updated - truth.created).num_seconds(), 60);
    assert_eq!((truth.comments[0].updated, truth.comments[0].text.as_str()), (truth.updated, "<two>"));
    assert_eq!(truth.comments[0].created, truth.created);
    assert_eq!(stage.put(&path, json!({"body": adf("three"), "visibility": null})).await.status, 200);
    assert_eq!(stage.site.issue(&key).unwrap().comments[0].visibility, None);
    assert_eq!(stage.put(&path, json!({"body": "plain"})).await.status, 400);
    assert_eq!(stage.send("DELETE", &path, None).await.status, 204);
    assert_eq!(stage.put(&path, json!({"body": adf("four")})).await.status, 404);
    assert!(stage.site.issue(&key).unwrap().comments.is_empty());
}

#[tokio::test(start_paused = true)]
async fn people_edit_and_delete_comments() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let issue = stage.ann_reports("Broken");
        stage.ann(Action::Comment { issue: issue.clone(), text: "one".into() });
        let comment = stage.site.issue(&issue).unwrap().comments[0].id.clone();
        stage.ann(Action::EditComment { issue: issue.clone(), comment: comment.clone(), text: "two".into() });
        assert_eq!(stage.site.issue(&issue).unwrap().comments[0].text, "two");
        let delete = || Action::DeleteComment { issue: issue.clone(), comment: comment.clone() };
        stage.ann(delete());
        assert_eq!(
            stage.site.act("Ann", delete()).unwrap_err().to_string(),
            format!("the issue has no comment {comment}")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn comments_come_in_pages_of_the_size_that_each_kind_of_jira_has() {
    for (flavour, largest) in [(Flavour::Cloud, 100), (Flavour::DataCenter, 50)] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let issue = stage.ann_reports("Broken");
        for n in 0..120 {
            stage.ann(Action::Comment { issue: issue.clone(), text: n.to_string() });
        }
        let path = format!("issue/{issue}/comment");
        for query in ["", "?maxResults=5000"] {
            let page = stage.get(&format!("{path}{query}")).await.json();
            assert_eq!(page["comments"].as_array().unwrap().len(), largest);
            assert_eq!((&page["total"], &page["maxResults"]), (&json!(120), &json!(largest)));
        }
        let last = stage.get(&format!("{path}?startAt=119")).await.json();
        let newest = stage.get(&format!("{path}?maxResults=1&orderBy=-created")).await.json();
        assert_eq!(last["comments"], newest["comments"]);
        assert_eq!(stage.get(&format!("{path}?orderBy=author")).await.status, 400);
    }
}

#[tokio::test(start_paused = true)]
async fn properties_of_a_comment_are_kept_by_its_id() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    let body = json!({"body": adf("one"), "properties": [{"key": "a", "value": 1}]});
    let shown = stage.post(&format!("issue/{key}/comment"), body).await.json();
    assert_eq!(shown["author"]["accountId"], BOT);
    let path = format!("comment/{}/properties", shown["id"].as_str().unwrap());
    assert_eq!(stage.put(&format!("{path}/a"), json!(2)).await.status, 200);
    assert_eq!(stage.put(&format!("{path}/b"), json!(3)).await.status, 201);
    assert_eq!(stage.get(&format!("{path}/a")).await.json(), json!({"key": "a", "value": 2}));
    let keys = stage.get(&path).await.json();
    assert_eq!((&keys["keys"][0]["key"], &keys["keys"][1]["key"]), (&json!("a"), &json!("b")));
    assert_eq!(stage.send("DELETE", &format!("{path}/a"), None).await.status, 204);
    assert_eq!(stage.send("DELETE", &format!("{path}/a"), None).await.status, 404);
    for (path, status) in [("comment/1/properties", 404), ("comment/x/properties", 400)] {
        assert_eq!(stage.get(path).await.status, status);
    }
    assert_eq!(stage.site.issue(&key).unwrap().comments[0].properties.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn comments_in_which_there_is_nothing_to_see_are_refused() {
    let document = |content: serde_json::Value| json!({"type": "doc", "version": 1, "content": content});
    let cloud = [
        document(json!([])),
        document(json!([{"type": "paragraph", "content": []}])),
        document(json!([{"type": "paragraph", "content": [{"type": "text", "text": " \u{a0}"}]}])),
    ];
    let data_center = ["", " ", "\n", "\u{a0}\t"].map(|text| json!(text));
    for (flavour, bodies) in [(Flavour::Cloud, cloud.to_vec()), (Flavour::DataCenter, data_center.to_vec())] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let issue = stage.ann_reports("Broken");
        for body in bodies {
            let alone = stage.post(&format!("issue/{issue}/comment"), json!({"body": body})).await;
            let edit = json!({"update": {"comment": [{"add": {"body": body}}]}});
            let within = stage.put(&format!("issue/{issue}"), edit).await;
            for refused in [alone, within] {
                assert_eq!(refused.status, 400, "{flavour:?} {body}");
                assert_eq!(refused.json()["errors"]["comment"], "Comment body can not be empty!");
            }
        }
        assert_eq!(stage.site.issue(&issue).unwrap().comments, []);
    }
}
