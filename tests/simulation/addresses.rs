//! The site's own address changes: what was marked and linked under another one is still recognised, or at least nothing is
//! created in its place.

use http::Method;
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{Action, FaultPlan, Flavour};
use lockstep::flow::{FlowName, NoticeKind, Order};
use lockstep::supervisor::{Ended, Ordered, Snapshot};
use serde_json::{Value, json};

use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, on_a_paused_clock};

const OLD: &str = "https://jira.example.net";
const NEW: &str = "https://issues.example.com";
const GATEWAY: &str = "https://api.atlassian.com/ex/jira";

const DAY: std::time::Duration = HOUR.saturating_mul(24);

const FLOW: &str = "sync-ab.json";

fn on_both(story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(story(House::quiet(flavour, 17)));
    }
}

fn create(house: &House, project: &str, text: &str) -> String {
    let (project, text) = (project.to_owned(), text.to_owned());
    house.act("customer-ines", Action::Create { project, summary: "The printer is on fire".to_owned(), text })
}

fn move_to(house: &House, issue: &str, status: &str) {
    house.act("triage-noor", Action::Move { issue: issue.to_owned(), status: status.to_owned() });
}

fn describe(house: &House, issue: &str, text: &str) {
    house.act("triage-noor", Action::Describe { issue: issue.to_owned(), text: text.to_owned() });
}

fn accepted(house: &House, text: &str) -> String {
    let ticket = create(house, "USER-A", text);
    move_to(house, &ticket, "Will Do");
    ticket
}

fn id(house: &House, key: &str) -> String {
    house.site.issue(key).unwrap().id
}

fn mark(house: &House, key: &str, value: Value) {
    let (issue, key) = (key.to_owned(), "lockstep".to_owned());
    house.act("dev-bea", Action::SetProperty { issue, key, value });
}

/// The mark of a dev issue, as a Lockstep left it that served `site`.
fn made_for(house: &House, dev: &str, site: &str, user: &str, intent: &str) {
    mark(house, dev, json!({"site": site, "userIssue": user, "intent": intent}));
}

fn linked_to(house: &House, user: &str, dev: &str, intent: &str) {
    mark(house, user, json!({"devIssue": dev, "intent": intent}));
}

fn line(label: &str, site: &str, key: &str) -> String {
    format!("Again.\n{label} Link: {site}/browse/{key}")
}

fn dev_count(house: &House, project: &str) -> usize {
    house.site.issues(project).len()
}

fn status(house: &House, key: &str) -> String {
    house.site.issue(key).unwrap().status
}

/// From the next life on the flow reaches its site here, and knows that it was called so before.
fn serve(house: &House, file: &str, base: &str, former: &[&str]) {
    let mut flow: Value = serde_json::from_str(&house.flow_text(file)).unwrap();
    flow["jira"]["baseUrl"] = base.into();
    flow["jira"]["formerBaseUrls"] = former.into();
    house.write_flow(file, &format!("{flow:#}\n"));
}

/// The site is called otherwise from now on, the flow file too, and all that Lockstep knew is lost.
fn renamed_and_lost(house: &House) {
    house.site.move_to(NEW);
    serve(house, FLOW, NEW, &[]);
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
        .live_beside(End::At(12 * MINUTE), async |handle| {
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
    move_to(house, dev, "Closed");
    house.live_for(11 * MINUTE).await;
    assert_eq!(status(house, ticket), "Resolved", "{ticket} and {dev}: {}", house.about(ticket));
}

#[test]
fn after_a_rename_marks_that_answer_each_other_make_the_pairs_again() {
    on_both(async |mut house| {
        let tickets = [accepted(&house, "One."), accepted(&house, "Two.")];
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_count(&house, "DEV-A"), 2);
        renamed_and_lost(&house);
        let before = house.writes();
        let notice = noticed(&mut house).await;
        assert_eq!((dev_count(&house, "DEV-A"), house.writes(), notice), (2, before, None));
        assert_eq!(house.events.audited("pair.adopted"), 2);
        let dev = house.site.issues("DEV-A").into_iter().find(|dev| dev.description.contains(&tickets[0])).unwrap().key;
        are_kept_in_step(&mut house, &tickets[0], &dev).await;
    });
}

#[test]
fn after_a_rename_the_address_in_the_flow_file_is_still_the_sites() {
    on_both(async |mut house| {
        let ticket = accepted(&house, "Again.");
        let dev = create(&house, "DEV-A", &line("User", OLD, &ticket));
        house.site.move_to(NEW);
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_count(&house, "DEV-A"), 1);
        are_kept_in_step(&mut house, &ticket, &dev).await;
        let other = accepted(&house, "Another.");
        house.live_for(12 * MINUTE).await;
        let text = house.site.issue(&other).unwrap().description;
        assert!(text.contains(&format!("{NEW}/browse/DEV-A-2")), "written under the present address: {text}");
    });
}

