//! A company of years, and all that its Lockstep can lose: Jira stays as it is.

use std::time::Duration;

use jira_sim::{Flavour, IssueView};
use testing::data::scaled;
use testing::house::{HOUR, House, MINUTE, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _, TRIAGER, USER_PROJECT};

const DAY: Duration = HOUR.saturating_mul(24);

/// What happened to a pair until the loss. Each of them has its turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Past {
    /// Work has not begun.
    Open,
    /// Work has begun, and the customer knows.
    UnderWay,
    /// Closed, and the customer was told.
    Closed,
    /// Closed and confirmed by the customer.
    Confirmed,
    /// The customer took it back.
    Declined,
    /// Released long ago, and opened again by the customer.
    Reopened,
    /// Done by the developers, not released.
    Done,
    /// Cancelled by the developers; no rule says anything of that.
    Cancelled,
}

const PASTS: [Past; 10] = [
    Past::Closed,
    Past::Confirmed,
    Past::Open,
    Past::Closed,
    Past::Declined,
    Past::Confirmed,
    Past::UnderWay,
    Past::Reopened,
    Past::Cancelled,
    Past::Done,
];

/// A pair by its two keys.
type Keys = (String, String);

/// The dev issue that a ticket's text names.
fn dev_of(ticket: &IssueView) -> Option<String> {
    let line = ticket.description.lines().rev().find_map(|line| line.strip_prefix("Dev Link: "))?;
    line.rsplit('/').next().map(str::to_owned)
}

/// Years of work: a quarter of the `pairs` made by the Node.js service, the others by Lockstep.
async fn company(flavour: Flavour, pairs: usize) -> (House, Vec<Keys>) {
    let mut house = House::quiet_with(17, |setup| setup.flavour = flavour);
    house.flow_fixture().copies_files().write();
    let made_before: Vec<_> = (0..pairs / 4).map(|nth| made_by_hand(&house, nth)).collect();
    house.clock.sleep(DAY).await;
    let tickets: Vec<_> = (0..pairs - made_before.len()).map(|nth| accepted(&house, nth)).collect();
    house.clock.sleep(DAY).await;
    house.live_for(30 * MINUTE).await;
    let made_by_us = tickets.into_iter().map(|ticket| (ticket.clone(), dev_of(&house.site.issue(&ticket).unwrap())));
    let made_by_us: Vec<_> = made_by_us.map(|(ticket, dev)| (ticket, dev.unwrap())).collect();
    let all: Vec<Keys> = made_before.into_iter().chain(made_by_us).collect();
    happen(&mut house, &all).await;
    cloned(&house, &all);
    house.clock.sleep(DAY).await;
    house.live_for(HOUR).await;
    let copied = house.events.audited("action.copyAttachment");
    assert!(copied > pairs / 3, "files are followed: {copied}");
    (house, all)
}

fn accepted(house: &House, nth: usize) -> String {
    let ticket = house.reports(&format!("ticket {nth}"), "Again.");
    if nth.is_multiple_of(5) {
        house.attaches_bytes(CUSTOMER, &ticket, "log.txt", 100 + nth as u64);
        house.attaches_bytes(CUSTOMER, &ticket, "screen.png", 200);
    }
    house.moves(TRIAGER, &ticket, "Will Do");
    ticket
}

/// As the Node.js service left them: lines, no marks; of some only the dev issue's. It took no file along twice, and some
/// not at all.
fn made_by_hand(house: &House, nth: usize) -> Keys {
    let ticket = accepted(house, nth);
    let dev = house.creates(CUSTOMER, DEV_PROJECT, &format!("ticket {nth}"), "Again.");
    let describe = |issue: &str, label: &str, other: &str| {
        house.describes(TRIAGER, issue, &format!("Again.\n{label} Link: {}/browse/{other}", house.site.base_url()));
    };
    describe(&dev, "User", &ticket);
    if !nth.is_multiple_of(3) {
        describe(&ticket, "Dev", &dev);
    }
    if nth.is_multiple_of(10) {
        house.attaches_bytes(TRIAGER, &dev, "screen.png", 200);
    }
    (ticket, dev)
}

