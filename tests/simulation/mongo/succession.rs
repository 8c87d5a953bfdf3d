//! The Node.js service is replaced, and its database is there: in the place of the flow's own, or beside it.

use std::sync::Arc;

use jira_sim::Flavour;
use lockstep::flow::Watermark;
use lockstep::settings::StoreUrl;
use lockstep::store::{Legacy, Process, Stores};
use lockstep::supervisor::Handle;

use super::left::Left;
use super::on_a_paused_clock;
use crate::takeover::Served;
use serde_json::json;
use testing::house::{Crash, End, HOUR, House, MINUTE};

/// What that service's database is called.
#[derive(Clone, Copy, Debug)]
enum Name {
    /// As the flow: that is what it is in fact.
    Hyphen,
    /// As the flow's own database is called by default.
    Underscore,
}

impl Name {
    fn of(self, house: &House) -> String {
        let flow = house.data.flow_name("sync-ab");
        match self {
            Self::Hyphen => flow,
            Self::Underscore => flow.replace('-', "_"),
        }
    }
}

/// A company as that service leaves it: so many pairs, and tickets whose creates failed.
struct Estate {
    served: Served,
    failed: Vec<String>,
    left: Left,
    /// Dev issues by then.
    dev_issues: usize,
}

impl Estate {
    async fn new(name: Name, pairs: usize, failed: usize) -> Self {
        let mut served = Served::new(Flavour::Cloud);
        for nth in 0..pairs {
            served.pair(nth);
        }
        let failed: Vec<_> = (0..failed).map(|_| served.failed()).collect();
        served.house.clock.sleep(HOUR).await;
        served.stops();
        let (flow, now) = (served.house.data.flow_name("sync-ab"), served.house.clock.wall());
        let left = Left::behind(&name.of(&served.house), &flow, &served.legacy, now);
        let dev_issues = served.dev_issues();
        // A service that was silent for so long is stopped.
        served.house.clock.sleep(15 * MINUTE).await;
        Self { served, failed, left, dev_issues }
    }

    /// The flow's own database is the one that was left.
    fn names_it(&self, name: Name) {
        let database = json!({"database": {"name": name.of(self.house())}});
        self.house().flow_fixture().with(database).write();
    }

    fn house(&self) -> &House {
        &self.served.house
    }

    fn asked(&self, resource: &str) -> u64 {
        let counters = self.house().site.counters();
        counters.iter().filter(|(what, _)| what.starts_with("POST") && what.ends_with(resource)).map(|(_, n)| n).sum()
    }

    /// Nothing crossed but what had failed, once.
    fn is_as_it_was(&self, when: &str) {
        let asked = ["/transitions", "/comment", "/attachments"].map(|resource| self.asked(resource));
        assert_eq!(
            asked,
            [0, 0, 0],
            "{when}: transitions, comments, uploads\n{}",
            self.house().events.about("Brought")
        );
        let made = self.served.dev_issues() - self.dev_issues;
        assert_eq!(made, self.failed.len(), "{when}: {}", self.house().events.about("Created"));
        for ticket in &self.failed {
            let now = self.house().site.issue(ticket).unwrap();
            let told = (now.description.matches("Dev Link: ").count(), now.comments.len());
            assert_eq!(told, (1, 1), "{when}: {}", self.house().about(ticket));
        }
        self.left.is_still_there();
    }

    /// Every pair of that service is the flow's own, and those that were made since.
    fn is_known(&self, when: &str) {
        let known = mongodb::bson::doc! { "user_issue_id": { "$gt": "" }, "dev_issue_id": { "$gt": "" } };
        let known = self.house().data.own(|database| async move {
            database.collection::<mongodb::bson::Document>("jira_mapping").count_documents(known).await.unwrap()
        });
        assert_eq!(known, (self.served.legacy.pairs.len() + self.failed.len()) as u64, "{when}");
    }
}

async fn in_its_place(name: Name, pairs: usize) {
    let mut estate = Estate::new(name, pairs, 2).await;
    match name {
        Name::Hyphen => estate.names_it(name),
        Name::Underscore => {}
    }
    estate.served.house.live_for(6 * MINUTE).await;
    estate.is_as_it_was("after the first cycles");
    assert_eq!(estate.house().events.audited("sync.takenOver"), 1);
    assert_eq!(estate.house().events.told("Running initial full sync"), 0);
    assert_eq!(estate.house().events.audited("pair.adopted"), 0, "no pair had to be found");
    let writes = estate.house().writes();
    estate.served.house.live_for(HOUR).await;
    assert_eq!((estate.house().writes(), estate.house().events.audited("sync.takenOver")), (writes, 1));
    estate.is_as_it_was("later");
}

#[test]
fn the_worker_takes_over_a_thousand_pairs_in_the_flows_own_database() {
    on_a_paused_clock(in_its_place(Name::Underscore, 1000));
}

#[test]
fn a_thousand_pairs_are_taken_over_from_a_named_hyphenated_database() {
    on_a_paused_clock(in_its_place(Name::Hyphen, 1000));
}

/// What `lockstep adopt` finds there.
async fn found(house: &House) -> Vec<Legacy> {
    let StoreUrl::Mongo(url) = house.data.url() else { panic!("no MongoDB") };
    let process = Process { id: uuid::Uuid::nil(), host: "adopt".to_owned(), pid: 2 };
    let stores = Stores::new(house.data.url(), house.data.manner(), process, house.clock.clone()).unwrap();
    stores.legacies(&url, &house.flow("sync-ab")).await.unwrap().legacies
}

