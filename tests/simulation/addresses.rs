//! The site's own address changes: what was marked and linked under another one is still recognised, or at least nothing is
//! created in its place.

use http::Method;
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{FaultPlan, Flavour};
use lockstep::flow::{FlowName, NoticeKind, Order};
use lockstep::supervisor::{Ended, OrderOutcome, Snapshot};
use serde_json::{Value, json};

use testing::flow_fixture::FLOW_FILE;
use testing::house::{Crash, End, HOUR, House, MINUTE, at_every_gate, cycles, on_a_paused_clock, on_both};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, FIRE, InJira as _, TRIAGER};

const OLD: &str = "https://jira.example.net";
const NEW: &str = "https://issues.example.com";
const GATEWAY: &str = "https://api.atlassian.com/ex/jira";

const DAY: std::time::Duration = HOUR.saturating_mul(24);

/// The mark of a dev issue, as a Lockstep left it that served `site`.
fn made_for(house: &House, dev: &str, site: &str, user: &str, intent: &str) {
    house.marks(DEVELOPER, dev, json!({"site": site, "userIssue": user, "intent": intent}));
}

fn linked_to(house: &House, user: &str, dev: &str, intent: &str) {
    house.marks(DEVELOPER, user, json!({"devIssue": dev, "intent": intent}));
}

fn line(label: &str, site: &str, key: &str) -> String {
    format!("Again.\n{label} Link: {site}/browse/{key}")
}

/// From the next life on the flow reaches its site here, and knows that it was called so before.
fn serve(house: &House, file: &str, base: &str, former: &[&str]) {
    let called = |flow: &mut Value| {
        flow["jira"]["baseUrl"] = base.into();
        flow["jira"]["formerBaseUrls"] = former.into();
    };
    house.flow_fixture_of(file).change(called).write_as(file);
}

/// The site is called otherwise from now on, the flow file too, and all that Lockstep knew is lost.
fn renamed_and_lost(house: &House) {
    house.site.move_to(NEW);
    serve(house, FLOW_FILE, NEW, &[]);
    house.data.lose();
}

/// What the flows' notices say of other addresses.
fn notice(seen: &Snapshot) -> Option<String> {
    let notices = seen.flows.iter().flat_map(|row| &row.notices);
    notices.filter(|notice| notice.kind == NoticeKind::ForeignMarks).map(|notice| notice.why.clone()).next()
}

/// Lives for a while; answers what the flow's notices said of other addresses before the end.
async fn noticed(house: &mut House) -> Option<String> {
    let clock = house.clock.clone();
    let mut told = None;
    let ended = house
        .live_beside(End::At(cycles(2)), async |handle| {
            clock.sleep(11 * MINUTE).await;
            told = notice(&handle.look());
        })
        .await;
    assert_eq!(ended, Some(Ended::Drained));
    told
}

#[track_caller]
fn says(notice: &Option<String>, parts: &[&str]) {
    let told = notice.as_deref().unwrap_or_default();
    assert!(parts.iter().all(|part| told.contains(part)), "{notice:?} without {parts:?}");
}

/// The two are a pair: what happens to one is seen at the other.
async fn are_kept_in_step(house: &mut House, ticket: &str, dev: &str) {
    house.clock.sleep(MINUTE).await;
    house.moves(TRIAGER, dev, "Closed");
    house.live_for(11 * MINUTE).await;
    assert_eq!(house.status(ticket), "Resolved", "{ticket} and {dev}: {}", house.about(ticket));
}

#[test]
fn after_a_rename_marks_that_answer_each_other_make_the_pairs_again() {
    on_both(17, async |mut house| {
        let tickets = [house.accepts(TRIAGER, FIRE, "One."), house.accepts(TRIAGER, FIRE, "Two.")];
        house.cycles(2).await;
        assert_eq!(house.dev_count(), 2);
        renamed_and_lost(&house);
        let before = house.writes();
        let notice = noticed(&mut house).await;
        assert_eq!((house.dev_count(), house.writes(), notice), (2, before, None));
        assert_eq!(house.events.audited("pair.adopted"), 2);
        let dev = house.dev_issues().into_iter().find(|dev| dev.description.contains(&tickets[0])).unwrap().key;
        are_kept_in_step(&mut house, &tickets[0], &dev).await;
    });
}

#[test]
fn after_a_rename_the_address_in_the_flow_file_is_still_the_sites() {
    on_both(17, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", OLD, &ticket));
        house.site.move_to(NEW);
        house.cycles(2).await;
        assert_eq!(house.dev_count(), 1);
        are_kept_in_step(&mut house, &ticket, &dev).await;
        let other = house.accepts(TRIAGER, FIRE, "Another.");
        house.cycles(2).await;
        let text = house.site.issue(&other).unwrap().description;
        assert!(text.contains(&format!("{NEW}/browse/DEV-A-2")), "written under the present address: {text}");
    });
}

