use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

/// An answer of the server: what was asked, in which situation, the status code, and the body to the byte.
pub(crate) struct Answer {
    pub(crate) request: &'static str,
    pub(crate) code: &'static str,
    pub(crate) body: String,
}

/// Every answer in `answers.txt`.
pub(crate) fn on_file() -> Vec<Answer> {
    let blocks = include_str!("answers.txt").split("\n\n").filter(|block| !block.starts_with('#'));
    blocks.map(Answer::read).collect()
}

impl Answer {
    fn read(block: &'static str) -> Self {
        let mut lines = block.trim_end().lines().map(str::trim_start);
        let (request, first) = (lines.next().unwrap(), lines.next().unwrap());
        let (code, start) = first.split_once(' ').unwrap();
        Self { request, code, body: std::iter::once(start).chain(lines).collect() }
    }

    /// Reads the body as a client does, and writes it again.
    fn rewritten(&self, body: &str) -> String {
        let path = self.request.split([' ', '?', ':']).nth(1).unwrap();
        let after_flows = path.strip_prefix("/api/v1/flows").map(|rest| rest.split('/').skip(1).collect::<Vec<_>>());
        match (after_flows.as_deref(), self.code) {
            (None, "200" | "503") => rewritten::<Health>(body),
            (Some([]), "200") => rewritten::<Flows>(body),
            (Some([_]), "200" | "503") => rewritten::<FlowPage>(body),
            (Some([_, "history"]), "200") => rewritten::<HistoryPage>(body),
            (Some([_, _]), "200") => rewritten::<OrderDone>(body),
            _ => rewritten::<Problem>(body),
        }
    }
}

fn rewritten<T: DeserializeOwned + Serialize>(body: &str) -> String {
    serde_json::to_string(&serde_json::from_str::<T>(body).unwrap()).unwrap()
}

#[test]
fn every_answer_is_read_and_written_as_it_is() {
    let answers: Vec<_> = on_file().into_iter().filter(|answer| answer.body.starts_with('{')).collect();
    assert!(answers.len() > 30, "{} answers are too few", answers.len());
    for answer in answers {
        assert_eq!(answer.rewritten(&answer.body), answer.body, "{}", answer.request);
    }
}

#[test]
fn members_of_a_later_daemon_are_ignored() {
    for answer in on_file().iter().filter(|answer| answer.body.starts_with('{')) {
        let mut body = serde_json::from_str(&answer.body).unwrap();
        add_members(&mut body);
        assert_eq!(answer.rewritten(&body.to_string()), answer.body, "{}", answer.request);
    }
}

fn add_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.iter_mut().filter(|(name, _)| *name != "fields").for_each(|(_, member)| add_members(member));
            members.insert("later".to_owned(), json!([{ "a": -1.5 }]));
        }
        Value::Array(list) => list.iter_mut().for_each(add_members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn values_of_a_later_daemon_are_kept_or_passed_over() {
    assert_eq!(rewritten::<PairState>(r#""later""#), r#""later""#);
    assert_eq!(rewritten::<IntentState>(r#""later""#), r#""later""#);
    for fields in [r#"{"a": -1}"#, r#"{"a": {"b": 1.5}}"#, "7", "null"] {
        assert!(matches!(serde_json::from_str(fields), Ok(Fields::Unknown(_))), "{fields}");
    }
}
