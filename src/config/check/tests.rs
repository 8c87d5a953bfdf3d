use super::*;
use crate::flow::{
    Actions, Fallback, From, OnConflict, Rule, Rules, SetStatus, Side, StatusMatch, StatusName, Template,
};

/// A good file, and the one that each test below changes at one place.
const GOOD: &str = r#"{
  "name": "sync-ab",
  "jira": { "baseUrl": "https://a.example.net/", "email": "bot@a.example.net", "apiToken": "${env:TOKEN}" },
  "userProjectKey": "USER-A",
  "devProjectKey": "DEV-A",
  "defaultBehavior": { "skipIntermediateStatuses": true },
  "rules": [
    { "id": "take", "sourceStatus": "Will Do", "syncDirection": "user_to_dev", "enabled": true,
      "actions": { "createIssue": true } },
    { "id": "answer", "sourceStatus": "Closed", "syncDirection": "dev_to_user", "enabled": true, "priority": 2,
      "actions": { "syncStatus": true, "targetStatus": "Resolved", "addComment": true, "commentTemplate": "by ${sourceKey}" } }
  ]
}"#;

fn env(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("hunter2\n".into()),
        "PASTED" => Some("https://me:hunter2@a.example.net".into()),
        "BARE" => Some("hunter2".into()),
        "EMPTY" => Some(" ".into()),
        "BROKEN" => Some("hunter2\nhunter2".into()),
        _ => None,
    }
}

fn checked(text: &str) -> Result<Checked, Vec<Problem>> {
    check("x.json", text, &Around { env: &env, default_interval: Duration::from_secs(300) })
}

fn good_with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old} must stand once in the good file");
    GOOD.replace(old, new)
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// The problems of the good file after putting `new` in the place of `old`.
fn problems(old: &str, new: &str) -> Vec<String> {
    shown(&checked(&good_with(old, new)).expect_err(new))
}

fn warnings(old: &str, new: &str) -> Vec<String> {
    shown(&checked(&good_with(old, new)).expect(new).warnings)
}

fn flow(old: &str, new: &str) -> Flow {
    checked(&good_with(old, new)).expect(new).flow
}

/// Each row: what is changed, into what, and the only complaint.
#[track_caller]
fn refuses(table: &[(&str, &str, &str)]) {
    for (old, new, complaint) in table {
        assert_eq!(problems(old, new), [format!("x.json:{complaint}")], "{new}");
    }
}

#[track_caller]
fn warns(table: &[(&str, &str, &str)]) {
    for (old, new, warning) in table {
        assert_eq!(warnings(old, new), [format!("x.json:{warning}")], "{new}");
    }
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
    let take = Actions { create: true, set_status: None, comment: None, cross_link: true };
    let answer = Actions {
        create: false,
        set_status: Some(SetStatus::To(StatusName::new("Resolved"))),
        comment: Some(Template::parse("by ${sourceKey}").unwrap()),
        cross_link: true,
    };
    let expected = Flow {
        name: "sync-ab".parse().unwrap(),
        description: String::new(),
        jira: JiraAccess {
            base: "https://a.example.net".parse().unwrap(),
            credentials: Credentials::Basic { email: "bot@a.example.net".into(), token: Secret::new("hunter2".into()) },
            deployment: Deployment::Auto,
        },
        user_project: "USER-A".parse().unwrap(),
        dev_project: "DEV-A".parse().unwrap(),
        interval: Duration::from_secs(300),
        initial_sync: true,
        index_lag: Duration::from_secs(300),
        issue_type: "Bug".into(),
        rules: Rules {
            in_order: vec![
                rule("answer", Side::Dev, "Closed", true, answer),
                rule("take", Side::User, "Will Do", false, take),
            ],
            fallback: Fallback::Ignore,
            intermediate: vec![StatusName::new("Done")],
            on_conflict: OnConflict::Latest,
        },
    };
    let checked = checked(GOOD).unwrap();
    assert_eq!(checked.flow, expected);
    assert_eq!(checked.warnings, []);
}

