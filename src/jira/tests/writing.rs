//! Creates, edits, transitions, comments and links.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::testing::{Exchange, Script, on};
use super::super::{Client, Edit, Effect, FieldValue, Fields, Linked, NewIssue, RemoteLink, Sought};
use super::{FRESH, created_mark, id, issue, mark_value};
use crate::flow::{Body, Deployment, IssueType, Mark, ProjectId};
use jira_markup::MOST;

const URL: &str = "https://a.example.net/browse/ED-1";

fn bug() -> &'static IssueType {
    // Lives as long as the tests do.
    Box::leak(Box::new(IssueType { id: "1".to_owned(), name: "Bug".to_owned() }))
}

pub(super) fn new<'a>(project: &'a ProjectId, intent: &str) -> NewIssue<'a> {
    NewIssue {
        project,
        summary: "Main order flow broken",
        description: None,
        issue_type: bug(),
        link: None,
        room: MOST,
        mark: created_mark(intent),
        fields: Fields::new(),
    }
}

fn asked(intent: &str) -> Value {
    json!({
        "fields": {"project": {"id": "10000"}, "issuetype": {"id": "1"}, "summary": "Main order flow broken"},
        "properties": [{"key": "lockstep", "value": mark_value(intent)}],
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_a_document_on_cloud_and_markup_on_data_center() {
    let project: ProjectId = "10000".parse().unwrap();
    let link = json!({"type": "link", "attrs": {"href": URL}});
    let line = json!({"type": "paragraph", "content": [
        {"type": "text", "text": "User Link: "}, {"type": "text", "text": URL, "marks": [link]}]});
    let document = json!({"type": "doc", "version": 1, "content": [line]});
    let cases = [
        (Deployment::Cloud, "POST /rest/api/3/issue", document),
        (Deployment::DataCenter, "POST /rest/api/2/issue", json!(format!("User Link: {URL}"))),
    ];
    for (deployment, request, description) in cases {
        let mut body = asked("i-1");
        body["fields"]["description"] = description;
        let created = json!({"id": "10000", "key": "ED-24", "self": "https://elsewhere/rest/api/3/issue/10000"});
        let (client, script) = Script::client(deployment, vec![on(request).saying(body).ends(201, created)]).await;
        let made = client.create(&NewIssue { link: Some(URL.to_owned()), ..new(&project, "i-1") }).await.unwrap();
        assert_eq!(made.key.as_str(), "ED-24");
        script.done();
    }
}

/// The outcome of a bulk create of three, as keys and effects.
async fn created_in_bulk(answer: (u16, Value), marks: Option<Value>) -> Vec<Result<String, Effect>> {
    let project: ProjectId = "10000".parse().unwrap();
    let all = ["i-1", "i-2", "i-3"].map(|intent| new(&project, intent));
    let body = json!({"issueUpdates": (["i-1", "i-2", "i-3"].map(asked))});
    let mut exchanges = vec![on("POST /rest/api/3/issue/bulk").saying(body).ends(answer.0, answer.1)];
    exchanges.extend(marks.map(|issues| on("POST /rest/api/3/issue/bulkfetch").answers(json!({"issues": issues}))));
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let ends = client.create_all(&all).await;
    script.done();
    ends.into_iter().map(|end| end.map(|at| at.key.to_string()).map_err(|error| error.effect())).collect()
}

fn marked(id: &str, key: &str, intent: &str) -> Value {
    let mut bean = issue(id, key, "1");
    bean["properties"] = json!({"lockstep": mark_value(intent)});
    bean
}

#[tokio::test(start_paused = true)]
async fn each_element_of_a_bulk_create_has_its_own_outcome() {
    let refused = json!({"elementErrors": {"errorMessages": [], "errors": {"issuetype": "is invalid"}},
        "failedElementNumber": 1, "status": 400});
    let answer = json!({"issues": [{"id": "10000", "key": "ED-24"}, {"id": "10001", "key": "ED-25"}],
        "errors": [refused]});
    let marks = json!([marked("10000", "ED-24", "i-1"), marked("10001", "ED-25", "i-3")]);
    let ends = created_in_bulk((201, answer), Some(marks)).await;
    assert_eq!(ends, [Ok("ED-24".to_owned()), Err(Effect::Never), Ok("ED-25".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn in_a_bulk_create_marks_have_the_last_word() {
    let answer = json!({"issues": [{"id": "10000", "key": "ED-24"}, {"id": "10001", "key": "ED-25"},
        {"id": "10002", "key": "ED-26"}], "errors": []});
    let marks = json!([marked("10000", "ED-24", "i-2"), marked("10001", "ED-25", "i-1"), issue("10002", "ED-26", "1")]);
    let ends = created_in_bulk((201, answer), Some(marks)).await;
    assert_eq!(ends, [Ok("ED-25".to_owned()), Ok("ED-24".to_owned()), Err(Effect::Unknown)]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_bulk_create_that_does_not_fit_leaves_all_in_doubt() {
    let too_few = json!({"issues": [{"id": "10000", "key": "ED-24"}], "errors": []});
    assert_eq!(created_in_bulk((201, too_few), None).await, [const { Err(Effect::Unknown) }; 3]);
    assert_eq!(created_in_bulk((502, json!({})), None).await, [const { Err(Effect::Unknown) }; 3]);
    let none = json!({"issues": [], "errors": [{"elementErrors": {"errors": {}}, "failedElementNumber": 0}]});
    assert_eq!(created_in_bulk((400, none), None).await, [const { Err(Effect::Never) }; 3]);
}

#[tokio::test(start_paused = true)]
async fn an_element_that_is_said_to_be_refused_but_shows_its_mark_was_created() {
    let answer = |refused: u32| {
        let refused = json!({"elementErrors": {"errorMessages": ["no"]}, "failedElementNumber": refused});
        json!({"issues": [{"id": "10000", "key": "ED-24"}, {"id": "10001", "key": "ED-25"}], "errors": [refused]})
    };
    let marks = json!([marked("10000", "ED-24", "i-2"), marked("10001", "ED-25", "i-3")]);
    let ends = created_in_bulk((201, answer(1)), Some(marks)).await;
    assert_eq!(ends, [Err(Effect::Unknown), Ok("ED-24".to_owned()), Ok("ED-25".to_owned())]);
    let ends = created_in_bulk((201, answer(1)), Some(json!([marked("10000", "ED-24", "i-1")]))).await;
    assert_eq!(
        ends,
        [Ok("ED-24".to_owned()), Err(Effect::Unknown), Err(Effect::Unknown)],
        "perhaps they changed places"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_bulk_create_that_contradicts_itself_leaves_all_in_doubt() {
    let error = |place: u32| json!({"elementErrors": {"errorMessages": ["no"]}, "failedElementNumber": place});
    let issue = |n: u32| json!({"id": (10000 + n).to_string(), "key": format!("ED-{n}")});
    let cases = [
        (201, json!({"issues": [issue(1), issue(2)], "errors": [error(3)]})),
        (201, json!({"issues": [issue(1), issue(2), issue(3)], "errors": [error(0)]})),
        (201, json!({"issues": [issue(1)], "errors": [error(0), error(0)]})),
        (201, json!({"issues": [], "errors": []})),
        (201, json!({"weather": "fine"})),
        (201, json!([])),
        (400, json!({"issues": [issue(1)], "errors": [error(0), error(1)]})),
    ];
    for (status, answer) in cases {
        assert_eq!(
            created_in_bulk((status, answer.clone()), None).await,
            [const { Err(Effect::Unknown) }; 3],
            "{answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_bulk_create_that_is_too_large_is_halved() {
    let project: ProjectId = "10000".parse().unwrap();
    let bulk = |intents: &[&str]| {
        let updates: Vec<_> = intents.iter().map(|intent| asked(intent)).collect();
        on("POST /rest/api/3/issue/bulk").saying(json!({"issueUpdates": updates}))
    };
    let made = |id: &str, key: &str| json!({"issues": [{"id": id, "key": key}]});
    let read = |id: &str, key: &str, intent: &str| {
        on("POST /rest/api/3/issue/bulkfetch").answers(json!({"issues": [marked(id, key, intent)]}))
    };
    let (client, script) = Script::client(
        Deployment::Cloud,
        vec![
            bulk(&["i-1", "i-2", "i-3"]).ends(413, Value::Null),
            bulk(&["i-1"]).ends(201, made("10000", "ED-24")),
            read("10000", "ED-24", "i-1"),
            bulk(&["i-2", "i-3"]).ends(413, Value::Null),
            bulk(&["i-2"]).ends(413, Value::Null),
            bulk(&["i-3"]).ends(201, made("10001", "ED-25")),
            read("10001", "ED-25", "i-3"),
        ],
    )
    .await;
    let ends = client.create_all(&["i-1", "i-2", "i-3"].map(|intent| new(&project, intent))).await;
    script.done();
    let ends = ends.into_iter().map(|end| end.map(|at| at.key.to_string()).map_err(|error| error.effect()));
    let ends: Vec<_> = ends.collect();
    assert_eq!(ends, [Ok("ED-24".to_owned()), Err(Effect::Never), Ok("ED-25".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn what_a_bulk_create_says_of_its_elements_tells_no_credentials() {
    let refused = json!({"elementErrors": {"errorMessages": ["s3cret is not welcome"]}, "failedElementNumber": 0});
    let answer = json!({"issues": [], "errors": [refused]});
    let (client, _) =
        Script::client(Deployment::Cloud, vec![on("POST /rest/api/3/issue/bulk").ends(201, answer)]).await;
    let ends = client.create_all(&[new(&"10000".parse().unwrap(), "i-1")]).await;
    assert!(ends[0].as_ref().unwrap_err().to_string().ends_with(": *** is not welcome"), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_one_request_with_text_comment_mark_and_fields() {
    let body = json!({
        "fields": {"description": format!("It broke.\n\nDev Link: {URL}"), "customfield_10010": true},
        "update": {"comment": [{"add": {"body": "Dev issue: ED-1"}}]},
        "properties": [{"key": "lockstep", "value": {"devIssue": "10002", "intent": "i-1"}}],
    });
    let exchange = on("PUT /rest/api/2/issue/10001").saying(body).ends(204, Value::Null);
    let (client, script) = Script::client(Deployment::DataCenter, vec![exchange]).await;
    let edit = Edit {
        mark: Some(Mark::Linked { dev_issue: id("10002"), intent: "i-1".parse().unwrap() }),
        link: Some(URL.to_owned()),
        description: Some(&Body::Wiki("It broke.".to_owned())),
        comment: Some("Dev issue: ED-1".to_owned()),
        fields: Fields::from([("customfield_10010".to_owned(), FieldValue::yes())]),
    };
    assert_eq!(client.edit(&id("10001"), &edit).await, Ok(Linked::Yes));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_transition_is_made_by_its_id_with_the_fields_that_its_screen_wants() {
    let mut standing = issue("10001", "ED-1", "1");
    standing["transitions"] = json!([{"id": "5", "name": "Resolve Issue",
        "to": {"id": "5", "name": "Resolved", "statusCategory": {"id": 3, "key": "done"}}}]);
    let screen = json!({"transitions": [{"id": "5", "name": "Resolve Issue", "to": {"id": "5", "name": "Resolved"},
        "fields": {"resolution": {"required": true, "name": "Resolution",
            "allowedValues": [{"id": "1", "name": "Fixed"}]}}}]});
    let made = json!({"transition": {"id": "5"}, "fields": {"resolution": {"name": "Fixed"}}});
    let (client, script) = Script::client(
        Deployment::Cloud,
        vec![
            on("GET /rest/api/3/issue/10001?fields=status,issuetype,resolution&expand=transitions").answers(standing),
            on("GET /rest/api/3/issue/10001/transitions?transitionId=5&expand=transitions.fields").answers(screen),
            on("POST /rest/api/3/issue/10001/transitions").saying(made).ends(204, Value::Null),
        ],
    )
    .await;
    let standing = client.standing(&id("10001")).await.unwrap();
    let offer = &standing.offers[0];
    assert!(offer.is_done);
    let screen = client.screen(&id("10001"), offer).await.unwrap();
    assert_eq!((screen[0].must_be_set, screen[0].allowed.as_deref()), (true, Some(&["Fixed".to_owned()][..])));
    let fields = Fields::from([(screen[0].id.clone(), FieldValue::named("Fixed"))]);
    client.transition(&id("10001"), offer, &fields).await.unwrap();
    script.done();
}

#[tokio::test(start_paused = true)]
async fn where_an_issue_can_go_is_asked_once_more_for_each_further_use() {
    let mut standing = issue("10001", "ED-1", "1");
    standing["transitions"] = json!([{"id": "5", "name": "Resolve Issue", "to": {"id": "5", "name": "Resolved"}}]);
    let fields = FRESH.join(",");
    let read = format!("GET /rest/api/2/issue/10001?fields={fields}&expand=changelog,transitions&properties=lockstep");
    let ask = || {
        on("GET /rest/api/2/issue/10001?fields=status,issuetype,resolution&expand=transitions")
            .answers(standing.clone())
    };
    let exchanges = vec![on(&read).answers(standing.clone()), ask(), on(&read).answers(standing.clone()), ask()];
    let (client, script) = Script::client(Deployment::DataCenter, exchanges).await;
    client.fetch_one(&id("10001")).await.unwrap();
    assert_eq!(client.standing(&id("10001")).await.unwrap().offers[0].id, "5");
    assert_eq!(script.left(), 3, "the fresh read has told it");
    client.standing(&id("10001")).await.unwrap();
    assert_eq!(script.left(), 2, "told once, good for one use");
    client.fetch_one(&id("10001")).await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    client.standing(&id("10001")).await.unwrap();
    assert_eq!(script.left(), 0, "a person may have moved it meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_too_long_is_cut_visibly_with_or_without_a_link() {
    let (client, _) = Script::client(Deployment::DataCenter, vec![]).await;
    let long = client.carried(&Body::Wiki("word ".repeat(9_000)));
    let project = "10000".parse().unwrap();
    for link in [None, Some(URL.to_owned())] {
        let body = client.create_body(&NewIssue { link, description: Some(&long), ..new(&project, "i-1") });
        let text = body["fields"]["description"].as_str().unwrap();
        assert!(text.len() <= 32_767 && text.contains("(shortened)"), "{} characters", text.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_persons_own_text_is_not_rewritten_in_another_format_for_the_sake_of_a_link() {
    let exchange = on("PUT /rest/api/3/issue/10001").saying(json!({})).ends(204, Value::Null);
    let (client, script) = Script::client(Deployment::Cloud, vec![exchange]).await;
    let own = Body::Wiki("*It broke.*".to_owned());
    let edit = Edit { link: Some(URL.to_owned()), description: Some(&own), ..Edit::default() };
    assert_eq!(client.edit(&id("10001"), &edit).await, Ok(Linked::NoRoom));
    script.done();
}

/// Whether a comment is taken for ours.
async fn is_ours(deployment: Deployment, comment: Value) -> bool {
    let request = match deployment {
        Deployment::DataCenter => "GET /rest/api/2/issue/10001/comment?startAt=0&maxResults=100&orderBy=-created",
        Deployment::Cloud | Deployment::Auto => {
            "GET /rest/api/3/issue/10001/comment?startAt=0&maxResults=100&orderBy=-created&expand=properties"
        }
    };
    is_ours_by(
        deployment,
        vec![on(request).answers(json!({"startAt": 0, "maxResults": 100, "total": 1, "comments": [comment]}))],
    )
    .await
}

async fn is_ours_by(deployment: Deployment, exchanges: Vec<Exchange>) -> bool {
    let (client, script) = Script::client(deployment, exchanges).await;
    let (intent, body) = ("i-1".parse().unwrap(), client.plain("Fixed in ED-1"));
    let sought = Sought { intent: &intent, body: &body, since: "2024-11-29T18:00:00Z".parse().unwrap() };
    let found = client.has_comment_of(&id("10001"), &sought).await.unwrap();
    script.done();
    found
}

#[tokio::test(start_paused = true)]
async fn comments_that_are_counted_and_not_shown_are_asked_for_once_more() {
    assert_eq!(listed(&[(0, &[9]), (0, &[9, 8, 7, 6])], 4).await.unwrap(), ["9", "8", "7", "6"]);
    assert_eq!(listed(&[(0, &[]), (0, &[9])], 1).await.unwrap(), ["9"]);
}

#[tokio::test(start_paused = true)]
async fn on_cloud_a_comment_is_ours_by_its_property_and_never_by_its_text() {
    let comment = |property: Value| {
        let said = json!({"type": "doc", "version": 1, "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": "Fixed in ED-1"}]}]});
        json!({"id": "1", "author": {"accountId": "5b10a2844c20165700ede21g"}, "body": said,
            "created": "2024-11-29T10:30:00.000-0800", "properties": property})
    };
    assert!(is_ours(Deployment::Cloud, comment(json!([{"key": "lockstep", "value": {"intent": "i-1"}}]))).await);
    assert!(!is_ours(Deployment::Cloud, comment(json!([{"key": "lockstep", "value": {"intent": "i-2"}}]))).await);
    assert!(!is_ours(Deployment::Cloud, comment(json!([]))).await);
}

#[tokio::test(start_paused = true)]
async fn where_properties_are_not_told_a_comment_is_ours_by_author_time_and_text_together() {
    let comment = |author: &str, text: &str, at: &str| json!({"id": "1", "author": {"key": author, "name": "bot"}, "body": text, "created": at});
    let since = "2024-11-29T10:30:00.000-0800";
    let is_ours = async |comment| is_ours(Deployment::DataCenter, comment).await;
    assert!(is_ours(comment("JIRAUSER10100", "Fixed in ED-1\r\n", since)).await);
    let early = comment("JIRAUSER10100", "Fixed in ED-1", "2024-11-29T09:59:30.000-0800");
    assert!(is_ours(early).await, "clocks of one site may differ a little");
    assert!(!is_ours(comment("JIRAUSER10200", "Fixed in ED-1", since)).await);
    assert!(!is_ours(comment("JIRAUSER10100", "Fixed in ED-1", "2024-11-28T10:30:00.000-0800")).await);
}

/// Its text may have been cut, or its source have changed.
#[tokio::test(start_paused = true)]
async fn a_comment_whose_text_differs_is_ours_by_its_property_on_data_center() {
    let comment = json!({"id": "7", "author": {"key": "JIRAUSER10100", "name": "bot"}, "body": "Fixed in (short)",
        "created": "2024-11-29T10:30:00.000-0800"});
    let list = || {
        on("GET /rest/api/2/issue/10001/comment?startAt=0&maxResults=100&orderBy=-created")
            .answers(json!({"startAt": 0, "maxResults": 100, "total": 1, "comments": [comment]}))
    };
    let property = || on("GET /rest/api/2/comment/7/properties/lockstep");
    let of = |intent: &str| property().answers(json!({"key": "lockstep", "value": {"intent": intent}}));
    let none = property().ends(404, json!({"errorMessages": ["no such property"], "errors": {}}));
    for (answer, ours) in [(of("i-1"), true), (of("i-2"), false), (none, false)] {
        assert_eq!(is_ours_by(Deployment::DataCenter, vec![list(), answer]).await, ours);
    }
}

/// The comments that are listed when the pages asked for begin at these places and hold these.
async fn listed(pages: &[(u64, &[u32])], total: u64) -> Result<Vec<String>, String> {
    let comment = |id: &u32| json!({"id": id.to_string(), "body": "x", "created": "2024-11-29T10:30:00.000-0800"});
    let page = |(start, ids): &(u64, &[u32])| {
        let path = format!("GET /rest/api/2/issue/10001/comment?startAt={start}&maxResults=100&orderBy=-created");
        let comments: Vec<_> = ids.iter().map(comment).collect();
        on(&path).answers(json!({"startAt": start, "total": total, "comments": comments}))
    };
    let (client, script) = Script::client(Deployment::DataCenter, pages.iter().map(page).collect()).await;
    let listed = client.comments(&id("10001"), "2024-01-01T00:00:00Z".parse().unwrap()).await;
    script.done();
    listed.map(|all| all.into_iter().map(|comment| comment.id).collect()).map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn all_comments_are_listed_though_some_come_and_go_between_the_pages() {
    assert_eq!(listed(&[(0, &[9, 8]), (1, &[8, 7, 6])], 4).await.unwrap(), ["9", "8", "7", "6"]);
}

#[tokio::test(start_paused = true)]
async fn comments_that_moved_past_a_page_are_not_overlooked() {
    let pages: [(u64, &[u32]); 4] = [(0, &[9, 8]), (1, &[6, 5]), (0, &[7, 6]), (1, &[6, 5, 4])];
    let mut all = listed(&pages, 4).await.unwrap();
    all.sort();
    assert_eq!(all, ["4", "5", "6", "7", "8", "9"], "two had gone when the second page was asked for");
}

#[tokio::test(start_paused = true)]
async fn a_total_that_counts_hidden_comments_is_not_waited_for() {
    assert_eq!(listed(&[(0, &[9, 8]), (1, &[8]), (0, &[9, 8]), (1, &[8])], 4).await.unwrap(), ["9", "8"]);
    assert_eq!(listed(&[(0, &[9]), (0, &[9])], 4).await.unwrap(), ["9"]);
    assert_eq!(listed(&[(0, &[]), (0, &[])], 4).await.unwrap(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_comment_of_ours_is_found_though_the_order_is_not_heeded() {
    let comment =
        |text: &str, at: &str| json!({"id": text, "author": {"key": "JIRAUSER10100"}, "body": text, "created": at});
    let old = comment("once", "2023-11-29T10:30:00.000-0800");
    let comments = json!([old, comment("Fixed in ED-1", "2024-11-29T10:30:00.000-0800")]);
    let request = "GET /rest/api/2/issue/10001/comment?startAt=0&maxResults=100&orderBy=-created";
    let page = on(request).answers(json!({"startAt": 0, "total": 2, "comments": comments}));
    let (client, _) = Script::client(Deployment::DataCenter, vec![page]).await;
    let (intent, since) = ("i-1".parse().unwrap(), "2024-11-29T18:00:00Z".parse().unwrap());
    let said = client.plain("Fixed in ED-1");
    let sought = Sought { intent: &intent, body: &said, since };
    assert_eq!(client.has_comment_of(&id("10001"), &sought).await, Ok(true));
}

async fn both() -> [(Client, Script); 2] {
    let exchanges = |api: u32| {
        vec![
            on(&format!("POST /rest/api/{api}/issueLink"))
                .saying(json!({"type": {"name": "Relates"}, "inwardIssue": {"id": "1"}, "outwardIssue": {"id": "2"}}))
                .ends(201, Value::Null),
            on(&format!("POST /rest/api/{api}/issue/1/remotelink"))
                .saying(json!({"globalId": "lockstep=2", "object": {"url": URL, "title": "ED-1"}}))
                .ends(201, json!({"id": 10000})),
            on(&format!("PUT /rest/api/{api}/issue/1/properties/lockstep"))
                .saying(mark_value("i-1"))
                .ends(201, Value::Null),
            on(&format!("DELETE /rest/api/{api}/issue/1/properties/lockstep")).ends(204, Value::Null),
        ]
    };
    [Script::client(Deployment::Cloud, exchanges(3)).await, Script::client(Deployment::DataCenter, exchanges(2)).await]
}

#[tokio::test(start_paused = true)]
async fn links_and_marks_are_written_alike_on_both() {
    for (client, script) in both().await {
        client.link("Relates", &id("1"), &id("2")).await.unwrap();
        let link = RemoteLink { global_id: "lockstep=2".to_owned(), url: URL.to_owned(), title: "ED-1".to_owned() };
        client.set_remote_link(&id("1"), &link).await.unwrap();
        client.set_mark(&id("1"), &created_mark("i-1")).await.unwrap();
        client.remove_mark(&id("1")).await.unwrap();
        script.done();
    }
}