/// The only flow's state, and why.
fn standing(handle: &Handle) -> (String, String) {
    let flow = handle.look().flows.remove(0);
    (flow.standing.state.as_str().to_owned(), flow.standing.why.unwrap_or_default())
}

#[test]
fn a_flow_beside_what_was_left_parks_until_that_is_adopted() {
    on_a_paused_clock(async {
        let mut estate = Estate::new(Name::Hyphen, 20, 2).await;
        let (clock, left) = (estate.house().clock.clone(), &estate.left);
        let (writes, flow) = (estate.house().writes(), estate.house().data.flow_name("sync-ab"));
        let beside = async |handle: Handle| {
            clock.sleep(MINUTE).await;
            let (state, why) = standing(&handle);
            assert_eq!(state, "parked", "{why}");
            assert!(why.contains(&format!("`lockstep adopt {flow} --from`")) && why.contains("20 pairs"), "{why}");
            assert!(!why.contains("still writes"), "it is unknown at first sight: {why}");
            left.goes_on(clock.wall());
            for _ in 0..4 {
                clock.sleep(6 * MINUTE).await;
                let told = standing(&handle);
                assert!(told.0 == "parked" && told.1.contains("still writes there: stop it"), "{told:?}");
            }
            clock.sleep(HOUR).await;
            let told = standing(&handle);
            assert!(told.0 == "parked" && !told.1.contains("still writes"), "it was stopped: {told:?}");
            std::future::pending().await
        };
        estate.served.house.live_beside(End::At(2 * HOUR), beside).await;
        assert_eq!(estate.house().writes(), writes, "nothing goes to Jira until an operator decides");

        let legacies = found(estate.house()).await;
        let [legacy] = &legacies[..] else { panic!("{legacies:?}") };
        assert_eq!((legacy.pairs.len(), legacy.unfit.len()), (20, 0));
        let report = estate.served.house.take_over("sync-ab", legacy).await;
        assert_eq!((report.taken, report.failed_creates.len()), (20, 2), "{report:?}");
        estate.served.house.live_for(HOUR).await;
        estate.is_as_it_was("after it was adopted");
        estate.is_known("after it was adopted");
    });
}

#[test]
fn a_flow_does_nothing_in_the_database_of_a_service_that_still_runs() {
    on_a_paused_clock(async {
        let mut estate = Estate::new(Name::Underscore, 20, 2).await;
        let (clock, site) = (estate.house().clock.clone(), Arc::clone(&estate.house().site));
        let (requests, left) = (site.requests().len(), &estate.left);
        let beside = async |handle: Handle| {
            for _ in 0..4 {
                left.goes_on(clock.wall());
                clock.sleep(5 * MINUTE).await;
                let (state, why) = standing(&handle);
                assert!(state == "backing_off" && why.contains("see that it is stopped: the flow begins"), "{why}");
            }
            assert_eq!(site.requests().len(), requests, "Jira is not asked either");
            clock.sleep(6 * MINUTE).await;
            assert_ne!(standing(&handle).0, "backing_off", "it was stopped");
            std::future::pending().await
        };
        left.goes_on(clock.wall());
        estate.served.house.live_beside(End::At(HOUR), beside).await;
        assert_eq!(estate.house().events.about("Standing by").lines().count(), 1, "said once");
        assert_eq!(estate.house().events.audited("sync.takenOver"), 1);
        estate.is_as_it_was("after that service was stopped");
        estate.is_known("after that service was stopped");
    });
}

/// Cut short at that gate, and begun again.
async fn crashed_at(gate: u64) -> Option<String> {
    let mut estate = Estate::new(Name::Underscore, 60, 2).await;
    let crash = Crash::at(gate);
    estate.served.house.live(End::Crash(crash.clone(), 4 * MINUTE)).await;
    let place = crash.place()?;
    // What that cut short is found and gone on with as in any other cycle.
    estate.served.house.live_for(HOUR).await;
    estate.is_as_it_was(&place);
    estate.is_known(&place);
    Some(place)
}

#[test]
fn a_crash_at_any_write_of_a_takeover_loses_and_repeats_nothing() {
    let undisturbed = Crash::never();
    on_a_paused_clock(async {
        let mut estate = Estate::new(Name::Underscore, 60, 2).await;
        estate.served.house.live(End::Crash(undisturbed.clone(), 4 * MINUTE)).await;
    });
    let is_write = |place: &str| place.ends_with("Store begin") || place.ends_with("Store write");
    let gates = (1..).zip(undisturbed.passed()).filter(|(_, place)| is_write(place)).map(|(gate, _)| gate);
    let places: Vec<_> = gates.filter_map(|gate| on_a_paused_clock(crashed_at(gate))).collect();
    assert!(places.len() > 12, "{places:#?}");
}

/// Where that service's watermark was never written, the flow begins with a full sync, and finds its pairs known.
#[test]
fn a_takeover_without_a_watermark_repeats_nothing_in_its_full_sync() {
    on_a_paused_clock(async {
        let mut estate = Estate::new(Name::Underscore, 20, 2).await;
        estate.house().data.own(|database| async move {
            let states = database.collection::<mongodb::bson::Document>("sync_state");
            let none = mongodb::bson::doc! { "$set": { "last_sync": null } };
            states.update_many(mongodb::bson::doc! {}, none).await.unwrap();
        });
        estate.served.legacy.last_sync = None::<Watermark>;
        estate.served.house.live_for(HOUR).await;
        assert_eq!(estate.house().events.told("Running initial full sync"), 1);
        estate.is_as_it_was("after the full sync");
        estate.is_known("after the full sync");
    });
}
