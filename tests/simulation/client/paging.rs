//! Walking through projects while people are at work in them: nothing is missed, nothing repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jira_sim::{Action, Flavour};
use lockstep::flow::{IssueId, JiraTime};
use lockstep::jira::{By, Client, Scan};
use proptest::prelude::*;

use testing::desk::{ANN, Desk, dev_project, on_a_paused_clock, user_project};
use testing::story::{DEV_PROJECT, InJira as _, USER_PROJECT};

/// What people do between two pages.
#[derive(Clone, Debug)]
enum Act {
    Edit(usize),
    Delete(usize),
    Move(usize),
    Create,
    /// Milliseconds go by.
    Wait(u64),
}

#[derive(Clone, Debug)]
struct Story {
    flavour: Flavour,
    by: By,
    /// Rows a page.
    page: usize,
    /// How many issues were reported at each of some instants.
    crowds: Vec<usize>,
    /// What happens before each page.
    between: Vec<Vec<Act>>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_misses_and_repeats_nothing_while_people_change_issues(story in stories()) {
        on_a_paused_clock(tell(story))?;
    }
}

/// One walk while people are at work, and a second from where the first one says that the next may begin.
async fn tell(story: Story) -> Result<(), TestCaseError> {
    let desk = Desk::built(story.flavour, |setup| setup.page_cap = story.page);
    let begun = JiraTime::new(desk.clock.wall());
    for crowd in &story.crowds {
        (0..*crowd).for_each(|n| drop(desk.report([USER_PROJECT, DEV_PROJECT][n % 2], &n.to_string())));
        desk.clock.sleep(Duration::from_millis(1)).await;
    }
    let client = desk.client().await;
    let at_first = issues(&desk);
    let (first, next) = walk(&desk, &client, &story, begun).await?;
    for (id, updated) in at_first.iter().filter(|found| untouched(&desk, &story, found)) {
        prop_assert_eq!(first.get(id), Some(&vec![*updated]), "{} was missed", id);
    }
    if story.by == By::Updated {
        let (second, _) = walk(&desk, &client, &Story { between: Vec::new(), ..story }, next).await?;
        for (id, updated) in &issues(&desk) {
            let seen = second.get(id).or(first.get(id)).and_then(|times| times.last());
            prop_assert_eq!(seen, Some(updated), "the last change of {} was missed", id);
        }
    }
    Ok(())
}

/// In which states each issue was found.
type Found = BTreeMap<IssueId, Vec<JiraTime>>;

async fn walk(desk: &Desk, client: &Client, story: &Story, from: JiraTime) -> Result<(Found, JiraTime), TestCaseError> {
    // As a flow does: all changes in one walk, and beginnings project by project.
    let projects = match story.by {
        By::Updated => vec![user_project(), dev_project()],
        By::Created => vec![user_project()],
    };
    let mut scan = Scan::new(projects, story.by, Some(from), &[]);
    let (mut found, mut watermark) = (Found::new(), None);
    let mut between = story.between.iter();
    loop {
        for act in between.next().into_iter().flatten() {
            perform(desk, act).await;
        }
        let Some(page) = scan.next(client).await.unwrap() else { break };
        watermark.get_or_insert(page.watermark.0);
        for row in page.rows {
            found.entry(row.at.id).or_default().push(row.updated);
        }
    }
    for (id, times) in &found {
        let differing: BTreeSet<_> = times.iter().collect();
        prop_assert_eq!(differing.len(), times.len(), "{} was repeated", id);
        prop_assert!(story.by == By::Updated || times.len() == 1, "{} has one beginning", id);
    }
    Ok((found, watermark.unwrap()))
}

/// Whether nothing happened to the issue while it was looked for, and it lies where it was looked for.
fn untouched(desk: &Desk, story: &Story, (id, updated): &(&IssueId, &JiraTime)) -> bool {
    let issue = desk.site.issue(id.as_str());
    let is_sought = |project: &str| story.by == By::Updated || project == USER_PROJECT;
    issue.is_some_and(|issue| {
        is_sought(&issue.project) && issue.history.is_empty() && JiraTime::new(issue.updated) == **updated
    })
}

async fn perform(desk: &Desk, act: &Act) {
    let all: Vec<_> = issues(desk).into_keys().collect();
    let chosen = |n: &usize| all.get(n % all.len().max(1)).map(ToString::to_string);
    let action = match act {
        Act::Edit(n) => chosen(n).map(|issue| Action::Rename { issue, summary: desk.clock.wall().to_rfc3339() }),
        Act::Delete(n) => chosen(n).map(|issue| Action::Delete { issue }),
        Act::Move(n) => chosen(n).map(|issue| {
            let away = desk.site.issue(&issue).unwrap().project == USER_PROJECT;
            Action::MoveToProject { issue, project: if away { DEV_PROJECT } else { USER_PROJECT }.to_owned() }
        }),
        Act::Create => {
            Some(Action::Create { project: USER_PROJECT.to_owned(), summary: "late".to_owned(), text: String::new() })
        }
        Act::Wait(millis) => {
            desk.clock.sleep(Duration::from_millis(*millis)).await;
            None
        }
    };
    if let Some(action) = action {
        desk.act(ANN, action);
    }
}

/// All that there are now, with the time of their last change.
fn issues(desk: &Desk) -> BTreeMap<IssueId, JiraTime> {
    let all = [USER_PROJECT, DEV_PROJECT].into_iter().flat_map(|project| desk.site.issues(project));
    all.map(|issue| (issue.id.parse().unwrap(), JiraTime::new(issue.updated))).collect()
}

fn stories() -> impl Strategy<Value = Story> {
    let acts = prop_oneof![
        3 => any::<usize>().prop_map(Act::Edit),
        1 => any::<usize>().prop_map(Act::Delete),
        1 => any::<usize>().prop_map(Act::Move),
        1 => Just(Act::Create),
        2 => (0..3u64).prop_map(Act::Wait),
    ];
    let crowds = prop::collection::vec(1..8usize, 1..6);
    let between = prop::collection::vec(prop::collection::vec(acts, 0..4), 0..16);
    let flavours = prop_oneof![Just(Flavour::Cloud), Just(Flavour::DataCenter)];
    let orders = prop_oneof![Just(By::Created), Just(By::Updated)];
    (flavours, orders, 2..6usize, crowds, between).prop_map(|(flavour, by, page, crowds, between)| Story {
        flavour,
        by,
        page,
        crowds,
        between,
    })
}
