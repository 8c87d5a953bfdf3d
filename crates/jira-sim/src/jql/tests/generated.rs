//! Queries that nobody thought of: what they find is what a plain reading of them says, and a slip of the pen is a
//! refusal.

use std::cmp::Ordering;

use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{CENTRE, CLOUD, at, issue, read_by};
use crate::issue::Issue;
use crate::values::{FieldValue, Term};

const PROJECTS: [&str; 2] = ["USER-A", "DEV-A"];
const STATUSES: [&str; 2] = ["open", "will do"];
const PEOPLE: [&str; 2] = ["ann", "bot"];
const LABELS: [&str; 3] = ["red", "green", "two words"];
const WORDS: [&str; 3] = ["login", "hung", "up"];
const KEYS: [(&str, u64); 4] = [("USER-A-1", 1), ("USER-A-2", 2), ("USER-A-10", 10), ("DEV-A-3", 3)];
const COMPARISONS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];

/// A query as one would think it.
#[derive(Clone, Debug)]
enum Wish {
    Not(Box<Wish>),
    All(Vec<Wish>),
    Any(Vec<Wish>),
    Project(Vec<&'static str>, bool),
    Status(Vec<&'static str>, bool),
    Assignee(Vec<&'static str>, bool),
    Labels(Vec<&'static str>, bool),
    /// The field is empty, or is not.
    Empty(&'static str, bool),
    Keys(Vec<(&'static str, u64)>, bool),
    /// A number within the first project.
    Number(&'static str, u64),
    /// So many minutes after noon.
    Updated(&'static str, i64),
    Says(&'static str, bool),
}

/// The way in which a wish is written down; it must not matter.
#[derive(Clone, Copy, Debug)]
struct Hand {
    quote: &'static str,
    loud: bool,
    signs: bool,
    doubled: bool,
}

impl Hand {
    fn word(self, word: &str) -> String {
        if self.loud { word.to_uppercase() } else { word.into() }
    }

    fn join(self, wishes: &[Wish], word: &str, sign: &str) -> String {
        let word = if self.signs { sign.into() } else { self.word(word) };
        wishes.iter().map(|wish| format!("({})", self.write(wish))).collect::<Vec<_>>().join(&format!(" {word} "))
    }

    fn value(self, value: &str) -> String {
        let quote = if value.contains(' ') && self.quote.is_empty() { "\"" } else { self.quote };
        format!("{quote}{value}{quote}")
    }

    /// `field = x`, or a list where there are several or it is written so all the same.
    fn among(self, field: &str, values: &[&str], wanted: bool) -> String {
        let (field, written) = (self.word(field), values.iter().map(|it| self.value(it)).collect::<Vec<_>>());
        match (values.len(), wanted) {
            (1, _) if !self.doubled => format!("{field} {} {}", if wanted { "=" } else { "!=" }, written[0]),
            (_, true) => format!("{field} {} ({})", self.word("in"), written.join(",")),
            (_, false) => format!("{field} {} ( {} )", self.word("not in"), written.join(" , ")),
        }
    }

    fn write(self, wish: &Wish) -> String {
        let written = match wish {
            Wish::Not(wish) => {
                format!("{} ({})", if self.signs { "!".into() } else { self.word("not") }, self.write(wish))
            }
            Wish::All(wishes) => self.join(wishes, "and", "&&"),
            Wish::Any(wishes) => self.join(wishes, "or", "|"),
            Wish::Project(keys, wanted) => self.among("project", keys, *wanted),
            Wish::Status(names, wanted) => self.among("status", names, *wanted),
            Wish::Assignee(people, wanted) => self.among("assignee", people, *wanted),
            Wish::Labels(labels, wanted) => self.among("labels", labels, *wanted),
            Wish::Keys(keys, wanted) => {
                self.among("key", &keys.iter().map(|(key, _)| *key).collect::<Vec<_>>(), *wanted)
            }
            Wish::Empty(field, wanted) => {
                format!("{field} {} {}", self.word(if *wanted { "is" } else { "is not" }), self.word("empty"))
            }
            Wish::Number(sign, number) => format!("key{sign}{}", self.value(&format!("USER-A-{number}"))),
            Wish::Updated(sign, minutes) => format!("updated{sign}{}", moment(*minutes).timestamp_millis()),
            Wish::Says(word, wanted) => format!("summary{}{}", if *wanted { "~" } else { "!~" }, self.value(word)),
        };
        if self.doubled { format!("( {written} )") } else { written }
    }
}

fn moment(minutes: i64) -> chrono::DateTime<Utc> {
    at("2026-03-02T12:00:00Z") + TimeDelta::minutes(minutes)
}

fn holds(sign: &str, ordering: Ordering) -> bool {
    match sign {
        "=" => ordering.is_eq(),
        "!=" => ordering.is_ne(),
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        _ => ordering.is_ge(),
    }
}

/// Whether the issue is wanted; unknown where the wish is about something that the issue does not have, and then no
/// `not` makes it known.
fn wants(wish: &Wish, issue: &Issue) -> Option<bool> {
    let all = |wishes: &[Wish], neutral: bool| {
        let verdicts: Vec<_> = wishes.iter().map(|wish| wants(wish, issue)).collect();
        if verdicts.contains(&Some(!neutral)) {
            Some(!neutral)
        } else if verdicts.contains(&None) {
            None
        } else {
            Some(neutral)
        }
    };
    let one_of = |held: Vec<&str>, values: &[&str], wanted: bool| {
        (!held.is_empty()).then(|| held.iter().any(|it| values.contains(it)) == wanted)
    };
    match wish {
        Wish::Not(wish) => wants(wish, issue).map(|wanted| !wanted),
        Wish::All(wishes) => all(wishes, true),
        Wish::Any(wishes) => all(wishes, false),
        Wish::Project(keys, wanted) => one_of(vec![&issue.project], keys, *wanted),
        Wish::Status(names, wanted) => one_of(vec![&issue.status.id], names, *wanted),
        Wish::Assignee(people, wanted) => one_of(held(issue, "assignee"), people, *wanted),
        Wish::Labels(labels, wanted) => one_of(held(issue, "labels"), labels, *wanted),
        Wish::Empty(field, wanted) => Some(held(issue, field).is_empty() == *wanted),
        Wish::Keys(keys, wanted) => Some(keys.iter().any(|(_, id)| *id == issue.id) == *wanted),
        Wish::Number(sign, number) if ["=", "!="].contains(sign) => {
            let id = KEYS.iter().find(|(key, _)| *key == format!("USER-A-{number}")).map(|(_, id)| *id);
            Some((id == Some(issue.id)) == (*sign == "="))
        }
        Wish::Number(sign, number) => (issue.project == "USER-A").then(|| holds(sign, issue.number.cmp(number))),
        Wish::Updated(sign, minutes) => Some(holds(sign, issue.updated.cmp(&moment(*minutes)))),
        Wish::Says(word, wanted) => Some(issue.summary.split(' ').any(|it| it == *word) == *wanted),
    }
}

/// The texts of what an issue holds in a field.
fn held<'a>(issue: &'a Issue, field: &str) -> Vec<&'a str> {
    match issue.values.get(field) {
        Some(FieldValue::One(term)) => vec![&term.text],
        Some(FieldValue::Many(terms)) => terms.iter().map(|term| term.text.as_str()).collect(),
        Some(FieldValue::Text(_) | FieldValue::Rich(_) | FieldValue::Number(_) | FieldValue::Flag(_)) | None => {
            Vec::new()
        }
    }
}

fn some<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    subsequence(all, 1..=all.len())
}

fn wish() -> impl Strategy<Value = Wish> {
    let clause = prop_oneof![
        (some(&PROJECTS), any::<bool>()).prop_map(|(keys, wanted)| Wish::Project(keys, wanted)),
        (some(&STATUSES), any::<bool>()).prop_map(|(names, wanted)| Wish::Status(names, wanted)),
        (some(&PEOPLE), any::<bool>()).prop_map(|(people, wanted)| Wish::Assignee(people, wanted)),
        (some(&LABELS), any::<bool>()).prop_map(|(labels, wanted)| Wish::Labels(labels, wanted)),
        (select(&["assignee", "labels"][..]), any::<bool>()).prop_map(|(field, wanted)| Wish::Empty(field, wanted)),
        (some(&KEYS), any::<bool>()).prop_map(|(keys, wanted)| Wish::Keys(keys, wanted)),
        (select(&COMPARISONS[..]), select(&[1_u64, 2, 10][..])).prop_map(|(sign, number)| Wish::Number(sign, number)),
        (select(&COMPARISONS[..]), -3_i64..3).prop_map(|(sign, minutes)| Wish::Updated(sign, minutes)),
        (select(&WORDS[..]), any::<bool>()).prop_map(|(word, wanted)| Wish::Says(word, wanted)),
    ];
    clause.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|wish| Wish::Not(Box::new(wish))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Wish::All),
            prop::collection::vec(inner, 2..4).prop_map(Wish::Any),
        ]
    })
}

fn hand() -> impl Strategy<Value = Hand> {
    (select(&["", "'", "\""][..]), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(quote, loud, signs, doubled)| Hand { quote, loud, signs, doubled })
}

fn an_issue() -> impl Strategy<Value = Issue> {
    let told = (
        select(&KEYS[..]),
        select(&STATUSES[..]),
        -3_i64..3,
        prop::option::of(select(&PEOPLE[..])),
        subsequence(&LABELS[..], 0..=LABELS.len()),
        subsequence(&WORDS[..], 1..=WORDS.len()),
    );
    told.prop_map(|((key, id), status, minutes, assignee, labels, words)| {
        let (project, number) = key.rsplit_once('-').unwrap();
        let mut issue = issue(id, project, number.parse().unwrap(), status, &moment(minutes).to_rfc3339());
        issue.summary = words.join(" ");
        let assignee = assignee.map(|it| ("assignee".to_owned(), FieldValue::One(Term::new(it, it))));
        let labels: Vec<Term> = labels.into_iter().map(Term::label).collect();
        let labels = (!labels.is_empty()).then(|| ("labels".to_owned(), FieldValue::Many(labels)));
        issue.values = assignee.into_iter().chain(labels).collect();
        issue
    })
}

/// What nobody can read, whatever the query that it is made of.
fn spoilt(text: &str, slip: usize) -> Option<String> {
    let behind = [
        " and",
        " or",
        ")",
        " 'open",
        " \"open",
        " status",
        " status = open",
        " and =",
        " and colour = red",
        " and status",
        " and status =",
        " and status = ()",
        " and status in open",
        " and status = (open)",
        " and status = open,",
        " #",
        " and not",
        " and status is open",
        " and updated > noon",
        " and key ~ x",
        " order by",
        " order key",
        " order by colour",
        " order by key,",
        " order by key key",
        " and labels = \\x",
        " and status = Lost",
    ];
    let before = ["(", "and ", "= ", ", ", "project ", "not in "];
    let after = behind.get(slip).map(|end| format!("{text}{end}"));
    after.or_else(|| before.get(slip.checked_sub(behind.len())?).map(|start| format!("{start}{text}")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_query_finds_what_a_plain_reading_of_it_says(
        wish in wish(), hand in hand(), issues in prop::collection::vec(an_issue(), 1..9)
    ) {
        let text = hand.write(&wish);
        let query = read_by(CLOUD, &text, Tz::UTC).map_err(TestCaseError::fail)?;
        for issue in &issues {
            prop_assert_eq!(query.matches(issue), wants(&wish, issue) == Some(true), "{} of {:?}", text, issue);
        }
    }

    #[test]
    fn the_hand_in_which_a_query_is_written_does_not_matter(wish in wish(), one in hand(), other in hand()) {
        let [one, other] = [one, other].map(|hand| read_by(CENTRE, &hand.write(&wish), Tz::UTC));
        prop_assert_eq!(format!("{:?}", one), format!("{:?}", other));
        prop_assert!(one.is_ok());
    }

    #[test]
    fn a_slip_of_the_pen_is_refused_by_both_kinds_of_jira(wish in wish(), hand in hand(), slip in 0_usize..33) {
        let Some(text) = spoilt(&hand.write(&wish), slip) else { return Err(TestCaseError::fail("no such slip")) };
        for rules in [CLOUD, CENTRE] {
            let refused = read_by(rules, &text, Tz::UTC);
            prop_assert!(refused.is_err_and(|message| !message.is_empty()), "{} was understood", text);
        }
    }

    #[test]
    fn whatever_is_written_is_answered(
        words in prop::collection::vec(
            select(&[
                "(", ")", ",", "'", "\"", "\\", "=", "!", "~", "<", "-", "and", "or", "not", "in", "is", "empty",
                "order", "by", "key", "updated", "status", "now()", "-1d", "99999999999999999999", "'262142-12-31 23:59'",
                "'-262143-01-01'", "-9999999999999w", "endOfDay(", "\\u", "\u{0}", "é", "USER-A-1", "{", " ", "\n",
            ][..]),
            0..24,
        ),
        glue in select(&["", " "][..]),
    ) {
        for zone in [Tz::UTC, Tz::Asia__Ho_Chi_Minh, Tz::America__New_York] {
            let answer = read_by(CLOUD, &words.join(glue), zone);
            prop_assert!(answer.map_or_else(|message| !message.is_empty(), |_| true));
        }
    }
}

#[test]
fn dates_at_the_end_of_the_calendar_are_refused_or_understood() {
    for zone in [Tz::UTC, Tz::Asia__Ho_Chi_Minh, Tz::America__New_York] {
        for date in ["262142-12-31 23:59", "262142-12-31", "-262143-01-01 00:00", "-262143-01-01", "9999-12-31"] {
            // Whether it is a date does not matter: there must be an answer.
            drop(read_by(CLOUD, &format!("updated < '{date}'"), zone));
        }
    }
}

#[test]
fn a_query_can_only_be_so_deep() {
    for (opening, closing) in [("(", ")"), ("not ", ""), ("!", ""), ("not (", ")")] {
        let query = |depth: usize| format!("{}key = USER-A-1{}", opening.repeat(depth), closing.repeat(depth));
        assert!(read_by(CLOUD, &query(40), Tz::UTC).is_ok(), "{opening}");
        assert!(read_by(CLOUD, &query(200_000), Tz::UTC).unwrap_err().contains("too deeply"), "{opening}");
        assert!(read_by(CLOUD, &opening.repeat(200_000), Tz::UTC).is_err(), "{opening}");
    }
}
