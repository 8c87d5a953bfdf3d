//! Projects that get another key, keys that are given to another project, and flow files that name another project.

use http::Method;
use jira_sim::faults::{Kind, Rule, When};
use jira_sim::{Action, Project};
use lockstep::flow::Order;
use lockstep::supervisor::Handle;
use testing::house::{End, FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock};

const FILE: &str = "sync-ab.json";

/// Lives a story on both kinds of Jira, beginning with one pair that is in sync: `USER-A-1` and `DEV-A-1`.
fn with_a_pair(story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            reports(&house, "USER-A", "first");
            house.live_for(12 * MINUTE).await;
            assert_eq!(summaries(&house, "DEV-A"), ["first"]);
            story(house).await;
        });
    }
}

/// A customer reports something, and it is accepted. Answers its key.
fn reports(house: &House, project: &str, summary: &str) -> String {
    let (project, summary, text) = (project.to_owned(), summary.to_owned(), String::new());
    let issue = house.act("customer-ines", Action::Create { project, summary, text });
    moves(house, &issue, "Will Do");
    issue
}

fn moves(house: &House, issue: &str, status: &str) {
    house.act("customer-ines", Action::Move { issue: issue.to_owned(), status: status.to_owned() });
}

fn status(house: &House, issue: &str) -> String {
    house.site.issue(issue).unwrap().status
}

fn summaries(house: &House, project: &str) -> Vec<String> {
    house.site.issues(project).into_iter().map(|issue| issue.summary).collect()
}

fn renames(house: &House, from: &str, to: &str) {
    house.site.rename_project(from, to).unwrap();
}

/// Makes a project like another, under a key that the other had.
fn reuses_key(house: &House, like: &str, key: &str) {
    let model = house.site.projects().into_iter().find(|project| project.key == like).unwrap();
    house.site.add_project(Project { key: key.to_owned(), name: format!("Another {key}"), ..model }).unwrap();
}

/// Changes what the flow file says.
fn edits(house: &House, from: &str, to: &str) {
    let text = house.flow_text(FILE);
    assert!(text.contains(from), "{text}");
    house.write_flow(FILE, &text.replace(from, to));
}

/// How often a pair was suspended or broken.
fn apart(house: &House) -> usize {
    house.events.audited("pair.suspended") + house.events.audited("pair.broken")
}

#[test]
fn a_renamed_project_is_served_as_before_and_shown() {
    with_a_pair(async |mut house| {
        renames(&house, "USER-A", "URX");
        renames(&house, "DEV-A", "DRX");
        reports(&house, "URX", "second");
        moves(&house, "DRX-1", "Closed");
        house.live_for(HOUR).await;
        assert_eq!(summaries(&house, "DRX"), ["first", "second"], "{}", house.about("URX-2"));
        assert_eq!(status(&house, "URX-1"), "Resolved");
        assert_eq!(apart(&house), 0);
        for told in ["USER-A is called URX now", "DEV-A is called DRX now", "write URX into userProjectKey"] {
            assert!(!house.events.about(told).is_empty(), "{told}");
        }
    });
}

#[test]
fn a_running_flow_notices_that_its_project_was_renamed() {
    with_a_pair(async |mut house| {
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let act = |who: &str, deed| site.act(who, deed).unwrap();
        let beside = async |_| {
            clock.sleep(HOUR).await;
            site.rename_project("USER-A", "URX").unwrap();
            let (project, summary, text) = ("URX".to_owned(), "second".to_owned(), String::new());
            let issue = act("customer-ines", Action::Create { project, summary, text });
            act("customer-ines", Action::Move { issue, status: "Will Do".to_owned() });
        };
        house.live_beside(End::At(2 * HOUR), beside).await;
        assert_eq!(summaries(&house, "DEV-A"), ["first", "second"]);
        assert!(!house.events.about("USER-A is called URX now").is_empty());
        assert_eq!(apart(&house), 0);
    });
}

#[test]
fn a_running_flow_stops_when_its_key_was_given_to_another_project() {
    with_a_pair(async |mut house| {
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let model = site.projects().into_iter().find(|project| project.key == "USER-A").unwrap();
        let beside = async |_| {
            clock.sleep(HOUR).await;
            site.rename_project("USER-A", "URX").unwrap();
            site.add_project(Project { name: "Another".to_owned(), ..model.clone() }).unwrap();
            site.act("dev-bea", Action::Move { issue: "DEV-A-1".to_owned(), status: "Closed".to_owned() }).unwrap();
        };
        house.live_beside(End::At(2 * HOUR), beside).await;
        assert_eq!(status(&house, "URX-1"), "Will Do", "nothing is written");
        assert!(!house.events.about("USER-A leads to another project (id 10008)").is_empty());
    });
}

