use std::time::Duration;

use super::*;
use crate::config::{Content, FlowFile};
use crate::flow::Database;

const INPUTS: CheckInputs<'_> = CheckInputs {
    env: &|_| None,
    file: &super::super::read_named_file,
    mongo: crate::store::mongo_url,
    default_interval: Duration::from_secs(300),
};

const SITE: &str = "https://a.example.net";

/// A flow file: `pair` is `USER>DEV` when issues are created, `USER-DEV` when they are not.
struct File {
    file: &'static str,
    name: &'static str,
    pair: &'static str,
    site: &'static str,
}

fn file(file: &'static str, name: &'static str, pair: &'static str) -> File {
    File { file, name, pair, site: SITE }
}

/// A file that is refused for what stands in it.
fn broken(file: &'static str) -> File {
    File { file, name: "", pair: "A-B", site: SITE }
}

impl File {
    fn found(&self) -> ReadFlowFile {
        let creates = self.pair.contains('>');
        let (user, dev) = self.pair.split_once(['>', '-']).unwrap();
        let (name, site) = (self.name, self.site);
        let text = format!(
            r#"{{ "$schema": "", "name": "{name}",
                 "jira": {{ "baseUrl": "{site}", "authType": "pat", "apiToken": "token" }},
                 "userProjectKey": "{user}", "devProjectKey": "{dev}",
                 "rules": [{{ "id": "r", "sourceStatus": "s", "syncDirection": "user_to_dev", "enabled": true,
                              "actions": {{ "createIssue": {creates}, "syncStatus": true }} }}] }}"#
        );
        ReadFlowFile { file: self.file.to_owned(), content: Ok(Content::new(text)) }
    }
}