#[test]
fn a_line_under_another_address_forbids_the_create_until_that_is_listed() {
    on_both(17, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", OLD, &ticket));
        let other = house.accepts(TRIAGER, FIRE, &line("Dev", "https://old.example.net:8443/jira", "DEV-A-7"));
        renamed_and_lost(&house);
        let before = house.writes();
        let notice = noticed(&mut house).await;
        assert_eq!((house.dev_count(), house.writes()), (1, before));
        says(
            &notice,
            &["2 user issues", &ticket, &other, OLD, ":8443/jira", "formerBaseUrls", "lockstep pair", "recreate"],
        );
        assert!(house.events.about("hasLink").contains(&ticket));
        // A restart forgets nothing of what dev issues say, however long ago they were written to.
        house.clock.sleep(DAY * 2).await;
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        house.clock.sleep(DAY * 2).await;
        serve(&house, FLOW_FILE, NEW, &["http://JIRA.example.net:80/"]);
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (1, 1));
        are_kept_in_step(&mut house, &ticket, &dev).await;
    });
}

#[test]
fn a_restored_copy_of_a_site_has_the_same_pairs() {
    on_both(17, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        house.cycles(2).await;
        let copy = "https://staging.example.net:8443";
        house.site.become_copy(copy);
        serve(&house, FLOW_FILE, copy, &[]);
        house.data.lose();
        let before = house.writes();
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((house.dev_count(), house.writes()), (1, before));
        are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
    });
}

/// Each mark names, by the id that was its issue's where it came from, what is another issue here.
#[test]
fn an_import_whose_marks_cross_creates_nothing() {
    on_both(17, async |mut house| {
        let tickets = [house.accepts(TRIAGER, FIRE, "One."), house.accepts(TRIAGER, FIRE, "Two.")];
        let devs =
            [house.creates(CUSTOMER, DEV_PROJECT, FIRE, "One."), house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Two.")];
        for (own, other) in [(0, 1), (1, 0)] {
            let intent = format!("i-{own}");
            made_for(&house, &devs[own], "https://from.example.net", &house.id(&tickets[other]), &intent);
            linked_to(&house, &tickets[own], &house.id(&devs[other]), &intent);
        }
        let notice = noticed(&mut house).await;
        says(&notice, &["2 user issues", "https://from.example.net"]);
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (2, 0));
    });
}

/// The ids that the marks name lead into other projects, or nowhere: only the intents still tell who belonged together.
#[test]
fn an_import_with_ids_of_other_projects_creates_nothing() {
    on_both(17, async |mut house| {
        let elsewhere = house.creates(CUSTOMER, "USER-C", FIRE, "Something else.");
        for (number, named) in [house.id(&elsewhere), "777777".to_owned()].into_iter().enumerate() {
            // The dev issue came first, so it is the older one here.
            let dev = house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Again.");
            house.clock.sleep(HOUR).await;
            let ticket = house.accepts_ticket(TRIAGER);
            made_for(&house, &dev, "https://from.example.net", &named, &format!("i-{number}"));
            linked_to(&house, &ticket, &named, &format!("i-{number}"));
        }
        says(&noticed(&mut house).await, &["2 user issues"]);
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (2, 0));
    });
}

/// By chance each names the other by its id, as both were imported with theirs; but other intents made them.
#[test]
fn an_import_with_equal_ids_but_other_pairs_makes_no_pair() {
    on_both(17, async |mut house| {
        let (ticket, dev) = (house.accepts_ticket(TRIAGER), house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Again."));
        made_for(&house, &dev, "https://from.example.net", &house.id(&ticket), "i-1");
        linked_to(&house, &ticket, &house.id(&dev), "i-2");
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (1, 0));
    });
}

/// The link is never written, as if a crash had come between.
fn without_links(house: &House) -> FaultPlan {
    let broken = Kind::ServerError { status: http::StatusCode::INTERNAL_SERVER_ERROR, effect: Effect::Before };
    Rule::on(Method::PUT, &house.api("issue/{issueIdOrKey}"), When::Chance(1.0), broken).into()
}

#[test]
fn a_create_that_was_never_linked_is_not_repeated_after_a_rename() {
    on_both(17, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        house.site.faults(without_links(&house));
        house.clock.sleep(MINUTE).await;
        house.live_for(4 * MINUTE).await;
        house.site.faults(FaultPlan::none());
        house.describes(TRIAGER, "DEV-A-1", "The line that led back is gone.");
        assert!(house.site.issue(&ticket).unwrap().properties.is_empty(), "there is no back-mark");
        renamed_and_lost(&house);
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        assert_eq!(house.dev_count(), 1);
        serve(&house, FLOW_FILE, NEW, &[OLD]);
        house.cycles(2).await;
        are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
    });
}

