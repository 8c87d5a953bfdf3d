//! Projects that get another key, keys that are given to another project, and flow files that name another project.

use http::Method;
use jira_sim::Project;
use jira_sim::faults::{Kind, Rule, When};
use lockstep::flow::Order;
use lockstep::supervisor::Handle;
use serde_json::{Value, json};
use testing::house::{End, FLAVOURS, HOUR, House, MINUTE, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _, USER_PROJECT};

/// Lives a story on both kinds of Jira, beginning with one pair that is in sync: `USER-A-1` and `DEV-A-1`.
fn with_a_pair(story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            house.accepts(CUSTOMER, "first", "");
            house.cycles(2).await;
            assert_eq!(summaries(&house, DEV_PROJECT), ["first"]);
            story(house).await;
        });
    }
}

/// An accepted ticket in a project that has another key.
fn accepted_in(house: &House, project: &str, summary: &str) -> String {
    let issue = house.creates(CUSTOMER, project, summary, "");
    house.moves(CUSTOMER, &issue, "Will Do");
    issue
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

/// How often a pair was suspended or broken.
fn apart(house: &House) -> usize {
    house.events.audited("pair.suspended") + house.events.audited("pair.broken")
}

#[test]
fn a_renamed_project_is_served_as_before_and_shown() {
    with_a_pair(async |mut house| {
        renames(&house, USER_PROJECT, "URX");
        renames(&house, DEV_PROJECT, "DRX");
        accepted_in(&house, "URX", "second");
        house.moves(CUSTOMER, "DRX-1", "Closed");
        house.live_for(HOUR).await;
        assert_eq!(summaries(&house, "DRX"), ["first", "second"], "{}", house.about("URX-2"));
        assert_eq!(house.status("URX-1"), "Resolved");
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
        let beside = async |_| {
            clock.sleep(HOUR).await;
            site.rename_project(USER_PROJECT, "URX").unwrap();
            let issue = site.creates(CUSTOMER, "URX", "second", "");
            site.moves(CUSTOMER, &issue, "Will Do");
        };
        house.live_beside(End::At(2 * HOUR), beside).await;
        assert_eq!(summaries(&house, DEV_PROJECT), ["first", "second"]);
        assert!(!house.events.about("USER-A is called URX now").is_empty());
        assert_eq!(apart(&house), 0);
    });
}

#[test]
fn a_running_flow_stops_when_its_key_was_given_to_another_project() {
    with_a_pair(async |mut house| {
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let model = site.projects().into_iter().find(|project| project.key == USER_PROJECT).unwrap();
        let beside = async |_| {
            clock.sleep(HOUR).await;
            site.rename_project(USER_PROJECT, "URX").unwrap();
            site.add_project(Project { name: "Another".to_owned(), ..model.clone() }).unwrap();
            site.moves(DEVELOPER, "DEV-A-1", "Closed");
        };
        house.live_beside(End::At(2 * HOUR), beside).await;
        assert_eq!(house.status("URX-1"), "Will Do", "nothing is written");
        assert!(!house.events.about("USER-A leads to another project (id 10008)").is_empty());
    });
}

#[test]
fn a_file_corrected_a_day_after_a_renaming_loses_and_repeats_nothing() {
    with_a_pair(async |mut house| {
        renames(&house, USER_PROJECT, "URX");
        accepted_in(&house, "URX", "second");
        house.live_for(30 * HOUR).await;
        house.clock.sleep(30 * HOUR).await;
        accepted_in(&house, "URX", "third");
        house.clock.sleep(30 * HOUR).await;
        house.flow_fixture().replace("\"USER-A\"", "\"URX\"").write();
        let before = house.requests();
        house.live_for(MINUTE).await;
        assert_eq!(summaries(&house, DEV_PROJECT), ["first", "second", "third"]);
        assert!(house.requests() - before < 30, "nothing is read again: {}", house.requests() - before);
        assert_eq!((house.events.told("Running initial full sync"), apart(&house)), (1, 0));
        house.moves(CUSTOMER, "DEV-A-2", "Closed");
        house.live_for(30 * HOUR).await;
        assert_eq!((summaries(&house, DEV_PROJECT).len(), house.status("URX-2").as_str()), (3, "Resolved"));
    });
}

#[test]
fn links_with_a_former_key_still_prove_a_pair_when_the_store_is_lost() {
    with_a_pair(async |mut house| {
        renames(&house, USER_PROJECT, "URX");
        renames(&house, DEV_PROJECT, "DRX");
        for issue in ["URX-1", "DRX-1"] {
            house.marks(DEVELOPER, issue, Value::Null);
        }
        house.data.lose();
        house.cycles(2).await;
        assert_eq!(summaries(&house, "DRX"), ["first"]);
        assert_eq!(house.events.audited("pair.adopted"), 1, "{}", house.about("URX-1"));
    });
}

#[test]
fn a_key_given_to_another_project_stops_the_flow_before_any_read_or_write() {
    with_a_pair(async |mut house| {
        renames(&house, USER_PROJECT, "URX");
        reuses_key(&house, "URX", USER_PROJECT);
        house.accepts(CUSTOMER, "of another customer", "");
        accepted_in(&house, "URX", "second");
        let (writes, searches) =
            (house.writes(), house.site.counters().get(&format!("POST {}", house.search())).copied());
        house.live_for(HOUR).await;
        assert_eq!(house.writes(), writes);
        assert_eq!(house.site.counters().get(&format!("POST {}", house.search())).copied(), searches);
        let why = "USER-A leads to another project (id 10008) than the one that this flow served (id 10000, which is called URX \
                   now)";
        assert!(!house.events.about(why).is_empty(), "{}", house.events.about("leads to"));
        house.flow_fixture().replace("\"USER-A\"", "\"URX\"").write();
        house.cycles(2).await;
        assert_eq!(summaries(&house, DEV_PROJECT), ["first", "second"]);
        assert_eq!(house.events.told("Running initial full sync"), 1);
    });
}

#[test]
fn a_new_user_project_is_read_in_full_and_the_former_left_alone() {
    with_a_pair(async |mut house| {
        accepted_in(&house, "USER-C", "old");
        house.clock.sleep(72 * HOUR).await;
        // Now no look back reaches it.
        house.cycles(2).await;
        house.flow_fixture().replace("\"USER-A\"", "\"USER-C\"").write();
        let before = house.site.issue("USER-A-1").unwrap();
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.accepts(CUSTOMER, "left behind", "");
        house.live_for(HOUR).await;
        assert_eq!(summaries(&house, DEV_PROJECT), ["first", "old"], "{}", house.about("USER-C-1"));
        assert_eq!(house.site.issue("USER-A-1").unwrap(), before);
        let told = house.events.about("The user project is now USER-C (about 1 issues) instead of USER-A");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert_eq!((house.events.audited("pair.suspended"), house.events.told("Running initial full sync")), (1, 1));
        house.flow_fixture().replace("\"USER-C\"", "\"USER-A\"").write();
        house.live_for(HOUR).await;
        assert_eq!(house.events.audited("pair.mended"), 1, "what was suspended is served again");
        assert_eq!(
            (summaries(&house, DEV_PROJECT), house.status("USER-A-1")),
            (vec!["first".to_owned(), "old".to_owned(), "left behind".to_owned()], "Resolved".to_owned())
        );
    });
}

#[test]
fn another_dev_project_gets_what_comes_and_the_former_is_not_written_to() {
    with_a_pair(async |mut house| {
        house.flow_fixture().replace("\"DEV-A\"", "\"DEV-C\"").write();
        house.moves(CUSTOMER, "USER-A-1", "Declined");
        house.accepts(CUSTOMER, "second", "");
        house.live_for(HOUR).await;
        assert_eq!(
            (summaries(&house, DEV_PROJECT), summaries(&house, "DEV-C")),
            (vec!["first".to_owned()], vec!["second".to_owned()])
        );
        assert_eq!(house.status("DEV-A-1"), "To Do");
        assert_eq!(apart(&house), 1);
    });
}

#[test]
fn without_an_initial_sync_another_project_counts_from_now_on() {
    with_a_pair(async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        house.cycles(2).await;
        let old = accepted_in(&house, "USER-C", "old");
        house.clock.sleep(6 * HOUR).await;
        house.flow_fixture().replace("\"USER-A\"", "\"USER-C\"").write();
        house.live_for(2 * HOUR).await;
        accepted_in(&house, "USER-C", "new");
        house.live_for(2 * HOUR).await;
        assert_eq!(summaries(&house, DEV_PROJECT), ["first", "new"], "{}", house.about(&old));
        assert!(!house.events.about("what happens in it from now on counts").is_empty());
    });
}

