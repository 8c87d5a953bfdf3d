//! Tests over the flow files that come with Lockstep.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::{CheckInputs, Checked, FlowFile, check, read_each, read_named_file, scan, set};

fn env(name: &str) -> Option<String> {
    let value = match name {
        "JIRA_URL" => "https://jira.example.net",
        "JIRA_EMAIL" => "bot@example.net",
        "JIRA_AB_TOKEN" | "JIRA_CD_TOKEN" | "JIRA_XY_TOKEN" | "JIRA_NEW_TOKEN" => "hunter2",
        _ => return None,
    };
    Some(value.to_owned())
}

const INPUTS: CheckInputs<'_> = CheckInputs {
    env: &env,
    file: &read_named_file,
    mongo: crate::store::mongo_url,
    default_interval: Duration::from_secs(300),
};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/flows.d"))
}

fn text(name: &str) -> String {
    FlowFile::at(folder().join(name)).read().content.unwrap().text
}

fn checked(text: &str) -> Checked {
    check("x.json", text, &INPUTS).unwrap()
}

#[test]
fn the_shipped_flows_check_without_a_warning() {
    let verdicts = set(read_each(&scan(folder()).unwrap()), &[], &INPUTS);
    let flows: Vec<_> = verdicts.into_iter().map(|verdict| verdict.outcome.unwrap()).collect();
    let told: Vec<_> = flows.iter().map(|checked| (checked.flow.name.as_str(), checked.warnings.as_slice())).collect();
    assert_eq!(told, [("sync-ab", &[][..]), ("sync-cd", &[]), ("sync-xy", &[])]);
}

#[test]
fn the_example_to_copy_fits_beside_them() {
    let mut found: Vec<_> = read_each(&scan(folder()).unwrap()).collect();
    found.push(FlowFile::at(folder().join("sync-new.example.json")).read());
    let last = set(found, &[], &INPUTS).pop().unwrap().outcome.unwrap();
    assert_eq!((last.flow.name.as_str(), last.warnings.as_slice()), ("sync-new", &[][..]));
}

/// The JSON of `text` with other blanks between its tokens, drawn from `blanks` over and over.
fn reformatted(text: &str, blanks: &[String]) -> String {
    let mut blanks = blanks.iter().cycle();
    let mut blank = || blanks.next().map_or("", String::as_str).to_owned();
    let (mut out, mut in_text, mut escaped) = (String::new(), false, false);
    for c in text.chars() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
        } else if "{}[]:,\"".contains(c) {
            out += &blank();
            out.push(c);
            in_text = c == '"';
        } else if !c.is_whitespace() {
            out.push(c);
        }
    }
    out + &blank()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn reformatting_a_file_changes_nothing(blanks in prop::collection::vec("[ \t\r\n]{0,3}", 1..20)) {
        for name in ["sync-ab.json", "sync-cd.json", "sync-xy.json"] {
            let text = text(name);
            prop_assert_eq!(checked(&reformatted(&text, &blanks)).flow, checked(&text).flow);
        }
    }
}

#[test]
fn the_flows_differ_where_their_files_do() {
    assert_ne!(checked(&text("sync-ab.json")).flow.rules, checked(&text("sync-cd.json")).flow.rules);
}