#[test]
fn a_file_that_is_corrected_a_day_after_a_renaming_loses_and_repeats_nothing() {
    with_a_pair(async |mut house| {
        renames(&house, "USER-A", "URX");
        reports(&house, "URX", "second");
        house.live_for(30 * HOUR).await;
        house.clock.sleep(30 * HOUR).await;
        reports(&house, "URX", "third");
        house.clock.sleep(30 * HOUR).await;
        edits(&house, "\"USER-A\"", "\"URX\"");
        let before = house.requests();
        house.live_for(MINUTE).await;
        assert_eq!(summaries(&house, "DEV-A"), ["first", "second", "third"]);
        assert!(house.requests() - before < 30, "nothing is read again: {}", house.requests() - before);
        assert_eq!((house.events.told("Running initial full sync"), apart(&house)), (1, 0));
        moves(&house, "DEV-A-2", "Closed");
        house.live_for(30 * HOUR).await;
        assert_eq!((summaries(&house, "DEV-A").len(), status(&house, "URX-2").as_str()), (3, "Resolved"));
    });
}

#[test]
fn links_with_a_former_key_still_prove_a_pair_when_the_store_is_lost() {
    with_a_pair(async |mut house| {
        renames(&house, "USER-A", "URX");
        renames(&house, "DEV-A", "DRX");
        for issue in ["URX-1", "DRX-1"] {
            let (issue, key) = (issue.to_owned(), "lockstep".to_owned());
            house.act("dev-bea", Action::SetProperty { issue, key, value: serde_json::Value::Null });
        }
        house.data.lose();
        house.live_for(12 * MINUTE).await;
        assert_eq!(summaries(&house, "DRX"), ["first"]);
        assert_eq!(house.events.audited("pair.adopted"), 1, "{}", house.about("URX-1"));
    });
}

#[test]
fn a_key_that_another_project_got_stops_the_flow_before_it_reads_or_writes() {
    with_a_pair(async |mut house| {
        renames(&house, "USER-A", "URX");
        reuses_key(&house, "URX", "USER-A");
        reports(&house, "USER-A", "of another customer");
        reports(&house, "URX", "second");
        let (writes, searches) =
            (house.writes(), house.site.counters().get(&format!("POST {}", house.search())).copied());
        house.live_for(HOUR).await;
        assert_eq!(house.writes(), writes);
        assert_eq!(house.site.counters().get(&format!("POST {}", house.search())).copied(), searches);
        let why = "USER-A leads to another project (id 10008) than the one that this flow served (id 10000, which is called URX \
                   now)";
        assert!(!house.events.about(why).is_empty(), "{}", house.events.about("leads to"));
        edits(&house, "\"USER-A\"", "\"URX\"");
        house.live_for(12 * MINUTE).await;
        assert_eq!(summaries(&house, "DEV-A"), ["first", "second"]);
        assert_eq!(house.events.told("Running initial full sync"), 1);
    });
}

#[test]
fn another_user_project_is_read_from_its_beginning_and_the_former_left_alone() {
    with_a_pair(async |mut house| {
        reports(&house, "USER-C", "old");
        house.clock.sleep(72 * HOUR).await;
        // Now no look back reaches it.
        house.live_for(12 * MINUTE).await;
        edits(&house, "\"USER-A\"", "\"USER-C\"");
        let before = house.site.issue("USER-A-1").unwrap();
        moves(&house, "DEV-A-1", "Closed");
        reports(&house, "USER-A", "left behind");
        house.live_for(HOUR).await;
        assert_eq!(summaries(&house, "DEV-A"), ["first", "old"], "{}", house.about("USER-C-1"));
        assert_eq!(house.site.issue("USER-A-1").unwrap(), before);
        let told = house.events.about("The user project is now USER-C (about 1 issues) instead of USER-A");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert_eq!((house.events.audited("pair.suspended"), house.events.told("Running initial full sync")), (1, 1));
        edits(&house, "\"USER-C\"", "\"USER-A\"");
        house.live_for(HOUR).await;
        assert_eq!(house.events.audited("pair.mended"), 1, "what was suspended is served again");
        assert_eq!(
            (summaries(&house, "DEV-A"), status(&house, "USER-A-1")),
            (vec!["first".to_owned(), "old".to_owned(), "left behind".to_owned()], "Resolved".to_owned())
        );
    });
}