#[test]
fn a_line_under_another_address_forbids_the_create_until_that_is_listed() {
    on_both(async |mut house| {
        let ticket = accepted(&house, "Again.");
        let dev = create(&house, "DEV-A", &line("User", OLD, &ticket));
        let other = accepted(&house, &line("Dev", "https://old.example.net:8443/jira", "DEV-A-7"));
        renamed_and_lost(&house);
        let before = house.writes();
        let notice = noticed(&mut house).await;
        assert_eq!((dev_count(&house, "DEV-A"), house.writes()), (1, before));
        says(
            &notice,
            &["2 user issues", &ticket, &other, OLD, ":8443/jira", "formerBaseUrls", "lockstep pair", "recreate"],
        );
        assert!(house.events.about("hasLink").contains(&ticket));
        // A restart forgets nothing of what dev issues say, however long ago they were written to.
        house.clock.sleep(DAY * 2).await;
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        house.clock.sleep(DAY * 2).await;
        serve(&house, FLOW, NEW, &["http://JIRA.example.net:80/"]);
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("pair.adopted")), (1, 1));
        are_kept_in_step(&mut house, &ticket, &dev).await;
    });
}

#[test]
fn a_restored_copy_of_a_site_has_the_same_pairs() {
    on_both(async |mut house| {
        let ticket = accepted(&house, "Again.");
        house.live_for(12 * MINUTE).await;
        let copy = "https://staging.example.net:8443";
        house.site.become_copy(copy);
        serve(&house, FLOW, copy, &[]);
        house.data.lose();
        let before = house.writes();
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((dev_count(&house, "DEV-A"), house.writes()), (1, before));
        are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
    });
}

/// Each mark names, by the id that was its issue's where it came from, what is another issue here.
#[test]
fn an_import_whose_marks_cross_creates_nothing() {
    on_both(async |mut house| {
        let tickets = [accepted(&house, "One."), accepted(&house, "Two.")];
        let devs = [create(&house, "DEV-A", "One."), create(&house, "DEV-A", "Two.")];
        for (own, other) in [(0, 1), (1, 0)] {
            let intent = format!("i-{own}");
            made_for(&house, &devs[own], "https://from.example.net", &id(&house, &tickets[other]), &intent);
            linked_to(&house, &tickets[own], &id(&house, &devs[other]), &intent);
        }
        let notice = noticed(&mut house).await;
        says(&notice, &["2 user issues", "https://from.example.net"]);
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("pair.adopted")), (2, 0));
    });
}

/// The ids that the marks name lead into other projects, or nowhere: only the intents still tell who belonged together.
#[test]
fn an_import_with_ids_of_other_projects_creates_nothing() {
    on_both(async |mut house| {
        let elsewhere = create(&house, "USER-C", "Something else.");
        for (number, named) in [id(&house, &elsewhere), "777777".to_owned()].into_iter().enumerate() {
            // The dev issue came first, so it is the older one here.
            let dev = create(&house, "DEV-A", "Again.");
            house.clock.sleep(HOUR).await;
            let ticket = accepted(&house, "Again.");
            made_for(&house, &dev, "https://from.example.net", &named, &format!("i-{number}"));
            linked_to(&house, &ticket, &named, &format!("i-{number}"));
        }
        says(&noticed(&mut house).await, &["2 user issues"]);
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("pair.adopted")), (2, 0));
    });
}

/// By chance each names the other by its id, as both were imported with theirs; but other intents made them.
#[test]
fn an_import_with_equal_ids_but_other_pairs_makes_no_pair() {
    on_both(async |mut house| {
        let (ticket, dev) = (accepted(&house, "Again."), create(&house, "DEV-A", "Again."));
        made_for(&house, &dev, "https://from.example.net", &id(&house, &ticket), "i-1");
        linked_to(&house, &ticket, &id(&house, &dev), "i-2");
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("pair.adopted")), (1, 0));
    });
}

/// The link is never written, as if a crash had come between.
fn without_links(house: &House) -> FaultPlan {
    let broken = Kind::ServerError { status: http::StatusCode::INTERNAL_SERVER_ERROR, effect: Effect::Before };
    Rule::on(Method::PUT, &house.api("issue/{issueIdOrKey}"), When::Chance(1.0), broken).into()
}

