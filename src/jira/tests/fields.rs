//! Fields by name, the resolutions of transitions, and values on their way to a new issue.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::testing::{Exchange, Script, on};
use super::super::{Client, Edit, FieldValue, Fields, Mapped, Resolves};
use super::{id, issue};
use crate::flow::{Deployment, FieldCopy, FieldName, IssueType, StatusName};

fn name(text: &str) -> FieldName {
    FieldName::new(text).unwrap()
}

fn bug() -> IssueType {
    IssueType { id: "1".to_owned(), name: "Bug".to_owned() }
}

fn field(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "custom": id.starts_with("customfield"), "schema": {"type": "string"}})
}

/// What `GET field` answers, on Cloud.
fn fields(all: &[Value]) -> Exchange {
    on("GET /rest/api/3/field").answers(json!(all))
}

#[tokio::test(start_paused = true)]
async fn a_field_is_known_by_its_id_or_by_its_name_and_asked_for_once() {
    for (deployment, api) in [(Deployment::Cloud, 3), (Deployment::DataCenter, 2)] {
        let all = json!([field("labels", "Labels"), field("customfield_10042", "Replied")]);
        let (client, script) =
            Script::client(deployment, vec![on(&format!("GET /rest/api/{api}/field")).answers(all.clone())]).await;
        for _ in 0..2 {
            let found = client.field_id(&name(" replied"), &id("10001")).await.unwrap();
            assert_eq!(found.as_deref(), Some("customfield_10042"));
        }
        script.done();
    }
}

