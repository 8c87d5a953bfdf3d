//! The Node.js service is replaced: what it left goes on, and what it left undone is done once.

use std::time::Duration;

use chrono::SecondsFormat;

use jira_sim::{FileContent, Flavour};
use lockstep::engine::Report;
use lockstep::flow::{IssueKey, StatusName, Watermark};
use lockstep::store::{KeyPair, Legacy};
use testing::house::{HOUR, House, MINUTE, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _, TRIAGER, USER_PROJECT};

const DAY: Duration = HOUR.saturating_mul(24);

/// How pairs stand when that service is stopped, and the way there: of the ticket, of the dev issue.
const STANDINGS: [(&[&str], &[&str]); 5] = [
    (&["Will Do"], &[]),
    (&["Will Do", "Resolved"], &["Closed"]),
    (&["Will Do", "Resolved", "Closed"], &["Closed"]),
    (&["Will Do", "Resolved", "Reopened"], &["Closed", "Reopened"]),
    (&["Will Do"], &["In Progress"]),
];

/// A company that the Node.js service has served for a while, and what that service wrote down. It took no file along
/// twice, and later ones not at all.
pub struct Served {
    pub house: House,
    pub legacy: Legacy,
}

impl Served {
    pub fn new(flavour: Flavour) -> Self {
        let house = House::quiet_with(23, |setup| setup.flavour = flavour);
        house.flow_fixture().copies_files().write();
        Self { house, legacy: Legacy { place: "mongodb://db/sync-ab".to_owned(), ..Legacy::default() } }
    }

    fn create(&self, project: &str, summary: &str) -> String {
        self.house.creates(CUSTOMER, project, summary, "Again.")
    }

    pub fn walk(&self, issue: &str, way: &[&str]) {
        for status in way {
            let who = if issue.starts_with("DEV") { DEVELOPER } else { TRIAGER };
            self.house.moves(who, issue, status);
        }
    }

    fn attach(&self, issue: &str, filename: &str, size: u64) {
        let content = FileContent::Made { size, seed: size };
        self.house.attaches(CUSTOMER, issue, filename, content);
    }

    fn describe(&self, issue: &str, label: &str, other: &str) {
        self.house.describes(
            TRIAGER,
            issue,
            &format!("Again.\n{label} Link: {}/browse/{other}", self.house.site.base_url()),
        );
    }

    /// A dev issue as that service made it.
    pub fn dev_issue(&self, ticket: &str) -> String {
        let dev = self.create(DEV_PROJECT, ticket);
        self.describe(&dev, "User", ticket);
        dev
    }

    pub fn pair(&mut self, nth: usize) -> (String, String) {
        let ticket = self.create(USER_PROJECT, &format!("ticket {nth}"));
        let dev = self.dev_issue(&ticket);
        if nth.is_multiple_of(2) {
            self.describe(&ticket, "Dev", &dev);
        }
        if nth.is_multiple_of(5) {
            self.attach(&ticket, "screen.png", 200);
            self.attach(&dev, "screen.png", 200);
            self.attach(&ticket, "later.txt", 300);
        }
        let (user_way, dev_way) = STANDINGS[nth % STANDINGS.len()];
        self.walk(&ticket, user_way);
        self.walk(&dev, dev_way);
        self.legacy.pairs.push(KeyPair { user: ticket.parse().unwrap(), dev: dev.parse().unwrap() });
        self.seen(&ticket);
        self.seen(&dev);
        (ticket, dev)
    }

    /// A ticket whose create failed there.
    pub fn failed(&mut self) -> String {
        let ticket = self.create(USER_PROJECT, "nobody made it");
        self.walk(&ticket, &["Will Do"]);
        self.seen(&ticket);
        ticket
    }

    /// That service writes a status down.
    fn seen(&mut self, issue: &str) {
        let status = StatusName::new(&self.house.status(issue));
        let side =
            if issue.starts_with("DEV") { &mut self.legacy.dev_statuses } else { &mut self.legacy.user_statuses };
        side.insert(issue.parse().unwrap(), status);
    }

    /// That service ends its last cycle, a few minutes ahead of Jira's clock.
    pub fn stops(&mut self) {
        let ahead = self.house.clock.wall() + Duration::from_secs(180);
        let ahead = ahead.to_rfc3339_opts(SecondsFormat::Millis, true);
        self.legacy.last_sync = Some(Watermark(ahead.parse().unwrap()));
    }

    pub async fn taken_over(&mut self) -> Report {
        let legacy = self.legacy.clone();
        self.house.take_over("sync-ab", &legacy).await
    }

    pub fn dev_issues(&self) -> usize {
        self.house.dev_count()
    }
}

