//! A day among people.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;

use super::stage::{DEV, Stage, USER, dawn, wait};
use crate::{Action, Happening, IssueView, People, Refusal};

const DAY_SECS: u64 = 24 * 3600;

fn people(hours: i64, pace: f64) -> People {
    People { pairs: vec![(USER.into(), DEV.into())], until: dawn() + Duration::hours(hours), pace }
}

async fn a_day(looks: u64) -> (Stage, Vec<Happening>) {
    let stage = Stage::new();
    stage.site.populate(people(24, 1.0));
    for _ in 0..looks {
        wait(DAY_SECS / looks).await;
        stage.site.settle();
    }
    let journal = stage.site.journal(0);
    (stage, journal)
}

fn by_status(issues: &[IssueView]) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    issues.iter().for_each(|issue| *count.entry(issue.status.clone()).or_default() += 1);
    count
}

#[tokio::test(start_paused = true)]
async fn a_day_is_full_of_life() {
    let (stage, journal) = a_day(1).await;
    let (tickets, ideas) = (stage.site.issues(USER), stage.site.issues(DEV));
    assert!((32..=96).contains(&tickets.len()), "about one each half hour: {}", tickets.len());
    assert!((3..=13).contains(&ideas.len()), "some direct dev issues: {}", ideas.len());
    let statuses = by_status(&tickets);
    assert!(statuses.get("Will Do").is_some_and(|count| *count > 10), "{statuses:?}");
    assert!(statuses.len() >= 4, "{statuses:?}");
    assert!(tickets.iter().map(|it| &it.summary).collect::<BTreeSet<_>>().len() > 20);
    assert!(tickets.iter().any(|it| it.comments.iter().any(|it| it.author.starts_with("customer-"))));
    assert!(
        tickets.iter().any(|it| it.description.is_empty()) && tickets.iter().any(|it| it.description.contains("http"))
    );
    assert!(journal.iter().all(|it| !it.by_bot));
}

#[tokio::test(start_paused = true)]
async fn what_happens_does_not_depend_on_who_looks_how_often() {
    let (one, journal) = a_day(1).await;
    let (other, watched) = a_day(97).await;
    assert_eq!(journal, watched);
    assert_eq!(one.site.issues(USER), other.site.issues(USER));
}

#[tokio::test(start_paused = true)]
async fn people_stop_when_their_time_is_over() {
    let stage = Stage::new();
    stage.site.populate(people(2, 60.0));
    wait(2 * DAY_SECS).await;
    let last = stage.site.journal(0).last().unwrap().at;
    assert!(last <= dawn() + Duration::hours(2) && last > dawn() + Duration::minutes(115), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_faster_pace_does_more() {
    let stage = Stage::new();
    stage.site.populate(people(1, 60.0));
    wait(3600).await;
    assert!(stage.site.issues(USER).len() > 60);
}

/// A dev issue whose description links to a user issue belongs to it; however mad the pace, no two people meet on
/// both sides of such a pair.
#[tokio::test(start_paused = true)]
async fn people_do_not_act_on_both_sides_of_a_pair_at_once() {
    let stage = Stage::new();
    let mut pairs = Vec::new();
    for n in 0..40 {
        let user = stage.ann_reports(&format!("Ticket {n}"));
        let text = format!("Copied.\nUser Link: https://jira.example.net/browse/{user}");
        pairs.push((user, stage.ann(Action::Create { project: DEV.into(), summary: "Copy".into(), text })));
    }
    stage.site.populate(people(2, 100.0));
    wait(2 * 3600).await;
    let journal = stage.site.journal(0);
    let acted = |key: &str| -> Vec<_> {
        journal.iter().filter(|it| it.issue_key == key && it.at > dawn()).map(|it| it.at).collect()
    };
    let mut deeds = 0;
    for (user, dev) in pairs {
        let (users, devs) = (acted(&user), acted(&dev));
        deeds += users.len().min(devs.len());
        let close = users.iter().any(|one| devs.iter().any(|other| (*one - *other).abs() < Duration::seconds(5)));
        assert!(!close, "{user} and {dev}");
    }
    assert!(deeds > 200, "too little happened to prove anything: {deeds}");
}

#[tokio::test(start_paused = true)]
async fn a_person_is_refused_what_the_workflow_does_not_offer() {
    let stage = Stage::new();
    let key = stage.ann_reports("One");
    let refused = stage.site.act("Ann", Action::Move { issue: key, status: "Closed".into() }).unwrap_err();
    assert_eq!(refused.to_string(), "USER-A-1 is Open, from where no transition leads to Closed");
    let nobody = stage.site.act("Nobody", Action::Delete { issue: "USER-A-1".into() });
    assert_eq!(nobody, Err(Refusal::NoAccount("Nobody".into())));
}

#[tokio::test(start_paused = true)]
async fn the_journal_tells_people_what_happened() {
    let stage = Stage::new();
    let key = stage.ann_reports("One");
    stage.ann_moves(&key, "Will Do");
    stage.ann(Action::Comment { issue: key.clone(), text: "Well\nthen".into() });
    stage.create(DEV, "Two").await;
    let journal = stage.site.journal(0);
    let told: Vec<_> = journal.iter().map(|it| format!("{} {}: {}", it.who, it.issue_key, it.what)).collect();
    assert_eq!(
        told,
        [
            "Ann USER-A-1: reported “One”",
            "Ann USER-A-1: moved it from Open to Will Do",
            "Ann USER-A-1: commented: “Well then”",
            "Lockstep DEV-A-1: reported “Two”",
        ]
    );
    assert!(journal[3].by_bot && !journal[0].by_bot);
    assert_eq!(stage.site.journal(3), journal[3..]);
}
