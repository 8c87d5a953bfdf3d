use std::fs;
use std::path::Path;

use serde_json::Value;

use super::super::check::snapshots;
use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn published() -> Value {
    serde_json::from_str(&schema().unwrap()).unwrap()
}

/// What `schema` has against `value`: of the keywords that are used here, read as the draft has them.
fn objections(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut object = |holds: bool, keyword: &str| {
        if !holds {
            found.push(format!("{path}: {keyword}"));
        }
    };
    for (keyword, wanted) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "deprecated" | "patternProperties" | "additionalProperties" => (),
            "type" => object(wanted.as_array().unwrap().iter().any(|kind| is_of(value, kind)), keyword),
            "enum" => object(wanted.as_array().unwrap().contains(value), keyword),
            "minimum" => object(value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()), keyword),
            "maximum" => object(value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()), keyword),
            "required" => object(has_all(value, wanted), keyword),
            "allOf" => object(wanted.as_array().unwrap().iter().all(|one| any_of(one, value)), keyword),
            "items" | "properties" => (),
            other => panic!("{other} is not known to this test"),
        }
    }
    found.extend(within(schema, value, path));
    found
}

fn within(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let items = value.as_array().into_iter().flatten().enumerate();
    let items = items.flat_map(|(index, item)| objections(&schema["items"], item, &format!("{path}[{index}]")));
    let fields = value.as_object().into_iter().flatten();
    items.chain(fields.flat_map(|(name, field)| of_field(schema, name, field, &format!("{path}.{name}")))).collect()
}

fn of_field(schema: &Value, name: &str, field: &Value, path: &str) -> Vec<String> {
    let (named, others) = (&schema["properties"][name], &schema["additionalProperties"]);
    match (named, others) {
        (Value::Null, _) if name.starts_with('_') || name == "$schema" => Vec::new(),
        (Value::Null, Value::Bool(false)) => vec![format!("{path}: unknown")],
        (Value::Null, others) => objections(others, field, path),
        (named, _) => objections(named, field, path),
    }
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no kind"),
    }
}

fn has_all(value: &Value, names: &Value) -> bool {
    names.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
}

fn any_of(one: &Value, value: &Value) -> bool {
    one["anyOf"].as_array().unwrap().iter().any(|has| has_all(value, &has["required"]))
}

/// Every field that has a name, as `rules[].actions.createIssue`.
fn fields(schema: &Value, path: &str, all: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        fields(field, &path, all);
        fields(&field["items"], &format!("{path}[]"), all);
        all.push(path);
    }
}

#[test]
fn the_shipped_flows_name_the_schema_and_it_takes_them() {
    for name in ["sync-ab.json", "sync-cd.json", "sync-xy.json", "sync-new.example.json"] {
        let folder = root().join("flows.d");
        let flow: Value = serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        assert_eq!(objections(&published(), &flow, name), [""; 0]);
        let named = folder.join(flow["$schema"].as_str().unwrap());
        assert_eq!(fs::canonicalize(named).unwrap(), fs::canonicalize(root().join("flow.schema.json")).unwrap());
    }
}

#[test]
fn what_an_editor_can_see_is_in_the_schema() {
    let good = fs::read_to_string(root().join("flows.d/sync-ab.json")).unwrap();
    let refused = |old: &str, new: &str| {
        assert!(good.contains(old), "{old}");
        let text = good.replacen(old, new, 1);
        objections(&published(), &serde_json::from_str(&text).unwrap(), "")
    };
    assert_eq!(refused(r#""targetStatus""#, r#""targetstatus""#), [".rules[1].actions.targetstatus: unknown"]);
    assert_eq!(refused(r#""basic""#, r#""basics""#), [".jira.authType: enum"]);
    assert_eq!(
        refused(r#""syncIntervalMinutes": 5"#, r#""syncIntervalMinutes": 0"#),
        [".syncIntervalMinutes: minimum"]
    );
    assert_eq!(refused(r#""enabled": true"#, r#""enabled": "true""#), [".rules[0].enabled: type"]);
    assert_eq!(refused(r#""apiToken""#, r#""_apiToken""#), [".jira: allOf"]);
    assert_eq!(refused(r#""name""#, r#""_name""#), [": required"]);
    assert_eq!(refused(r#""initialSyncEnabled": true"#, r#""initialSyncEnabled": null"#), [""; 0]);
}

#[test]
fn nothing_that_is_taken_is_against_the_schema() {
    let taken = snapshots::taken();
    assert!(taken.len() > 30, "{} files are too few", taken.len());
    for text in taken {
        assert_eq!(objections(&published(), &serde_json::from_str(&text).unwrap(), ""), [""; 0], "{text}");
    }
}

#[test]
fn every_field_is_in_the_documentation() {
    let documentation = fs::read_to_string(root().join("docs/sync.md")).unwrap();
    let table =
        &documentation[documentation.find("## The flow file").unwrap()..documentation.find("## Rules").unwrap()];
    let mut all = Vec::new();
    fields(&published(), "", &mut all);
    assert!(all.len() > 50, "{all:?}");
    let missing = |path: &String| {
        let name = path.rsplit('.').next().unwrap();
        !table.contains(&format!("`{name}`")) && !table.contains(&format!(".{name}`"))
    };
    assert_eq!(all.into_iter().filter(missing).collect::<Vec<_>>(), [""; 0]);
}
