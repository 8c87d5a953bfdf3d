//! Fields of one project whose values are put into fields of another: what fits there, and what does not.

use serde_json::{Value, json};

use super::stage::{DEV, Stage, USER, adf, new_issue};
use crate::fields::FieldKind;
use crate::{Action, CustomField, Flavour, Refusal, Screens, Setup};

const TEAM: &str = "customfield_10010";
const SQUAD: &str = "customfield_10011";
const PARTS: &str = "customfield_10012";
const TAGS: &str = "customfield_10013";
const FOUND_IN: &str = "customfield_10014";
const SEEN_IN: &str = "customfield_10015";
const STEPS: &str = "customfield_10016";
const REPLIED: &str = "customfield_10017";

fn furnished(setup: &mut Setup) {
    setup.custom_fields = vec![
        CustomField::select(10010, "Team", &["Red", "Blue"]),
        CustomField::select(10011, "Squad", &["Red", "Green"]),
        CustomField::multi_select(10012, "Parts", &["Lid", "Box"]),
        CustomField::new(10013, "Tags", FieldKind::Labels),
        CustomField::new(10014, "Found in", FieldKind::Version),
        CustomField::new(10015, "Seen in", FieldKind::Versions),
        CustomField::new(10016, "Steps", FieldKind::Paragraph),
        CustomField::new(10017, "Replied", FieldKind::Flag),
    ];
    setup.versions = [(DEV, ["1.0", "2.0"]), (USER, ["2.0", "3.0"])]
        .map(|(key, all)| (key.into(), all.map(String::from).into()))
        .into();
    let all = [TEAM, SQUAD, PARTS, TAGS, FOUND_IN, SEEN_IN, STEPS, REPLIED, "versions", "fixVersions"];
    setup.screens = [USER, DEV].map(|key| (key.into(), Screens::default().with(&all))).into();
}

fn stage() -> Stage {
    Stage::with(furnished)
}

async fn set(stage: &Stage, issue: &str, field: &str, value: &Value) -> (u16, String) {
    let reply = stage.put(&format!("issue/{issue}"), json!({"fields": {field: value}})).await;
    (reply.status, reply.json()["errors"][field].as_str().unwrap_or_default().into())
}

async fn shown(stage: &Stage, issue: &str, field: &str) -> Value {
    stage.get(&format!("issue/{issue}?fields={field}")).await.json()["fields"][field].clone()
}