/// What became of them, and later files; Lockstep lives along.
async fn happen(house: &mut House, pairs: &[Keys]) {
    let with = |wanted: &'static [Past]| {
        pairs.iter().enumerate().filter(move |(nth, _)| wanted.contains(&PASTS[nth % 10])).map(|(_, keys)| keys)
    };
    for (_, dev) in with(&[Past::UnderWay, Past::Done]) {
        house.moves(DEVELOPER, dev, "In Progress");
    }
    for (_, dev) in with(&[Past::Closed, Past::Confirmed, Past::Reopened]) {
        house.moves(DEVELOPER, dev, "Closed");
    }
    house.live_for(30 * MINUTE).await;
    for (ticket, _) in with(&[Past::Confirmed]) {
        house.moves(CUSTOMER, ticket, "Closed");
    }
    for (ticket, _) in with(&[Past::Reopened]) {
        house.moves(CUSTOMER, ticket, "Reopened");
    }
    for (ticket, _) in with(&[Past::Declined]) {
        house.moves(CUSTOMER, ticket, "Declined");
    }
    for (_, dev) in with(&[Past::Done]) {
        house.moves(DEVELOPER, dev, "In Review");
        house.moves(DEVELOPER, dev, "Done");
    }
    for (_, dev) in with(&[Past::Cancelled]) {
        house.moves(DEVELOPER, dev, "Cancelled");
    }
    for (ticket, _) in pairs.iter().step_by(7) {
        house.attaches_bytes(CUSTOMER, ticket, "later.txt", 300);
    }
    house.live_for(30 * MINUTE).await;
}

/// Tickets and dev issues are cloned, with marks and without; of the tickets some are accepted.
fn cloned(house: &House, pairs: &[Keys]) {
    for (nth, (ticket, dev)) in pairs.iter().enumerate().step_by(11) {
        house.clones(DEVELOPER, dev, nth % 2 == 0);
        let again = house.clones(CUSTOMER, ticket, nth % 2 == 1);
        if nth % 3 == 0 {
            house.moves(TRIAGER, &again, "Will Do");
        }
    }
}

/// What people do while Lockstep is down, and what must have come of it.
#[derive(Default)]
struct Meanwhile {
    /// The issue and the status into which it is brought.
    moves: Vec<(String, &'static str)>,
    /// The dev issue that gets a file.
    files: Vec<String>,
    /// Tickets that get a dev issue.
    tickets: Vec<String>,
}

impl Meanwhile {
    /// Where a pair that only lines tell of was never looked at, it is unknown which of its files are new.
    fn of(house: &House, pairs: &[Keys], loss: Loss) -> Self {
        let mut happened = Self::default();
        for (nth, (ticket, dev)) in pairs.iter().enumerate().filter(|(nth, _)| nth % 30 < 10) {
            match PASTS[nth % 10] {
                Past::Open | Past::UnderWay | Past::Done | Past::Reopened => {
                    house.moves(DEVELOPER, dev, "Closed");
                    happened.moves.push((ticket.clone(), "Resolved"));
                }
                Past::Closed => {
                    house.moves(CUSTOMER, ticket, "Reopened");
                    happened.moves.push((dev.clone(), "Reopened"));
                }
                Past::Confirmed | Past::Declined | Past::Cancelled => {
                    house.attaches_bytes(CUSTOMER, ticket, "meanwhile.txt", 400);
                    let is_marked = house.site.issue(dev).unwrap().properties.contains_key("lockstep");
                    happened.files.extend((is_marked || loss != Loss::Everything).then(|| dev.clone()));
                }
            }
        }
        happened.tickets = (1..4).map(|nth| accepted(house, nth)).collect();
        happened
    }

