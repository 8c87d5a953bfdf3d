//! Files: how those of a report come to its dev issue, each once, and how little one that can't be copied holds up.

use std::time::Duration;

use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{Action, AttachmentView, FileContent, Flavour};
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, DEVELOPER, InJira as _};

const ATTACHMENTS: &str = "issue/{issueIdOrKey}/attachments";

/// One flow, whose rules copy files that come later too.
pub fn company_with_files(flavour: Flavour) -> House {
    let house = House::quiet(flavour, 7);
    house.flow_fixture().copies_files().write();
    house
}

fn attached(house: &House, issue: &str, filename: &str, content: &str) -> String {
    let content = FileContent::Kept(content.as_bytes().to_vec().into());
    house.attaches(CUSTOMER, issue, filename, content);
    house.site.issue(issue).unwrap().attachments.last().unwrap().id.clone()
}

/// An accepted report with a picture and a log.
pub fn accepted_with_files(house: &House) -> String {
    let issue = house.reports_ticket();
    attached(house, &issue, "Menü \"A\".png", "a picture");
    attached(house, &issue, "printer.log", "it burns");
    house.moves(CUSTOMER, &issue, "Will Do");
    issue
}

/// Names and contents of an issue's files.
fn files(house: &House, issue: &str) -> Vec<(String, String)> {
    let said = |file: AttachmentView| (file.filename, file.sha256);
    let mut files: Vec<_> = house.site.issue(issue).unwrap().attachments.into_iter().map(said).collect();
    files.sort();
    files
}

/// Each file of the report is on its dev issue, once.
pub fn all_are_copied(house: &House, when: &str) {
    assert_eq!(house.dev_count(), 1, "{when}");
    assert_eq!(files(house, "DEV-A-1"), files(house, "USER-A-1"), "{when}: {}", house.about("USER-A-1"));
    assert_eq!(house.disagreements(), [""; 0], "{when}");
}

fn upload(house: &House, when: When, kind: Kind) {
    house.site.faults(Rule::on(Method::POST, &house.api(ATTACHMENTS), when, kind).into());
}

/// Every download ends so.
fn downloads_fail(house: &House) {
    let kind = Kind::ServerError { status: StatusCode::SERVICE_UNAVAILABLE, effect: Effect::Before };
    let place = match house.flavour {
        Flavour::Cloud => house.api("attachment/content*"),
        Flavour::DataCenter => "/secure/attachment*".to_owned(),
    };
    house.site.faults(Rule::on(Method::GET, &place, When::Always, kind).into());
}

#[test]
fn files_of_an_accepted_report_and_later_ones_arrive_each_once() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company_with_files(flavour);
            let issue = accepted_with_files(&house);
            house.cycles(2).await;
            all_are_copied(&house, "at creation");
            attached(&house, &issue, "printer.log", "it burns");
            house.cycles(2).await;
            all_are_copied(&house, "later, another file of the same name and size");
            assert_eq!(house.events.audited("action.copyAttachment"), 3);
            house.live_for(3 * HOUR).await;
            all_are_copied(&house, "hours later");
        });
    }
}

#[test]
fn by_default_files_are_copied_at_creation_and_later_ones_are_not() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        let issue = accepted_with_files(&house);
        house.cycles(2).await;
        all_are_copied(&house, "at creation");
        attached(&house, &issue, "later.txt", "too late");
        house.live_for(HOUR).await;
        assert_eq!(files(&house, "DEV-A-1").len(), 2);
    });
}

#[test]
fn a_file_that_jira_does_not_take_is_left_out_alone_and_for_good() {
    for status in [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::FORBIDDEN, StatusCode::BAD_REQUEST] {
        on_a_paused_clock(async {
            let mut house = company_with_files(Flavour::Cloud);
            upload(&house, When::First(1), Kind::ServerError { status, effect: Effect::Before });
            accepted_with_files(&house);
            house.live_for(3 * HOUR).await;
            let told = house.events.about("is not copied");
            assert_eq!(told.lines().count(), 1, "{status}: {told}");
            assert!(told.contains("Menü"), "{told}");
            assert_eq!(files(&house, "DEV-A-1").len(), 1, "{status}");
            assert_eq!(house.site.issue("USER-A-1").unwrap().comments.len(), 1, "{status}: the link still came");
            assert_eq!(house.disagreements(), [""; 0], "{status}");
        });
    }
}

#[test]
fn a_file_that_can_not_be_fetched_delays_only_itself_until_it_can() {
    for flavour in FLAVOURS {
        for later in [true, false] {
            on_a_paused_clock(async {
                let mut house = if later { company_with_files(flavour) } else { House::quiet(flavour, 7) };
                downloads_fail(&house);
                accepted_with_files(&house);
                // By now it is tried again once an hour only.
                house.live_for(3 * HOUR).await;
                house.moves(DEVELOPER, "DEV-A-1", "Closed");
                house.cycles(2).await;
                let user = house.site.issue("USER-A-1").unwrap();
                assert_eq!((&*user.status, user.comments.len()), ("Resolved", 2), "{}", house.about("USER-A-1"));
                assert_eq!(files(&house, "DEV-A-1").len(), 0);
                house.site.faults(jira_sim::FaultPlan::none());
                house.live_for(2 * HOUR).await;
                all_are_copied(&house, &format!("{flavour:?}, files followed: {later}"));
            });
        }
    }
}

