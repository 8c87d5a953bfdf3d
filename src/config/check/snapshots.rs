//! What is said of wrong flow files: `tests/flow_files/*.txt`, which also say how to read and to change them.

use std::fs;
use std::path::{Path, PathBuf};

use super::check;
use super::tests::{GOOD, INPUTS};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/flow_files");

/// One wrong file, and what is said of it.
struct Case {
    /// Everything up to the answers, as written.
    told: String,
    text: String,
    answers: Vec<String>,
}

impl Case {
    /// `told` begins with the case's name.
    fn parse(block: &str) -> Self {
        let told: Vec<_> = block.lines().take_while(|line| !line.starts_with('>')).collect();
        let answers = block.lines().filter_map(|line| line.strip_prefix("> ").map(str::to_owned)).collect();
        Self { told: told.join("\n").trim_end().to_owned(), text: edited(&told), answers }
    }

    fn check(&self) -> Vec<String> {
        let marked = |mark: &str, problems: &[_]| problems.iter().map(|it| format!("{mark}: {it}")).collect::<Vec<_>>();
        match check("flows.d/x.json", &self.text, &INPUTS) {
            Ok(checked) if checked.warnings.is_empty() => vec!["ok".to_owned()],
            Ok(checked) => marked("warning", &checked.warnings),
            Err(problems) => marked("error", &problems),
        }
    }
}

/// The good file with each run of `-` lines replaced by the `+` lines after it; only the `+` lines if there is no `-`.
fn edited(told: &[&str]) -> String {
    let lines = |sign: char| move |line: &&&str| line.starts_with(sign);
    let body = |line: &&str| line[1..].strip_prefix(' ').unwrap_or("").to_owned();
    if !told.iter().any(|line| line.starts_with('-')) {
        return told.iter().filter(lines('+')).map(body).collect::<Vec<_>>().join("\n");
    }
    let (mut text, mut rest) = (GOOD.to_owned(), told);
    while let Some(begin) = rest.iter().position(|line| line.starts_with('-')) {
        let old: Vec<_> = rest[begin..].iter().take_while(lines('-')).map(body).collect();
        let new: Vec<_> = rest[begin + old.len()..].iter().take_while(lines('+')).map(body).collect();
        let old_text = old.join("\n");
        assert!(text.contains(&old_text), "{}: {old_text} is not in the good file", told[0]);
        text = text.replacen(&old_text, &new.join("\n"), 1);
        rest = &rest[begin + old.len() + new.len()..];
    }
    text
}

/// The texts of all cases that are taken.
pub fn taken() -> Vec<String> {
    let cases = files().into_iter().flat_map(|file| parse(&fs::read_to_string(file).unwrap()).1);
    cases.map(|case| case.text).filter(|text| check("flows.d/x.json", text, &INPUTS).is_ok()).collect()
}

fn files() -> Vec<PathBuf> {
    let listed = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = listed.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    files.sort();
    files
}

/// Words before the first case, and the cases.
fn parse(text: &str) -> (String, Vec<Case>) {
    let mut blocks = text.split("\n== ");
    let words = blocks.next().unwrap_or_default().trim_end().to_owned();
    (words, blocks.map(Case::parse).collect())
}

fn bless(file: &Path, words: &str, cases: &[Case]) {
    let case = |case: &Case| {
        let answers = case.check().into_iter().map(|line| format!("\n> {line}")).collect::<String>();
        format!("\n\n== {}{answers}", case.told)
    };
    let cases: String = cases.iter().map(case).collect();
    fs::write(file, format!("{words}{cases}\n")).unwrap();
}

#[test]
fn every_wrong_file_is_answered_as_it_is_written_down() {
    let mut wrong = Vec::new();
    for file in files() {
        let (words, cases) = parse(&fs::read_to_string(&file).unwrap());
        if std::env::var_os("BLESS").is_some() {
            bless(&file, &words, &cases);
            continue;
        }
        for case in cases.iter().filter(|case| case.check() != case.answers) {
            wrong.push(format!("{}: {}\nsays {:#?}", file.display(), case.told, case.check()));
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 takes this as right", wrong.join("\n\n"));
}

#[test]
fn no_answer_repeats_a_secret() {
    let cases: Vec<_> = files().iter().flat_map(|file| parse(&fs::read_to_string(file).unwrap()).1).collect();
    assert!(cases.len() > 100, "{} cases are too few", cases.len());
    for case in cases {
        let answers = case.check();
        assert!(!answers.iter().any(|answer| answer.contains("hunter2")), "{answers:?}");
    }
}
