//! What the changelog tells of a change, wherever it is read.

use serde_json::{Value, json};

use super::stage::{Stage, adf, wait};
use crate::{Action, FileContent, Flavour};

const FLAVOURS: [Flavour; 2] = [Flavour::Cloud, Flavour::DataCenter];

fn stage(flavour: Flavour) -> Stage {
    Stage::with(|setup| setup.flavour = flavour)
}

/// The items of the latest entry, as `expand=changelog` shows them.
async fn latest(stage: &Stage, issue: &str) -> Value {
    let shown = stage.get(&format!("issue/{issue}?expand=changelog")).await.json();
    let histories = shown["changelog"]["histories"].as_array().unwrap().clone();
    let newest = histories.iter().max_by_key(|it| it["id"].as_str().unwrap().parse::<u64>().unwrap());
    newest.unwrap()["items"].clone()
}

/// What Jira says of one changed field; `fieldId` only on Cloud.
fn item(flavour: Flavour, field: &str, id: &str, from: [Value; 2], to: [Value; 2]) -> Value {
    let ([from, from_text], [to, to_text]) = (from, to);
    let mut item = json!({
        "field": field, "fieldtype": "jira", "fieldId": id, "from": from, "fromString": from_text, "to": to,
        "toString": to_text,
    });
    if flavour == Flavour::DataCenter {
        item.as_object_mut().unwrap().remove("fieldId");
    }
    json!([item])
}

#[tokio::test(start_paused = true)]
async fn texts_are_told_as_wiki_markup_without_ids() {
    for flavour in FLAVOURS {
        let stage = stage(flavour);
        let issue = stage.ann_reports("Broken");
        let strong = json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [
            {"type": "text", "text": "Very", "marks": [{"type": "strong"}]}, {"type": "text", "text": " much"},
        ]}]});
        let text = if flavour == Flavour::Cloud { strong } else { json!("*Very* much") };
        for (set, from, to) in
            [(text, json!("It hurts."), json!("*Very* much")), (Value::Null, json!("*Very* much"), Value::Null)]
        {
            let reply = stage.put(&format!("issue/{issue}"), json!({"fields": {"description": set}})).await;
            assert_eq!(reply.status, 204, "{}", reply.text);
            let told = item(flavour, "description", "description", [Value::Null, from], [Value::Null, to]);
            assert_eq!(latest(&stage, &issue).await, told);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lines_labels_and_files_are_told_as_jira_tells_them() {
    for flavour in FLAVOURS {
        let stage = stage(flavour);
        let issue = stage.ann_reports("Broken");
        stage.ann(Action::Rename { issue: issue.clone(), summary: "Mended".into() });
        let told = item(flavour, "summary", "summary", [Value::Null, json!("Broken")], [Value::Null, json!("Mended")]);
        assert_eq!(latest(&stage, &issue).await, told);

        stage.ann(Action::Label { issue: issue.clone(), labels: vec!["red".into(), "blue".into()] });
        let told = item(flavour, "labels", "labels", [Value::Null, json!("")], [Value::Null, json!("red blue")]);
        assert_eq!(latest(&stage, &issue).await, told);

        let content = FileContent::Made { size: 5, seed: 1 };
        stage.ann(Action::Attach { issue: issue.clone(), filename: "log.txt".into(), content });
        let id = stage.site.issue(&issue).unwrap().attachments[0].id.clone();
        let (none, file) = ([Value::Null, Value::Null], [json!(id), json!("log.txt")]);
        let told = item(flavour, "Attachment", "attachment", none.clone(), file.clone());
        assert_eq!(latest(&stage, &issue).await, told);
        stage.ann(Action::Detach { issue: issue.clone(), attachment: id });
        assert_eq!(latest(&stage, &issue).await, item(flavour, "Attachment", "attachment", file, none));
    }
}

#[tokio::test(start_paused = true)]
async fn what_changed_nothing_is_not_told() {
    let stage = stage(Flavour::Cloud);
    let issue = stage.ann_reports("Broken");
    let same = json!({"fields": {"summary": "Broken", "description": adf("It hurts."), "labels": []}});
    assert_eq!(stage.put(&format!("issue/{issue}"), same).await.status, 204);
    assert_eq!(stage.site.issue(&issue).unwrap().history, []);
}

#[tokio::test(start_paused = true)]
async fn many_changelogs_at_once_are_filtered_by_field() {
    let stage = stage(Flavour::Cloud);
    let (one, two) = (stage.ann_reports("One"), stage.ann_reports("Two"));
    let id = |key: &str| stage.site.issue(key).unwrap().id;
    for issue in [&one, &two] {
        stage.ann(Action::Describe { issue: issue.clone(), text: "It hurts more.".into() });
        wait(1).await;
        let content = FileContent::Made { size: 5, seed: 1 };
        stage.ann(Action::Attach { issue: issue.clone(), filename: "log.txt".into(), content });
        stage.ann_moves(issue, "Will Do");
    }
    for (fields, told) in [
        (json!(["description"]), vec!["description"]),
        (json!(["attachment", "status"]), vec!["Attachment", "status"]),
        (json!(["labels"]), vec![]),
        (json!([]), vec!["description", "Attachment", "status"]),
    ] {
        let ask = json!({"issueIdsOrKeys": [id(&two), one, "USER-A-9"], "fieldIds": fields});
        let logs = stage.post("changelog/bulkfetch", ask).await.json()["issueChangeLogs"].clone();
        let logs = logs.as_array().unwrap();
        assert_eq!(logs.len(), if told.is_empty() { 0 } else { 2 }, "{fields}");
        for log in logs {
            let histories = log["changeHistories"].as_array().unwrap();
            let all: Vec<_> = histories.iter().map(|it| it["items"][0]["field"].as_str().unwrap()).collect();
            assert_eq!(all, told, "{fields}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bulk_answer_tells_an_entry_as_a_single_one_does() {
    let stage = stage(Flavour::Cloud);
    let issue = stage.ann_reports("One");
    stage.ann(Action::Describe { issue: issue.clone(), text: "It hurts more.".into() });
    let ask = json!({"issueIdsOrKeys": [issue], "fieldIds": ["description"]});
    let log = stage.post("changelog/bulkfetch", ask).await.json()["issueChangeLogs"][0].clone();
    assert_eq!(log["changeHistories"][0]["items"], latest(&stage, &issue).await);
    assert_eq!(log["issueId"].as_str(), Some(stage.site.issue(&issue).unwrap().id.as_str()));
}
