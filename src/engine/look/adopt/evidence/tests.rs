//! What marks and lines prove, and what they forbid, by the addresses that they carry.

use super::*;
use crate::engine::write::files::tests::issue;
use crate::flow::{Body, Home, Origin, Pair, PairState, ProjectRef};

const HERE: &str = "https://issues.example.com";
const OTHER: &str = "https://jira.example.net";

/// An issue whose id is its number.
fn on(project: &str, number: u32) -> Issue {
    let issue = issue(number, &[]);
    let at = IssueRef { id: issue.at.id.clone(), key: format!("{project}-{number}").parse().unwrap() };
    Issue { at, project: project_of(project), ..issue }
}

fn user(number: u32) -> Issue {
    on("USER-A", number)
}

fn dev(number: u32) -> Issue {
    on("DEV-A", number)
}

trait Said {
    /// Created for a user issue of that site.
    fn made_for(self, site: &str, user: u32, intent: &str) -> Self;
    /// Linked to a dev issue.
    fn linked_to(self, dev: u32, intent: &str) -> Self;
    /// With a text.
    fn saying(self, text: &str) -> Self;
}

impl Said for Issue {
    fn made_for(self, site: &str, user: u32, intent: &str) -> Self {
        let (site, user_issue) = (site.parse().unwrap(), user.to_string().parse().unwrap());
        Self { mark: Some(Mark::Created { site, user_issue, intent: intent.parse().unwrap() }), ..self }
    }

    fn linked_to(self, dev: u32, intent: &str) -> Self {
        let (dev_issue, intent) = (dev.to_string().parse().unwrap(), intent.parse().unwrap());
        Self { mark: Some(Mark::Linked { dev_issue, intent }), ..self }
    }

    fn saying(self, text: &str) -> Self {
        Self { description: Some(Body::Wiki(text.to_owned())), ..self }
    }
}

fn known(issues: Vec<Issue>) -> Known {
    let by_key = issues.iter().map(|issue| (issue.at.key.clone(), Some(issue.at.id.clone()))).collect();
    let issues = issues.into_iter().map(|issue| (issue.at.id.clone(), issue)).collect();
    Known { issues, by_key, ..Known::default() }
}

/// USER-A and DEV-A.
fn sides() -> Sides {
    let home = |project: &str| Home::new(project_of(project).id, project.parse().unwrap(), []);
    Sides { user: home("USER-A"), dev: home("DEV-A") }
}

fn project_of(key: &str) -> ProjectRef {
    let id = match key {
        "USER-A" => "10001",
        "DEV-A" => "10002",
        _ => "10003",
    };
    ProjectRef { id: id.parse().unwrap(), key: key.parse().unwrap() }
}

/// What becomes of user issue 1, in short.
fn verdict_at(site: Site, known: &Known) -> String {
    let sides = sides();
    let evidence = Evidence::new(&sides, Arc::new(site), known);
    let user = &known.issues[&"1".parse().unwrap()];
    match (evidence.dev_of(user), evidence.obstacle(user)) {
        (Some((dev, claim)), _) => format!("{} by {:?}", dev.at.key, claim.proof),
        (None, Some(Obstacle::Elsewhere(address))) => format!("elsewhere {address}"),
        (None, Some(obstacle)) => format!("{obstacle:?}"),
        (None, None) => "create".to_owned(),
    }
}

fn verdict(issues: Vec<Issue>) -> String {
    verdict_at(Site::new(HERE.parse().unwrap(), Vec::new()), &known(issues))
}

#[test]
fn a_mark_of_this_site_proves_a_pair_however_its_address_is_spelt() {
    for spelt in [HERE, "http://Issues.example.com:80/", "https://issues.example.com:443"] {
        assert_eq!(verdict(vec![user(1), dev(11).made_for(spelt, 1, "i-1")]), "DEV-A-11 by Mark", "{spelt}");
    }
}

#[test]
fn a_mark_of_another_address_proves_a_pair_only_with_an_answer_of_the_same_intent() {
    let made = || dev(11).made_for(OTHER, 1, "i-1");
    let elsewhere = format!("elsewhere {OTHER}");
    assert_eq!(verdict(vec![user(1).linked_to(11, "i-1"), made()]), "DEV-A-11 by Mark");
    assert_eq!(verdict(vec![user(1).linked_to(11, "i-2"), made()]), elsewhere, "another intent");
    assert_eq!(verdict(vec![user(1).linked_to(12, "i-1"), made(), dev(12)]), elsewhere, "another dev issue");
    assert_eq!(verdict(vec![user(1).linked_to(12, "i-1"), made()]), elsewhere, "one that can't be read");
    assert_eq!(verdict(vec![user(1), made()]), elsewhere, "none");
    let answers = "Dev Link: https://issues.example.com/browse/DEV-A-11";
    assert_eq!(verdict(vec![user(1).saying(answers), made()]), elsewhere, "a line is no such answer");
    let line = "User Link: https://issues.example.com/browse/USER-A-1";
    assert_eq!(
        verdict(vec![user(1), made().saying(line)]),
        elsewhere,
        "nor does the dev issue's own line count beside it"
    );
}

