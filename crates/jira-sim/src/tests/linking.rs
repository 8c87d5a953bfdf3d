//! Links between issues and to elsewhere, properties, changelogs and deletes.

use serde_json::{Value, json};

use super::stage::{BOT, DEV, Stage, new_issue, wait};
use crate::{Action, FileContent, Flavour, Permission, Permissions};

/// A stage with two issues.
fn two() -> (Stage, String, String) {
    let stage = Stage::new();
    let (one, two) = (stage.ann_reports("One"), stage.ann_reports("Two"));
    (stage, one, two)
}

fn blocks(source: &str, destination: &str) -> Value {
    json!({"type": {"name": "Blocks"}, "inwardIssue": {"key": source}, "outwardIssue": {"key": destination}})
}

/// How the issue speaks of others.
fn says(stage: &Stage, issue: &str) -> Vec<String> {
    stage.site.issue(issue).unwrap().links.into_iter().map(|link| link.says).collect()
}

#[tokio::test(start_paused = true)]
async fn a_link_shows_at_both_ends_and_is_made_only_once() {
    let (stage, one, two) = two();
    wait(60).await;
    for _ in 0..2 {
        let reply = stage.post("issueLink", blocks(&one, &two)).await;
        assert_eq!((reply.status, reply.text.as_str()), (201, ""));
    }
    assert_eq!((says(&stage, &one), says(&stage, &two)), (vec!["blocks".into()], vec!["is blocked by".into()]));
}

