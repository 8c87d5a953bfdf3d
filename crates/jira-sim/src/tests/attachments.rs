//! Files: how they come, how they are told of, and how they go out again.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

use super::stage::{Reply, Stage, read, wait};
use crate::faults::{Effect, FaultPlan, Kind, LateReply, Rule, When};
use crate::{Action, AttachmentView, FileContent, Flavour, Setup};

const FORM: &str = "multipart/form-data; boundary=cut";

/// A form of parts: the name of the part, the name of the file, its content.
fn form(parts: &[(&str, &str, &str)]) -> String {
    let part = |(name, filename, content): &(&str, &str, &str)| {
        format!(
            "--cut\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\r\n{content}\r\n"
        )
    };
    parts.iter().map(part).collect::<String>() + "--cut--\r\n"
}

async fn upload_body(stage: &Stage, issue: &str, body: impl Into<Body>) -> Reply {
    let request = stage.request("POST", &format!("{}/issue/{issue}/attachments", stage.root));
    let request = request.header("Content-Type", FORM).header("X-Atlassian-Token", "no-check");
    stage.call(request.body(body.into()).unwrap()).await
}

pub(super) async fn upload(stage: &Stage, issue: &str, parts: &[(&str, &str, &str)]) -> Reply {
    upload_body(stage, issue, form(parts)).await
}

fn attached(stage: &Stage, issue: &str) -> Vec<AttachmentView> {
    stage.site.issue(issue).unwrap().attachments
}

fn names(stage: &Stage, issue: &str) -> Vec<String> {
    attached(stage, issue).into_iter().map(|it| it.filename).collect()
}

fn data_center(setup: &mut Setup) {
    setup.flavour = Flavour::DataCenter;
}

/// A stage with one issue to which Ann has attached ten bytes.
fn with_file(change: impl FnOnce(&mut Setup)) -> (Stage, String, String) {
    let stage = Stage::with(change);
    let issue = stage.ann_reports("Broken");
    let content = FileContent::Kept(Bytes::from_static(b"0123456789"));
    stage.ann(Action::Attach { issue: issue.clone(), filename: "số 1.txt".into(), content });
    let id = attached(&stage, &issue)[0].id.clone();
    (stage, issue, id)
}