    /// All of it crossed once.
    fn crossed(&self, house: &House, loss: Loss) {
        for (key, status) in &self.moves {
            assert_eq!(house.status(key), *status, "{loss:?}: {}", house.about(key));
        }
        let copies = |dev: &IssueView| dev.attachments.iter().filter(|file| file.filename == "meanwhile.txt").count();
        let devs = house.dev_issues();
        let got: Vec<_> = devs.iter().filter(|dev| copies(dev) > 0).map(|dev| (dev.key.clone(), copies(dev))).collect();
        let mut expected: Vec<_> = self.files.iter().map(|dev| (dev.clone(), 1)).collect();
        expected.sort_by_key(|(dev, _)| devs.iter().position(|it| it.key == *dev));
        assert_eq!(got, expected, "{loss:?}");
        for ticket in &self.tickets {
            let address = format!("User Link: {}/browse/{ticket}", house.site.base_url());
            let made = devs.iter().filter(|dev| dev.description.lines().any(|line| line == address));
            assert_eq!(made.count(), 1, "{loss:?}: {}", house.about(ticket));
        }
    }
}

/// What can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    StateDocument,
    LastSync,
    Pairs,
    Everything,
}

fn lose(house: &House, loss: Loss) {
    match loss {
        Loss::StateDocument => house.data.lose_state(),
        Loss::LastSync => house.data.lose_last_sync(),
        Loss::Pairs => house.data.lose_pairs(),
        Loss::Everything => house.data.lose(),
    }
}

/// Every ticket once more: the whole of it is looked at, whatever a search would show.
fn touch(house: &House) {
    for issue in house.site.issues(USER_PROJECT) {
        house.labels(CUSTOMER, &issue.key, &["looked-at"]);
    }
}

async fn nothing_changes(house: &mut House, pairs: &[Keys], loss: Loss) {
    let (dev_issues, before) = (house.dev_count(), house.writes());
    let adopted = house.events.audited("pair.adopted");
    lose(house, loss);
    house.live_for(30 * MINUTE).await;
    touch(house);
    house.live_for(30 * MINUTE).await;
    let counters = house.site.counters();
    assert_eq!(house.writes(), before, "{loss:?}: {counters:#?}\n{}", house.events.about("Brought"));
    assert_eq!(house.dev_count(), dev_issues, "{loss:?}");
    let found = house.events.audited("pair.adopted") - adopted;
    match loss {
        Loss::Everything => assert!(found >= pairs.len(), "{found}"),
        // Those of which no rule wants anything, and of which only the dev issue tells, are left until they matter.
        Loss::Pairs => assert!(found > pairs.len() * 4 / 5, "{found}"),
        Loss::StateDocument | Loss::LastSync => assert_eq!(found, 0),
    }
}

/// What people did crosses exactly once, and nothing else does.
async fn changes_cross_once(house: &mut House, pairs: &[Keys], loss: Loss) {
    let synced = house.events.audited("action.syncStatus");
    match loss {
        // What happened before a start from now is not looked at: it happens after it.
        Loss::LastSync => {}
        Loss::StateDocument | Loss::Pairs | Loss::Everything => lose(house, loss),
    }
    let happened = Meanwhile::of(house, pairs, loss);
    house.clock.sleep(10 * MINUTE).await;
    house.live_for(HOUR).await;
    happened.crossed(house, loss);
    assert_eq!(house.events.audited("action.syncStatus") - synced, happened.moves.len(), "{loss:?}");
    let once = house.writes();
    house.live_for(HOUR).await;
    assert_eq!(house.writes(), once, "{loss:?}");
}

fn story(flavour: Flavour, size: usize, loss: Loss) {
    on_a_paused_clock(async {
        let (mut house, pairs) = company(flavour, scaled(size)).await;
        nothing_changes(&mut house, &pairs, loss).await;
        changes_cross_once(&mut house, &pairs, loss).await;
    });
}

#[test]
pub fn a_lost_data_folder_changes_nothing_in_jira() {
    story(Flavour::Cloud, 500, Loss::Everything);
}

#[test]
pub fn a_lost_data_folder_changes_nothing_in_jira_on_data_center() {
    story(Flavour::DataCenter, 200, Loss::Everything);
}

#[test]
pub fn lost_pairs_change_nothing_in_jira() {
    story(Flavour::Cloud, 500, Loss::Pairs);
}

#[test]
pub fn a_lost_state_document_changes_nothing_in_jira() {
    story(Flavour::Cloud, 500, Loss::StateDocument);
}

#[test]
pub fn a_lost_last_sync_changes_nothing_in_jira() {
    story(Flavour::Cloud, 500, Loss::LastSync);
}
