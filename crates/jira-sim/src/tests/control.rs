//! The back door, as programs in other languages use it.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::stage::{BOT, DEV, Reply, Stage, USER, new_issue, read};
use crate::Action;

/// Asks the back door of the stage's site.
async fn ask(stage: &Stage, method: &str, path: &str, body: Value) -> Reply {
    let request = Request::builder().method(method).uri(path).header("Content-Type", "application/json");
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    read(stage.site.control_router().oneshot(request.body(body).unwrap()).await.unwrap()).await
}

async fn look(stage: &Stage, path: &str) -> Value {
    let reply = ask(stage, "GET", path, Value::Null).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json()
}

/// The status and the error of what is refused.
async fn refusal(stage: &Stage, method: &str, path: &str, body: Value) -> (u16, String) {
    let reply = ask(stage, method, path, body).await;
    (reply.status, reply.json()["error"].as_str().unwrap_or(&reply.text).to_owned())
}

async fn ann_does(stage: &Stage, deed: Value) -> Reply {
    ask(stage, "POST", "/deeds", json!({"who": "Ann", "deed": deed})).await
}

#[tokio::test(start_paused = true)]
async fn people_do_everything_by_order() {
    let stage = Stage::new();
    let reply = ann_does(&stage, json!({"create": {"project": USER, "summary": "One", "text": "It hurts."}})).await;
    assert_eq!((reply.status, reply.json()), (200, json!({"issue": "USER-A-1"})));
    for deed in [
        json!({"move": {"issue": "USER-A-1", "status": "Will Do"}}),
        json!({"rename": {"issue": "USER-A-1", "summary": "Two"}}),
        json!({"describe": {"issue": "USER-A-1", "text": "It hurts a lot."}}),
        json!({"comment": {"issue": "USER-A-1", "text": "Well?"}}),
        json!({"setProperty": {"issue": "USER-A-1", "key": "k", "value": {"a": [1]}}}),
    ] {
        assert_eq!(ann_does(&stage, deed.clone()).await.status, 200, "{deed}");
    }
    let issue = look(&stage, "/issues/USER-A-1").await;
    let shown = ["status", "summary", "description", "createdBy"].map(|field| issue[field].as_str().unwrap());
    assert_eq!(shown, ["Will Do", "Two", "It hurts a lot.", "ann"]);
    assert_eq!((&issue["comments"][0]["text"], &issue["properties"]), (&json!("Well?"), &json!({"k": {"a": [1]}})));
    assert_eq!(
        (&issue["history"][0]["to"], &issue["created"]),
        (&json!("Will Do"), &json!("2026-03-02T12:00:00.000Z"))
    );

    for deed in [
        json!({"label": {"issue": "USER-A-1", "labels": ["red"]}}),
        json!({"prioritise": {"issue": "USER-A-1", "priority": "High"}}),
        json!({"fill": {"issue": "USER-A-1", "field": "assignee", "value": {"accountId": "ann"}}}),
        json!({"restrict": {"issue": "USER-A-1", "viewers": ["ann"]}}),
        json!({"restrict": {"issue": "USER-A-1"}}),
    ] {
        assert_eq!(ann_does(&stage, deed.clone()).await.status, 200, "{deed}");
    }
    let moved = ann_does(&stage, json!({"moveToProject": {"issue": "USER-A-1", "project": DEV}})).await;
    assert_eq!(moved.json(), json!({"issue": "DEV-A-1"}));
    ann_does(&stage, json!({"moveToProject": {"issue": "DEV-A-1", "project": USER}})).await;

    assert_eq!(ann_does(&stage, json!({"delete": {"issue": "USER-A-1"}})).await.status, 200);
    assert_eq!(look(&stage, "/issues?project=USER-A").await, json!({"entries": [], "next": 0}));
    let deleted = look(&stage, "/issues?project=USER-A&deleted=true").await;
    assert_eq!((&deleted["entries"][0]["summary"], &deleted["next"]), (&json!("Two"), &json!(1)));
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused_by_name() {
    let stage = Stage::new();
    stage.ann_reports("One");
    let rule = |rule: Value| json!({"rules": [rule]});
    for (method, path, body, status, error) in [
        ("POST", "/deeds", json!({"who": "Ann", "deed": {"mve": {}}}), 400, "deed: unknown variant `mve`"),
        (
            "POST",
            "/deeds",
            json!({"who": "Ann", "deed": {"move": {"isue": "X"}}}),
            400,
            "deed.move.isue: unknown field",
        ),
        ("POST", "/deeds", json!({"deed": {"delete": {"issue": "X"}}}), 400, "missing field `who`"),
        ("POST", "/deeds", json!({"who": "Joe", "deed": {"delete": {"issue": "USER-A-1"}}}), 404, "no account Joe"),
        ("POST", "/deeds", json!({"who": "ann", "deed": {"delete": {"issue": "USER-A-9"}}}), 404, "no issue USER-A-9"),
        (
            "POST",
            "/deeds",
            json!({"who": "ann", "deed": {"move": {"issue": "USER-A-1", "status": "Closed"}}}),
            409,
            "no transition leads to Closed",
        ),
        ("PUT", "/faults", rule(json!({"kind": "lostReplay"})), 400, "rules[0].kind: unknown variant `lostReplay`"),
        ("PUT", "/faults", rule(json!({"kind": "lostReply", "wen": "always"})), 400, "rules[0].wen: unknown field"),
        ("PUT", "/faults", rule(json!({"kind": "lostReply", "when": {"nth": 0}})), 400, "rules[0].when: requests are"),
        (
            "PUT",
            "/faults",
            rule(json!({"kind": "lostReply", "when": {"chance": 2}})),
            400,
            "rules[0].when.chance: from",
        ),
        (
            "PUT",
            "/faults",
            rule(json!({"kind": "lostReply", "method": "post"})),
            400,
            "rules[0].method: \"post\" is none",
        ),
        ("PUT", "/faults", rule(json!({"kind": "lostReply", "path": "/issue"})), 400, "rules[0].path: the site has no"),
        ("PUT", "/faults", rule(json!({"kind": "lostReply", "account": "Bot"})), 400, "rules[0].account: there is no"),
        (
            "POST",
            "/faults",
            json!({"kind": {"serverError": {"status": 200, "effect": "after"}}}),
            400,
            "kind: 200 is no error status",
        ),
        (
            "POST",
            "/faults",
            json!({"kind": {"latency": {"fromMs": 2, "toMs": 1}}}),
            400,
            "kind: milliseconds from 2 to 1",
        ),
        ("POST", "/faults", json!({"kind": {"redirect": {"host": "x/y"}}}), 400, "kind.redirect.host: an origin"),
        ("PUT", "/faults", json!({}), 400, "either rules or preset"),
        (
            "POST",
            "/deeds",
            json!({"who": "ann", "deed": {"label": {"issue": "USER-A-1", "labels": ["a b"]}}}),
            400,
            "a b can't be entered as labels",
        ),
        ("PUT", "/statuses/77", json!({"name": "X"}), 404, "no status with the id 77"),
        (
            "PUT",
            "/permissions",
            json!({"denied": [{"account": "bot", "project": USER, "permissions": ["EDIT"]}]}),
            400,
            "denied[0].permissions: \"EDIT\" is none of ADMINISTER,",
        ),
        ("PUT", "/accounts/nobody/captcha", json!({"demanded": true}), 404, "no account nobody"),
        ("POST", "/held/release", json!({"number": 3}), 404, "request 3 is not held"),
        ("PUT", "/people", json!({"pairs": [], "pace": 0}), 400, "pace: from above 0"),
        (
            "PUT",
            "/people",
            json!({"pairs": [{"user": USER, "dev": "NOPE"}], "pace": 1}),
            400,
            "pairs[0].dev: there is no project NOPE",
        ),
        ("PUT", "/accounts/nobody/token", json!({"token": "x"}), 404, "no account nobody"),
        ("GET", "/requests?sinc=1", Value::Null, 400, "unknown field `sinc`"),
        ("GET", "/issues?project=NOPE", Value::Null, 404, "no project NOPE"),
        ("GET", "/issues/NOPE-1", Value::Null, 404, "no issue NOPE-1"),
        ("GET", "/nowhere", Value::Null, 404, "GET / lists what there is"),
        ("DELETE", "/requests", Value::Null, 405, "/requests can't be asked with DELETE"),
    ] {
        let (got, told) = refusal(&stage, method, path, body.clone()).await;
        assert_eq!(got, status, "{method} {path} {body}: {told}");
        assert!(told.contains(error), "{method} {path} {body}: {told}");
    }
    assert!(stage.site.standing_faults().is_empty(), "nothing of what was refused is in force");
    assert_eq!(stage.site.issues(USER).len(), 1);
}

/// One of each kind, as it is written.
fn kinds() -> Vec<Value> {
    vec![
        json!({"latency": {"fromMs": 1, "toMs": 2}}),
        json!({"tooMany": {"retryAfterSecs": 3}}),
        json!({"unavailable": {"retryAfterSecs": 3}}),
        json!({"serverError": {"status": 500, "effect": "before"}}),
        json!({"gateway": {"status": 504, "effect": "after"}}),
        json!("lostReply"),
        json!({"stall": {"effect": "before"}}),
        json!({"stall": {"effect": "after"}}),
        json!({"lateEffect": {"fromMs": 1, "toMs": 2, "reply": "silence"}}),
        json!({"hold": {"effect": "before"}}),
        json!({"slowBody": {"piece": 7, "pauseMs": 100}}),
        json!({"oversized": {"bytes": 40_000_000}}),
        json!({"redirect": "loop"}),
        json!({"redirect": {"host": "http://127.0.0.1:9"}}),
        json!({"tooMany": {"retryAfterSecs": 4_000_000_000_u64}}),
        json!({"denied": "scope"}),
        json!({"toNobody": "authorisationFailed"}),
        json!("noEndpoint"),
        json!("compressed"),
        json!({"garbage": "wrongType"}),
    ]
}

#[tokio::test(start_paused = true)]
async fn rules_are_listed_as_they_were_written() {
    let stage = Stage::new();
    for kind in kinds() {
        let rule = json!({
            "method": "PUT", "path": "/rest/api/3/issue/{issueIdOrKey}", "account": BOT, "when": {"every": 3}, "kind": kind,
        });
        let reply = ask(&stage, "PUT", "/faults", json!({"rules": [rule]})).await;
        assert_eq!((reply.status, &reply.json()["rules"][0]["rule"]), (200, &rule), "{}", reply.text);
    }
    assert_eq!(ask(&stage, "POST", "/faults", json!({"kind": "lostReply"})).await.status, 200);
    let listed = look(&stage, "/faults").await;
    assert_eq!(listed["rules"][1], json!({"rule": {"when": "always", "kind": "lostReply"}, "seen": 0, "struck": 0}));
    assert_eq!(ask(&stage, "DELETE", "/faults", Value::Null).await.status, 204);
    assert_eq!(look(&stage, "/faults").await, json!({"rules": []}));
    ask(&stage, "PUT", "/faults", json!({"preset": "rough"})).await;
    assert!(look(&stage, "/faults").await["rules"].as_array().unwrap().len() > 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_held_seen_and_released_by_order() {
    let stage = Stage::new();
    let rule = json!({"method": "POST", "path": "/rest/api/3/issue", "kind": {"hold": {"effect": "before"}}});
    assert_eq!(ask(&stage, "POST", "/faults", rule).await.status, 200);
    let release = async {
        let held = look(&stage, "/held?atLeast=1&withinMs=60000").await;
        let line = &held["held"][0];
        assert_eq!(
            (&line["method"], &line["fault"], &line["status"]),
            (&json!("POST"), &json!("hold before effect"), &Value::Null,)
        );
        assert_eq!(stage.site.issues(DEV).len(), 0);
        ask(&stage, "POST", "/held/release", json!({"number": line["number"]})).await.json()
    };
    let (reply, released) = tokio::join!(stage.post("issue", new_issue(DEV, "One")), release);
    assert_eq!((reply.status, released), (201, json!({"released": 1})));
    assert_eq!(look(&stage, "/held?atLeast=1&withinMs=100").await, json!({"held": []}), "patience ends");
    assert_eq!(look(&stage, "/requests").await["entries"][0]["status"], 201);
}

#[tokio::test(start_paused = true)]
async fn long_lists_come_in_parts() {
    let stage = Stage::new();
    for n in 0..5 {
        stage.ann_reports(&format!("Issue {n}"));
        stage.get("myself").await;
    }
    for path in ["/requests?", "/journal?", "/issues?project=USER-A&"] {
        let first = look(&stage, &format!("{path}limit=2")).await;
        assert_eq!((first["entries"].as_array().unwrap().len(), &first["next"]), (2, &json!(2)), "{path}");
        let rest = look(&stage, &format!("{path}since=2")).await;
        assert_eq!((rest["entries"].as_array().unwrap().len(), &rest["next"]), (3, &json!(5)), "{path}");
        let end = look(&stage, &format!("{path}since=5")).await;
        assert_eq!(end, json!({"entries": [], "next": 5}), "{path}");
    }
    assert_eq!(look(&stage, "/counters").await, json!({"GET /rest/api/3/myself": 5}));
}

#[tokio::test(start_paused = true)]
async fn accounts_are_told_without_their_secrets_and_get_new_ones() {
    let stage = Stage::new();
    let accounts = ask(&stage, "GET", "/accounts", Value::Null).await;
    assert!(accounts.text.contains("Asia/Ho_Chi_Minh") && !accounts.text.contains("bot-token"), "{}", accounts.text);
    assert_eq!(ask(&stage, "PUT", "/accounts/bot/token", json!({"token": "new"})).await.status, 204);
    assert_eq!(stage.get("myself").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn files_and_restricted_comments_come_and_go_by_order() {
    let stage = Stage::new();
    stage.ann_reports("One");
    let attach = |content: Value| json!({"attach": {"issue": "USER-A-1", "filename": "a b.txt", "content": content}});
    for content in [json!({"text": "abc"}), json!({"base64": "YWJj"}), json!({"made": {"size": 3, "seed": 1}})] {
        assert_eq!(ann_does(&stage, attach(content)).await.status, 200);
    }
    let whisper = json!({"issue": "USER-A-1", "text": "Psst", "visibility": {"role": "Developers"}});
    assert_eq!(ann_does(&stage, json!({"commentFor": whisper})).await.status, 200);
    let issue = look(&stage, "/issues/USER-A-1").await;
    let files = &issue["attachments"];
    assert_eq!(
        (&files[0]["filename"], &files[1]["size"], &files[2]["size"]),
        (&json!("a b.txt"), &json!(3), &json!(3))
    );
    assert_eq!(files[0]["sha256"], files[1]["sha256"]);
    assert_eq!(issue["comments"][0]["visibility"], json!({"role": "Developers"}));

    let detach = json!({"detach": {"issue": "USER-A-1", "attachment": files[0]["id"]}});
    assert_eq!(ann_does(&stage, detach.clone()).await.status, 200);
    assert_eq!(ann_does(&stage, detach).await.status, 404);
    assert_eq!(ann_does(&stage, attach(json!({"base64": "?"}))).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn permissions_and_names_of_statuses_change_by_order() {
    let stage = Stage::new();
    stage.ann_reports("One");
    let denied = json!({"denied": [{"account": BOT, "project": USER, "permissions": ["BROWSE_PROJECTS"]}]});
    assert_eq!(ask(&stage, "PUT", "/permissions", denied).await.status, 204);
    assert_eq!(stage.get("issue/USER-A-1").await.status, 404);
    assert_eq!(ask(&stage, "PUT", "/permissions", json!({"denied": []})).await.status, 204);
    let projects = look(&stage, "/projects").await;
    let open = &projects[1]["statuses"][0];
    assert_eq!((&projects[1]["key"], &open["name"]), (&json!(USER), &json!("Open")));
    let path = format!("/statuses/{}", open["id"].as_str().unwrap());
    assert_eq!(ask(&stage, "PUT", &path, json!({"name": "Waiting"})).await.status, 204);
    assert_eq!(stage.get("issue/USER-A-1").await.json()["fields"]["status"]["name"], "Waiting");
}

#[tokio::test(start_paused = true)]
async fn search_freezes_and_thaws_by_order() {
    let stage = Stage::new();
    stage.ann_reports("One");
    super::stage::wait(5).await;
    for body in [json!({"seconds": 600}), json!({"issue": "USER-A-1", "seconds": 60})] {
        assert_eq!(ask(&stage, "PUT", "/frost", body.clone()).await.status, 204, "{body}");
    }
    stage.ann_reports("Two");
    stage.ann_moves("USER-A-1", "Will Do");
    super::stage::wait(30).await;
    assert_eq!(ask(&stage, "PUT", "/frost", json!({"seconds": 0})).await.status, 204);
    let found = stage.search("project = USER-A ORDER BY key").await.json();
    assert_eq!(
        (found["issues"].as_array().unwrap().len(), &found["issues"][0]["fields"]["status"]["name"]),
        (2, &json!("Open"))
    );
    let (status, error) = refusal(&stage, "PUT", "/frost", json!({"issue": "USER-A-9", "seconds": 1})).await;
    assert_eq!((status, error.as_str()), (404, "there is no issue USER-A-9"));
}

#[tokio::test(start_paused = true)]
async fn search_rows_are_garbled_on_demand_and_faults_match_an_issue() {
    let stage = Stage::new();
    stage.ann_reports("One");
    stage.ann_reports("Two");
    super::stage::wait(5).await;
    let order = json!({"issue": "USER-A-1", "garbage": "noTime"});
    assert_eq!(ask(&stage, "PUT", "/rows", order).await.status, 204);
    let rows = stage.search("project = USER-A ORDER BY key").await.json()["issues"].clone();
    assert_eq!(rows[0]["fields"]["updated"], "yesterday");
    assert_ne!(rows[1]["fields"]["updated"], "yesterday");

    let broken = json!({"issue": "USER-A-1", "kind": {"serverError": {"status": 500, "effect": "before"}}});
    assert_eq!(ask(&stage, "POST", "/faults", broken).await.status, 200);
    let batch = |names: &[&str]| json!({"issueIdsOrKeys": names});
    assert_eq!(stage.post("issue/bulkfetch", batch(&["USER-A-2", "USER-A-1"])).await.status, 500);
    assert_eq!(stage.post("issue/bulkfetch", batch(&["USER-A-2"])).await.status, 200);
    let id = look(&stage, "/issues/USER-A-1").await["id"].as_str().unwrap().to_owned();
    let read = [format!("issue/{id}"), "issue/USER-A-2".to_owned()];
    assert_eq!((stage.get(&read[0]).await.status, stage.get(&read[1]).await.status), (500, 200));
}

#[tokio::test(start_paused = true)]
async fn issues_are_cloned_by_order() {
    let stage = Stage::new();
    stage.ann_reports("One");
    stage.ann(Action::SetProperty { issue: "USER-A-1".into(), key: "k".into(), value: json!(1) });
    for (order, key, kept) in [
        (json!({"issue": "USER-A-1"}), "USER-A-2", json!({})),
        (json!({"issue": "USER-A-1", "withProperties": true}), "USER-A-3", json!({"k": 1})),
    ] {
        assert_eq!(ann_does(&stage, json!({"clone": order})).await.json(), json!({"issue": key}));
        let clone = look(&stage, &format!("/issues/{key}")).await;
        assert_eq!((&clone["summary"], &clone["properties"]), (&json!("CLONE - One"), &kept));
    }
}

#[tokio::test(start_paused = true)]
async fn the_site_can_be_made_deaf_and_its_people_sent_home() {
    let stage = Stage::new();
    ask(&stage, "PUT", "/deaf", json!({"deaf": true})).await;
    assert_eq!(stage.get("myself").await.status, 502);
    ask(&stage, "PUT", "/deaf", json!({"deaf": false})).await;
    assert_eq!(stage.get("myself").await.status, 200);

    let company = json!({"pairs": [{"user": USER, "dev": DEV}], "pace": 100});
    assert_eq!(ask(&stage, "PUT", "/people", company).await.status, 204);
    super::stage::wait(600).await;
    let reported = look(&stage, "/journal?limit=1000").await["next"].clone();
    assert!(reported.as_u64().unwrap() > 10, "{reported}");
    assert_eq!(ask(&stage, "DELETE", "/people", Value::Null).await.status, 204);
    super::stage::wait(3600).await;
    assert_eq!(look(&stage, "/journal?limit=1000").await["next"], reported);
}

#[tokio::test(start_paused = true)]
async fn what_the_site_tells_of_the_back_door_is_what_there_is() {
    let stage = Stage::new();
    let about = look(&stage, "/").await;
    assert_eq!((&about["projects"], &about["now"]), (&json!([DEV, USER]), &json!("2026-03-02T12:00:00.000Z")));
    for line in about["requests"].as_array().unwrap() {
        let (methods, rest) = line.as_str().unwrap().split_once(' ').unwrap();
        let path = rest.split('?').next().unwrap();
        for method in methods.split('|') {
            let reply = ask(&stage, method, path, Value::Null).await;
            let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
            assert!(reply.status != 405 && !error.contains("GET / lists"), "{method} {path}: {error}");
        }
    }
}
