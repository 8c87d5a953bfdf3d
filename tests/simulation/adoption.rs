//! Who belongs to whom already: what people and the Node.js service left behind is recognised before anything is created.

use http::Method;
use jira_sim::Flavour;
use serde_json::json;
use testing::flow_fixture::FLOW_FILE;
use testing::house::{HOUR, House, MINUTE, on_a_paused_clock, on_both};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, FIRE, InJira as _, TRIAGER, USER_PROJECT};

const DAY: std::time::Duration = HOUR.saturating_mul(24);

fn line(label: &str, key: &str) -> String {
    format!("Again.\n{label} Link: https://jira.example.net/browse/{key}")
}

/// The two are a pair: what happens to one is seen at the other.
async fn are_kept_in_step(house: &mut House, ticket: &str, dev: &str) {
    house.clock.sleep(MINUTE).await;
    house.moves(TRIAGER, dev, "Closed");
    house.live_for(11 * MINUTE).await;
    assert_eq!(house.status(ticket), "Resolved", "{ticket} and {dev}: {}", house.about(ticket));
}

/// A column of the flow's database, as text.
fn rows(house: &House, sql: &str) -> Vec<String> {
    let database = house.data.database();
    let mut rows = database.prepare(sql).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_line_in_a_dev_issue_alone_makes_a_pair() {
    on_both(13, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &ticket));
        house.clock.sleep(DAY).await;
        let before = house.writes();
        house.live_for(11 * MINUTE).await;
        assert_eq!((house.dev_count(), house.writes()), (1, before));
        assert_eq!(house.events.audited("pair.adopted"), 1);
        let told = rows(&house, "SELECT issue_key || ' ' || event FROM history WHERE event = 'pair.adopted'");
        assert_eq!(told, [format!("{ticket} pair.adopted")]);
        are_kept_in_step(&mut house, &ticket, &dev).await;
    });
}

#[test]
fn a_start_from_now_searches_the_whole_dev_project_before_any_create() {
    on_both(13, async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        let old = house.accepts_ticket(TRIAGER);
        let older = house.accepts_ticket(TRIAGER);
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &old));
        house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &older));
        for number in 0..30 {
            house.creates(CUSTOMER, DEV_PROJECT, FIRE, &format!("idea {number}"));
        }
        house.clock.sleep(DAY).await;
        house.comments(CUSTOMER, &old, "any news?");
        house.live_for(6 * MINUTE).await;
        let fetched = house.events.about("Read DEV-A").lines().count();
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (32, 1));
        are_kept_in_step(&mut house, &old, &dev).await;
        assert!(fetched <= 34, "{fetched}");
    });
}

#[test]
fn the_dev_project_is_looked_through_once_in_a_workers_life() {
    on_both(13, async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        let first = house.accepts_ticket(TRIAGER);
        let tickets: Vec<_> = (0..3).map(|_| house.accepts_ticket(TRIAGER)).collect();
        for number in 0..30 {
            house.creates(CUSTOMER, DEV_PROJECT, FIRE, &format!("idea {number}"));
        }
        house.clock.sleep(DAY).await;
        let (site, clock) = (std::sync::Arc::clone(&house.site), house.clock.clone());
        let people = async move {
            for issue in std::iter::once(first).chain(tickets) {
                site.comments(CUSTOMER, &issue, "any news?");
                clock.sleep(11 * MINUTE).await;
            }
        };
        futures::join!(house.live_for(HOUR), people);
        assert_eq!(house.dev_count(), 34);
        let read =
            house.events.about("Read DEV-A-1 ").lines().count() + house.events.about("Read DEV-A-1\"").lines().count();
        assert_eq!(read, 1, "{}", house.events.about("Read DEV-A-1"));
    });
}

/// Issues move between projects, and texts name them by the key they had.
#[test]
fn a_line_with_an_outdated_key_leads_to_the_same_issue() {
    on_both(13, async |mut house| {
        let before = house.creates(CUSTOMER, "USER-C", FIRE, "Again.");
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &before));
        let ticket = house.moves_to_project(TRIAGER, &before, USER_PROJECT);
        house.moves(TRIAGER, &ticket, "Will Do");
        house.clock.sleep(DAY).await;
        house.live_for(11 * MINUTE).await;
        assert_eq!(house.dev_count(), 1);
        are_kept_in_step(&mut house, &ticket, &dev).await;
    });
}

/// A clone takes the text along.
#[test]
fn a_line_that_the_user_issue_answers_beats_an_older_one_that_it_does_not() {
    on_both(13, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let older = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &ticket));
        let answered = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &ticket));
        house.describes(TRIAGER, &ticket, &line("Dev", &answered));
        house.clock.sleep(DAY).await;
        house.live_for(6 * MINUTE).await;
        house.moves(TRIAGER, &older, "Closed");
        house.live_for(11 * MINUTE).await;
        assert_eq!((house.dev_count(), house.status(&ticket).as_str()), (2, "Will Do"));
        are_kept_in_step(&mut house, &ticket, &answered).await;
    });
}