#[test]
fn another_dev_project_gets_what_comes_and_the_former_is_not_written_to() {
    with_a_pair(async |mut house| {
        edits(&house, "\"DEV-A\"", "\"DEV-C\"");
        moves(&house, "USER-A-1", "Declined");
        reports(&house, "USER-A", "second");
        house.live_for(HOUR).await;
        assert_eq!(
            (summaries(&house, "DEV-A"), summaries(&house, "DEV-C")),
            (vec!["first".to_owned()], vec!["second".to_owned()])
        );
        assert_eq!(status(&house, "DEV-A-1"), "To Do");
        assert_eq!(apart(&house), 1);
    });
}

#[test]
fn without_an_initial_sync_another_project_counts_from_now_on() {
    with_a_pair(async |mut house| {
        edits(&house, "\"initialSyncEnabled\": true", "\"initialSyncEnabled\": false");
        house.live_for(12 * MINUTE).await;
        let old = reports(&house, "USER-C", "old");
        house.clock.sleep(6 * HOUR).await;
        edits(&house, "\"USER-A\"", "\"USER-C\"");
        house.live_for(2 * HOUR).await;
        reports(&house, "USER-C", "new");
        house.live_for(2 * HOUR).await;
        assert_eq!(summaries(&house, "DEV-A"), ["first", "new"], "{}", house.about(&old));
        assert!(!house.events.about("what happens in it from now on counts").is_empty());
    });
}

#[test]
fn a_dev_project_is_not_replaced_while_a_create_in_it_is_in_doubt() {
    with_a_pair(async |mut house| {
        let lost = Rule::on(Method::POST, &house.api("issue"), When::First(1), Kind::LostReply);
        house.site.add_fault(lost);
        reports(&house, "USER-A", "second");
        house.live_for(2 * MINUTE).await;
        edits(&house, "\"DEV-A\"", "\"DEV-C\"");
        house.live_for(HOUR).await;
        assert_eq!((summaries(&house, "DEV-A").len(), summaries(&house, "DEV-C").len()), (2, 0));
        assert!(!house.events.about("Write DEV-A back into devProjectKey").is_empty());
        edits(&house, "\"DEV-C\"", "\"DEV-A\"");
        house.live_for(HOUR).await;
        assert_eq!(house.events.audited("step.doubtSettled"), 1);
        edits(&house, "\"DEV-A\"", "\"DEV-C\"");
        reports(&house, "USER-A", "third");
        house.live_for(HOUR).await;
        assert_eq!((summaries(&house, "DEV-A").len(), summaries(&house, "DEV-C").len()), (2, 1));
    });
}

#[test]
fn two_flows_that_mean_the_same_projects_by_different_keys_are_not_both_run() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            house.live_for(12 * MINUTE).await;
            renames(&house, "USER-A", "URX");
            let other = house.flow_text(FILE).replace("\"USER-A\"", "\"URX\"").replace("\"sync-ab\"", "\"sync-too\"");
            house.write_flow("a-first-by-name.json", &other);
            reports(&house, "URX", "once");
            house.live_for(3 * HOUR).await;
            assert_eq!(summaries(&house, "DEV-A"), ["once"]);
            let why = "flow sync-too: the flow sync-ab serves the same two projects (ids 10000 and 10001)";
            assert!(!house.events.about(why).is_empty(), "{}", house.events.about("sync-too"));
            assert!(house.events.about("flow sync-ab: the flow sync-too").is_empty());
        });
    }
}

#[test]
fn a_remote_link_keeps_its_id_when_its_project_is_renamed() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            let (project, summary) = ("USER-A".to_owned(), "no room for a line".to_owned());
            let issue = house.act("customer-ines", Action::Create { project, summary, text: "x".repeat(32_760) });
            moves(&house, &issue, "Will Do");
            house.live_for(12 * MINUTE).await;
            let before = house.site.issue("USER-A-1").unwrap().remote_links;
            renames(&house, "DEV-A", "DRX");
            edits(&house, "\"DEV-A\"", "\"DRX\"");
            house.act("dev-bea", Action::Delete { issue: "DRX-1".to_owned() });
            let clock = house.clock.clone();
            let beside = async |handle: Handle| {
                clock.sleep(MINUTE).await;
                let order = Order::Recreate { user: "USER-A-1".parse().unwrap() };
                handle.order(&"sync-ab".parse().unwrap(), order).await.unwrap();
            };
            house.live_beside(End::At(12 * MINUTE), beside).await;
            let after = house.site.issue("USER-A-1").unwrap().remote_links;
            assert_eq!((before.len(), after.len()), (1, 1), "{}", house.about("USER-A-1"));
            assert_eq!(after[0].global_id, before[0].global_id);
            assert!(after[0].url.ends_with("/DRX-2"), "{}", after[0].url);
        });
    }
}