fn verdicts(files: &[File], running: &[Running<'_>]) -> Vec<Verdict> {
    let found: Vec<_> = files.iter().map(File::found).collect();
    set(found, running, &INPUTS)
}

fn flows(files: &[File]) -> Vec<Flow> {
    verdicts(files, &[]).into_iter().map(|verdict| verdict.outcome.unwrap().flow).collect()
}

/// The files that are accepted while the flows of `running` run.
fn accepted(running: &[File], files: &[File]) -> Vec<String> {
    let flows = flows(running);
    let running: Vec<_> = running.iter().zip(&flows).map(|(from, flow)| Running { file: from.file, flow }).collect();
    let verdicts = verdicts(files, &running);
    verdicts.into_iter().filter(|verdict| verdict.outcome.is_ok()).map(|verdict| verdict.file).collect()
}

/// The only problem of the second of two files.
fn refusal(first: File, second: File) -> String {
    let problems = verdicts(&[first, second], &[]).remove(1).outcome.unwrap_err();
    assert_eq!(problems.len(), 1);
    problems[0].to_string()
}

#[test]
fn of_two_files_with_one_name_the_first_by_file_name_is_taken() {
    assert_eq!(accepted(&[], &[file("b", "x", "A>B"), file("a", "x", "C>D")]), ["a"]);
    let told =
        r#"b:1:26: name: "x" is taken by a (upper and lower case, '-' and '_' count as equal); choose another name"#;
    assert_eq!(refusal(file("a", "x", "A>B"), file("b", "x", "C>D")), told);
}

#[test]
fn names_that_would_share_a_database_are_one_name() {
    assert_eq!(accepted(&[], &[file("a", "sync-ab", "A>B"), file("b", "Sync_ab", "C>D")]), ["a"]);
}

#[test]
fn the_flow_that_runs_keeps_its_name() {
    let running = [file("b", "x", "A>B")];
    assert_eq!(accepted(&running, &[file("a", "x", "C>D"), file("b", "x", "A>B")]), ["b"]);
    assert_eq!(accepted(&running, &[file("a", "x", "C>D"), file("b", "x", "E>F")]), ["b"], "also when it changes");
    assert_eq!(accepted(&running, &[file("a", "x", "C>D"), broken("b")]), [""; 0], "also when its file is broken");
    assert_eq!(
        accepted(&running, &[file("a", "x", "C>D"), file("c", "x", "A>B")]),
        ["c"],
        "also when its file is renamed"
    );
    assert_eq!(accepted(&running, &[file("a", "x", "C>D")]), ["a"], "but not when its file is gone");
    assert_eq!(
        accepted(&running, &[file("a", "x", "C>D"), file("b", "y", "A>B")]),
        ["a", "b"],
        "nor when it is renamed"
    );
}

#[test]
fn an_edit_cannot_push_a_running_flow_aside() {
    let running = [file("a", "x", "A>B"), file("b", "y", "C>D")];
    assert_eq!(accepted(&running, &[file("a", "x", "C>D"), file("b", "y", "C>D")]), ["b"]);
}

#[test]
fn a_refused_edit_leaves_its_running_flow_in_place() {
    let running = [file("a", "x", "A>B"), file("b", "y", "C>D")];
    let edited = [file("a", "x", "C>D"), file("b", "y", "C>D"), file("c", "z", "A>B")];
    assert_eq!(accepted(&running, &edited), ["b"], "c would run beside a's last good flow");
}

#[test]
fn one_pair_of_projects_is_one_flow() {
    let told = "b:3:36: userProjectKey: a and B are already synced by a; remove one of the two files";
    assert_eq!(refusal(file("a", "x", "A-B"), file("b", "y", "a-B")), told);
    let spelt_otherwise = File { site: "http://A.example.net:80/", ..file("b", "y", "a-B") };
    assert_eq!(refusal(file("a", "x", "A-B"), spelt_otherwise), told);
    let elsewhere = File { site: "https://b.example.net", ..file("b", "y", "A-B") };
    assert_eq!(accepted(&[], &[file("a", "x", "A-B"), elsewhere]), ["a", "b"]);
}

#[test]
fn rings_of_create_rules_are_refused() {
    let told = "b:3:36: userProjectKey: issues would be created without end: from B in A, and by other flows' rules \
                from A in B again; switch createIssue off in one of them";
    assert_eq!(refusal(file("a", "x", "A>B"), file("b", "y", "B>A")), told);
    let longer = [file("a", "x", "A>B"), file("b", "y", "B>C"), file("c", "z", "C>A")];
    assert_eq!(accepted(&[], &longer), ["a", "b"]);
    let open = [file("a", "x", "A>B"), file("b", "y", "B>C"), file("c", "z", "C-A")];
    assert_eq!(accepted(&[], &open), ["a", "b", "c"]);
}

#[test]
fn sharing_a_project_is_a_warning() {
    let verdicts = verdicts(&[file("a", "x", "A>B"), file("b", "y", "C>B")], &[]);
    let warnings = |index: usize| -> Vec<String> {
        let checked = verdicts[index].outcome.as_ref().unwrap();
        checked.warnings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(warnings(0), [""; 0]);
    assert_eq!(warnings(1), ["b:3:58: devProjectKey: B is a project of a too"]);
}

#[test]
fn a_file_that_cannot_be_read_has_that_for_its_verdict() {
    let found = FlowFile::at("no such file.json".into()).read();
    let verdict = set([found], &[], &INPUTS).remove(0);
    assert!(verdict.hash.is_none());
    assert!(verdict.outcome.unwrap_err()[0].message.starts_with("cannot be read"));
}

#[test]
fn one_database_is_one_flows() {
    let mut verdicts = verdicts(&[file("a", "x", "A>B"), file("b", "y", "C>D")], &[]);
    let name_it = |verdict: &mut Verdict, name: &str, folder: Option<&str>| {
        let flow = &mut verdict.outcome.as_mut().unwrap().flow;
        let at = folder.map(|folder| StoreUrl::Sqlite(folder.into()));
        flow.database = Database { name: name.parse().unwrap(), is_named: true, at };
    };
    name_it(&mut verdicts[1], "X", None);
    let (index, problem) = first_conflict(&verdicts, &[]).unwrap();
    let told = r#"b:1:26: name: "X" is the database of a already; name another one in database.name"#;
    assert_eq!((index, problem.to_string()), (1, told.to_owned()));
    name_it(&mut verdicts[1], "x", Some("flows.d/../more"));
    assert_eq!(first_conflict(&verdicts, &[]), None);
    for (folder, same) in [
        ("more", true),
        ("./flows.d/.././more/", true),
        ("elsewhere/../flows.d/a/../../more", true),
        ("More", false),
        ("/more", false),
        ("../more", false),
        ("flows.d/more", false),
    ] {
        name_it(&mut verdicts[0], "x", Some(folder));
        assert_eq!(first_conflict(&verdicts, &[]).is_some(), same, "{folder}");
    }
}

#[test]
fn a_secret_in_a_file_to_which_others_have_access_is_a_warning() {
    for (token, mode, warned) in
        [("hunter2", Some(0o644), true), ("hunter2", None, false), ("${env:TOKEN}", Some(0o644), false)]
    {
        let mut found = file("a.json", "ab", "A-B").found();
        let text = found.content.unwrap().text.replace("\"token\"", &format!("\"{token}\""));
        found.content = Ok(Content { open_to_others: mode, ..Content::new(text) });
        let inputs = CheckInputs { env: &|_| Some("hunter2".to_owned()), ..INPUTS };
        let [verdict] = &set([found], &[], &inputs)[..] else { panic!("one file, one verdict") };
        let warnings = &verdict.outcome.as_ref().unwrap().warnings;
        let told: Vec<_> = warnings.iter().map(ToString::to_string).filter(|told| told.contains("0644")).collect();
        assert_eq!(told.len(), usize::from(warned), "{warnings:?}");
        assert!(told.iter().all(|told| told.starts_with("a.json:2:") && told.contains("jira.apiToken: ")), "{told:?}");
    }
}

#[test]
fn a_token_for_a_name_is_not_repeated_to_the_file_beside_it() {
    let token = "ATATT3xFfGF0T4Tq9ZxYw7A1B2cD3e4F";
    let files = [file("a.json", token, "A-B"), file("b.json", token, "C-D")];
    let told = format!("{:?}", verdicts(&files, &[])[1].outcome.as_ref().unwrap_err());
    assert!(told.contains("is taken by a.json") && !told.contains(token), "{told}");
}