#[tokio::test(start_paused = true)]
async fn each_end_of_a_link_names_the_other_and_remembers_it_in_its_changelog() {
    let (stage, one, two) = two();
    wait(60).await;
    stage.post("issueLink", blocks(&one, &two)).await;
    for (issue, end, other, told) in [
        (&one, "outwardIssue", &two, "This issue blocks USER-A-2"),
        (&two, "inwardIssue", &one, "This issue is blocked by USER-A-1"),
    ] {
        let shown = stage.get(&format!("issue/{issue}?fields=issuelinks&expand=changelog")).await.json();
        let link = &shown["fields"]["issuelinks"][0];
        assert_eq!((&link["type"]["inward"], &link[end]["key"]), (&json!("is blocked by"), &json!(other)));
        assert_eq!(link[end]["fields"]["status"]["name"], "Open");
        let item = &shown["changelog"]["histories"][0]["items"][0];
        assert_eq!((&item["field"], &item["to"], &item["toString"]), (&json!("Link"), &json!(other), &json!(told)));
        let truth = stage.site.issue(issue).unwrap();
        assert_eq!((truth.updated - truth.created).num_seconds(), 60);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_is_read_and_removed_by_its_id() {
    let (stage, one, two) = two();
    stage.post("issueLink", blocks(&one, &two)).await;
    let id = stage.site.issue(&one).unwrap().links[0].id.clone();
    let shown = stage.get(&format!("issueLink/{id}")).await.json();
    assert_eq!((&shown["inwardIssue"]["key"], &shown["outwardIssue"]["key"]), (&json!(one), &json!(two)));
    assert_eq!(stage.send("DELETE", &format!("issueLink/{id}"), None).await.status, 204);
    assert!(says(&stage, &one).is_empty() && says(&stage, &two).is_empty());
    for (path, status) in [(format!("issueLink/{id}"), 404), ("issueLink/x".into(), 400)] {
        assert_eq!(stage.get(&path).await.status, status);
        assert_eq!(stage.send("DELETE", &path, None).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_lacks_something_is_refused() {
    let (stage, one, two) = two();
    for (path, value, status) in [
        ("type", json!({"name": "Adores"}), 404),
        ("type", json!({}), 400),
        ("inwardIssue", json!({"key": "USER-A-9"}), 404),
        ("outwardIssue", json!({}), 400),
        ("outwardIssue", json!({"key": one}), 400),
        ("comment", json!({"body": "plain"}), 400),
        ("colour", json!(1), 400),
    ] {
        let mut body = blocks(&one, &two);
        body[path] = value;
        let reply = stage.post("issueLink", body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
    }
    assert!(says(&stage, &one).is_empty());
    let types = stage.get("issueLinkType").await.json();
    assert_eq!(types["issueLinkTypes"][0]["outward"], "blocks");
}

#[tokio::test(start_paused = true)]
async fn a_remote_link_with_a_known_global_id_is_replaced_as_a_whole() {
    let (stage, one, _) = two();
    let path = format!("issue/{one}/remotelink");
    let link =
        |title: &str| json!({"globalId": "lockstep=1", "object": {"title": title, "url": "https://x.example/1"}});
    let mut first = link("First");
    first["relationship"] = json!("is caused by");
    let made = stage.post(&path, first).await;
    assert_eq!((made.status, made.json()["id"].is_number()), (201, true));
    let changed = stage.post(&path, link("Second")).await;
    assert_eq!((changed.status, changed.json()), (200, made.json()));
    let shown = stage.get(&format!("{path}?globalId=lockstep%3D1")).await.json();
    assert_eq!((&shown["object"]["title"], shown.get("relationship")), (&json!("Second"), None));
    assert_eq!(stage.get(&path).await.json(), json!([shown]));
    let links = stage.site.issue(&one).unwrap().remote_links;
    assert_eq!((links.len(), links[0].title.as_str(), links[0].relationship.as_deref()), (1, "Second", None));
}

#[tokio::test(start_paused = true)]
async fn remote_links_are_read_replaced_and_removed_by_id_and_by_global_id() {
    let (stage, one, two) = two();
    let body = json!({"object": {"title": "T", "url": "https://x.example"}});
    let id = stage.post(&format!("issue/{one}/remotelink"), body.clone()).await.json()["id"].to_string();
    assert_eq!(stage.get(&format!("issue/{two}/remotelink/{id}")).await.status, 400, "it belongs to another issue");
    let path = format!("issue/{one}/remotelink/{id}");
    let other = json!({"globalId": "g", "object": {"title": "U", "url": "https://x.example"}});
    assert_eq!(stage.put(&path, other).await.status, 204);
    assert_eq!(stage.get(&path).await.json()["globalId"], "g");
    assert_eq!(stage.send("DELETE", &format!("issue/{one}/remotelink"), None).await.status, 400);
    assert_eq!(stage.send("DELETE", &format!("issue/{one}/remotelink?globalId=g"), None).await.status, 204);
    for (method, path) in [("GET", &path), ("DELETE", &path)] {
        assert_eq!(stage.send(method, path, None).await.status, 404);
    }
    assert_eq!(stage.get(&format!("issue/{one}/remotelink?globalId=g")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_remote_link_needs_a_title_and_an_address_and_no_endless_id() {
    let (stage, one, _) = two();
    let object = json!({"title": "T", "url": "https://x.example"});
    for (body, field) in [
        (json!({"object": {"url": "https://x.example"}}), "title"),
        (json!({"object": {"title": "T"}}), "url"),
        (json!({}), "url"),
        (json!({"globalId": "x".repeat(256), "object": object}), "globalId"),
    ] {
        let reply = stage.post(&format!("issue/{one}/remotelink"), body).await;
        assert_eq!((reply.status, reply.json()["errors"][field].is_string()), (400, true), "{}", reply.text);
    }
}

#[tokio::test(start_paused = true)]
async fn whether_a_remote_link_makes_an_issue_updated_is_the_sites_choice() {
    for bumps in [true, false] {
        let stage = Stage::with(|setup| setup.remote_links_bump_updated = bumps);
        let issue = stage.ann_reports("One");
        wait(60).await;
        let body = json!({"object": {"title": "T", "url": "https://x.example"}});
        stage.post(&format!("issue/{issue}/remotelink"), body).await;
        let truth = stage.site.issue(&issue).unwrap();
        assert_eq!((truth.remote_links.len(), truth.updated != truth.created), (1, bumps));
    }
}

#[tokio::test(start_paused = true)]
async fn properties_are_listed_and_removed() {
    let (stage, one, _) = two();
    let path = format!("issue/{one}/properties");
    stage.put(&format!("{path}/a"), json!(1)).await;
    let keys = stage.get(&path).await.json()["keys"].clone();
    let address = format!("https://jira.example.net/rest/api/3/{path}/a");
    assert_eq!(keys, json!([{"key": "a", "self": address}]));
    assert_eq!(stage.send("DELETE", &format!("{path}/a"), None).await.status, 204);
    assert_eq!(stage.send("DELETE", &format!("{path}/a"), None).await.status, 404);
    assert_eq!(stage.put(&format!("{path}/{}", "k".repeat(256)), json!(1)).await.status, 400);
    assert!(stage.site.issue(&one).unwrap().properties.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_issue_is_gone_with_its_links() {
    let (stage, one, two) = two();
    stage.post("issueLink", blocks(&one, &two)).await;
    assert_eq!(stage.send("DELETE", &format!("issue/{one}?deleteSubtasks=maybe"), None).await.status, 400);
    assert_eq!(stage.send("DELETE", &format!("issue/{one}?deleteSubtasks=true"), None).await.status, 204);
    assert_eq!(stage.get(&format!("issue/{one}")).await.status, 404);
    assert_eq!(stage.send("DELETE", &format!("issue/{one}"), None).await.status, 404);
    assert!(says(&stage, &two).is_empty());
    assert_eq!(stage.site.deleted("USER-A").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delete_may_have_to_say_of_what_type_its_missing_body_is() {
    let stage = Stage::with(|setup| setup.delete_needs_content_type = true);
    let issue = stage.ann_reports("One");
    assert_eq!(stage.at("DELETE", &format!("/rest/api/3/issue/{issue}")).await.status, 415);
    assert_eq!(stage.send("DELETE", &format!("issue/{issue}"), None).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn changes_are_fetched_by_id_on_cloud_and_all_at_once_on_data_center() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let issue = stage.ann_reports("0");
        for n in 1..=45 {
            stage.ann(Action::Rename { issue: issue.clone(), summary: n.to_string() });
        }
        let log = stage.get(&format!("issue/{issue}?expand=changelog")).await.json()["changelog"].clone();
        let shown = log["histories"].as_array().unwrap();
        let ids = json!({"changelogIds": [shown[1]["id"].as_str().unwrap().parse::<u64>().unwrap(), 1]});
        let some = stage.post(&format!("issue/{issue}/changelog/list"), ids).await;
        let first = &shown[0]["items"][0]["toString"];
        match flavour {
            Flavour::Cloud => {
                assert_eq!((shown.len(), first), (40, &json!("45")));
                assert_eq!((some.status, &some.json()["histories"]), (200, &json!([shown[1]])));
            }
            Flavour::DataCenter => assert_eq!((shown.len(), first, some.status), (45, &json!("1"), 404)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bulk_create_succeeds_in_part_on_both_kinds_of_jira() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let updates = [new_issue(DEV, "One"), new_issue(DEV, "")];
        let reply = stage.post("issue/bulk", json!({"issueUpdates": updates})).await;
        assert_eq!((reply.status, reply.listed("key")), (201, vec!["DEV-A-1".to_owned()]));
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["status"], &error["failedElementNumber"]), (&json!(400), &json!(1)));
        assert!(error["elementErrors"]["errors"]["summary"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_see_or_link_is_refused_in_the_words_of_each_kind_of_jira() {
    for (flavour, status) in [(Flavour::Cloud, 404), (Flavour::DataCenter, 401)] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let (one, two) = (stage.ann_reports("One"), stage.ann_reports("Two"));
        let content = FileContent::Made { size: 1, seed: 1 };
        stage.ann(Action::Attach { issue: one.clone(), filename: "a".into(), content });
        let attachment = format!("attachment/{}", stage.site.issue(&one).unwrap().attachments[0].id);
        let without = |rights: &[Permission]| Permissions::all().deny(BOT, "USER-A", rights);
        stage.site.set_permissions(without(&[Permission::LinkIssues, Permission::DeleteAllAttachments]));
        assert_eq!(stage.post("issueLink", blocks(&one, &two)).await.status, status);
        assert_eq!(stage.send("DELETE", &attachment, None).await.status, 403);
        assert_eq!(stage.get(&attachment).await.status, 200);
        stage.site.set_permissions(without(&[Permission::BrowseProjects]));
        assert_eq!(stage.get(&attachment).await.status, 404);
        assert_eq!(stage.post("issueLink", blocks(&one, &two)).await.status, 404);
        assert!(says(&stage, &one).is_empty());
    }
}