#[tokio::test(start_paused = true)]
async fn each_kind_is_shown_in_a_form_that_it_takes() {
    for (flavour, text) in [(Flavour::Cloud, adf("Open it.")), (Flavour::DataCenter, json!("Open *it*."))] {
        let stage = Stage::with(|setup| {
            furnished(setup);
            setup.flavour = flavour;
        });
        let (issue, other) = (stage.ann_reports("One"), stage.ann_reports("Two"));
        for (field, value, told) in [
            (PARTS, json!([{"value": "Lid"}, {"value": "Box"}]), "Lid,Box"),
            (TAGS, json!(["one", "two"]), "one two"),
            (FOUND_IN, json!({"name": "2.0"}), "2.0"),
            (SEEN_IN, json!([{"name": "2.0"}, {"name": "3.0"}]), "2.0,3.0"),
            (STEPS, text.clone(), text.as_str().unwrap_or("Open it.")),
            (REPLIED, json!(true), "true"),
            ("versions", json!([{"name": "3.0"}]), "3.0"),
            ("fixVersions", json!([{"name": "3.0"}]), "3.0"),
        ] {
            assert_eq!(set(&stage, &issue, field, &value).await, (204, String::new()), "{field}");
            let first = shown(&stage, &issue, field).await;
            assert_eq!(stage.site.issue(&issue).unwrap().fields[field], told);
            assert_eq!(set(&stage, &other, field, &first).await, (204, String::new()), "{field}: {first}");
            assert_eq!(shown(&stage, &other, field).await, first);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_option_is_copied_by_its_text_and_a_version_by_its_name() {
    let stage = stage();
    let user = stage.ann_reports("One");
    let dev = stage.create(DEV, "Copy").await;
    for (field, value) in [(TEAM, json!({"value": "Red"})), ("fixVersions", json!([{"name": "2.0"}]))] {
        assert_eq!(set(&stage, &user, field, &value).await.0, 204);
    }
    let (team, version) = (shown(&stage, &user, TEAM).await, shown(&stage, &user, "fixVersions").await[0].clone());
    for (field, value, answer) in [
        (SQUAD, json!({"id": team["id"]}), (400, format!("Option id '{}' is not valid", team["id"].as_str().unwrap()))),
        (SQUAD, json!({"value": "Blue"}), (400, "Option value 'Blue' is not valid".into())),
        (SQUAD, json!({"value": team["value"]}), (204, String::new())),
        (
            "fixVersions",
            json!([{"id": version["id"]}]),
            (400, format!("Version id '{}' is not valid", version["id"].as_str().unwrap())),
        ),
        ("fixVersions", json!([{"name": "3.0"}]), (400, "Version name '3.0' is not valid".into())),
        ("fixVersions", json!([{"name": version["name"]}]), (204, String::new())),
    ] {
        assert_eq!(set(&stage, &dev, field, &value).await, answer, "{field} {value}");
    }
    let fields = stage.site.issue(&dev).unwrap().fields;
    assert_eq!((fields[SQUAD].as_str(), fields["fixVersions"].as_str()), ("Red", "2.0"));
    let mut body = new_issue(DEV, "Copy");
    body["fields"]["versions"] = json!([{"name": "3.0"}]);
    let refused = stage.post("issue", body).await;
    assert_eq!(refused.json()["errors"], json!({"versions": "Version name '3.0' is not valid"}));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_in_jiras_words() {
    let stage = stage();
    let issue = stage.ann_reports("One");
    for (field, value, complaint) in [
        (REPLIED, json!("true"), "Operation value must be a boolean"),
        (TEAM, json!(true), "Could not find valid 'id' or 'value' in the Parent Option object."),
        (PARTS, json!(true), "data was not an array"),
        (PARTS, json!([{"value": "Leg"}]), "Option value 'Leg' is not valid"),
        (TAGS, json!(["a b"]), "The label 'a b' contains spaces which is invalid."),
        (FOUND_IN, json!("2.0"), "data was not an object"),
        (STEPS, json!("Open it."), "Operation value must be an Atlassian Document (see the Atlassian Document Format)"),
    ] {
        assert_eq!(set(&stage, &issue, field, &value).await, (400, complaint.into()), "{field} {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_field_off_the_edit_screen_is_refused_there_and_taken_elsewhere() {
    let stage = Stage::with(|setup| {
        furnished(setup);
        let screens = setup.screens.get_mut(USER).unwrap();
        screens.edit = screens.edit.clone().without(REPLIED);
    });
    let (user, dev) = (stage.ann_reports("One"), stage.create(DEV, "Copy").await);
    let complaint = format!("Field '{REPLIED}' cannot be set. It is not on the appropriate screen, or unknown.");
    assert_eq!(set(&stage, &user, REPLIED, &json!(true)).await, (400, complaint));
    assert_eq!(set(&stage, &dev, REPLIED, &json!(true)).await.0, 204);
    assert_eq!(shown(&stage, &dev, REPLIED).await, json!(true));
}

#[tokio::test(start_paused = true)]
async fn each_version_that_comes_or_goes_is_told_by_itself() {
    let stage = stage();
    let issue = stage.ann_reports("One");
    set(&stage, &issue, "fixVersions", &json!([{"name": "2.0"}])).await;
    set(&stage, &issue, "fixVersions", &json!([{"name": "3.0"}])).await;
    let history = stage.get(&format!("issue/{issue}?expand=changelog")).await.json()["changelog"]["histories"].clone();
    let item = |from: [Value; 2], to: [Value; 2]| {
        let ([from, from_text], [to, to_text]) = (from, to);
        json!({
            "field": "Fix Version", "fieldtype": "jira", "fieldId": "fixVersions",
            "from": from, "fromString": from_text, "to": to, "toString": to_text,
        })
    };
    let none = [Value::Null, Value::Null];
    let gone = item([json!("10002"), json!("2.0")], none.clone());
    assert_eq!(history[0]["items"], json!([gone, item(none, [json!("10003"), json!("3.0")])]));
}

#[tokio::test(start_paused = true)]
async fn people_fill_any_field_and_are_told_what_does_not_fit() {
    for (flavour, text) in [(Flavour::Cloud, adf("Open it.")), (Flavour::DataCenter, json!("Open it."))] {
        let stage = Stage::with(|setup| {
            furnished(setup);
            setup.flavour = flavour;
            setup.screens.clear();
        });
        let issue = stage.ann_reports("One");
        let fill = |field: &str, value| Action::Fill { issue: issue.clone(), field: field.into(), value };
        stage.ann(fill(TEAM, json!({"value": "Red"})));
        stage.ann(fill(STEPS, text.clone()));
        stage.ann(fill(TEAM, Value::Null));
        assert_eq!((shown(&stage, &issue, TEAM).await, shown(&stage, &issue, STEPS).await), (Value::Null, text));
        let refused = stage.site.act("Ann", fill(REPLIED, json!("yes"))).unwrap_err();
        assert_eq!(refused, Refusal::Unfit { field: REPLIED.into(), why: "Operation value must be a boolean".into() });
        assert!(stage.site.act("Ann", fill("customfield_1", json!(1))).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn all_fields_are_listed_with_what_they_hold() {
    for (flavour, fix_versions) in [(Flavour::Cloud, "Fix versions"), (Flavour::DataCenter, "Fix Version/s")] {
        let stage = Stage::with(|setup| {
            furnished(setup);
            setup.flavour = flavour;
        });
        let of = |list: &Value, id: &str| list.as_array().unwrap().iter().find(|it| it["id"] == id).unwrap().clone();
        let list = stage.at("GET", "/rest/api/2/field").await.json();
        for (id, name, schema) in [
            (TEAM, "Team", json!({"type": "option", "custom": "select"})),
            (PARTS, "Parts", json!({"type": "array", "items": "option", "custom": "multiselect"})),
            (TAGS, "Tags", json!({"type": "array", "items": "string", "custom": "labels"})),
            (FOUND_IN, "Found in", json!({"type": "version", "custom": "version"})),
            (SEEN_IN, "Seen in", json!({"type": "array", "items": "version", "custom": "multiversion"})),
            (STEPS, "Steps", json!({"type": "string", "custom": "textarea"})),
            (REPLIED, "Replied", json!({"type": "boolean", "custom": "flag"})),
            ("fixVersions", fix_versions, json!({"type": "array", "items": "version", "system": "fixVersions"})),
            ("attachment", "Attachment", json!({"type": "array", "items": "attachment", "system": "attachment"})),
        ] {
            let mut field = of(&list, id);
            assert_eq!((&field["name"], &field["custom"]), (&json!(name), &json!(id.starts_with("custom"))));
            if let Some(plugin) = field["schema"]["custom"].as_str() {
                field["schema"]["custom"] = plugin.rsplit(':').next().into();
                field["schema"].as_object_mut().unwrap().remove("customId");
            }
            assert_eq!(field["schema"], schema, "{id}");
        }
        assert_eq!(of(&list, "issuekey").get("schema"), None);
        assert_eq!(of(&list, TEAM)["clauseNames"], json!(["cf[10010]", "Team"]));
        assert_eq!(stage.get("field").await.json(), list, "both versions list the same");
    }
}

#[tokio::test(start_paused = true)]
async fn screens_tell_the_versions_of_their_own_project() {
    let stage = stage();
    let dev = stage.create(DEV, "Copy").await;
    let meta = stage.get(&format!("issue/{dev}/editmeta")).await.json();
    for field in ["fixVersions", "versions", FOUND_IN, SEEN_IN] {
        let allowed: Vec<_> =
            meta["fields"][field]["allowedValues"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(allowed, ["1.0", "2.0"], "{field}");
    }
    assert_eq!(meta["fields"][TAGS]["allowedValues"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_issue_that_moves_has_the_versions_of_the_same_name_there() {
    let stage = stage();
    let issue = stage.ann_reports("One");
    for (field, value) in [
        ("fixVersions", json!([{"name": "2.0"}, {"name": "3.0"}])),
        ("versions", json!([{"name": "3.0"}])),
        (FOUND_IN, json!({"name": "2.0"})),
        (TEAM, json!({"value": "Red"})),
    ] {
        assert_eq!(set(&stage, &issue, field, &value).await.0, 204);
    }
    let moved = stage.ann(Action::MoveToProject { issue, project: DEV.into() });
    let left = shown(&stage, &moved, "fixVersions").await;
    assert_eq!((&left[0]["id"], &left[0]["name"], &left[1]), (&json!("10001"), &json!("2.0"), &Value::Null));
    assert_eq!(shown(&stage, &moved, FOUND_IN).await["id"], "10001");
    assert_eq!(shown(&stage, &moved, "versions").await, json!([]));
    assert_eq!(shown(&stage, &moved, TEAM).await["value"], "Red");
}