async fn nothing_is_done_twice(flavour: Flavour, pairs: usize) {
    let mut served = Served::new(flavour);
    for nth in 0..pairs {
        served.pair(nth);
    }
    served.house.clock.sleep(HOUR).await;
    served.stops();
    let (writes, dev_issues) = (served.house.writes(), served.dev_issues());

    let report = served.taken_over().await;
    assert_eq!((report.pairs, report.taken, report.known), (pairs, pairs, 0), "{report:?}");
    assert_eq!((report.lost.len(), report.twins.len(), report.single.len()), (0, 0, 0), "{report:?}");
    assert_eq!(served.house.writes(), writes, "taking over writes nothing to Jira");
    served.house.live_for(6 * MINUTE).await;
    served.house.live_for(HOUR).await;
    assert_eq!(served.house.writes(), writes, "{:#?}", served.house.site.counters());
    assert_eq!(served.dev_issues(), dev_issues);
    assert_eq!(served.house.events.audited("pair.adopted"), 0, "no pair had to be found");

    let again = served.taken_over().await;
    assert_eq!((again.taken, again.known), (0, pairs), "{again:?}");
}

#[test]
pub fn a_thousand_pairs_are_taken_over_and_nothing_is_done_twice() {
    on_a_paused_clock(nothing_is_done_twice(Flavour::Cloud, 1000));
}

#[test]
pub fn pairs_on_data_center_are_taken_over_and_nothing_is_done_twice() {
    on_a_paused_clock(nothing_is_done_twice(Flavour::DataCenter, 100));
}

#[test]
pub fn what_people_do_meanwhile_crosses_once() {
    on_a_paused_clock(async {
        let mut served = Served::new(Flavour::Cloud);
        let pairs: Vec<_> = (0..10).map(|nth| served.pair(nth)).collect();
        served.house.clock.sleep(DAY).await;
        served.stops();
        served.house.clock.sleep(30 * MINUTE).await;
        // One is closed before the takeover, one between it and the first cycle.
        served.walk(&pairs[0].1, &["Closed"]);
        served.taken_over().await;
        served.walk(&pairs[4].1, &["Closed"]);
        served.house.live_for(6 * MINUTE).await;
        for (ticket, _) in [&pairs[0], &pairs[4]] {
            let now = served.house.site.issue(ticket).unwrap();
            assert_eq!((now.status.as_str(), now.comments.len()), ("Resolved", 1), "{}", served.house.about(ticket));
        }
        assert_eq!(served.house.events.audited("action.syncStatus"), 2);
        let writes = served.house.writes();
        served.house.live_for(HOUR).await;
        assert_eq!(served.house.writes(), writes);
    });
}

#[test]
pub fn what_was_left_undone_is_done_once_and_what_is_odd_is_told() {
    on_a_paused_clock(async {
        let mut served = Served::new(Flavour::Cloud);
        let pairs: Vec<_> = (0..5).map(|nth| served.pair(nth)).collect();
        let failed = [served.failed(), served.failed()];
        let single = served.failed();
        let single_dev = served.dev_issue(&single);
        let twin = served.dev_issue(&pairs[1].0);
        let moved = served.house.moves_to_project(TRIAGER, &pairs[2].1, "DEV-C");
        served.house.site.deletes(TRIAGER, &pairs[4].1);
        // Long ago: no search of the first cycle shows any of it.
        served.house.clock.sleep(30 * DAY).await;
        served.stops();

        let report = served.taken_over().await;
        let keys = |keys: &[IssueKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(keys(&report.failed_creates), failed);
        assert_eq!(report.single, [(single.parse().unwrap(), single_dev.parse().unwrap())]);
        assert_eq!(report.twins.len(), 1);
        assert_eq!(
            (report.twins[0].0.to_string(), keys(&report.twins[0].1)),
            (pairs[1].0.clone(), vec![pairs[1].1.clone(), twin])
        );
        assert_eq!(report.moved, [(pairs[2].1.parse().unwrap(), moved.parse().unwrap())]);
        assert_eq!(report.suspended.len(), 1);
        assert_eq!(report.lost, [KeyPair { user: pairs[4].0.parse().unwrap(), dev: pairs[4].1.parse().unwrap() }]);

        let before = served.dev_issues();
        served.house.live_for(30 * MINUTE).await;
        assert_eq!(served.dev_issues() - before, failed.len(), "{}", served.house.events.about("Created"));
        for ticket in &failed {
            assert!(served.house.site.issue(ticket).unwrap().description.contains("Dev Link: "));
        }
        assert_eq!(served.house.events.audited("pair.adopted"), 1, "the one without a pair");
        served.house.live_for(DAY).await;
        assert_eq!(served.dev_issues() - before, failed.len());
    });
}