#[test]
fn marks_that_crossed_on_the_way_forbid_the_create_by_id_and_by_intent() {
    let other = format!("elsewhere {OTHER}");
    // Its own dev issue names it by an id that is another's here; their intents still tell.
    let own = dev(11).made_for(OTHER, 2, "i-1");
    assert_eq!(verdict(vec![user(1).linked_to(12, "i-1"), user(2).linked_to(11, "i-2"), own.clone()]), other);
    assert_eq!(verdict(vec![user(1).linked_to(77, "i-1"), own.clone()]), other, "an id that leads nowhere");
    assert_eq!(
        verdict(vec![user(1).linked_to(90, "i-1"), on("USER-C", 90), own.clone()]),
        other,
        "or to another project"
    );
    // Another's dev issue names it.
    assert_eq!(verdict(vec![user(1), user(2).linked_to(11, "i-1"), dev(12).made_for(OTHER, 1, "i-2")]), other);
    let keyed = dev(11).made_for(OTHER, 99, "i-9").saying("User Link: https://jira.example.net/browse/USER-A-1");
    assert_eq!(verdict(vec![user(1), keyed]), other, "by its key in the text");
    assert_eq!(verdict(vec![user(1), own]), "create", "nothing of it means this one");
}

#[test]
fn lines_of_another_host_forbid_the_create_if_their_key_is_of_the_flows_projects() {
    let elsewhere = format!("elsewhere {OTHER}");
    let by_dev = |link: &str| verdict(vec![user(1), dev(11).saying(&format!("User Link: {link}"))]);
    assert_eq!(by_dev("https://issues.example.com/browse/USER-A-1"), "DEV-A-11 by Line");
    assert_eq!(by_dev("https://jira.example.net/browse/USER-A-1"), elsewhere);
    assert_eq!(by_dev("https://jira.example.net/browse/user-a-1?x=1"), elsewhere);
    assert_eq!(by_dev("https://jira.example.net/browse/USER-A-2"), "create", "another issue");
    assert_eq!(by_dev("https://jira.example.net/browse/CRM-1"), "create", "another project");
    assert_eq!(by_dev("https://jira.example.net/issues/USER-A-1"), "create", "no issue's page");
    let by_user = |link: &str| verdict(vec![user(1).saying(&format!("Dev Link: {link}"))]);
    assert_eq!(by_user("https://jira.example.net/browse/DEV-A-11"), elsewhere);
    assert_eq!(by_user("https://jira.example.net/browse/CRM-1"), "create");
    let line = "User Link: https://jira.example.net/browse/USER-A-2";
    let linked = Issue { linked: vec![dev(11).at], ..user(1) };
    assert_eq!(verdict(vec![linked, dev(11).saying(line)]), elsewhere, "whose it is has no proof");
}

#[test]
fn a_listed_address_makes_all_of_that_this_sites() {
    let site = || Site::new(HERE.parse().unwrap(), vec!["http://jira.example.net/".parse().unwrap()]);
    let listed = |issues: Vec<Issue>| verdict_at(site(), &known(issues));
    assert_eq!(listed(vec![user(1), dev(11).made_for(OTHER, 1, "i-1")]), "DEV-A-11 by Mark");
    let line = "User Link: https://jira.example.net/browse/USER-A-1";
    assert_eq!(listed(vec![user(1), dev(11).saying(line)]), "DEV-A-11 by Line");
    assert_eq!(listed(vec![user(1), dev(11).made_for(OTHER, 2, "i-1")]), "create", "it is another's");
    let unread = listed(vec![user(1).saying("Dev Link: https://jira.example.net/browse/DEV-A-7")]);
    assert_eq!(unread, "Hidden(\"DEV-A-7\")");
}

/// A clone takes the mark along.
#[test]
fn what_a_pairs_dev_issue_carries_forbids_no_create_for_others() {
    let (original, made) = (user(2).linked_to(11, "i-1"), dev(11).made_for(OTHER, 2, "i-1"));
    let mut all = known(vec![user(1).linked_to(11, "i-1"), original.clone(), made.clone()]);
    let site = || Site::new(HERE.parse().unwrap(), Vec::new());
    assert_eq!(verdict_at(site(), &all), "create", "its proof names another");
    all = known(vec![user(1).linked_to(11, "i-1"), user(2), made.clone()]);
    assert_eq!(verdict_at(site(), &all), format!("elsewhere {OTHER}"));
    let (origin, state) = (Origin::Created, PairState::Active);
    all.pairs.push(Pair { user: original.at, dev: made.at, origin, state });
    assert_eq!(verdict_at(site(), &all), "create", "a pair that is recorded needs no proof");
}