#[test]
fn the_example_of_the_documentation_checks_with_a_word_on_attachments() {
    let example = r#"{
      "name": "sync-ab", "description": "Project A",
      "jira": { "baseUrl": "https://a.example.net", "email": "bot@a.example.net", "apiToken": "${env:TOKEN}", "authType": "basic" },
      "userProjectKey": "USER-A", "devProjectKey": "DEV-A", "syncIntervalMinutes": 5, "initialSyncEnabled": true,
      "defaultBehavior": { "syncAttachments": true, "addCrossLinks": true, "onlyOnStatusChange": true,
                           "skipIntermediateStatuses": true, "fallbackBehavior": "ignore" },
      "rules": [
        { "id": "user-will-do", "sourceStatus": "Will Do", "targetProject": "dev", "syncDirection": "user_to_dev", "enabled": true, "priority": 1,
          "conditions": { "requireMapping": false },
          "actions": { "createIssue": true, "syncAttachments": true, "addCrossLink": true, "addComment": true, "commentTemplate": "Dev issue: ${targetKey}" } },
        { "id": "dev-closed", "sourceStatus": "Closed", "targetProject": "user", "syncDirection": "dev_to_user", "enabled": true, "priority": 4,
          "conditions": { "requireMapping": true, "onStatusChange": true },
          "actions": { "syncStatus": true, "targetStatus": "Resolved", "addComment": true, "commentTemplate": "Fixed in ${sourceKey}" } } ] }"#;
    let warnings = checked(example).unwrap().warnings;
    let told: Vec<_> = warnings.iter().map(|warning| (warning.path.as_str(), warning.message.as_str())).collect();
    let not_yet = "attachments are not copied yet";
    assert_eq!(told, [("defaultBehavior.syncAttachments", not_yet), ("rules[0].actions.syncAttachments", not_yet),]);
}