#[test]
fn an_upload_whose_answer_is_lost_is_found_and_not_repeated() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company_with_files(flavour);
            upload(&house, When::First(1), Kind::LostReply);
            accepted_with_files(&house);
            house.cycles(2).await;
            assert_eq!(house.events.audited("step.inDoubt"), 1);
            all_are_copied(&house, "after a lost answer");
        });
    }
}

#[test]
fn an_upload_is_repeated_soon_after_the_time_its_size_may_take() {
    on_a_paused_clock(async {
        let mut house = company_with_files(Flavour::Cloud);
        upload(&house, When::First(1), Kind::Stall { effect: jira_sim::faults::Effect::Before });
        accepted_with_files(&house);
        house.live_for(4 * MINUTE).await;
        assert_eq!(files(&house, "DEV-A-1").len(), 0);
        house.live_for(9 * MINUTE).await;
        all_are_copied(&house, "after an upload without effect");
    });
}

#[test]
fn a_file_that_vanished_before_it_was_copied_is_not_needed() {
    on_a_paused_clock(async {
        let mut house = company_with_files(Flavour::Cloud);
        let issue = accepted_with_files(&house);
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let slow = Kind::Latency { from: Duration::from_secs(20), to: Duration::from_secs(20) };
        house.site.faults(Rule::on(Method::POST, &house.api("issue"), When::First(1), slow).into());
        let person = async {
            clock.sleep(Duration::from_secs(15)).await;
            let attachment = site.issue(&issue).unwrap().attachments[0].id.clone();
            site.act(CUSTOMER, Action::Detach { issue: issue.clone(), attachment }).unwrap();
        };
        futures::join!(house.cycles(2), person);
        all_are_copied(&house, "after one was taken off");
        assert_eq!(house.events.about("is still to be copied"), "");
    });
}

#[test]
fn a_crash_at_any_gate_of_files_at_creation_copies_each_once() {
    let places = at_every_gate(async |gate| {
        let mut house = company_with_files(Flavour::Cloud);
        accepted_with_files(&house);
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), cycles(2))).await;
        let place = crash.place()?;
        house.live_for(3 * HOUR).await;
        all_are_copied(&house, &format!("after a crash at {place}"));
        Some(place)
    });
    assert_eq!(places.iter().filter(|place| place.ends_with("/attachments")).count(), 4, "{places:#?}");
}

#[test]
fn a_crash_at_any_gate_of_a_later_file_copies_it_once() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = company_with_files(flavour);
            let issue = accepted_with_files(&house);
            house.live_for(6 * MINUTE).await;
            attached(&house, &issue, "later.txt", "more of it");
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), cycles(2))).await;
            let place = crash.place()?;
            house.live_for(2 * HOUR).await;
            all_are_copied(&house, &format!("{flavour:?}: after a crash at {place}"));
            Some(place)
        });
        assert!(places.iter().any(|place| place.ends_with("/attachments")), "{places:#?}");
    }
}

/// The first one's copy says nothing of the second.
#[test]
fn of_two_equal_files_one_whose_upload_did_not_happen_is_copied_too() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company_with_files(flavour);
            upload(&house, When::Nth(2), Kind::Stall { effect: jira_sim::faults::Effect::Before });
            let issue = house.reports_ticket();
            attached(&house, &issue, "printer.log", "it burns");
            attached(&house, &issue, "printer.log", "it burns");
            house.moves(CUSTOMER, &issue, "Will Do");
            house.live_for(HOUR).await;
            assert_eq!(house.events.audited("step.inDoubt"), 1);
            assert_eq!(files(&house, "DEV-A-1").len(), 2, "{}", house.about("USER-A-1"));
        });
    }
}

#[test]
fn a_file_that_is_owed_is_not_forgotten_when_jira_asks_to_wait() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            downloads_fail(&house);
            accepted_with_files(&house);
            house.live_for(2 * MINUTE).await;
            house.clock.sleep(MINUTE).await;
            upload(&house, When::First(1), Kind::TooMany { retry_after_secs: 600 });
            house.live_for(3 * HOUR).await;
            all_are_copied(&house, &format!("{flavour:?}: after a wait"));
        });
    }
}

#[test]
fn a_persons_equal_file_on_the_dev_issue_is_not_taken_for_the_copy() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company_with_files(flavour);
            let issue = house.accepts_ticket(CUSTOMER);
            house.cycles(2).await;
            upload(&house, When::First(1), Kind::Stall { effect: jira_sim::faults::Effect::Before });
            attached(&house, &issue, "printer.log", "it burns");
            house.clock.sleep(MINUTE).await;
            house.live_for(2 * MINUTE).await;
            assert_eq!(house.events.audited("step.inDoubt"), 1);
            let content = FileContent::Kept(b"it rains".to_vec().into());
            house.attaches(DEVELOPER, "DEV-A-1", "printer.log", content);
            house.live_for(HOUR).await;
            assert_eq!(files(&house, "DEV-A-1").len(), 2, "{}", house.about("USER-A-1"));
        });
    }
}
