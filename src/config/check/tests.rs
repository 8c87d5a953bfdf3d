//! What a good file means. What is said of wrong ones is in `snapshots`.

use super::*;
use crate::flow::{
    Actions, Attachments, Authority, Credentials, Database, Deployment, Fallback, FieldCopy, FieldName, From,
    IssueTypes, JiraAccess, OnConflict, Resolution, Rule, Rules, Secret, SetStatus, Side, StatusMatch, StatusName,
    TargetStatus, Template, WantedResolution,
};
use crate::settings::StoreUrl;

/// A good file, and the one that each test changes at one place.
pub const GOOD: &str = include_str!("../../../tests/flow_files/good.json");

/// What the good file and its variants find around them.
pub const INPUTS: CheckInputs<'_> =
    CheckInputs { env: &env, file: &file, mongo: crate::store::mongo_url, default_interval: Duration::from_secs(300) };

const PEM: &str = "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n";

fn env(name: &str) -> Option<String> {
    let value = match name {
        "TOKEN" => "hunter2\n",
        "PASTED" => "https://me:hunter2@a.example.net",
        "BARE" => "hunter2",
        "EMPTY" => " ",
        "BROKEN" => "hunter2\nhunter2",
        "DIR" => "/run/secrets",
        _ => return None,
    };
    Some(value.into())
}

fn file(path: &Path) -> Result<NamedFile, String> {
    let text = match path.to_str() {
        Some("flows.d/token" | "/run/secrets/token") => "hunter2\n",
        Some("flows.d/empty") => "\n",
        Some("flows.d/broken") => "hunter2\nhunter2\n",
        Some("flows.d/ca.pem") => PEM,
        _ => return Err("cannot be read: no such file".into()),
    };
    Ok(text.into())
}

fn checked(text: &str) -> Result<Checked, Vec<Problem>> {
    check("flows.d/x.json", text, &INPUTS)
}

fn good_with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old} must stand once in the good file");
    GOOD.replace(old, new)
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn warnings(old: &str, new: &str) -> Vec<String> {
    shown(&checked(&good_with(old, new)).expect(new).warnings)
}

fn flow(old: &str, new: &str) -> Flow {
    checked(&good_with(old, new)).expect(new).flow
}

fn field(name: &str) -> FieldName {
    FieldName::new(name).unwrap()
}

#[test]
fn a_good_file_says_what_it_says_and_defaults_the_rest() {
    let rule = |id: &str, from, on: &str, requires_pair, act| Rule {
        id: id.parse().unwrap(),
        from: From::Only(from),
        on: StatusMatch::Named(StatusName::new(on)),
        requires_pair,
        only_on_change: true,
        act,
    };
    let take = Actions {
        create: true,
        set_status: None,
        comment: None,
        cross_link: true,
        attachments: Attachments::AtCreation,
    };
    let answer = Actions {
        create: false,
        set_status: Some(SetStatus { to: TargetStatus::Named(StatusName::new("Resolved")), resolution: None }),
        comment: Some(Template::parse("by ${sourceKey}").unwrap()),
        cross_link: true,
        attachments: Attachments::AtCreation,
    };
    let expected = Flow {
        name: "sync-ab".parse().unwrap(),
        description: String::new(),
        jira: JiraAccess {
            base: "https://a.example.net".parse().unwrap(),
            former: Vec::new(),
            credentials: Credentials::Basic { email: "bot@a.example.net".into(), token: Secret::new("hunter2".into()) },
            deployment: Deployment::Auto,
            authority: None,
        },
        user_project: "USER-A".parse().unwrap(),
        dev_project: "DEV-A".parse().unwrap(),
        interval: Duration::from_secs(300),
        initial_sync: true,
        index_lag: Duration::from_secs(300),
        issue_types: IssueTypes { map: Vec::new(), default: TypeName::new("Bug").unwrap() },
        field_map: Vec::new(),
        database: Database { name: "sync_ab".parse().unwrap(), is_named: false, at: None },
        rules: Rules {
            in_order: vec![
                rule("answer", Side::Dev, "Closed", true, answer),
                rule("take", Side::User, "Will Do", false, take),
            ],
            fallback: Fallback::Ignore,
            intermediate: vec![StatusName::new("Done")],
            on_conflict: OnConflict::Latest,
            resolution: None,
            replied_field: None,
        },
    };
    let checked = checked(GOOD).unwrap();
    assert_eq!(checked.flow, expected);
    assert_eq!(checked.warnings, []);
}

