//! What a clone has of its original, and what not.

use serde_json::{Value, json};

use super::stage::{BOT, Stage, USER, wait};
use crate::{Action, FileContent, Flavour, IssueView, Workflow};

/// An issue with something of everything, in some status that is not the first.
fn rich(stage: &Stage) -> String {
    let issue = stage.ann_reports("Broken");
    stage.ann(Action::Label { issue: issue.clone(), labels: vec!["red".into()] });
    stage.ann(Action::Prioritise { issue: issue.clone(), priority: "High".into() });
    let content = FileContent::Made { size: 5, seed: 1 };
    stage.ann(Action::Attach { issue: issue.clone(), filename: "log.txt".into(), content });
    stage.ann(Action::SetProperty { issue: issue.clone(), key: "lockstep".into(), value: json!({"devIssue": "7"}) });
    stage.ann(Action::Comment { issue: issue.clone(), text: "Well?".into() });
    stage.ann_moves(&issue, "Resolved");
    issue
}

/// The bot clones an issue; its clone and the issue itself, as they are then.
fn cloned(stage: &Stage, issue: &str, with_properties: bool) -> (IssueView, IssueView) {
    let key = stage.site.act(BOT, Action::Clone { issue: issue.into(), with_properties }).unwrap();
    (stage.site.issue(&key).unwrap(), stage.site.issue(issue).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_clone_has_what_was_written_and_none_of_what_happened() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let stage = Stage::with(|setup| {
            setup.flavour = flavour;
            setup.projects[0].workflow = Workflow::customer().changing("Resolve", |it| it.resolve(Some("Done")));
        });
        let issue = rich(&stage);
        wait(60).await;
        let (clone, original) = cloned(&stage, &issue, false);
        let face = [&clone.key, &clone.summary, &clone.status, &clone.created_by];
        assert_eq!(face, ["USER-A-2", "CLONE - Broken", "Open", BOT], "{flavour:?}");
        assert_eq!((&clone.description, &clone.issue_type), (&original.description, &original.issue_type));
        assert_eq!((clone.fields["labels"].as_str(), clone.fields["priority"].as_str()), ("red", "High"));
        assert_eq!((clone.comments, clone.created), (vec![], stage.site.now()));
        assert!(original.fields.contains_key("resolution") && original.resolved.is_some());
        assert!(!clone.fields.contains_key("resolution") && clone.resolved.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_clones_files_are_its_own() {
    let stage = Stage::new();
    let issue = rich(&stage);
    wait(60).await;
    let (clone, original) = cloned(&stage, &issue, false);
    let (copy, file) = (&clone.attachments[0], &original.attachments[0]);
    assert_eq!((&copy.filename, copy.size, &copy.sha256), (&file.filename, file.size, &file.sha256));
    assert_eq!((copy.author.as_str(), copy.created), (BOT, clone.created));
    assert_ne!(copy.id, file.id);
    stage.ann(Action::Detach { issue: issue.clone(), attachment: file.id.clone() });
    assert_eq!(stage.site.issue(&clone.key).unwrap().attachments, clone.attachments);
    assert_eq!(stage.get(&format!("attachment/{}", copy.id)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_clone_and_its_original_are_linked_and_tell_so() {
    let stage = Stage::new();
    let issue = rich(&stage);
    let (clone, original) = cloned(&stage, &issue, false);
    let ends = [&clone.links[0], &original.links[0]].map(|link| (link.says.clone(), link.other.clone()));
    assert_eq!(ends, [("clones".into(), original.id), ("is cloned by".into(), clone.id)]);
    let told: Vec<_> = clone.history.iter().map(|it| (it.field.as_str(), it.to.as_str())).collect();
    assert_eq!(told, [("Link", "This issue clones USER-A-1")], "the past stays with the original");
    let shown = stage.get(&format!("issue/{}?fields=issuelinks", clone.key)).await.json();
    let link = &shown["fields"]["issuelinks"][0];
    assert_eq!((&link["type"]["name"], &link["outwardIssue"]["key"]), (&json!("Cloners"), &json!(issue)));
}

#[tokio::test(start_paused = true)]
async fn properties_are_copied_where_the_site_does_so() {
    let stage = Stage::new();
    let issue = rich(&stage);
    assert_eq!(cloned(&stage, &issue, false).0.properties.len(), 0);
    let (clone, original) = cloned(&stage, &issue, true);
    assert_eq!(clone.properties, original.properties);
    wait(5).await;
    let ask = json!({"jql": "key = USER-A-3", "properties": ["lockstep"]});
    let found = stage.post("search/jql", ask).await.json();
    assert_eq!(found["issues"][0]["properties"]["lockstep"], json!({"devIssue": "7"}));
}

#[tokio::test(start_paused = true)]
async fn a_clone_keeps_the_limits_of_its_original() {
    let stage = Stage::new();
    let issue = stage.ann(Action::Create { project: USER.into(), summary: "x".repeat(255), text: String::new() });
    stage.ann(Action::Restrict { issue: issue.clone(), viewers: Some(vec!["ann".into()]) });
    let clone = stage.ann(Action::Clone { issue, with_properties: true });
    assert_eq!(stage.get(&format!("issue/{clone}")).await.status, 404);
    let shown = stage.site.issue(&clone).unwrap();
    assert_eq!((shown.summary.len(), shown.description.as_str()), (255, ""));
    let nothing = Action::Clone { issue: "USER-A-9".into(), with_properties: false };
    assert!(stage.site.act("Ann", nothing).is_err());
    assert_eq!(Value::Null, stage.get("issue/USER-A-3").await.json()["key"], "nothing came of it");
}