#[test]
fn of_two_unanswered_link_lines_the_oldest_counts_in_any_order_seen() {
    on_both(13, async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        let ticket = house.accepts_ticket(TRIAGER);
        let original = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &ticket));
        house.clock.sleep(DAY).await;
        let with_properties = false;
        let clone = house.clones(DEVELOPER, &original, with_properties);
        house.live_for(6 * MINUTE).await;
        house.clock.sleep(MINUTE).await;
        house.moves(TRIAGER, &clone, "Closed");
        house.live_for(11 * MINUTE).await;
        assert_eq!((house.dev_count(), house.status(&ticket).as_str()), (2, "Will Do"));
        are_kept_in_step(&mut house, &ticket, &original).await;
    });
}

#[test]
fn a_clone_of_a_ticket_gets_a_dev_issue_of_its_own() {
    for with_properties in [true, false] {
        on_both(13, async |mut house| {
            let ticket = house.accepts_ticket(TRIAGER);
            house.live_for(6 * MINUTE).await;
            let clone = house.clones(CUSTOMER, &ticket, with_properties);
            house.moves(TRIAGER, &clone, "Will Do");
            house.live_for(11 * MINUTE).await;
            assert_eq!(house.dev_count(), 2);
            house.data.lose();
            let before = house.writes();
            house.live_for(11 * MINUTE).await;
            assert_eq!((house.dev_count(), house.writes()), (2, before), "{}", house.about(&clone));
            are_kept_in_step(&mut house, &clone, "DEV-A-2").await;
            are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
        });
    }
}

#[test]
fn a_link_that_nothing_answers_is_left_alone_until_it_is_answered() {
    on_both(13, async |mut house| {
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Something of ours.");
        let ticket = house.accepts(TRIAGER, FIRE, &line("Dev", &dev));
        house.clock.sleep(DAY).await;
        house.live_for(16 * MINUTE).await;
        assert_eq!((house.dev_count(), house.events.audited("action.createIssue")), (1, 0));
        assert_eq!(house.events.about("hasLink").lines().count(), 1, "{}", house.events.about("hasLink"));
        house.describes(TRIAGER, &dev, &line("User", &ticket));
        house.live_for(6 * MINUTE).await;
        assert_eq!(house.events.audited("pair.adopted"), 1);
        are_kept_in_step(&mut house, &ticket, &dev).await;
    });
}

#[test]
fn a_link_that_a_person_took_away_no_longer_stands_in_the_way() {
    on_both(13, async |mut house| {
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Something of ours.");
        let ticket = house.accepts(TRIAGER, FIRE, &line("Dev", &dev));
        house.live_for(6 * MINUTE).await;
        house.describes(TRIAGER, &ticket, "Again.");
        house.live_for(11 * MINUTE).await;
        assert_eq!(house.dev_count(), 2);
    });
}

#[test]
fn an_issue_link_between_the_two_projects_is_left_alone_too() {
    on_both(13, async |mut house| {
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Something of ours.");
        let ticket = house.accepts_ticket(TRIAGER);
        let link = json!({"type": {"name": "Relates"}, "inwardIssue": {"key": ticket}, "outwardIssue": {"key": dev}});
        house.ask(Method::POST, "issueLink", link).await;
        house.clock.sleep(MINUTE).await;
        house.live_for(11 * MINUTE).await;
        assert_eq!((house.dev_count(), house.events.about("hasLink").lines().count()), (1, 1));
    });
}

#[test]
fn a_link_to_a_dev_issue_that_is_anothers_does_not_stand_in_the_way() {
    on_both(13, async |mut house| {
        let first = house.accepts_ticket(TRIAGER);
        let ours = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &first));
        let second = house.accepts(TRIAGER, FIRE, &line("Dev", &ours));
        let strangers =
            house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Again.\nUser Link: https://elsewhere.example.net/browse/X-1");
        let third = house.accepts(TRIAGER, FIRE, &line("Dev", &strangers));
        house.clock.sleep(DAY).await;
        house.live_for(11 * MINUTE).await;
        assert_eq!((house.dev_count(), house.events.audited("action.createIssue")), (4, 2), "{second} {third}");
    });
}

#[test]
fn nothing_is_created_in_place_of_a_dev_issue_that_is_hidden_from_us() {
    on_both(13, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &ticket));
        house.describes(TRIAGER, &ticket, &line("Dev", &dev));
        // A clone that is not hidden must not pass for it.
        house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &ticket));
        house.hides(&dev);
        house.clock.sleep(DAY).await;
        house.live_for(30 * MINUTE).await;
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (2, 0));
        assert!(house.events.about("counterpartMissing").lines().count() >= 1);
        house.shows(&dev);
        house.live_for(3 * HOUR).await;
        are_kept_in_step(&mut house, &ticket, &dev).await;
    });
}

