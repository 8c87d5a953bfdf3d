//! The rule table as data: what stood, what stands, and what follows.

use std::collections::BTreeSet;

use super::*;
use crate::flow::{Actions, Attachments, From, Handled, IssueRef, Pair, PairState, SetStatus, Status, StatusChange};

/// The rules of the shipped flows, and one for each further thing that a rule can say.
fn rules() -> Rules {
    let rule = |id: &str, from: Side, on: &str, to: Option<&str>, comment: Option<&str>| Rule {
        id: id.parse().unwrap(),
        from: From::Only(from),
        on: if on == "*" { StatusMatch::Any } else { StatusMatch::Named(StatusName::new(on)) },
        requires_pair: to.is_some(),
        only_on_change: true,
        act: Actions {
            create: to.is_none(),
            set_status: to.map(set_status),
            comment: comment.map(|text| Template::parse(text).unwrap()),
            cross_link: true,
            attachments: Attachments::Never,
        },
    };
    let mut drifting = rule("drift", Side::User, "Waiting", Some("On Hold"), Some("again"));
    drifting.only_on_change = false;
    Rules {
        in_order: vec![
            rule("create", Side::User, "Will Do", None, Some("Dev issue: ${targetKey}")),
            rule("start", Side::Dev, "In Progress", Some("In Progress"), None),
            rule("close", Side::Dev, "Closed", Some("Resolved"), Some("Fixed in ${sourceKey}")),
            rule("reopen", Side::User, "Reopened", Some("Reopened"), None),
            rule("same", Side::User, "Blocked", Some("="), None),
            drifting,
        ],
        fallback: Fallback::Ignore,
        intermediate: vec![StatusName::new("Done")],
        on_conflict: OnConflict::Latest,
        resolution: None,
        replied_field: None,
    }
}

/// `=` is the status of the source.
fn set_status(to: &str) -> SetStatus {
    let same = to == "=";
    let to = if same { TargetStatus::SameAsSource } else { TargetStatus::Named(StatusName::new(to)) };
    SetStatus { to, resolution: None }
}

fn status(name: &str) -> Status {
    Status { id: name.trim().to_lowercase().parse().unwrap(), name: StatusName::new(name) }
}

fn at(minute: i64) -> JiraTime {
    JiraTime::from_epoch_millis(minute * 60_000).unwrap()
}

/// An issue from its history: `Open 1>Will Do 5>Reopened` stands in Reopened since minute 5.
/// `handled`: the status recorded at minute 3, or `-`.
fn sighting(number: u32, history: &str, handled: &str) -> Sighting {
    let mut here: Option<(Status, Option<i64>)> = None;
    let mut changes = Vec::new();
    for stop in history.split('>') {
        let (name, left) = match stop.trim_end().rsplit_once(' ') {
            Some((name, minute)) if minute.parse::<i64>().is_ok() => (name, minute.parse().ok()),
            _ => (stop, None),
        };
        let to = status(name);
        if let Some((from, Some(minute))) = here {
            changes.push(StatusChange { at: at(minute), by: None, from: from.id, to: to.clone() });
        }
        here = Some((to, left));
    }
    let here = here.unwrap().0;
    let issue = Issue {
        at: IssueRef { id: number.to_string().parse().unwrap(), key: format!("AB-{number}").parse().unwrap() },
        summary: String::new(),
        description: None,
        issue_type: String::new(),
        created: at(0),
        updated: at(9),
        mark: None,
        status: here,
        changes,
        attachments: Vec::new(),
        linked: Vec::new(),
        overwritten: None,
    };
    let handled = (handled != "-").then(|| Handled { status: status(handled), updated: at(3) });
    Sighting { issue, handled }
}

