//! Both sides of many pairs at once, and an index that shows our own writes late, beside rules that would answer them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jira_sim::Flavour;
use serde_json::{Value, json};

use testing::flow_fixture::FlowFixture;
use testing::house::{FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock};
use testing::story::{InJira as _, TRIAGER, USER_PROJECT};

const SECOND: Duration = Duration::from_secs(1);

/// Everywhere in these stories.
const INTERVAL: Duration = Duration::from_secs(20);

/// One flow with a short interval on a site with small pages, whose index lags behind by `lag`.
fn company(flavour: Flavour, lag: Duration, more_rules: &[Value]) -> House {
    let house = House::quiet_with(8, |setup| {
        (setup.flavour, setup.page_cap) = (flavour, 10);
        setup.index_lag = lag / 2..=lag;
    });
    let flow = house.flow_fixture().interval(INTERVAL).index_lag((2 * lag).max(MINUTE));
    more_rules.iter().cloned().fold(flow, FlowFixture::rule).write();
    house
}

/// A rule that answers what other rules write.
fn answer(id: &str, direction: &str, status: &str, target: &str) -> Value {
    json!({
        "id": id, "sourceStatus": status, "syncDirection": direction, "enabled": true, "priority": 50,
        "actions": { "syncStatus": true, "targetStatus": target, "addComment": true, "commentTemplate": "echo" },
    })
}

/// So many accepted tickets, and their dev issues by ticket.
async fn pairs(house: &mut House, count: usize) -> BTreeMap<String, String> {
    for number in 0..count {
        house.accepts(TRIAGER, &format!("ticket {number}"), "");
    }
    house.clock.sleep(HOUR).await;
    house.live_for(HOUR).await;
    let devs = house.dev_issues().into_iter();
    let user_of = |dev: &str| {
        let text = house.site.issue(dev).unwrap().description;
        text.rsplit_once("/browse/")
            .unwrap()
            .1
            .split(|c: char| c != '-' && !c.is_alphanumeric())
            .next()
            .unwrap()
            .to_owned()
    };
    let pairs: BTreeMap<_, _> = devs.map(|dev| (user_of(&dev.key), dev.key)).collect();
    assert_eq!(pairs.len(), count);
    pairs
}

/// How often Lockstep moved each of these issues since the journal had `since` lines.
fn moved_by_us(house: &House, since: usize) -> BTreeMap<String, usize> {
    let mut moves = BTreeMap::new();
    let ours = house.site.journal(since).into_iter().filter(|line| line.by_bot && line.what.starts_with("moved it"));
    ours.for_each(|line| *moves.entry(line.issue_key).or_default() += 1);
    moves
}

/// An echo of what we wrote would be answered by these.
fn answering() -> [Value; 2] {
    [
        answer("echo-progress", "user_to_dev", "In Progress", "In Review"),
        answer("echo-resolved", "user_to_dev", "Resolved", "Reopened"),
    ]
}

/// Work goes on while the index is cycles behind: each cycle's search shows rows from before our own writes.
async fn work_on(house: &mut House, pairs: &BTreeMap<String, String>) {
    for dev in pairs.values() {
        house.moves(TRIAGER, dev, "In Progress");
    }
    house.live_for(2 * INTERVAL + SECOND).await;
    for offset in 0..4 {
        for dev in pairs.values().skip(offset).step_by(4) {
            house.moves(TRIAGER, dev, "Closed");
        }
        house.live_for(2 * INTERVAL + SECOND).await;
    }
    house.live_for(HOUR).await;
}

#[test]
fn rows_from_before_our_own_writes_are_no_news_for_many_cycles() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour, 300 * SECOND, &answering());
            let pairs = pairs(&mut house, 40).await;
            let before = house.site.journal(0).len();
            work_on(&mut house, &pairs).await;
            let moves = moved_by_us(&house, before);
            let moved: Vec<_> = pairs.keys().filter(|user| moves.get(*user).is_none_or(|times| *times > 2)).collect();
            assert!(moved.is_empty(), "moved never or more than twice: {moved:?}");
            let answered: Vec<_> = pairs.values().filter(|dev| moves.contains_key(*dev)).collect();
            assert!(answered.is_empty(), "our own writes were answered on {answered:?}");
            for (user, dev) in &pairs {
                let (user, dev) = (house.site.issue(user).unwrap(), house.site.issue(dev).unwrap());
                assert_eq!((&*user.status, &*dev.status), ("Resolved", "Closed"), "{} {}", user.key, dev.key);
            }
        });
    }
}

#[test]
fn each_pair_ends_as_the_later_change_wants_when_both_sides_change() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour, 2 * SECOND, &[]);
            let pairs = pairs(&mut house, 60).await;
            // All user issues change, then all dev issues: their rows lie on different pages of the same search.
            for user in pairs.keys() {
                house.moves(TRIAGER, user, "Resolved");
                house.moves(TRIAGER, user, "Reopened");
            }
            house.clock.sleep(SECOND).await;
            for (number, dev) in pairs.values().enumerate() {
                house.moves(TRIAGER, dev, if number % 2 == 0 { "Closed" } else { "In Progress" });
            }
            // Half of the customers insist, after the engineers.
            house.clock.sleep(SECOND).await;
            for user in pairs.keys().step_by(3) {
                house.moves(TRIAGER, user, "Resolved");
                house.moves(TRIAGER, user, "Reopened");
            }
            house.clock.sleep(4 * SECOND).await;
            let before = house.site.journal(0).len();
            house.live_for(HOUR).await;
            let moves = moved_by_us(&house, before);
            for (number, (user, dev)) in pairs.iter().enumerate() {
                let engineers = if number % 2 == 0 { ("Resolved", "Closed") } else { ("In Progress", "In Progress") };
                let expected = if number % 3 == 0 { ("Reopened", "Reopened") } else { engineers };
                let stand = (house.status(user), house.status(dev));
                assert_eq!((&*stand.0, &*stand.1), expected, "{}", house.about(user));
                let times = [user, dev].map(|key| moves.get(key).copied().unwrap_or_default());
                assert_eq!(times.iter().sum::<usize>(), 1, "{user} {dev} were moved {times:?} times");
            }
        });
    }
}

/// While one side is being written, the other changes: on every second pair a person moves the target first.
#[test]
fn a_target_that_a_person_moves_at_the_same_moment_is_not_overrun() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour, 2 * SECOND, &[]);
            let pairs = pairs(&mut house, 40).await;
            for dev in pairs.values() {
                house.moves(TRIAGER, dev, "Closed");
            }
            house.clock.sleep(5 * SECOND).await;
            // The cycle that carries them is under way when the customers speak.
            let resolved = |house: &House| house.site.issues(USER_PROJECT).iter().any(|user| user.status == "Resolved");
            let mut life = SECOND;
            while !resolved(&house) {
                house.live_for(life).await;
                life += SECOND / 4;
            }
            for user in pairs.keys() {
                if house.status(user) == "Will Do" {
                    house.moves(TRIAGER, user, "Declined");
                }
            }
            house.live_for(HOUR).await;
            let mut ends = BTreeSet::new();
            for (user, dev) in &pairs {
                let stand = (house.status(user), house.status(dev));
                let agreed = [("Resolved", "Closed"), ("Declined", "Cancelled")];
                assert!(agreed.contains(&(&*stand.0, &*stand.1)), "{stand:?} {}", house.about(user));
                ends.insert(stand);
            }
            assert_eq!(ends.len(), 2, "the moment was not met: {ends:?}");
        });
    }
}
