//! Queries for Atlassian's own parser, which `.ci/oracles` holds against what is understood here.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::*;

const QUERIES: u64 = 20_000;

const FIELDS: [&str; 14] = [
    "project",
    "status",
    "key",
    "ISSUE",
    "summary",
    "\"Epic Link\"",
    "'a b'",
    "cf[10010]",
    "CF [7]",
    "during",
    "limit",
    "issue.property[x].y",
    "1",
    "x\u{a0}y",
];

const WORDS: [&str; 30] = [
    "Open",
    "USER-A",
    "\"a\\nb\"",
    "\"\\u0041\"",
    "\"\\x\"",
    "'it\\'s'",
    "\"q\\\"q\"",
    "-5d",
    "12",
    "a.b",
    "empty",
    "NULL",
    "limit",
    "DURING",
    "cf",
    "and",
    "order",
    "by",
    "asc",
    "select",
    "10:00",
    "\u{a0}",
    "a\u{2003}b",
    "a\\ b",
    "a\\q",
    "\"a\nb\"",
    "a@b",
    "it's",
    "now()",
    "f(x, \"y\", 1)",
];

const OPERATORS: [&str; 24] = [
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "~",
    "!~",
    "in",
    "not in",
    "IS",
    "is not",
    "was",
    "was not",
    "was in",
    "was not in",
    "changed",
    "==",
    "=>",
    "like",
    "not",
    "!",
    "not is",
    "<>",
];

struct Maker(StdRng);

impl Maker {
    fn pick(&mut self, among: &[&str]) -> String {
        among.choose(&mut self.0).copied().unwrap_or_default().to_owned()
    }

    fn query(&mut self) -> String {
        let mut query = self.clause(0);
        if self.0.random_bool(0.3) {
            query += &format!(" order by {}", self.pick(&FIELDS));
            query += &self.pick(&["", " asc", " DESC", ", key", ",", " asc desc"]);
        }
        if self.0.random_bool(0.2) { self.spoilt(query) } else { query }
    }

    fn clause(&mut self, depth: usize) -> String {
        match self.0.random_range(0..if depth > 2 { 6 } else { 9 }) {
            0..6 => self.single(),
            6 => format!("{}{}", self.pick(&["not ", "!", "NOT(", "! "]), self.clause(depth + 1)),
            7 => format!("({})", self.clause(depth + 1)),
            _ => {
                let glue = self.pick(&[" and ", " OR ", " & ", "&&", "|", " || ", " "]);
                format!("{}{glue}{}", self.clause(depth + 1), self.clause(depth + 1))
            }
        }
    }

    fn single(&mut self) -> String {
        let (field, operator) = (self.pick(&FIELDS), self.pick(&OPERATORS));
        let lists = operator.ends_with("in");
        let operand = match operator.as_str() {
            "changed" => String::new(),
            "IS" | "is not" if self.0.random_bool(0.8) => self.pick(&["empty", "NULL"]),
            _ if lists == self.0.random_bool(0.9) => self.list(0),
            _ => self.pick(&WORDS),
        };
        let mut clause = format!("{field} {operator} {operand}");
        while self.0.random_bool(0.2) {
            clause += &format!(" {} ", self.pick(&["after", "before", "on", "during", "by", "from", "to"]));
            clause += &if self.0.random_bool(0.3) { self.list(0) } else { self.pick(&WORDS) };
        }
        clause
    }

    fn list(&mut self, depth: usize) -> String {
        let count = self.0.random_range(0..4);
        let items: Vec<_> = (0..count)
            .map(|_| if depth < 2 && self.0.random_bool(0.2) { self.list(depth + 1) } else { self.pick(&WORDS) })
            .collect();
        format!("({})", items.join(","))
    }

    fn spoilt(&mut self, query: String) -> String {
        let mut letters: Vec<char> = query.chars().collect();
        let at = self.0.random_range(0..letters.len());
        match self.0.random_range(0..3) {
            0 => drop(letters.remove(at)),
            1 => letters
                .insert(at, *"()\"'\\,=!~&|[]{}@# \n\u{a0}".chars().collect::<Vec<_>>().choose(&mut self.0).unwrap()),
            _ => letters.truncate(at),
        }
        letters.into_iter().collect()
    }
}

#[test]
fn queries_are_handed_to_the_oracles_with_what_is_thought_of_them() {
    let Some(folder) = std::env::var_os("LOCKSTEP_ORACLES").map(std::path::PathBuf::from) else { return };
    let mut lines = String::new();
    for seed in 0..QUERIES {
        let query = Maker(StdRng::seed_from_u64(seed)).query();
        let told = read_by(CENTRE, &query, Tz::UTC).err();
        lines += &json!({"query": query, "told": told}).to_string();
        lines.push('\n');
    }
    std::fs::write(folder.join("queries.jsonl"), lines).unwrap();
}