#[test]
fn a_dev_project_is_not_replaced_while_a_create_in_it_is_in_doubt() {
    with_a_pair(async |mut house| {
        let lost = Rule::on(Method::POST, &house.api("issue"), When::First(1), Kind::LostReply);
        house.site.add_fault(lost);
        house.accepts(CUSTOMER, "second", "");
        house.live_for(2 * MINUTE).await;
        house.flow_fixture().replace("\"DEV-A\"", "\"DEV-C\"").write();
        house.live_for(HOUR).await;
        assert_eq!((summaries(&house, DEV_PROJECT).len(), summaries(&house, "DEV-C").len()), (2, 0));
        assert!(!house.events.about("Write DEV-A back into devProjectKey").is_empty());
        house.flow_fixture().replace("\"DEV-C\"", "\"DEV-A\"").write();
        house.live_for(HOUR).await;
        assert_eq!(house.events.audited("step.doubtSettled"), 1);
        house.flow_fixture().replace("\"DEV-A\"", "\"DEV-C\"").write();
        house.accepts(CUSTOMER, "third", "");
        house.live_for(HOUR).await;
        assert_eq!((summaries(&house, DEV_PROJECT).len(), summaries(&house, "DEV-C").len()), (2, 1));
    });
}

#[test]
fn two_flows_with_the_same_projects_by_different_keys_do_not_both_run() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            house.cycles(2).await;
            renames(&house, USER_PROJECT, "URX");
            let other = house.flow_fixture().with(json!({"name": "sync-too", "userProjectKey": "URX"}));
            other.write_as("a-first-by-name.json");
            accepted_in(&house, "URX", "once");
            house.live_for(3 * HOUR).await;
            assert_eq!(summaries(&house, DEV_PROJECT), ["once"]);
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
            house.accepts(CUSTOMER, "no room for a line", &"x".repeat(32_760));
            house.cycles(2).await;
            let before = house.site.issue("USER-A-1").unwrap().remote_links;
            renames(&house, DEV_PROJECT, "DRX");
            house.flow_fixture().replace("\"DEV-A\"", "\"DRX\"").write();
            house.deletes(DEVELOPER, "DRX-1");
            let clock = house.clock.clone();
            let beside = async |handle: Handle| {
                clock.sleep(MINUTE).await;
                let order = Order::Recreate { user: "USER-A-1".parse().unwrap() };
                handle.order(&"sync-ab".parse().unwrap(), order).await.unwrap();
            };
            house.live_beside(End::At(cycles(2)), beside).await;
            let after = house.site.issue("USER-A-1").unwrap().remote_links;
            assert_eq!((before.len(), after.len()), (1, 1), "{}", house.about("USER-A-1"));
            assert_eq!(after[0].global_id, before[0].global_id);
            assert!(after[0].url.ends_with("/DRX-2"), "{}", after[0].url);
        });
    }
}