#[test]
fn removed_pairs_are_found_again_before_anything_is_created() {
    on_both(13, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let by_lines = house.accepts_ticket(TRIAGER);
        house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &by_lines));
        house.live_for(11 * MINUTE).await;
        assert_eq!(house.dev_count(), 2);
        house.clock.sleep(DAY).await;
        let database = house.data.database();
        assert_eq!(database.execute("DELETE FROM jira_mapping", []).unwrap(), 2);
        drop(database);
        house.live_for(6 * MINUTE).await;
        for issue in [ticket, by_lines] {
            house.comments(CUSTOMER, &issue, "any news?");
            house.live_for(11 * MINUTE).await;
        }
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (2, 3));
    });
}

/// The ledger after adoption: a line for each file, `name of copy or -`.
fn ledger(house: &House, ticket: &str, dev: &str) -> Vec<String> {
    let [ticket, dev] = [ticket, dev].map(|key| house.site.issue(key).unwrap().attachments);
    let name = |files: &[jira_sim::AttachmentView], id: &str| {
        let file = files.iter().position(|file| file.id == id);
        file.map_or_else(|| "?".to_owned(), |nth| format!("{nth} {}", files[nth].filename))
    };
    let known = rows(house, "SELECT file_id || ' ' || coalesce(copy_id, '-') FROM attachments");
    let mut told: Vec<_> = known
        .iter()
        .map(|row| row.split_once(' ').unwrap())
        .map(|(file, copy)| (name(&ticket, file), if copy == "-" { "-".to_owned() } else { name(&dev, copy) }))
        .map(|(file, copy)| format!("{file} > {copy}"))
        .collect();
    told.sort();
    told
}

#[test]
fn files_of_a_pair_that_others_made_are_never_uploaded_in_bulk() {
    on_both(13, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", &ticket));
        for (filename, size) in [("log.txt", 10), ("log.txt", 10), ("log.txt", 11), ("screen.png", 10)] {
            house.attaches_bytes(CUSTOMER, &ticket, filename, size);
        }
        house.attaches_bytes(DEVELOPER, &dev, "log.txt", 10);
        house.attaches_bytes(DEVELOPER, &dev, "notes.txt", 10);
        house.clock.sleep(DAY).await;
        house.live_for(6 * MINUTE).await;
        let expected = ["0 log.txt > 0 log.txt", "1 log.txt > -", "2 log.txt > -", "3 screen.png > -"];
        assert_eq!(ledger(&house, &ticket, &dev), expected);
    });
}

#[test]
fn of_a_pair_that_we_made_only_what_we_copied_counts_as_copied() {
    on_both(13, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        house.live_for(6 * MINUTE).await;
        house.attaches_bytes(CUSTOMER, &ticket, "log.txt", 10);
        house.attaches_bytes(CUSTOMER, &ticket, "screen.png", 10);
        house.attaches_bytes("account-lockstep", "DEV-A-1", "log.txt", 10);
        house.attaches_bytes(DEVELOPER, "DEV-A-1", "screen.png", 10);
        house.data.lose();
        house.live_for(6 * MINUTE).await;
        let ours = ledger(&house, &ticket, "DEV-A-1").into_iter().filter(|line| line.starts_with('0'));
        assert_eq!(ours.collect::<Vec<_>>(), ["0 log.txt > 0 log.txt"]);
        assert!(!ledger(&house, &ticket, "DEV-A-1").contains(&"1 screen.png > 1 screen.png".to_owned()));
    });
}

/// A second flow whose customers report in the same project, and whose dev issues this one may not see.
#[test]
fn another_flows_back_mark_neither_bereaves_nor_adopts() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 13);
            let first = house.flow_text(FLOW_FILE);
            house.flow_fixture().replace("sync-ab", "sync-aw").replace(DEV_PROJECT, "DEV-C").write_as("sync-aw.json");
            house.flow_fixture().replace("\"Will Do\"", "\"In Progress\"").write();
            let ticket = house.accepts_ticket(TRIAGER);
            house.live_for(6 * MINUTE).await;
            let theirs = house.site.issues("DEV-C").pop().unwrap();
            house.hides(&theirs.key);
            house.write_flow(FLOW_FILE, &first);
            house.comments(CUSTOMER, &ticket, "any news?");
            house.live_for(11 * MINUTE).await;
            assert_eq!(house.dev_count(), 1, "{}", house.about(&ticket));
            let lost = house.data.file();
            std::fs::remove_file(lost).unwrap();
            house.live_for(11 * MINUTE).await;
            assert_eq!(house.dev_count(), 1);
            are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
        });
    }
}