/// A plan in a few words: the rule, the writes, and why not.
fn words(plan: &Plan) -> String {
    let mut words = Vec::new();
    if let Some(draft) = &plan.draft {
        words.push(draft.rule.as_ref().map_or("fallback".to_owned(), ToString::to_string) + ":");
        words.extend(draft.steps.iter().map(|step| match step {
            Step::Create(_) => "create".to_owned(),
            Step::Link(_) => "link".to_owned(),
            Step::Transition(step) => format!("{}->{}", step.side, step.to),
            Step::Comment(_) => "comment".to_owned(),
            Step::Attach(step) => format!("copy {}", step.file.filename),
            Step::Reply(_) => "replied".to_owned(),
            Step::Restore(_) => "restore".to_owned(),
        }));
    }
    words.extend(plan.skipped.iter().map(|reason| format!("({})", reason.as_str())));
    words.join(" ")
}

fn check_unpaired(rows: &[(&str, &str, Option<i64>, &str)]) {
    for (history, handled, unseen_since, expected) in rows {
        let seen = Observed::Unpaired { user: sighting(1, history, handled), unseen_since: unseen_since.map(at) };
        assert_eq!(words(&plan(&rules(), &seen)), *expected, "{history}, handled {handled}");
    }
}

fn check_paired(rules: &Rules, origin: Origin, rows: &[(&str, &str, &str, &str, &str)]) {
    for (user, user_handled, dev, dev_handled, expected) in rows {
        let (user, dev) = (sighting(1, user, user_handled), sighting(2, dev, dev_handled));
        let pair = Pair { user: user.issue.at.clone(), dev: dev.issue.at.clone(), origin, state: PairState::Active };
        let seen = Observed::Paired { pair, user, dev, not_before: None, copied: BTreeSet::new(), recent_writes: 0 };
        assert_eq!(words(&plan(rules, &seen)), *expected, "{seen:#?}");
    }
}

#[test]
fn an_unpaired_ticket_gets_its_dev_issue_once_it_is_accepted() {
    check_unpaired(&[
        ("Open", "-", Some(0), "(noRule)"),
        ("Open 2>Will Do", "-", Some(0), "create: create link"),
        ("Open 2>Will Do", "Open", Some(0), "create: create link"),
        ("Open 2>Will Do", "Will Do", Some(0), "create: create link"),
        ("Open 2>WILL DO ", "-", None, "create: create link"),
        ("Open 4>Reopened", "Open", Some(0), "(noMapping)"),
    ]);
}

#[test]
fn a_ticket_that_was_accepted_and_moved_on_between_two_looks_gets_it_too() {
    check_unpaired(&[
        ("Open 4>Will Do 5>In Progress", "Open", None, "create: create link"),
        ("Open 2>Will Do 5>In Progress", "Will Do", None, "(noRule)"),
        ("Open 4>Will Do 5>In Progress", "-", Some(3), "create: create link"),
        ("Open 2>Will Do 5>In Progress", "-", Some(3), "(noRule)"),
        ("Open 4>Will Do 5>In Progress", "-", None, "(noRule)"),
    ]);
}

#[test]
fn a_changed_status_crosses_if_a_rule_names_it() {
    check_paired(
        &rules(),
        Origin::Created,
        &[
            ("Will Do", "Will Do", "To Do", "To Do", ""),
            ("Will Do", "Will Do", "To Do 5>In Progress", "To Do", "start: user->In Progress"),
            ("Will Do", "Will Do", "To Do 5>Closed", "To Do", "close: user->Resolved comment"),
            ("Will Do 5>Reopened", "Will Do", "Closed", "Closed", "reopen: dev->Reopened"),
            ("Will Do 5>Blocked", "Will Do", "To Do", "To Do", "same: dev->Blocked"),
            ("Will Do 5>In Progress", "Will Do", "To Do", "To Do", "(noRule)"),
            ("Will Do", "Will Do", "To Do 5>Done", "To Do", "(intermediateStatus)"),
            ("Resolved", "Resolved", "To Do 5>Closed", "To Do", "(alreadyEqual)"),
        ],
    );
}

#[test]
fn a_new_dev_issue_that_nobody_has_looked_at_is_news_once_it_left_its_first_status() {
    check_paired(
        &rules(),
        Origin::Created,
        &[
            ("Will Do", "Will Do", "In Progress", "-", ""),
            ("Will Do", "Will Do", "To Do 5>Closed", "-", "close: user->Resolved comment"),
        ],
    );
}