#[test]
fn unknown_fields_name_the_nearest_known_one() {
    refuses(&[
        (r#""name""#, r#""nam": 1, "name""#, r#"2:3: nam: unknown field (did you mean "name"?)"#),
        (
            r#""targetStatus""#,
            r#""targetstatus""#,
            r#"11:40: rules[1].actions.targetstatus: unknown field (did you mean "targetStatus"?)"#,
        ),
        (
            r#""actions": { "createIssue""#,
            r#""conditions": { "weather": 1 }, "actions": { "createIssue""#,
            r#"9:23: rules[0].conditions.weather: unknown field; remove it, or make it a comment: "_weather""#,
        ),
    ]);
}

#[test]
fn comments_and_nulls_are_not_there() {
    for new in [
        r#""$schema": "x", "name""#,
        r#""_name": 1, "name""#,
        r#""description": null, "name""#,
        r#""fieldMap": null, "name""#,
    ] {
        assert_eq!(flow(r#""name""#, new), checked(GOOD).unwrap().flow, "{new}");
    }
}

#[test]
fn what_is_missing_is_told_at_the_object_that_lacks_it() {
    refuses(&[
        (r#""name": "sync-ab","#, "", "1:1: name: is missing"),
        (r#""userProjectKey": "USER-A","#, "", "1:1: userProjectKey: is missing"),
        (r#""baseUrl": "https://a.example.net/", "#, "", "3:11: jira.baseUrl: is missing"),
        (
            r#""email": "bot@a.example.net", "#,
            "",
            r#"3:11: jira.email: is missing; authType "basic" needs it ("pat" does not)"#,
        ),
        (r#""id": "take", "#, "", "8:5: rules[0].id: is missing"),
        (
            r#""syncDirection": "user_to_dev", "#,
            "",
            r#"8:5: rules[0].syncDirection: is missing; write "user_to_dev", "dev_to_user" or "both""#,
        ),
    ]);
}

#[test]
fn values_of_the_wrong_kind_are_told_without_repeating_them() {
    refuses(&[
        (r#""sync-ab""#, "7", "2:11: name: must be a text, not a number"),
        (r#""${env:TOKEN}""#, r#"["hunter2"]"#, "3:92: jira.apiToken: must be a text, not a list"),
        (r#""priority": 2"#, r#""priority": "2""#, "10:110: rules[1].priority: must be a number, not a text"),
    ]);
    refuses(&[
        (r#"{ "createIssue": true }"#, "true", "9:18: rules[0].actions: must be an object, not true"),
        (
            r#"{ "createIssue": true }"#,
            r#"{ "createIssue": "true" }"#,
            "9:35: rules[0].actions.createIssue: must be true or false, not a text",
        ),
        (
            r#""name""#,
            r#""intermediateStatuses": ["Done", 5], "name""#,
            "2:36: intermediateStatuses[1]: must be a text, not a number",
        ),
    ]);
}

#[test]
fn values_that_mean_nothing_are_refused() {
    refuses(&[
        (
            r#""sync-ab""#,
            r#""a/b""#,
            r#"2:11: name: "a/b" is no flow name: 1 to 63 letters, digits, '-' or '_', the first a letter or digit"#,
        ),
        (
            r#""DEV-A""#,
            r#""user-a""#,
            "5:20: devProjectKey: is the user project too; a flow needs two different projects",
        ),
        (
            r#""user_to_dev""#,
            r#""user-to-dev""#,
            r#"8:65: rules[0].syncDirection: "user-to-dev" is none of "user_to_dev", "dev_to_user", "both" (did you mean "user_to_dev"?)"#,
        ),
        (
            r#""user_to_dev""#,
            r#""sideways""#,
            r#"8:65: rules[0].syncDirection: "sideways" is none of "user_to_dev", "dev_to_user", "both""#,
        ),
        (r#""Will Do""#, r#"" ""#, "8:37: rules[0].sourceStatus: is empty; name a status"),
        (
            r#""Resolved""#,
            r#""*""#,
            r#"11:56: rules[1].actions.targetStatus: must name one status; only sourceStatus may be "*""#,
        ),
        (r#""answer""#, r#""take""#, "10:13: rules[1].id: is the id of an earlier rule too; each rule needs its own"),
        (
            "by ${sourceKey}",
            "by ${sourcekey}",
            "11:107: rules[1].actions.commentTemplate: unknown variable ${sourcekey} in a template; known are ${sourceKey} and ${targetKey}",
        ),
        (
            r#""syncStatus": true"#,
            r#""createIssue": true"#,
            "11:35: rules[1].actions.createIssue: issues are created from user to dev only; set syncDirection to \"user_to_dev\" or \"both\"",
        ),
    ]);
}

#[test]
fn a_disabled_rule_is_checked_all_the_same() {
    let disabled = good_with(r#""enabled": true, "priority": 2"#, r#""enabled": false"#);
    let text = disabled.replace("by ${sourceKey}", "${x}");
    assert_eq!(checked(&text).unwrap_err().len(), 1);
}

#[test]
fn what_is_known_but_not_supported_yet_is_said_to_be_so() {
    refuses(&[
        (
            r#""email""#,
            r#""apiTokenFile": "/run/t", "email""#,
            r#"3:66: jira.apiTokenFile: is not supported yet; write "apiToken": "${env:NAME}""#,
        ),
        (
            r#""email""#,
            r#""caFile": "ca.pem", "email""#,
            "3:60: jira.caFile: is not supported yet; put the authority among this machine's",
        ),
        (
            r#""name""#,
            r#""fieldMap": {}, "name""#,
            "2:15: fieldMap: is not supported yet; remove it: summary, description and type are copied",
        ),
        (r#""name""#, r#""repliedField": "x", "name""#, "2:19: repliedField: is not supported yet; remove it"),
        (
            r#""name""#,
            r#""database": { "name": "x" }, "name""#,
            "2:15: database: is not supported yet; remove it: a flow's data is kept under the flow's name",
        ),
    ]);
}

#[test]
fn intervals_are_from_one_second_to_thirty_days() {
    let between = "must be from 1 second to 30 days";
    refuses(&[
        (r#""name""#, r#""syncIntervalSeconds": 0.5, "name""#, &format!("2:26: syncIntervalSeconds: {between}")),
        (r#""name""#, r#""syncIntervalMinutes": -5, "name""#, &format!("2:26: syncIntervalMinutes: {between}")),
        (r#""name""#, r#""syncIntervalMinutes": 1e999, "name""#, &format!("2:26: syncIntervalMinutes: {between}")),
        (
            r#""name""#,
            r#""syncIntervalMinutes": 5, "syncIntervalSeconds": 300, "name""#,
            "2:52: syncIntervalSeconds: syncIntervalMinutes is given too; keep one of them",
        ),
        (r#""name""#, r#""indexLagSeconds": 86401, "name""#, "2:22: indexLagSeconds: must be from 0 to 86400 seconds"),
    ]);
    let interval = |field: &str| flow(r#""name""#, &format!(r#"{field}, "name""#)).interval;
    assert_eq!(interval(r#""syncIntervalSeconds": 1"#), Duration::from_secs(1));
    assert_eq!(interval(r#""syncIntervalMinutes": 0.5"#), Duration::from_secs(30));
    assert_eq!(flow(r#""name""#, r#""indexLagSeconds": 0, "name""#).index_lag, Duration::ZERO);
}

#[test]
fn secrets_and_addresses_come_from_the_environment_and_are_never_repeated() {
    let at = "3:92: jira.apiToken";
    let rule = "a host and perhaps a path, without user, password or query";
    refuses(&[
        (
            "${env:TOKEN}",
            "${env:NOPE}",
            &format!("{at}: environment variable NOPE is not set; set it where lockstep is started"),
        ),
        ("${env:TOKEN}", "${env:EMPTY}", &format!("{at}: is empty")),
        ("${env:TOKEN}", "${env:BROKEN}", &format!("{at}: holds a line break or another control character")),
        ("${env:TOKEN}", "${hunter2}", &format!("{at}: has a `${{` that begins no variable; write ${{env:NAME}}")),
        ("https://a.example.net/", "${env:PASTED}", &format!("3:24: jira.baseUrl: is no site address: {rule}")),
        (
            "https://a.example.net/",
            "${env:BARE}",
            "3:24: jira.baseUrl: is no site address: it must begin with https:// or http://",
        ),
        (
            "https://a.example.net/",
            "https://a.example.net?token=hunter2",
            &format!("3:24: jira.baseUrl: is no site address: {rule}"),
        ),
    ]);
    assert!(!format!("{:?}", checked(GOOD)).contains("hunter2"));
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
fn what_is_no_json_is_told_at_its_place_only() {
    let told = |text: &str| shown(&checked(text).unwrap_err());
    assert_eq!(told(""), ["x.json:1:1: the file is empty; it must hold one JSON object"]);
    assert_eq!(told("[]"), ["x.json:1:1: must be an object, not a list"]);
    assert_eq!(told("{\n  // why\n}"), ["x.json:2:3: no valid JSON: comments are not allowed"]);
    assert_eq!(told("{\n  \"a\": 1,\n}"), ["x.json:2:9: no valid JSON: trailing commas are not allowed"]);
    assert_eq!(told("{ \"a\": \"hunter2"), ["x.json:1:8: no valid JSON: a text is not ended or has a broken escape"]);
    assert_eq!(told("{} {}"), ["x.json:1:4: no valid JSON: text cannot contain more than one json value"]);
    let twice = good_with(r#""name""#, "\"name\": \"b\",\n\"name\"");
    assert_eq!(told(&twice), ["x.json:3:1: name: is given twice; keep one of them"]);
}

#[test]
fn a_byte_order_mark_shifts_nothing() {
    let marked = format!("\u{feff}{}", good_with(r#""sync-ab""#, "1"));
    assert_eq!(shown(&checked(&marked).unwrap_err()), ["x.json:2:11: name: must be a text, not a number"]);
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
    let set = |old: &str, new: &str| flow(old, new).rules.in_order[0].act.set_status.clone();
    let to = |name| Some(SetStatus::To(StatusName::new(name)));
    let by_rule = r#""Closed", "targetStatus": "Declined""#;
    assert_eq!(set(r#""Closed""#, by_rule), to("Resolved"));
    assert_eq!(set(r#" "targetStatus": "Resolved","#, ""), Some(SetStatus::Same));
    let both = good_with(r#" "targetStatus": "Resolved","#, "").replace(r#""Closed""#, by_rule);
    assert_eq!(checked(&both).unwrap().flow.rules.in_order[0].act.set_status, to("Declined"));
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
    assert_eq!(set(r#""issueType": "Task","#, r#""issueType": "Story","#).issue_type, "Story");
    let review = vec![StatusName::new("In Review")];
    assert_eq!(set(r#""intermediateStatuses": ["In Review"],"#, "").rules.intermediate, review);
    assert_eq!(set("", r#""fallbackBehavior": "sync_to_resolved","#).rules.fallback, Fallback::ResolveUser);
}

#[test]
fn the_target_project_stands_in_for_an_absent_direction() {
    let flow = flow(r#""syncDirection": "user_to_dev""#, r#""targetProject": "dev""#);
    assert_eq!(flow.rules.in_order[1].from, From::Only(Side::User));
}

#[test]
fn what_will_not_happen_is_a_warning() {
    warns(&[
        (
            r#"{ "createIssue": true }"#,
            r#"{ "createIssue": true, "syncAttachments": true }"#,
            "9:60: rules[0].actions.syncAttachments: attachments are not copied yet",
        ),
        (
            r#""syncStatus": true"#,
            r#""resolution": "Fixed", "syncStatus": true"#,
            "11:34: rules[1].actions.resolution: is not used yet; transitions are made without it",
        ),
        (
            r#""addComment": true, "#,
            "",
            r#"11:87: rules[1].actions.commentTemplate: is not used without "addComment": true"#,
        ),
        (
            r#", "commentTemplate": "by ${sourceKey}""#,
            "",
            "11:82: rules[1].actions.addComment: says nothing without a commentTemplate",
        ),
        (
            r#"{ "createIssue": true }"#,
            "{}",
            "8:5: rules[0]: does nothing; switch on actions.createIssue or actions.syncStatus, or set enabled to false",
        ),
        (
            r#"{ "createIssue": true }"#,
            r#"{ "createIssue": true, "targetStatus": "To Do" }"#,
            r#"9:57: rules[0].actions.targetStatus: is not used without "syncStatus": true"#,
        ),
        (
            r#"{ "createIssue": true }"#,
            r#"{ "createIssue": true }, "conditions": { "requireMapping": true }"#,
            "8:5: rules[0]: creates nothing: issues to be created have no counterpart, and requireMapping demands one",
        ),
        (
            r#""user_to_dev""#,
            r#""user_to_dev", "targetProject": "user""#,
            "8:97: rules[0].targetProject: is not used: by its syncDirection the rule acts on the dev project",
        ),
        (
            r#""skipIntermediateStatuses": true"#,
            r#""intermediateStatuses": []"#,
            "6:48: defaultBehavior.intermediateStatuses: is not used: skipIntermediateStatuses is off",
        ),
    ]);
}

#[test]
fn a_flow_without_an_enabled_rule_is_a_warning() {
    let text = GOOD.replace(r#""enabled": true"#, r#""enabled": false"#);
    let warning = r#"x.json:7:12: rules: no rule is enabled; a rule needs "enabled": true"#;
    assert_eq!(shown(&checked(&text).unwrap().warnings), [warning]);
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
    let never = [r#"x.json:11:5: rules[2]: never fires: rule "first" comes first for the same side and status"#];
    assert_eq!(warned_with_a_first_rule("dev_to_user", "closed ", ""), never);
    assert_eq!(warned_with_a_first_rule("both", "Closed", ""), never);
    assert_eq!(warned_with_a_first_rule("user_to_dev", "Closed", ""), [""; 0]);
    assert_eq!(warned_with_a_first_rule("dev_to_user", "*", ""), [""; 0]);
    assert_eq!(warned_with_a_first_rule("both", "Will Do", ""), [""; 0], "unpaired issues are left to the later rule");
    let any = r#", "conditions": { "requireMapping": false }"#;
    assert_eq!(warned_with_a_first_rule("both", "Will Do", any).len(), 1);
}