#[test]
fn a_create_that_was_never_linked_is_not_repeated_after_a_rename() {
    on_both(async |mut house| {
        let ticket = accepted(&house, "Again.");
        house.site.faults(without_links(&house));
        house.clock.sleep(MINUTE).await;
        house.live_for(4 * MINUTE).await;
        house.site.faults(FaultPlan::none());
        describe(&house, "DEV-A-1", "The line that led back is gone.");
        assert!(house.site.issue(&ticket).unwrap().properties.is_empty(), "there is no back-mark");
        renamed_and_lost(&house);
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        assert_eq!(dev_count(&house, "DEV-A"), 1);
        serve(&house, FLOW, NEW, &[OLD]);
        house.live_for(12 * MINUTE).await;
        are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
    });
}

#[test]
fn a_create_and_a_link_in_doubt_are_settled_after_a_rename() {
    on_both(async |mut house| {
        let ticket = accepted(&house, "Again.");
        let mut faults = without_links(&house);
        for resource in ["issue", "issue/bulk"] {
            faults.rules.push(Rule::on(Method::POST, &house.api(resource), When::First(1), Kind::LostReply));
        }
        house.site.faults(faults);
        house.clock.sleep(MINUTE).await;
        house.live_for(4 * MINUTE).await;
        house.site.faults(FaultPlan::none());
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("step.inDoubt")), (1, 1));
        house.site.move_to(NEW);
        serve(&house, FLOW, NEW, &[]);
        house.live_for(HOUR).await;
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("step.doubtSettled")), (1, 1));
        assert!(house.site.issue(&ticket).unwrap().properties.contains_key("lockstep"));
        are_kept_in_step(&mut house, &ticket, "DEV-A-1").await;
    });
}

/// The later flow's back-mark is the only one, so the earlier one's mark is not answered.
#[test]
fn two_flows_with_one_user_project_create_nothing_after_a_rename() {
    on_both(async |mut house| {
        let other = house.flow_text(FLOW).replace("sync-ab", "sync-ac").replace("DEV-A", "DEV-C");
        house.write_flow("sync-ac.json", &other);
        let ticket = accepted(&house, "Again.");
        house.live_for(20 * MINUTE).await;
        let counts = |house: &House| (dev_count(house, "DEV-A"), dev_count(house, "DEV-C"));
        assert_eq!(counts(&house), (1, 1));
        serve(&house, "sync-ac.json", NEW, &[]);
        renamed_and_lost(&house);
        let before = house.writes();
        says(&noticed(&mut house).await, &["1 user issue ", &ticket]);
        assert_eq!((counts(&house), house.writes()), ((1, 1), before));
        assert_eq!(house.events.audited("pair.adopted"), 1, "the other one is answered");
        serve(&house, "sync-ac.json", NEW, &[OLD]);
        serve(&house, FLOW, NEW, &[OLD]);
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((counts(&house), house.events.audited("pair.adopted")), ((1, 1), 2));
    });
}

#[test]
fn a_clone_under_another_address_gets_its_own_dev_issue_once_that_is_listed() {
    on_both(async |mut house| {
        let ticket = accepted(&house, "Again.");
        house.live_for(12 * MINUTE).await;
        let clone = house.act("customer-ines", Action::Clone { issue: ticket, with_properties: true });
        move_to(&house, &clone, "Will Do");
        renamed_and_lost(&house);
        says(&noticed(&mut house).await, &["1 user issue ", &clone]);
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("pair.adopted")), (1, 1));
        serve(&house, FLOW, NEW, &[OLD]);
        house.act("customer-ines", Action::Comment { issue: clone.clone(), text: "Any news?".to_owned() });
        house.clock.sleep(MINUTE).await;
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_count(&house, "DEV-A"), 2);
    });
}

/// Lives for a while and gives an order, which is obeyed; answers what the flow's notices say of other addresses afterwards.
async fn order(house: &mut House, given: Order) -> Option<String> {
    let clock = house.clock.clone();
    let (mut answer, mut told) = (None, None);
    let name: FlowName = "sync-ab".parse().unwrap();
    house
        .live_beside(End::At(12 * MINUTE), async |handle| {
            clock.sleep(7 * MINUTE).await;
            answer = handle.order(&name, given).await;
            clock.sleep(4 * MINUTE).await;
            told = notice(&handle.look());
        })
        .await;
    assert!(matches!(answer, Some(Ordered::Obeyed(_))), "{answer:?}");
    told
}

