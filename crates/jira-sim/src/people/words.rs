//! The names of the people, and their texts.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;

use super::account;
use super::habits::Role;
use crate::accounts::Account;
use crate::chance;
use crate::markup;

/// What an issue is about.
pub(super) struct Story {
    pub summary: String,
    /// An ADF document.
    pub description: Option<Value>,
}

/// Ids and names.
type Persons = &'static [(&'static str, &'static str)];

const CUSTOMERS: Persons = &[
    ("customer-ines", "Ines Moreau"),
    ("customer-tomas", "Tomás Vidal"),
    ("customer-linh", "Linh Trần"),
    ("customer-greta", "Greta Sandberg"),
];

const TRIAGERS: Persons = &[("triage-noor", "Noor Haddad"), ("triage-paul", "Paul Achterberg")];

const ENGINEERS: Persons = &[
    ("dev-akira", "Akira Mori"),
    ("dev-bea", "Bea Lindqvist"),
    ("dev-chidi", "Chidi Okafor"),
    ("dev-dana", "Dana Petrov"),
];

pub(super) fn accounts() -> impl Iterator<Item = Account> {
    [CUSTOMERS, TRIAGERS, ENGINEERS].into_iter().flatten().map(|(id, name)| account(id, name))
}

pub(super) fn account_of(stream: &mut StdRng, role: Role) -> String {
    let persons = match role {
        Role::Customer => CUSTOMERS,
        Role::Triager => TRIAGERS,
        Role::Engineer => ENGINEERS,
    };
    pick(stream, persons).0.into()
}

pub(super) fn is_customer(account: &str) -> bool {
    CUSTOMERS.iter().any(|(id, _)| *id == account)
}

/// A customer's trouble: what, where, and sometimes the whole story.
pub(super) fn complaint(stream: &mut StdRng) -> Story {
    let summary = format!("{} {}", pick(stream, TROUBLES), pick(stream, PLACES));
    let description = match stream.random_range(0..4) {
        0 => None,
        1 => Some(markup::paragraphs(pick(stream, DETAILS))),
        2 => Some(with_steps(stream)),
        _ => Some(with_link(stream)),
    };
    Story { summary, description }
}

/// Something that engineers find worth doing.
pub(super) fn idea(stream: &mut StdRng) -> Story {
    Story { summary: pick(stream, IDEAS).into(), description: None }
}

/// The same summary with a word more, or with that word left out again.
pub(super) fn clearer(stream: &mut StdRng, summary: &str) -> String {
    match summary.split_once(" (") {
        Some((plain, _)) => plain.into(),
        None => format!("{summary} ({})", pick(stream, ADDITIONS)),
    }
}

pub(super) fn remark(stream: &mut StdRng, role: Role) -> &'static str {
    pick(
        stream,
        match role {
            Role::Customer => CUSTOMER_REMARKS,
            Role::Triager => TRIAGE_REMARKS,
            Role::Engineer => ENGINEER_REMARKS,
        },
    )
}

fn with_steps(stream: &mut StdRng) -> Value {
    let steps = ["Open the page", pick(stream, STEPS), "Wait a few seconds"];
    markup::document(vec![
        markup::paragraph(pick(stream, DETAILS)),
        markup::paragraph("What I did:"),
        markup::bullets(&steps),
    ])
}

fn with_link(stream: &mut StdRng) -> Value {
    let recording = format!("https://files.example.net/recordings/{}", stream.random_range(1000..10_000));
    markup::document(vec![
        markup::paragraph(pick(stream, DETAILS)),
        markup::linked("I recorded it: ", "screen recording", &recording),
    ])
}

/// One of a list that is never empty.
fn pick<T: Copy>(stream: &mut StdRng, choices: &[T]) -> T {
    *chance::one_of(stream, choices).unwrap_or(&choices[0])
}

const TROUBLES: &[&str] = &[
    "Page stays blank",
    "Export stops half-way",
    "Totals are off by one cent",
    "Cannot log in with a new password",
    "Attachment name loses its accents",
    "Very slow since Monday",
    "Wrong time zone shown",
    "Button does nothing",
    "E-mail arrives twice",
    "Search finds nothing for “đ”",
    "Error 500 after saving",
    "Old price is still shown",
];

const PLACES: &[&str] = &[
    "in the invoice list",
    "on the order form",
    "in the monthly report",
    "on the phone app",
    "in the customer area",
    "when printing",
    "after the update",
    "for the Hà Nội branch",
    "in the calendar",
    "on the start page",
];

const DETAILS: &[&str] = &[
    "It worked last week. Now three of us see it, each on another computer.",
    "Happens only with more than fifty rows.\nWith fewer rows all is well.",
    "We need this for the audit on Friday, please hurry.",
    "Not urgent, but our customers have begun to ask about it.",
    "I tried another browser, same result. Cleared the cache, same result.",
];

const STEPS: &[&str] =
    &["Choose last month in the filter", "Press Save twice", "Change the language to French", "Scroll to the last row"];

const ADDITIONS: &[&str] = &["again", "since the update", "two customers", "on Windows", "urgent", "see recording"];

const CUSTOMER_REMARKS: &[&str] = &[
    "Any news? It happened again this morning.",
    "A colleague has the same problem.",
    "Thank you, take your time.",
    "I found out that it only happens before noon.",
];

const TRIAGE_REMARKS: &[&str] = &[
    "Thank you for the report, we are looking into it.",
    "Which version do you use? You find it under Help.",
    "Could you attach the file that fails?",
    "I could reproduce it here.",
];

const ENGINEER_REMARKS: &[&str] = &[
    "Reproduced on the test system.",
    "The cause is in the date handling, a fix is under way.",
    "Waiting for the review.",
    "Deployed to staging.\nPlease have a look before Thursday.",
    "Also affects the nightly job.",
];

const IDEAS: &[&str] = &[
    "Upgrade the build server",
    "Remove the old export code",
    "Flaky test in the billing suite",
    "Measure memory of the report job",
    "Document the release steps",
    "Split the order module",
];
