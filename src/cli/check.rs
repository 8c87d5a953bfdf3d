//! `lockstep check`: all problems of flow files, as text or JSON.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::text::Screen;
use super::{Outcome, env, print_error};
use crate::config::{self, CheckInputs, FlowFile, Problem, Verdict};
use crate::flow::Flow;
use crate::settings::{self, StoreFlags, StoreUrl};
use crate::store::mongo_url;

/// Checks flow files, each for itself and all together, and says everything that is wrong with them. Changes nothing,
/// sends no request.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 all can be taken, warnings or not; 1 there are problems; 2 wrong usage.\n\n\
                        --json prints {ok, files: [{file, flow, problems, warnings, notes}]}; a problem or warning is \
                        {line, column, path, message}, a note is a text. `flow` is null for a refused file, `line` and `column` where the \
                        whole file is meant.")]
pub(super) struct Args {
    /// The files [default: all of the flows folder]
    files: Vec<PathBuf>,
    /// The folder of flow files [default: $CONFIG_DIR, else flows.d]
    #[arg(long, value_name = "DIR", conflicts_with = "files")]
    flows: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let folder = settings::flows(&env, args.flows.as_deref());
    let mut out = Screen::new(io::stdout().lock(), args.json);
    check(&args.files, &folder, args.json, &env, &mut out)
}

fn check(
    files: &[PathBuf],
    folder: &Path,
    json: bool,
    env: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
) -> Outcome {
    let found = match find(files, folder) {
        Ok(found) => found,
        Err(why) => {
            print_error(why);
            return Outcome::Bad;
        }
    };
    let inputs = CheckInputs {
        env,
        file: &config::read_named_file,
        mongo: mongo_url,
        default_interval: settings::DEFAULT_INTERVAL,
    };
    let verdicts = config::set(found.iter().map(FlowFile::read), &[], &inputs);
    // A reader that went away (`| head`) has seen what it wanted; the exit code still tells.
    let own = settings::store(env, &StoreFlags::default(), mongo_url).ok().map(|named| named.url);
    let _ = if json { write_json(&verdicts, own.as_ref(), out) } else { write_text(&verdicts, own.as_ref(), out) };
    if verdicts.iter().all(|verdict| verdict.outcome.is_ok()) { Outcome::Good } else { Outcome::Bad }
}

fn find(files: &[PathBuf], folder: &Path) -> Result<Vec<FlowFile>, config::NoFolder> {
    // A file that was named twice is still one file.
    let mut seen = BTreeSet::new();
    let named = files.iter().filter(|file| seen.insert(*file));
    if files.is_empty() { config::scan(folder) } else { Ok(named.cloned().map(FlowFile::at).collect()) }
}