/// What the media host answers to this address, with these headers on top.
async fn fetch(stage: &Stage, url: &str, headers: &[(&str, &str)]) -> Reply {
    let request =
        headers.iter().fold(Request::builder().uri(url), |request, (name, value)| request.header(*name, *value));
    read(stage.site.hosts_router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn files_of_one_form_are_attached_together_and_told_of_everywhere() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let issue = stage.ann_reports("Broken");
        wait(60).await;
        let reply =
            upload(&stage, &issue, &[("file", "a.png", "one"), ("note", "x", "no"), ("file", "số.txt", "")]).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let shown = reply.json();
        assert_eq!(
            (&shown[0]["filename"], &shown[0]["size"], &shown[0]["mimeType"]),
            (&json!("a.png"), &json!(3), &json!("image/png"))
        );
        assert_eq!((&shown[1]["filename"], &shown[1]["size"]), (&json!("số.txt"), &json!(0)));
        assert!(shown[0]["thumbnail"].is_string() && shown[1]["thumbnail"].is_null());
        assert_eq!(stage.get(&format!("issue/{issue}?fields=attachment")).await.json()["fields"]["attachment"], shown);
        let truth = stage.site.issue(&issue).unwrap();
        assert_eq!((truth.updated - truth.created).num_seconds(), 60);
        let changes: Vec<_> = truth.history.iter().map(|it| (it.field.as_str(), it.to.as_str())).collect();
        assert_eq!(changes, [("Attachment", "a.png"), ("Attachment", "số.txt")]);
        let log = stage.get(&format!("issue/{issue}?expand=changelog")).await.json();
        let item = &log["changelog"]["histories"][0]["items"][0];
        assert_eq!((&item["to"], &item["from"]), (&shown[0]["id"], &Value::Null));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_jira_would_not_take_attaches_nothing() {
    let stage = Stage::with(|setup| setup.upload_limit = 8);
    let issue = stage.ann_reports("Broken");
    let path = format!("/rest/api/3/issue/{issue}/attachments");
    let small = form(&[("file", "a", "1")]);
    for (content_type, token, body, status) in [
        (FORM, "", small.clone(), 403),
        (FORM, "check", small.clone(), 403),
        ("application/json", "no-check", "{}".into(), 415),
        (FORM, "no-check", small.replace("--cut--", ""), 400),
        (FORM, "no-check", form(&[("file", "a", "123456789")]), 413),
        (FORM, "no-check", form(&[("file", "a", "12345"), ("file", "b", "6789")]), 413),
        (FORM, "no-check", form(&[("file", "a", "1"); 61]), 413),
        // A part of another name, or with a name for modern eyes only, is no file: success, and nothing attached.
        (FORM, "no-check", form(&[("data", "a", "1")]), 200),
        (FORM, "no-check", small.replace("filename=\"a\"", "filename*=UTF-8''a"), 200),
    ] {
        let request =
            stage.request("POST", &path).header("Content-Type", content_type).header("X-Atlassian-Token", token);
        let reply = stage.call(request.body(Body::from(body.clone())).unwrap()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        assert!(attached(&stage, &issue).is_empty(), "{body}");
    }
    assert_eq!(upload(&stage, "USER-A-9", &[("file", "a", "1")]).await.status, 404);
    assert_eq!(stage.get("attachment/meta").await.json(), json!({"enabled": true, "uploadLimit": 8}));
    let seen = stage.at("POST", &path).await;
    assert_eq!((seen.status, seen.text.as_str()), (403, "XSRF check failed"));
}

#[tokio::test(start_paused = true)]
async fn data_center_may_call_a_file_that_is_too_big_missing() {
    let stage = Stage::with(|setup| {
        data_center(setup);
        (setup.upload_limit, setup.oversized_upload) = (2, StatusCode::NOT_FOUND);
    });
    let issue = stage.ann_reports("Broken");
    assert_eq!(upload(&stage, &issue, &[("file", "a", "123")]).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_breaks_off_has_no_effect() {
    let stage = Stage::new();
    let issue = stage.ann_reports("Broken");
    let form = form(&[("file", "a.txt", "one"), ("file", "b.txt", "two")]);
    for cut in [0, 10, 70, 120, form.len() - 10] {
        let begun = Ok(Bytes::from(form[..cut].to_owned()));
        let torn = stream::iter([begun, Err(std::io::Error::other("the client is gone"))]);
        assert_eq!(upload_body(&stage, &issue, Body::from_stream(torn)).await.status, 400, "{cut}");
    }
    let endless = Body::from_stream(stream::pending::<std::io::Result<Bytes>>());
    let left = tokio::time::timeout(Duration::from_secs(9), upload_body(&stage, &issue, endless)).await;
    assert!(left.is_err());
    wait(60).await;
    assert!(attached(&stage, &issue).is_empty());
}

#[tokio::test(start_paused = true)]
async fn uploads_meet_faults_as_other_writes_do() {
    let late =
        Kind::LateEffect { from: Duration::from_secs(20), to: Duration::from_secs(40), reply: LateReply::Broken };
    let error = |effect| Kind::ServerError { status: StatusCode::BAD_GATEWAY, effect };
    for (kind, status, broken, at_once, later) in [
        (Kind::LostReply, 200, true, 1, 1),
        (Kind::TooMany { retry_after_secs: 3 }, 429, false, 0, 0),
        (error(Effect::Before), 502, false, 0, 0),
        (error(Effect::After), 502, false, 1, 1),
        (late, 200, true, 0, 1),
    ] {
        let stage = Stage::new();
        let issue = stage.ann_reports("Broken");
        let told = format!("{kind:?}");
        stage.site.faults(Rule::anywhere(When::First(1), kind).into());
        let reply = upload(&stage, &issue, &[("file", "a", "1")]).await;
        assert_eq!((reply.status, reply.broken, attached(&stage, &issue).len()), (status, broken, at_once), "{told}");
        wait(60).await;
        assert_eq!(attached(&stage, &issue).len(), later, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_does_not_matter_where_the_pieces_of_an_upload_end() {
    let stage = Stage::new();
    let issue = stage.ann_reports("Broken");
    let form = form(&[("file", "a.txt", "one\r\n--cu"), ("file", "b.txt", "two")]);
    for size in [1, 2, 7, form.len()] {
        let pieces: Vec<_> = form.as_bytes().chunks(size).map(|it| Ok::<_, std::io::Error>(it.to_vec())).collect();
        let reply = upload_body(&stage, &issue, Body::from_stream(stream::iter(pieces))).await;
        let sizes = (reply.json()[0]["size"].clone(), reply.json()[1]["size"].clone());
        assert_eq!((reply.status, sizes), (200, (json!(9), json!(3))), "{size}: {}", reply.text);
    }
}

#[tokio::test(start_paused = true)]
async fn of_an_upload_beyond_the_limit_the_rest_is_read_but_not_kept() {
    let stage = Stage::with(|setup| setup.upload_limit = 1000);
    let issue = stage.ann_reports("Broken");
    let head = form(&[("file", "big", "")]).replace("\r\n--cut--\r\n", "");
    let pieces = std::iter::repeat_n(Bytes::from(vec![b'x'; 1 << 16]), 1000);
    let end = Bytes::from_static(b"\r\n--cut--\r\n");
    let body = std::iter::once(Bytes::from(head)).chain(pieces).chain([end]).map(Ok::<_, std::io::Error>);
    let reply = upload_body(&stage, &issue, Body::from_stream(stream::iter(body))).await;
    assert_eq!((reply.status, reply.text.contains("'big'")), (413, true), "{}", reply.text);
}

#[tokio::test(start_paused = true)]
async fn an_attachment_is_told_of_by_id_and_removed() {
    for (flavour, shown) in [(Flavour::Cloud, true), (Flavour::DataCenter, false)] {
        let (stage, issue, id) = with_file(|setup| setup.flavour = flavour);
        let told = stage.get(&format!("attachment/{id}")).await.json();
        assert_eq!((&told["filename"], told["id"].is_number()), (&json!("số 1.txt"), shown));
        assert_eq!(stage.send("DELETE", &format!("attachment/{id}"), None).await.status, 204);
        assert!(attached(&stage, &issue).is_empty());
        let last = stage.site.issue(&issue).unwrap().history.pop().unwrap();
        assert_eq!((last.field.as_str(), last.from.as_str(), last.to.as_str()), ("Attachment", "số 1.txt", ""));
        for (method, path) in [
            ("GET", format!("attachment/{id}")),
            ("DELETE", format!("attachment/{id}")),
            ("GET", "attachment/x".into()),
        ] {
            assert_eq!(stage.send(method, &path, None).await.status, 404);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn on_cloud_a_download_leads_to_a_host_that_must_see_no_credentials() {
    let (stage, issue, id) = with_file(|_| {});
    let shown = stage.get(&format!("issue/{issue}?fields=attachment")).await.json()["fields"]["attachment"][0].clone();
    let content = shown["content"].as_str().unwrap();
    assert_eq!(content, format!("https://jira.example.net/rest/api/3/attachment/content/{id}"));
    let reply = stage.get(&format!("attachment/content/{id}")).await;
    assert_eq!((reply.status, reply.text.as_str()), (303, ""));
    let url = reply.header("Location").to_owned();
    assert!(url.starts_with("https://media.example.net/"), "{url}");

    let file = fetch(&stage, &url, &[]).await;
    assert_eq!((file.status, file.text.as_str()), (200, "0123456789"));
    assert_eq!((file.header("Content-Type"), file.header("Content-Length")), ("text/plain", "10"));
    assert_eq!(stage.site.leaks(), 0);
    for leak in [("Authorization", "Basic eDp5"), ("Cookie", "session=1")] {
        let refused = fetch(&stage, &url, &[leak]).await;
        assert_eq!((refused.status, refused.text.contains("0123")), (400, false));
    }
    assert_eq!(stage.site.leaks(), 2);

    for other in
        [url.replace("token=", "token=0"), url.replace("expires=1", "expires=2"), url.split('?').next().unwrap().into()]
    {
        assert_eq!(fetch(&stage, &other, &[]).await.status, 403, "{other}");
    }
    assert_eq!(fetch(&stage, "https://media.example.net/elsewhere", &[]).await.status, 404);
    wait(601).await;
    assert_eq!(fetch(&stage, &url, &[]).await.status, 403, "the address is too old");
}

#[tokio::test(start_paused = true)]
async fn a_download_without_redirect_knows_ranges() {
    let (stage, _, id) = with_file(|_| {});
    let path = format!("/rest/api/3/attachment/content/{id}?redirect=false");
    for (range, status, text, told) in [
        ("", 200, "0123456789", ""),
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
    ] {
        let request = stage.request("GET", &path).header("Range", range).body(Body::empty()).unwrap();
        let reply = stage.call(request).await;
        assert_eq!((reply.status, reply.text.as_str(), reply.header("Content-Range")), (status, text, told), "{range}");
    }
    let malformed = stage.request("GET", &path).header("Range", "lines=1").body(Body::empty()).unwrap();
    assert_eq!(stage.call(malformed).await.status, 400);
    assert_eq!(stage.get("attachment/content/1").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_media_host_hands_out_parts_and_meets_faults() {
    let (stage, _, id) = with_file(|_| {});
    let url = stage.get(&format!("attachment/content/{id}")).await.header("Location").to_owned();
    let part = fetch(&stage, &url, &[("Range", "bytes=-3")]).await;
    assert_eq!((part.status, part.text.as_str()), (206, "789"));
    stage.site.faults(Rule::anywhere(When::First(1), Kind::LostReply).into());
    let torn = fetch(&stage, &url, &[]).await;
    assert_eq!((torn.status, torn.text.as_str(), torn.broken), (200, "01234", true));
    stage.site.faults(FaultPlan::none());
    let whole = fetch(&stage, &url, &[]).await;
    assert_eq!((whole.text.as_str(), whole.broken), ("0123456789", false));
}

#[tokio::test(start_paused = true)]
async fn on_data_center_a_file_is_a_page_for_who_is_logged_in() {
    let (mut stage, issue, id) = with_file(data_center);
    let shown = stage.get(&format!("issue/{issue}?fields=attachment")).await.json()["fields"]["attachment"][0].clone();
    let path = shown["content"].as_str().unwrap().strip_prefix("https://jira.example.net").unwrap().to_owned();
    assert_eq!(path, format!("/secure/attachment/{id}/s%E1%BB%91%201.txt"));
    assert_eq!(stage.at("GET", &path).await.text, "0123456789");
    stage.log_in("Bearer bot-token");
    assert_eq!(stage.at("GET", &path).await.text, "0123456789");
    stage.log_in("");
    let led = stage.at("GET", &path).await;
    assert_eq!((led.status, led.header("Location").contains("/login.jsp?")), (302, true));
    assert_eq!(stage.get(&format!("attachment/content/{id}")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn an_old_data_center_leads_a_bearer_to_a_page_that_is_not_the_file() {
    let (mut stage, _, id) = with_file(|setup| {
        data_center(setup);
        setup.downloads_need_password = true;
    });
    let path = format!("/secure/attachment/{id}/a");
    stage.log_in("bot:bot-token");
    assert_eq!(stage.at("GET", &path).await.status, 200, "with a password it is the file");
    stage.log_in("Bearer bot-token");
    let led = stage.at("GET", &path).await;
    assert_eq!(led.status, 302);
    let login = stage.at("GET", led.header("Location").strip_prefix("https://jira.example.net").unwrap()).await;
    assert_eq!((login.status, login.header("Content-Type")), (200, "text/html;charset=UTF-8"));
}

#[tokio::test(start_paused = true)]
async fn what_is_made_comes_out_as_long_and_as_digested_as_it_is_told() {
    let stage = Stage::new();
    let issue = stage.ann_reports("Broken");
    let content = FileContent::Made { size: 300_000, seed: 5 };
    stage.ann(Action::Attach { issue: issue.clone(), filename: "big.bin".into(), content });
    let attachment = attached(&stage, &issue).remove(0);
    let path = format!("/rest/api/3/attachment/content/{}?redirect=false", attachment.id);
    let response = stage.site.router().oneshot(stage.request("GET", &path).body(Body::empty()).unwrap()).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    assert_eq!((bytes.len() as u64, attachment.size), (300_000, 300_000));
    use sha2::{Digest, Sha256};
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, attachment.sha256);
}

#[tokio::test(start_paused = true)]
async fn people_attach_and_detach_what_the_site_takes() {
    let (stage, issue, id) = with_file(|setup| setup.upload_limit = 10);
    let too_big = FileContent::Made { size: 11, seed: 1 };
    let deed = Action::Attach { issue: issue.clone(), filename: "b".into(), content: too_big };
    let told = stage.site.act("Ann", deed).unwrap_err().to_string();
    assert_eq!(told, "b has 11 bytes, and no more than 10 can be attached");
    assert_eq!(names(&stage, &issue), ["số 1.txt"]);
    let detach = || Action::Detach { issue: issue.clone(), attachment: id.clone() };
    stage.ann(detach());
    assert!(stage.site.act("Ann", detach()).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_site_keeps_only_so_much_of_all_files_together() {
    let stage = Stage::with(|setup| setup.storage_limit = 10);
    let issue = stage.ann_reports("Broken");
    let file = |content: &'static str| Action::Attach {
        issue: issue.clone(),
        filename: "a".into(),
        content: FileContent::Kept(content.into()),
    };
    assert_eq!(upload(&stage, &issue, &[("file", "a", "123456")]).await.status, 200);
    assert_eq!(upload(&stage, &issue, &[("file", "b", "78901")]).await.status, 413);
    assert!(stage.site.act("Ann", file("78901")).is_err());
    stage.ann(file("7890"));
    assert_eq!(upload(&stage, &issue, &[("file", "b", "1")]).await.status, 413);
    let made = FileContent::Made { size: 1000, seed: 1 };
    stage.ann(Action::Attach { issue: issue.clone(), filename: "made".into(), content: made });
    stage.ann(Action::Detach { issue: issue.clone(), attachment: attached(&stage, &issue)[0].id.clone() });
    assert_eq!(upload(&stage, &issue, &[("file", "b", "123456")]).await.status, 200);
}