#[test]
fn pair_writes_both_marks_anew_with_one_intent() {
    on_both(async |mut house| {
        let (ticket, dev) = (accepted(&house, "Again."), create(&house, "DEV-A", "Again."));
        made_for(&house, &dev, "https://from.example.net", &id(&house, &ticket), "i-1");
        linked_to(&house, &ticket, &id(&house, &dev), "i-2");
        let (user, other) = (ticket.parse().unwrap(), dev.parse().unwrap());
        assert_eq!(order(&mut house, Order::Pair { user, dev: other }).await, None);
        let marked = |key: &str| house.site.issue(key).unwrap().properties["lockstep"].clone();
        let (user, made) = (marked(&ticket), marked(&dev));
        assert_eq!(made["site"], OLD, "the site's present address");
        assert_eq!((&user["devIssue"], &made["userIssue"]), (&json!(id(&house, &dev)), &json!(id(&house, &ticket))));
        assert_eq!(user["intent"], made["intent"]);
        // So they are a pair under any other address too, whatever is lost.
        renamed_and_lost(&house);
        assert_eq!(noticed(&mut house).await, None);
        assert_eq!((dev_count(&house, "DEV-A"), house.events.audited("pair.adopted")), (1, 1));
    });
}

#[test]
fn recreate_gives_a_dev_issue_where_a_mark_of_another_address_forbade_it() {
    on_both(async |mut house| {
        let (ticket, dev) = (accepted(&house, "Again."), create(&house, "DEV-A", "Again."));
        made_for(&house, &dev, "https://from.example.net", &id(&house, &ticket), "i-1");
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_count(&house, "DEV-A"), 1);
        let notice = order(&mut house, Order::Recreate { user: ticket.parse().unwrap() }).await;
        assert_eq!((dev_count(&house, "DEV-A"), notice), (2, None));
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
            let (ticket, dev) = (accepted(&house, "Again."), create(&house, "DEV-A", "Again."));
            let ours = format!("{GATEWAY}/{cloud_id}");
            made_for(&house, &dev, &ours, &id(&house, &ticket), "i-1");
            let (second, other) = (accepted(&house, "Two."), create(&house, "DEV-A", "Two."));
            made_for(&house, &other, &format!("{GATEWAY}/{}", "0".repeat(36)), &id(&house, &second), "i-2");
            house.live_for(12 * MINUTE).await;
            let is_ours = flavour == Flavour::Cloud && answered;
            assert_eq!(house.events.audited("pair.adopted"), usize::from(is_ours), "{flavour:?} {answered}");
            assert_eq!(dev_count(&house, "DEV-A"), 2);
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
            let (ticket, dev) = (accepted(&house, "Again."), create(&house, "DEV-A", "Again."));
            made_for(&house, &dev, &format!("{GATEWAY}/{}", "0".repeat(36)), &id(&house, &ticket), "i-1");
            accepted(&house, "Another.");
            house.site.faults(Rule::on(Method::GET, "/_edge/tenant_info", When::Chance(1.0), kind.clone()).into());
            house.clock.sleep(MINUTE).await;
            house.live_for(2 * MINUTE).await;
            assert_eq!(house.site.counters().get("GET /_edge/tenant_info"), Some(&1), "{kind:?}");
            assert_eq!(dev_count(&house, "DEV-A"), 2, "{kind:?}: the other one is served");
        });
    }
}

#[test]
fn a_site_whose_issues_name_no_gateway_is_not_asked_for_its_cloud_id() {
    on_both(async |mut house| {
        accepted(&house, "Again.");
        house.live_for(12 * MINUTE).await;
        renamed_and_lost(&house);
        house.live_for(12 * MINUTE).await;
        assert!(house.site.requests().iter().all(|line| line.path != "/_edge/tenant_info"));
    });
}

/// That dev issues were seen which name user issues under another address must outlive any crash: the dev project is read
/// before the user project, and not again.
#[test]
fn a_crash_at_any_gate_of_a_full_sync_after_a_rename_creates_nothing() {
    at_every_gate(async |gate| {
        let mut house = House::quiet(Flavour::Cloud, 17);
        let ticket = accepted(&house, "Again.");
        create(&house, "DEV-A", &line("User", OLD, &ticket));
        renamed_and_lost(&house);
        house.clock.sleep(HOUR).await;
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), 4 * MINUTE)).await;
        let place = crash.place()?;
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_count(&house, "DEV-A"), 1, "after a crash at {place}");
        Some(place)
    });
}