#[test]
fn a_create_and_a_link_in_doubt_are_settled_after_a_rename() {
    on_both(17, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        let mut faults = without_links(&house);
        for resource in ["issue", "issue/bulk"] {
            faults.rules.push(Rule::on(Method::POST, &house.api(resource), When::First(1), Kind::LostReply));
        }
        house.site.faults(faults);
        house.clock.sleep(MINUTE).await;
        house.live_for(4 * MINUTE).await;
        house.site.faults(FaultPlan::none());
        assert_eq!((house.dev_count(), house.events.audited("step.inDoubt")), (1, 1));
        house.site.move_to(NEW);
        serve(&house, FLOW_FILE, NEW, &[]);
        house.live_for(HOUR).await;
        assert_eq!((house.dev_count(), house.events.audited("step.doubtSettled")), (1, 1));
        assert!(house.site.issue(&ticket).unwrap().properties.contains_key("lockstep"));
        are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
    });
}

/// The later flow's back-mark is the only one, so the earlier one's mark is not answered.
#[test]
fn two_flows_with_one_user_project_create_nothing_after_a_rename() {
    on_both(17, async |mut house| {
        house.flow_fixture().replace("sync-ab", "sync-ac").replace(DEV_PROJECT, "DEV-C").write_as("sync-ac.json");
        let ticket = house.accepts_ticket(TRIAGER);
        house.live_for(20 * MINUTE).await;
        let counts = |house: &House| (house.dev_count(), house.site.issues("DEV-C").len());
        assert_eq!(counts(&house), (1, 1));
        serve(&house, "sync-ac.json", NEW, &[]);
        renamed_and_lost(&house);
        let before = house.writes();
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        assert_eq!((counts(&house), house.writes()), ((1, 1), before));
        assert_eq!(house.events.audited("pair.adopted"), 1, "the other one is answered");
        serve(&house, "sync-ac.json", NEW, &[OLD]);
        serve(&house, FLOW_FILE, NEW, &[OLD]);
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((counts(&house), house.events.audited("pair.adopted")), ((1, 1), 2));
    });
}

#[test]
fn a_clone_gets_its_own_dev_issue_once_the_former_address_is_listed() {
    on_both(17, async |mut house| {
        let ticket = house.accepts_ticket(TRIAGER);
        house.cycles(2).await;
        let clone = house.clones(CUSTOMER, &ticket, true);
        house.moves(TRIAGER, &clone, "Will Do");
        renamed_and_lost(&house);
        says(&noticed(&mut house).await, &["1 user issue ", &clone]);
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (1, 1));
        serve(&house, FLOW_FILE, NEW, &[OLD]);
        house.comments(CUSTOMER, &clone, "Any news?");
        house.clock.sleep(MINUTE).await;
        house.cycles(2).await;
        assert_eq!(house.dev_count(), 2);
    });
}

/// Lives for a while and gives an order, which is obeyed; answers what the flow's notices say of other addresses afterwards.
async fn order(house: &mut House, given: Order) -> Option<String> {
    let clock = house.clock.clone();
    let (mut answer, mut told) = (None, None);
    let name: FlowName = "sync-ab".parse().unwrap();
    house
        .live_beside(End::At(cycles(2)), async |handle| {
            clock.sleep(7 * MINUTE).await;
            answer = handle.order(&name, given).await;
            clock.sleep(4 * MINUTE).await;
            told = notice(&handle.look());
        })
        .await;
    assert!(matches!(answer, Some(OrderOutcome::Executed(_))), "{answer:?}");
    told
}