#[test]
fn what_happened_before_a_pair_was_found_is_nobodys_news_unless_it_came_last() {
    check_paired(
        &rules(),
        Origin::Adopted,
        &[
            ("Open", "-", "To Do", "-", ""),
            ("Open 1>Will Do", "-", "To Do", "-", "(noRule)"),
            ("Open 1>Resolved 9>Will Do", "-", "To Do 5>Closed", "-", "(noRule) (beforeAdoption)"),
            ("Open 1>Will Do", "-", "To Do 5>Closed", "-", "close: user->Resolved comment (beforeAdoption)"),
        ],
    );
}

#[test]
fn if_both_sides_changed_the_later_change_wins_and_a_change_without_rule_is_no_party() {
    check_paired(
        &rules(),
        Origin::Created,
        &[
            (
                "Resolved 5>Reopened",
                "Resolved",
                "Reopened 6>Closed",
                "Reopened",
                "close: user->Resolved comment (lostConflict)",
            ),
            (
                "Resolved 7>Reopened",
                "Resolved",
                "Reopened 6>Closed",
                "Reopened",
                "reopen: dev->Reopened (lostConflict)",
            ),
            ("Will Do 7>Odd", "Will Do", "To Do 6>Closed", "To Do", "close: user->Resolved comment (noRule)"),
        ],
    );
    let dev_first = Rules { on_conflict: OnConflict::Always(Side::Dev), ..rules() };
    check_paired(
        &dev_first,
        Origin::Created,
        &[(
            "Resolved 7>Reopened",
            "Resolved",
            "Reopened 6>Closed",
            "Reopened",
            "close: user->Resolved comment (lostConflict)",
        )],
    );
}

#[test]
fn drift_is_mended_only_where_a_rule_says_so_and_only_if_nothing_changed() {
    check_paired(
        &rules(),
        Origin::Created,
        &[
            ("Waiting", "Waiting", "To Do", "To Do", "drift: dev->On Hold comment"),
            ("Waiting", "Waiting", "On Hold", "On Hold", "(alreadyEqual)"),
            ("Waiting", "Waiting", "On Hold 5>Closed", "On Hold", "close: user->Resolved comment"),
            ("Reopened", "Reopened", "To Do", "To Do", ""),
        ],
    );
}

#[test]
fn a_status_that_no_rule_matches_falls_back_as_the_flow_says() {
    let resolve = Rules { fallback: Fallback::ResolveUser, ..rules() };
    check_paired(
        &resolve,
        Origin::Created,
        &[
            ("Will Do", "Will Do", "To Do 5>In Review", "To Do", "fallback: user->Resolved"),
            ("Will Do", "Will Do", "To Do 5>Done", "To Do", "(intermediateStatus)"),
            ("Will Do 5>Odd", "Will Do", "To Do", "To Do", "(noRule)"),
        ],
    );
    let close = Rules { fallback: Fallback::CloseDev, ..rules() };
    check_paired(&close, Origin::Created, &[("Will Do 5>Odd", "Will Do", "To Do", "To Do", "fallback: dev->Closed")]);
}

#[test]
fn the_star_matches_what_no_other_rule_names() {
    let mut starred = rules();
    let mut star = starred.in_order[1].clone();
    star.id = "star".parse().unwrap();
    star.on = StatusMatch::Any;
    starred.in_order.insert(0, star);
    check_paired(
        &starred,
        Origin::Created,
        &[
            ("Will Do", "Will Do", "To Do 5>In Review", "To Do", "star: user->In Progress"),
            ("Will Do", "Will Do", "To Do 5>Closed", "To Do", "close: user->Resolved comment"),
            ("Will Do", "Will Do", "To Do 5>Done", "To Do", "(intermediateStatus)"),
        ],
    );
}

#[test]
fn a_comment_accompanies_a_change_never_a_repetition() {
    check_paired(&rules(), Origin::Created, &[("Resolved", "Resolved", "To Do 5>Closed", "To Do", "(alreadyEqual)")]);
}