#[test]
fn comments_and_nulls_are_not_there() {
    for new in [
        r#""_$schema": "x", "name""#,
        r#""_name": 1, "name""#,
        r#""description": null, "name""#,
        r#""fieldMap": null, "name""#,
    ] {
        assert_eq!(flow(r#""name""#, new), checked(GOOD).unwrap().flow, "{new}");
    }
}

#[test]
fn intervals_are_from_one_second_to_thirty_days() {
    let interval = |field: &str| flow(r#""name""#, &format!(r#"{field}, "name""#)).interval;
    assert_eq!(interval(r#""syncIntervalSeconds": 1"#), Duration::from_secs(1));
    assert_eq!(interval(r#""syncIntervalMinutes": 0.5"#), Duration::from_secs(30));
    assert_eq!(flow(r#""name""#, r#""indexLagSeconds": 0, "name""#).index_lag, Duration::ZERO);
}

#[test]
fn a_personal_access_token_needs_no_email() {
    let pat = flow(r#""email": "bot@a.example.net""#, r#""authType": "pat", "deployment": "datacenter""#).jira;
    assert_eq!(pat.credentials, Credentials::Bearer { token: Secret::new("hunter2".into()) });
    assert_eq!(pat.deployment, Deployment::DataCenter);
}

#[test]
fn every_mistake_is_told_in_the_order_of_the_text() {
    let text =
        good_with(r#""sync-ab""#, "1").replace("user_to_dev", "up").replace("${env:TOKEN}", "").replace("Closed", "");
    let paths: Vec<_> = checked(&text).unwrap_err().into_iter().map(|problem| problem.path).collect();
    assert_eq!(paths, ["name", "jira.apiToken", "rules[0].syncDirection", "rules[1].sourceStatus"]);
}

#[test]
fn a_byte_order_mark_shifts_nothing() {
    let marked = format!("\u{feff}{}", good_with(r#""sync-ab""#, "1"));
    assert_eq!(shown(&checked(&marked).unwrap_err()), ["flows.d/x.json:3:11: name: must be a text, not a number"]);
}

#[test]
fn rules_are_tried_by_priority_with_none_last_and_ties_in_file_order() {
    let rules =
        [("a", ""), ("b", r#", "priority": 2"#), ("c", r#", "priority": 1"#), ("d", r#", "priority": 2"#), ("e", "")];
    let rule = |(id, priority): (&str, &str)| {
        format!(
            r#"{{ "id": "{id}", "sourceStatus": "{id}", "syncDirection": "both", "enabled": true{priority},
                     "actions": {{ "syncStatus": true }} }}"#
        )
    };
    let listed: String = rules.map(|entry| rule(entry) + ",").concat();
    let flow = flow(r#""rules": ["#, &format!(r#""rules": [{listed}"#));
    let ids: Vec<_> = flow.rules.in_order.iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(ids, ["c", "b", "d", "answer", "a", "e", "take"]);
}

#[test]
fn only_rules_that_are_switched_on_count() {
    assert_eq!(flow(r#""enabled": true, "priority": 2"#, r#""priority": 2"#).rules.in_order.len(), 1);
}

#[test]
fn the_status_to_set_is_the_actions_else_the_rules_else_the_same() {
    let set = |old: &str, new: &str| flow(old, new).rules.in_order[0].act.set_status.clone().map(|set| set.to);
    let to = |name| Some(TargetStatus::Named(StatusName::new(name)));
    let by_rule = r#""Closed", "targetStatus": "Declined""#;
    assert_eq!(set(r#""Closed""#, by_rule), to("Resolved"));
    assert_eq!(set(r#" "targetStatus": "Resolved","#, ""), Some(TargetStatus::SameAsSource));
    let both = good_with(r#" "targetStatus": "Resolved","#, "").replace(r#""Closed""#, by_rule);
    let set = checked(&both).unwrap().flow.rules.in_order[0].act.set_status.clone();
    assert_eq!(set.map(|set| set.to), to("Declined"));
}

#[test]
fn conditions_default_to_the_flows_behaviour() {
    let defaults = r#""skipIntermediateStatuses": true"#;
    let changed = |new: &str| flow(defaults, new).rules.in_order[0].only_on_change;
    assert!(!changed(r#""onlyOnStatusChange": false"#));
    assert!(changed(r#""onlyOnStatusChange": true"#));
    let own = r#""enabled": true, "conditions": { "onStatusChange": false, "requireMapping": false }, "priority": 2"#;
    let rule = flow(r#""enabled": true, "priority": 2"#, own).rules.in_order[0].clone();
    assert_eq!((rule.only_on_change, rule.requires_pair), (false, false));
    assert!(!flow(defaults, r#""addCrossLinks": false"#).rules.in_order[1].act.cross_link);
}

#[test]
fn general_settings_stand_at_the_top_or_among_the_defaults_which_win() {
    let set = |top: &str, default: &str| {
        let text = good_with(r#""name""#, &format!(r#"{top}"name""#));
        let default = format!(r#"{default}"skipIntermediateStatuses""#);
        checked(&text.replace(r#""skipIntermediateStatuses""#, &default)).unwrap().flow
    };
    assert_eq!(set(r#""onConflict": "dev","#, "").rules.on_conflict, OnConflict::Always(Side::Dev));
    assert_eq!(set("", r#""onConflict": "user","#).rules.on_conflict, OnConflict::Always(Side::User));
    assert_eq!(set(r#""issueType": "Task","#, r#""issueType": "Story","#).issue_types.default.as_str(), "Story");
    let review = vec![StatusName::new("In Review")];
    assert_eq!(set(r#""intermediateStatuses": ["In Review"],"#, "").rules.intermediate, review);
    assert_eq!(set("", r#""fallbackBehavior": "sync_to_resolved","#).rules.fallback, Fallback::ResolveUser);
}

#[test]
fn issue_types_are_mapped_by_name_or_id() {
    let mapped =
        flow("\"name\"", r#""issueTypeMap": { "Question": "10004", " Incident ": "bug", "_why": "x" }, "name""#);
    let map = mapped.issue_types.map.iter().map(|entry| (entry.from.as_str(), entry.to.as_str()));
    assert_eq!(map.collect::<Vec<_>>(), [("Question", "10004"), ("Incident", "bug")]);
}

#[test]
fn the_target_project_stands_in_for_an_absent_direction() {
    let flow = flow(r#""syncDirection": "user_to_dev""#, r#""targetProject": "dev""#);
    assert_eq!(flow.rules.in_order[1].from, From::Only(Side::User));
}

/// The good file with a third rule that is tried first, for sides and statuses as given.
fn warned_with_a_first_rule(direction: &str, status: &str, more: &str) -> Vec<String> {
    let first = format!(
        r#"{{ "id": "first", "sourceStatus": "{status}", "syncDirection": "{direction}", "enabled": true, "priority": 0,
             "actions": {{ "syncStatus": true }}{more} }}"#
    );
    warnings(r#""rules": ["#, &format!(r#""rules": [{first},"#))
}

#[test]
fn a_rule_that_another_always_forestalls_is_a_warning() {
    let never =
        [r#"flows.d/x.json:12:5: rules[2]: never fires: rule "first" comes first for the same side and status"#];
    assert_eq!(warned_with_a_first_rule("dev_to_user", "closed ", ""), never);
    assert_eq!(warned_with_a_first_rule("both", "Closed", ""), never);
    assert_eq!(warned_with_a_first_rule("user_to_dev", "Closed", ""), [""; 0]);
    assert_eq!(warned_with_a_first_rule("dev_to_user", "*", ""), [""; 0]);
    assert_eq!(warned_with_a_first_rule("both", "Will Do", ""), [""; 0], "unpaired issues are left to the later rule");
    let any = r#", "conditions": { "requireMapping": false }"#;
    assert_eq!(warned_with_a_first_rule("both", "Will Do", any).len(), 1);
}

#[test]
fn a_token_and_an_authority_come_from_files_and_are_part_of_the_meaning() {
    let with = |text: &str, file: &dyn Fn(&Path) -> Result<NamedFile, String>| {
        check("flows.d/x.json", text, &CheckInputs { file, ..INPUTS }).unwrap().flow
    };
    let by_file = good_with(r#""apiToken": "${env:TOKEN}""#, r#""apiTokenFile": "token""#);
    assert_eq!(with(&by_file, &file), checked(GOOD).unwrap().flow);
    assert_ne!(with(&by_file, &|_| Ok("another".into())), with(&by_file, &file));

    let trusting = good_with(r#""baseUrl""#, r#""caFile": "ca.pem", "deployment": "datacenter", "baseUrl""#);
    let jira = with(&trusting, &file).jira;
    assert_eq!(jira.authority, Authority::new(PEM.into()));
    assert_eq!(jira.deployment, Deployment::DataCenter);
    assert_ne!(with(&trusting, &|_| Ok(PEM.repeat(2).as_str().into())).jira, jira);
}

#[test]
fn attachments_are_copied_as_the_rule_says_else_as_the_flow_does() {
    let of_create = |flow: Flow| flow.rules.in_order[1].act.attachments;
    let by_flow = |value: &str| flow(r#""skipIntermediateStatuses": true"#, &format!(r#""syncAttachments": {value}"#));
    assert_eq!(of_create(by_flow("null")), Attachments::AtCreation);
    assert_eq!(of_create(by_flow("true")), Attachments::AlsoLater);
    assert!(by_flow("true").rules.follow_attachments() && !by_flow("null").rules.follow_attachments());
    let by_rule = r#"{ "createIssue": true, "syncAttachments": false }"#;
    assert_eq!(of_create(flow(r#"{ "createIssue": true }"#, by_rule)), Attachments::Never);
}

#[test]
fn a_rules_resolution_is_its_own_else_the_flows_which_the_fallback_has_too() {
    let of_rule = |flow: &Flow| flow.rules.in_order[0].act.set_status.clone().unwrap().resolution;
    let by_flow = flow(r#""name""#, r#""resolution": " Fixed ", "name""#);
    assert_eq!(of_rule(&by_flow), Resolution::new("Fixed").map(WantedResolution::OfFlow));
    assert_eq!(by_flow.rules.resolution, Resolution::new("Fixed"));
    let by_rule = flow(r#""syncStatus": true"#, r#""syncStatus": true, "resolution": "Done""#);
    let own = Resolution::new("Done").map(WantedResolution::OfRule);
    assert_eq!((of_rule(&by_rule), by_rule.rules.resolution), (own, None));
}

#[test]
fn fields_to_copy_come_in_the_order_of_the_file() {
    let map = r#""fieldMap": { "Severity": "customfield_10042", "_why": "x", "labels": "labels", "x": null }, "name""#;
    let copy = |from: &str, to: &str| FieldCopy { from: field(from), to: field(to) };
    let copies = flow(r#""name""#, map).field_map;
    assert_eq!(copies, [copy("severity", "customfield_10042"), copy("labels", "labels")]);
    let replied = flow(r#""name""#, r#""repliedField": " Replied ", "name""#).rules.replied_field;
    assert_eq!(replied, Some(field("Replied")));
}

#[test]
fn a_database_has_the_name_and_the_place_that_the_file_gives() {
    for (uri, folder) in [
        ("sqlite:../more", "flows.d/../more"),
        ("sqlite:///var/lib/${env:BARE}", "/var/lib/hunter2"),
        (" sqlite:. ", "flows.d/."),
    ] {
        let said = format!(r#""database": {{ "name": "sync-ab", "uri": "{uri}" }}, "name""#);
        let expected =
            Database { name: "sync-ab".parse().unwrap(), is_named: true, at: Some(StoreUrl::Sqlite(folder.into())) };
        assert_eq!(flow(r#""name""#, &said).database, expected);
    }
}

#[test]
fn what_was_checked_prints_without_secrets() {
    let file = good_with(r#""baseUrl""#, r#""caFile": "ca.pem", "baseUrl""#);
    assert!(!format!("{:?}", checked(&file)).contains("hunter2"));
}

#[test]
fn a_file_that_breaks_off_is_wrong_where_it_breaks() {
    let whole = GOOD.trim_end();
    for end in (1..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let text = &whole[..end];
        let problems = checked(text).expect_err(text);
        let at = Position::of(text, text.trim_end().len());
        let place = problems[0].place.unwrap();
        assert_eq!(problems.len(), 1, "{text}");
        // A text or word that breaks off is wrong where it begins, which is in the last line.
        assert!(
            place == at || place.line == at.line && problems[0].message.contains("not valid JSON: "),
            "{problems:?}"
        );
    }
}

#[test]
fn a_file_of_something_else_is_answered_soon_and_in_short() {
    let fields: String = (0..50_000).map(|number| format!("\"f{number}\":0,")).collect();
    let problems = checked(&format!("{{{fields}\"x\":0}}")).unwrap_err();
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].message, "and 49906 more of this kind");
}

/// The good file with this text for each of its values in turn, or for each of its names.
fn everywhere(text: &str, names: bool) -> Vec<String> {
    let quotes: Vec<_> = GOOD.match_indices('"').map(|(place, _)| place).collect();
    let is_name = |pair: &&[usize]| GOOD[pair[1] + 1..].starts_with(':');
    let replaced = |pair: &[usize]| format!("{}\"{text}\"{}", &GOOD[..pair[0]], &GOOD[pair[1] + 1..]);
    quotes.chunks(2).filter(|pair| is_name(pair) == names).map(replaced).collect()
}

#[test]
fn no_message_repeats_a_token_wherever_it_stands() {
    // The account's own token, and one that is not known but looks like it.
    let (own, other) = ("hunter2", "ATATT3xFfGF0T4Tq9ZxYw7A1B2cD3e4F");
    for (token, names) in [(own, false), (other, false), (other, true)] {
        let files = everywhere(token, names);
        assert!(files.len() > 10, "{} places are too few", files.len());
        for file in files {
            let told = match checked(&file) {
                Ok(checked) => checked.warnings,
                Err(problems) => problems,
            };
            assert!(!shown(&told).iter().any(|told| told.contains(token)), "{told:?}");
        }
    }
}