#[test]
fn pair_writes_both_marks_anew_with_one_intent() {
    on_both(17, async |mut house| {
        let (ticket, dev) = (house.accepts_ticket(TRIAGER), house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Again."));
        made_for(&house, &dev, "https://from.example.net", &house.id(&ticket), "i-1");
        linked_to(&house, &ticket, &house.id(&dev), "i-2");
        let (user, other) = (ticket.parse().unwrap(), dev.parse().unwrap());
        assert_eq!(order(&mut house, Order::Pair { user, dev: other }).await, None);
        let marked = |key: &str| house.site.issue(key).unwrap().properties["lockstep"].clone();
        let (user, made) = (marked(&ticket), marked(&dev));
        assert_eq!(made["site"], OLD, "the site's present address");
        assert_eq!((&user["devIssue"], &made["userIssue"]), (&json!(house.id(&dev)), &json!(house.id(&ticket))));
        assert_eq!(user["intent"], made["intent"]);
        // So they are a pair under any other address too, whatever is lost.
        renamed_and_lost(&house);
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((house.dev_count(), house.events.audited("pair.adopted")), (1, 1));
    });
}

#[test]
fn recreate_gives_a_dev_issue_where_a_mark_of_another_address_forbade_it() {
    on_both(17, async |mut house| {
        let (ticket, dev) = (house.accepts_ticket(TRIAGER), house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Again."));
        made_for(&house, &dev, "https://from.example.net", &house.id(&ticket), "i-1");
        house.cycles(2).await;
        assert_eq!(house.dev_count(), 1);
        let notice = order(&mut house, Order::Recreate { user: ticket.parse().unwrap() }).await;
        assert_eq!((house.dev_count(), notice), (2, None));
    });
}

#[test]
fn what_was_marked_at_atlassians_gateway_is_the_cloud_sites_of_that_id() {
    for (flavour, answered) in [(Flavour::Cloud, true), (Flavour::Cloud, false), (Flavour::DataCenter, true)] {
        on_a_paused_clock(async {
            let cloud_id = "35273b54-3f06-40d2-880f-dd28cf8daafa";
            let mut house = House::quiet_with(17, |jira| {
                jira.flavour = flavour;
                jira.cloud_id = answered.then(|| cloud_id.to_owned());
            });
            let (ticket, dev) = (house.accepts_ticket(TRIAGER), house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Again."));
            let ours = format!("{GATEWAY}/{cloud_id}");
            made_for(&house, &dev, &ours, &house.id(&ticket), "i-1");
            let (second, other) =
                (house.accepts(TRIAGER, FIRE, "Two."), house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Two."));
            made_for(&house, &other, &format!("{GATEWAY}/{}", "0".repeat(36)), &house.id(&second), "i-2");
            house.cycles(2).await;
            let is_ours = flavour == Flavour::Cloud && answered;
            assert_eq!(house.events.audited("pair.adopted"), usize::from(is_ours), "{flavour:?} {answered}");
            assert_eq!(house.dev_count(), 2);
            let asked = house.site.requests().into_iter().filter(|line| line.path == "/_edge/tenant_info");
            let asked: Vec<_> = asked.map(|line| line.account).collect();
            assert_eq!(asked, vec![None; usize::from(flavour == Flavour::Cloud)], "once, and without credentials");
        });
    }
}

#[test]
fn an_answer_that_tells_no_cloud_id_holds_nothing_up() {
    let after = Effect::After;
    for kind in [
        Kind::TooMany { retry_after_secs: 3600 },
        Kind::LostReply,
        Kind::ServerError { status: http::StatusCode::UNAUTHORIZED, effect: after },
        Kind::ServerError { status: http::StatusCode::SERVICE_UNAVAILABLE, effect: after },
    ] {
        on_a_paused_clock(async {
            let mut house = House::quiet(Flavour::Cloud, 17);
            let (ticket, dev) = (house.accepts_ticket(TRIAGER), house.creates(CUSTOMER, DEV_PROJECT, FIRE, "Again."));
            made_for(&house, &dev, &format!("{GATEWAY}/{}", "0".repeat(36)), &house.id(&ticket), "i-1");
            house.accepts(TRIAGER, FIRE, "Another.");
            house.site.faults(Rule::on(Method::GET, "/_edge/tenant_info", When::Chance(1.0), kind.clone()).into());
            house.clock.sleep(MINUTE).await;
            house.live_for(2 * MINUTE).await;
            assert_eq!(house.site.counters().get("GET /_edge/tenant_info"), Some(&1), "{kind:?}");
            assert_eq!(house.dev_count(), 2, "{kind:?}: the other one is served");
        });
    }
}

#[test]
fn a_site_whose_issues_name_no_gateway_is_not_asked_for_its_cloud_id() {
    on_both(17, async |mut house| {
        house.accepts_ticket(TRIAGER);
        house.cycles(2).await;
        renamed_and_lost(&house);
        house.cycles(2).await;
        assert!(house.site.requests().iter().all(|line| line.path != "/_edge/tenant_info"));
    });
}

/// That dev issues were seen which name user issues under another address must outlive any crash: the dev project is read
/// before the user project, and not again.
#[test]
fn a_crash_at_any_gate_of_a_full_sync_after_a_rename_creates_nothing() {
    at_every_gate(async |gate| {
        let mut house = House::quiet(Flavour::Cloud, 17);
        let ticket = house.accepts_ticket(TRIAGER);
        house.creates(CUSTOMER, DEV_PROJECT, FIRE, &line("User", OLD, &ticket));
        renamed_and_lost(&house);
        house.clock.sleep(HOUR).await;
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), 4 * MINUTE)).await;
        let place = crash.place()?;
        house.cycles(2).await;
        assert_eq!(house.dev_count(), 1, "after a crash at {place}");
        Some(place)
    });
}