/// One line a problem, each with its place first, as compilers do, so that editors can jump there. The file's own line
/// is not shown: it may hold a secret.
fn write_text(verdicts: &[Verdict], own: Option<&StoreUrl>, out: &mut dyn Write) -> io::Result<()> {
    for verdict in verdicts {
        match &verdict.outcome {
            Ok(checked) => {
                checked.warnings.iter().try_for_each(|warning| writeln!(out, "warning: {warning}"))?;
                writeln!(out, "ok: {}: flow {}", verdict.file, checked.flow.name)?;
                notes(&checked.flow, own)
                    .iter()
                    .try_for_each(|note| writeln!(out, "note: {}: {note}", verdict.file))?;
            }
            Err(problems) => problems.iter().try_for_each(|problem| writeln!(out, "error: {problem}"))?,
        }
    }
    let refused = verdicts.iter().filter(|verdict| verdict.outcome.is_err()).count();
    match (verdicts.len(), refused) {
        (0, _) => writeln!(out, "no flow files"),
        (all, 0) => writeln!(out, "{} checked, no problems", files(all)),
        (all, refused) => writeln!(out, "{} checked, {refused} refused", files(all)),
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// What a flow needs besides its file. `own` is where the process keeps its flows' data, as the environment has it.
fn notes(flow: &Flow, own: Option<&StoreUrl>) -> Vec<String> {
    rights(flow, own).into_iter().collect()
}

/// What a flow's user in MongoDB needs, where the file does not say which of two databases is meant.
fn rights(flow: &Flow, own: Option<&StoreUrl>) -> Option<String> {
    let (name, database) = (flow.name.as_str(), flow.database.name.as_str());
    let is_open = !flow.database.is_named && name != database;
    match flow.database.at.as_ref().or(own)? {
        StoreUrl::Mongo(_) if is_open => Some(format!(
            "in MongoDB its user needs the role readWrite on the database {database} and, as long as that is empty, read \
             on {name}, where the Node.js service may have left data; or write \"database\": {{ \"name\": \
             \"{database}\" }} into the file, which confirms that {database} is meant"
        )),
        StoreUrl::Mongo(_) | StoreUrl::Sqlite(_) => None,
    }
}

fn write_json(verdicts: &[Verdict], own: Option<&StoreUrl>, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        ok: verdicts.iter().all(|verdict| verdict.outcome.is_ok()),
        files: verdicts.iter().map(|verdict| FileReport::of(verdict, own)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    files: Vec<FileReport<'a>>,
}

#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    flow: Option<&'a str>,
    problems: Vec<ProblemReport<'a>>,
    warnings: Vec<ProblemReport<'a>>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct ProblemReport<'a> {
    line: Option<usize>,
    column: Option<usize>,
    path: &'a str,
    message: &'a str,
}

impl<'a> FileReport<'a> {
    fn of(verdict: &'a Verdict, own: Option<&StoreUrl>) -> Self {
        let (flow, problems, warnings) = match &verdict.outcome {
            Ok(checked) => (Some(checked.flow.name.as_str()), &[][..], &checked.warnings[..]),
            Err(problems) => (None, &problems[..], &[][..]),
        };
        let reports = |problems: &'a [Problem]| problems.iter().map(ProblemReport::of).collect();
        let notes = verdict.outcome.as_ref().map_or_else(|_| Vec::new(), |checked| notes(&checked.flow, own));
        Self { file: &verdict.file, flow, problems: reports(problems), warnings: reports(warnings), notes }
    }
}

impl<'a> ProblemReport<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            line: problem.place.map(|place| place.line),
            column: problem.place.map(|place| place.column),
            path: &problem.path,
            message: &problem.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    const GOOD: &str = r#"{ "$schema": "x", "name": "sync-ab", "userProjectKey": "UA", "devProjectKey": "DA",
        "jira": { "baseUrl": "https://jira.example.net", "email": "bot@example.net", "apiToken": "${env:TOKEN}" },
        "rules": [{ "id": "closed", "sourceStatus": "Closed", "syncDirection": "dev_to_user", "enabled": true,
                    "actions": { "syncStatus": true, "targetStatus": "Resolved" } }] }"#;

    /// What a check of a folder with these files says (their folder left out), with `TOKEN` set.
    fn checked(files: &[(&str, &str)], json: bool) -> (Outcome, String) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (env, mut out) = (|name: &str| (name == "TOKEN").then(|| "hunter2".to_owned()), Vec::new());
        let outcome = check(&[], folder.path(), json, &env, &mut out);
        (outcome, String::from_utf8(out).unwrap().replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn good_files_are_named_with_their_flows() {
        let said = "ok: a.json: flow sync-ab\n1 file checked, no problems\n".to_owned();
        assert_eq!(checked(&[("a.json", GOOD)], false), (Outcome::Good, said));
        assert_eq!(checked(&[], false), (Outcome::Good, "no flow files\n".to_owned()));
    }

    #[test]
    fn a_problem_begins_with_its_place() {
        let text = GOOD.replace("\"enabled\"", "\"enable\"");
        let (outcome, said) = checked(&[("a.json", &text)], false);
        assert_eq!(outcome, Outcome::Bad);
        assert!(said.starts_with("error: a.json:3:95: rules[0].enable: "), "{said}");
        assert!(said.ends_with("\n1 file checked, 1 refused\n"), "{said}");
    }

    #[test]
    fn files_are_checked_together_too() {
        let (outcome, said) = checked(&[("a.json", GOOD), ("b.json", GOOD)], false);
        assert_eq!(outcome, Outcome::Bad);
        assert!(said.contains("ok: a.json") && said.contains("error: b.json:1:"), "{said}");
    }

    #[test]
    fn a_program_gets_the_same_as_json() {
        let (outcome, said) = checked(&[("a.json", GOOD), ("b.json", "[")], true);
        let report: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((outcome, &report["ok"]), (Outcome::Bad, &json!(false)));
        assert_eq!(
            report["files"][0],
            json!({ "file": "a.json", "flow": "sync-ab", "problems": [], "warnings": [], "notes": [] })
        );
        assert_eq!(report["files"][1]["flow"], Value::Null);
        assert_eq!(report["files"][1]["problems"][0]["line"], json!(1));
    }

    #[test]
    fn the_rights_that_a_user_in_mongodb_needs_are_told_unless_the_file_names_the_database() {
        let with = |database: &str| GOOD.replacen('{', &format!("{{ \"database\": {{ {database} }},"), 1);
        let uri = "\"uri\": \"mongodb://u:hunter2@h\"";
        let (outcome, said) = checked(&[("a.json", &with(uri))], false);
        let words = "note: a.json: in MongoDB its user needs the role readWrite on the database sync_ab and, as long as \
                     that is empty, read on sync-ab";
        assert!(outcome == Outcome::Good && said.contains(words) && !said.contains("hunter2"), "{said}");
        assert!(checked(&[("a.json", &with(uri))], true).1.contains("\"in MongoDB its user needs"));
        for settled in [with(&format!("\"name\": \"sync_ab\", {uri}")), GOOD.to_owned()] {
            assert!(!checked(&[("a.json", &settled)], false).1.contains("note: "), "{settled}");
        }
    }

    #[test]
    fn no_token_is_repeated() {
        for text in [GOOD.replace("${env:TOKEN}", "hunter2").replace("\"name\"", "\"nam\""), GOOD.replace(']', "")] {
            for json in [false, true] {
                let (outcome, said) = checked(&[("a.json", &text)], json);
                assert_eq!((outcome, said.contains("hunter2")), (Outcome::Bad, false), "{said}");
            }
        }
    }

    #[test]
    fn a_missing_folder_or_file_is_a_problem() {
        let nowhere = Path::new("/nowhere/at/all");
        assert_eq!(check(&[], nowhere, false, &env, &mut Vec::new()), Outcome::Bad);
        assert_eq!(check(&[nowhere.into()], nowhere, false, &env, &mut Vec::new()), Outcome::Bad);
    }
}