#[tokio::test(start_paused = true)]
async fn of_fields_of_one_name_the_one_on_the_edit_screen_is_meant_else_the_oldest() {
    let twins = [field("customfield_10050", "Replied"), field("customfield_9001", "Replied")];
    let screen = |id: &str| json!({"fields": {id: {"required": false, "name": "x", "operations": ["set"]}}});
    let edit = || on("GET /rest/api/3/issue/10001/editmeta");
    let exchanges =
        vec![fields(&twins), edit().answers(screen("customfield_10050")), edit().answers(screen("summary"))];
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    for expected in ["customfield_10050", "customfield_9001"] {
        let found = client.field_id(&name("Replied"), &id("10001")).await.unwrap();
        assert_eq!(found.as_deref(), Some(expected));
    }
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_missing_field_is_looked_for_again_after_a_while_and_a_known_one_after_a_refusal() {
    let known = [field("customfield_1", "Replied")];
    let refused = json!({"errorMessages": [], "errors": {"customfield_1": "Field cannot be set."}});
    let exchanges = vec![
        fields(&[]),
        fields(&known),
        on("PUT /rest/api/3/issue/10001").ends(400, refused),
        fields(&[field("customfield_2", "Replied")]),
    ];
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let find = async || client.field_id(&name("Replied"), &id("10001")).await.unwrap();
    assert_eq!((find().await, find().await), (None, None));
    tokio::time::advance(Duration::from_secs(601)).await;
    assert_eq!(find().await.as_deref(), Some("customfield_1"));
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert_eq!(find().await.as_deref(), Some("customfield_1"));
    let edit = Edit { fields: Fields::from([("customfield_1".to_owned(), FieldValue::yes())]), ..Edit::default() };
    client.edit(&id("10001"), &edit).await.unwrap_err();
    assert_eq!(find().await.as_deref(), Some("customfield_2"));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn how_far_an_issue_is_and_what_a_field_holds_come_in_one_request() {
    let mut bean = issue("10001", "ED-1", "5");
    bean["fields"] = json!({"customfield_1": true,
        "status": {"id": "5", "name": "Closed", "statusCategory": {"id": 3, "key": "done"}}});
    let read = |id: &str| on(&format!("GET /rest/api/3/issue/{id}?fields=status,customfield_1"));
    let gone = json!({"errorMessages": ["Issue does not exist"], "errors": {}});
    let exchanges = vec![read("10001").answers(bean), read("10002").ends(404, gone)];
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let progress = client.progress(&id("10001"), &["customfield_1"]).await.unwrap().unwrap();
    assert_eq!((progress.is_done, progress.status.name.as_str()), (true, "Closed"));
    assert_eq!(progress.fields, Fields::from([("customfield_1".to_owned(), FieldValue::yes())]));
    assert_eq!(client.progress(&id("10002"), &["customfield_1"]).await, Ok(None));
    script.done();
}

/// Where ED-1, a bug, stands; `screen` is what Jira says of whether the transition has one.
fn standing(screen: Option<bool>) -> Value {
    let mut bean = issue("10001", "ED-1", "1");
    bean["transitions"] =
        json!([{"id": "5", "name": "Resolve", "to": {"id": "5", "name": "Resolved"}, "hasScreen": screen}]);
    bean
}

fn stands(screen: Option<bool>) -> Exchange {
    on("GET /rest/api/3/issue/10001?fields=status,issuetype,resolution&expand=transitions").answers(standing(screen))
}

fn shows(fields: Value) -> Exchange {
    let told = json!({"transitions": [
        {"id": "5", "name": "Resolve", "to": {"id": "5", "name": "Resolved"}, "fields": fields}]});
    on("GET /rest/api/3/issue/10001/transitions?transitionId=5&expand=transitions.fields").answers(told)
}

async fn resolves(client: &Client) -> Resolves {
    let standing = client.standing(&id("10001")).await.unwrap();
    let offers = standing.offers_to(&StatusName::new("Resolved"));
    client.screens_of(&id("10001"), &standing, &offers).await.unwrap().remove(0).resolves
}

#[tokio::test(start_paused = true)]
async fn whether_a_transition_resolves_is_asked_once_until_jira_contradicts() {
    let resolution = |required: bool| {
        json!({"resolution": {"required": required, "name": "Resolution",
        "allowedValues": [{"id": "1", "name": "Done"}, {"id": "2", "name": "Won't Do"}]}})
    };
    let refused = json!({"errorMessages": [], "errors": {"resolution": "Resolution is required."}});
    let exchanges = vec![
        stands(None),
        shows(json!({"assignee": {"required": false, "name": "Assignee"}})),
        stands(Some(true)),
        on("POST /rest/api/3/issue/10001/transitions").ends(400, refused),
        stands(Some(true)),
        shows(resolution(true)),
    ];
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    assert_eq!(resolves(&client).await, Resolves::Absent);
    assert_eq!(resolves(&client).await, Resolves::Absent, "remembered");
    let offer = super::super::Offer {
        id: "5".to_owned(),
        name: "Resolve".to_owned(),
        to: Some(crate::flow::Status { id: "5".parse().unwrap(), name: StatusName::new("Resolved") }),
        is_done: true,
        has_screen: None,
    };
    client.transition(&id("10001"), &offer, &Fields::new()).await.unwrap_err();
    let needed = resolves(&client).await;
    assert_eq!((needed.named("done"), needed.named("Fixed")), (Some("Done"), None));
    assert!(matches!(needed, Resolves::Needed(_)));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_transition_without_a_screen_resolves_nothing_and_costs_no_look() {
    let (client, script) = Script::client(Deployment::Cloud, vec![stands(Some(false))]).await;
    assert_eq!(resolves(&client).await, Resolves::Absent);
    script.done();
}

/// A field of a create screen.
fn on_screen(id: &str, schema: Value, allowed: Option<Value>) -> Value {
    json!({"fieldId": id, "name": format!("Name of {id}"), "required": false, "schema": schema,
        "allowedValues": allowed})
}

fn custom(kind: &str, of: &str) -> Value {
    json!({"type": kind, "custom": format!("com.atlassian.jira.plugin.system.customfieldtypes:{of}")})
}

/// What becomes of `value` in a field of that schema and those choices.
async fn mapped(deployment: Deployment, value: Value, schema: Value, allowed: Option<Value>) -> Mapped {
    let (api, fields) = match deployment {
        Deployment::Cloud | Deployment::Auto => (3, "fields"),
        Deployment::DataCenter => (2, "values"),
    };
    let path = |rest: &str| on(&format!("GET /rest/api/{api}/{rest}"));
    let page = "?startAt=0&maxResults=200";
    let exchanges = vec![
        path("field").answers(json!([field("customfield_1", "Source")])),
        path("issue/10001?fields=customfield_1")
            .answers(json!({"id": "10001", "key": "ED-1", "fields": {"customfield_1": value}})),
        path(&format!("issue/createmeta/10002/issuetypes/1{page}"))
            .answers(json!({fields: [on_screen("customfield_2", schema, allowed)], "total": 1})),
    ];
    let (client, script) = Script::client(deployment, exchanges).await;
    let copies = [FieldCopy { from: name("source"), to: name("customfield_2") }];
    let mapped = client.mapped(&copies, &id("10001"), &"10002".parse().unwrap(), &bug()).await.unwrap();
    script.done();
    mapped
}

#[tokio::test(start_paused = true)]
async fn values_cross_in_the_terms_of_the_field_that_takes_them() {
    let colours = || {
        Some(
            json!([{"id": "7", "value": "Red"}, {"id": "8", "value": "Blue", "children": [{"id": "9", "value": "Sky"}]}]),
        )
    };
    let versions = || Some(json!([{"id": "20", "name": "1.0"}]));
    let option = json!({"id": "70", "value": "red", "self": "https://x/option/70"});
    let cascade = json!({"id": "80", "value": "Blue", "child": {"id": "90", "value": "sky"}});
    let document = json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "It"}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "burns"}]}]});
    let many = |of: &str| json!({"type": "array", "items": of, "system": "x"});
    let labels = json!({"type": "array", "items": "string", "system": "labels"});
    let table = [
        ("an option by its value", option.clone(), custom("option", "select"), colours(), json!({"value": "Red"})),
        ("an option of many", json!([option]), custom("option", "select"), colours(), json!({"value": "Red"})),
        ("one as a list", option.clone(), many("option"), colours(), json!([{"value": "Red"}])),
        (
            "an option and one below it",
            cascade,
            custom("option-with-child", "cascadingselect"),
            colours(),
            json!({"value": "Blue", "child": {"value": "Sky"}}),
        ),
        (
            "versions by name",
            json!([{"id": "2", "name": "1.0"}]),
            many("version"),
            versions(),
            json!([{"name": "1.0"}]),
        ),
        (
            "a priority by name",
            json!({"id": "3", "name": "High"}),
            json!({"type": "priority"}),
            None,
            json!({"name": "High"}),
        ),
        ("labels as they are", json!(["a", "b"]), labels, None, json!(["a", "b"])),
        ("a number", json!(2.5), custom("number", "float"), None, json!(2.5)),
        ("a number as words", json!(2.5), custom("string", "textfield"), None, json!("2.5")),
        ("a date", json!("2024-11-29"), custom("date", "datepicker"), None, json!("2024-11-29")),
        (
            "the day of an instant",
            json!("2024-11-29T23:44:51.887-0800"),
            custom("date", "datepicker"),
            None,
            json!("2024-11-29"),
        ),
        ("a text as a text", document.clone(), custom("string", "textarea"), None, document.clone()),
        ("a text as a line", document, custom("string", "textfield"), None, json!("It burns")),
        (
            "an account",
            json!({"accountId": "5b10", "displayName": "Mia", "emailAddress": "m@x"}),
            custom("user", "userpicker"),
            None,
            json!({"accountId": "5b10"}),
        ),
    ];
    for (case, value, schema, allowed, expected) in table {
        let mapped = mapped(Deployment::Cloud, value, schema, allowed).await;
        let told: Value = serde_json::from_str(&mapped.fields["customfield_2"].to_string()).unwrap();
        assert_eq!((told, mapped.left_out), (expected, Vec::new()), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn data_center_knows_accounts_by_login_and_texts_as_markup() {
    let table = [
        (json!({"key": "JIRAUSER1", "name": "mia"}), custom("user", "userpicker"), json!({"name": "mia"})),
        (json!("h1. It burns"), custom("string", "textarea"), json!("h1. It burns")),
    ];
    for (value, schema, expected) in table {
        let mapped = mapped(Deployment::DataCenter, value, schema, None).await;
        let told: Value = serde_json::from_str(&mapped.fields["customfield_2"].to_string()).unwrap();
        assert_eq!((told, mapped.left_out), (expected, Vec::new()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_not_cross_is_left_out_with_the_reason_and_what_is_empty_in_silence() {
    let colours = || Some(json!([{"id": "7", "value": "Red"}]));
    let select = || custom("option", "select");
    let table: [(Value, Value, Option<Value>, &[&str]); 8] = [
        (json!({"value": "Green"}), select(), colours(), &["\"Green\" is not among its values"]),
        (json!([{"value": "Red"}, {"value": "Red"}]), select(), colours(), &["it takes one value, and there are 2"]),
        (json!({"id": "7"}), select(), colours(), &["the value can't become one of its values"]),
        (json!("soon"), custom("date", "datepicker"), None, &["the value can't become a date"]),
        (
            json!("x"),
            json!({"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-epic-link"}),
            None,
            &["fields of the type any are not copied"],
        ),
        (
            json!([{"id": 1}]),
            json!({"type": "array", "items": "json"}),
            None,
            &["fields of the type array of json are not copied"],
        ),
        (Value::Null, select(), colours(), &[]),
        (json!([]), select(), colours(), &[]),
    ];
    for (value, schema, allowed, expected) in table {
        let mapped = mapped(Deployment::Cloud, value.clone(), schema, allowed).await;
        let why: Vec<_> = mapped.left_out.iter().map(|(_, why)| why.as_str()).collect();
        assert_eq!((mapped.fields.len(), &why[..]), (0, expected), "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_list_what_is_known_there_crosses_and_the_rest_is_told() {
    let values = json!([{"value": "Red"}, {"value": "Green"}]);
    let schema = json!({"type": "array", "items": "option"});
    let mapped = mapped(Deployment::Cloud, values, schema, Some(json!([{"id": "7", "value": "Red"}]))).await;
    assert_eq!(mapped.fields["customfield_2"].to_string(), r#"[{"value":"Red"}]"#);
    assert_eq!(mapped.left_out, [(name("customfield_2"), "\"Green\" is not among its values".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_create_screen_is_looked_at_once_and_again_after_a_refused_create() {
    let values = || {
        on("GET /rest/api/3/issue/10001?fields=labels")
            .answers(json!({"id": "10001", "key": "ED-1", "fields": {"labels": ["a"]}}))
    };
    let screen = || {
        on("GET /rest/api/3/issue/createmeta/10002/issuetypes/1?startAt=0&maxResults=200")
            .answers(json!({"fields": [], "total": 0}))
    };
    let known = || fields(&[field("labels", "Labels")]);
    let refused = json!({"errorMessages": [], "errors": {"labels": "no"}});
    let create = on("POST /rest/api/3/issue").ends(400, refused);
    let exchanges = vec![known(), values(), screen(), values(), create, known(), values(), screen()];
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let project = "10002".parse().unwrap();
    let copies = [FieldCopy { from: name("Labels"), to: name("Labels") }];
    let map = async || client.mapped(&copies, &id("10001"), &project, &bug()).await.unwrap();
    let mapped = map().await;
    let why = "the screen on which a Bug is created there does not have it".to_owned();
    assert_eq!(mapped.left_out, [(name("labels"), why)]);
    map().await;
    client.create(&super::writing::new(&project, "i-1")).await.unwrap_err();
    map().await;
    script.done();
}

#[tokio::test(start_paused = true)]
async fn what_lockstep_sets_itself_and_what_is_no_field_is_told() {
    let exchanges = vec![
        fields(&[field("environment", "Environment")]),
        on("GET /rest/api/3/issue/10001?fields=environment")
            .answers(json!({"id": "10001", "key": "ED-1", "fields": {"environment": "x"}})),
        on("GET /rest/api/3/issue/createmeta/10002/issuetypes/1?startAt=0&maxResults=200").answers(json!({"fields": [
            on_screen("summary", json!({"type": "string", "system": "summary"}), None),
            on_screen("labels", json!({"type": "array", "items": "string", "system": "labels"}), None)], "total": 2})),
    ];
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let copies = [
        FieldCopy { from: name("Environment"), to: name("summary") },
        FieldCopy { from: name("Severity"), to: name("Team") },
        FieldCopy { from: name("Severity"), to: name("name of labels") },
    ];
    let mapped = client.mapped(&copies, &id("10001"), &"10002".parse().unwrap(), &bug()).await.unwrap();
    let why: Vec<_> = mapped.left_out.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(
        why,
        [
            "Lockstep itself sets it in every issue that it creates",
            "the screen on which a Bug is created there does not have it",
            "there is no field Severity to copy",
        ]
    );
    script.done();
}
