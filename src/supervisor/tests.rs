//! The supervisor with fake workers, real files and a paused clock.

use std::fs;
use std::sync::mpsc;

use chrono::DateTime;
use futures::FutureExt as _;
use parking_lot::Mutex;
use tempfile::TempDir;

use super::testing::{Act, FakeWorkshop, text};
use super::*;
use crate::config::Watch;
use crate::flow::{HistoryQuery, Order};

const S: fn(u64) -> Duration = Duration::from_secs;

/// How often the folder is looked at; after this, and a bit, every change of a file has been seen.
const LOOK: Duration = Duration::from_secs(5);

/// Everything around one supervisor, which runs beside the test.
struct World {
    dir: TempDir,
    clock: Clock,
    workshop: Arc<FakeWorkshop>,
    told: Arc<Told>,
    handle: Handle,
    stop: Stop,
    running: JoinSet<Ended>,
}

#[derive(Default)]
struct Told(Mutex<Vec<(Option<String>, flow::Event)>>);

impl Observer for Told {
    fn see(&self, flow: Option<&FlowName>, event: &flow::Event) {
        self.0.lock().push((flow.map(ToString::to_string), event.clone()));
    }
}

impl World {
    /// A world with a file for each of `flows`, after its supervisor's first look.
    async fn new(flows: &[&str], script: impl Fn(&str, usize) -> Act + Send + Sync + 'static) -> Self {
        let (mut world, supervisor) = Self::unstarted(flows, script);
        world.running.spawn(supervisor.run(world.stop.clone()));
        world.pass(S(1)).await;
        world
    }

    /// The same before that look.
    fn unstarted(flows: &[&str], script: impl Fn(&str, usize) -> Act + Send + Sync + 'static) -> (Self, Supervisor) {
        Self::looking_so(flows, (Looking::Inline, Arc::new(|_| None)), script)
    }

    fn looking_so(
        flows: &[&str],
        (looking, env): (Looking, Env),
        script: impl Fn(&str, usize) -> Act + Send + Sync + 'static,
    ) -> (Self, Supervisor) {
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        let (workshop, told) = (Arc::new(FakeWorkshop::new(clock.clone(), script)), Arc::new(Told::default()));
        let dir = tempfile::tempdir().unwrap();
        let setup = Setup {
            dir: dir.path().to_owned(),
            default_interval: S(300),
            env,
            read_mongo: crate::store::mongo_url,
            clock: clock.clone(),
            entropy: Entropy::seeded(1),
            workshop: workshop.clone(),
            observer: told.clone(),
            watch: Watch::ticking(clock.clone(), LOOK),
            looking,
            probe: None,
            grace: S(25),
        };
        let (supervisor, handle) = Supervisor::new(setup);
        let stop = Stop::default();
        let world = Self { dir, clock, workshop, told, handle, stop, running: JoinSet::new() };
        flows.iter().for_each(|name| world.write(name, &text(name, 5)));
        (world, supervisor)
    }

    async fn pass(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// Lets the supervisor see what was done to the files.
    async fn look(&self) {
        self.pass(LOOK + S(1)).await;
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(format!("{file}.json"))
    }

    fn states(&self) -> Vec<(String, State)> {
        let flows = self.handle.look().flows;
        flows.into_iter().map(|flow| (flow.name.to_string(), flow.standing.state)).collect()
    }

    fn state(&self, flow: &str) -> State {
        self.states().into_iter().find(|(name, _)| name == flow).unwrap().1
    }

    /// How many workers a flow has had.
    fn starts(&self, flow: &str) -> usize {
        self.workshop.starts(flow).len()
    }

    fn told(&self, wanted: impl Fn(&flow::Event) -> bool) -> Vec<(Option<String>, flow::Event)> {
        self.told.0.lock().iter().filter(|(_, event)| wanted(event)).cloned().collect()
    }

    async fn stopped(&mut self) -> (Ended, Duration) {
        let asked = self.clock.now();
        self.stop.in_order.cancel();
        let ended = self.running.join_next().await.unwrap().unwrap();
        (ended, self.clock.now() - asked)
    }
}

fn failed() -> Exit {
    Exit::Failed { why: "the search failed".into(), at_least: None }
}

fn occupied() -> Exit {
    Exit::Occupied { why: "host b has it".into() }
}

fn refused() -> Exit {
    Exit::Refused { why: "401".into() }
}

#[tokio::test(start_paused = true)]
async fn readiness_comes_with_the_first_look_at_the_folder() {
    let (mut world, supervisor) = World::unstarted(&["a"], |_, _| Act::Hang);
    assert_eq!(world.handle.until_ready().now_or_never(), None);
    world.running.spawn(supervisor.run(world.stop.clone()));
    world.handle.until_ready().await;
    assert_eq!(world.handle.look().flows.len(), 1, "whatever becomes of its worker");
}

#[tokio::test(start_paused = true)]
async fn every_flow_of_the_folder_gets_one_worker_a_little_apart() {
    let world = World::new(&["a", "b"], |_, _| Act::Idle).await;
    assert_eq!(world.states(), [("a".into(), State::Idle), ("b".into(), State::Idle)]);
    assert_eq!(world.workshop.starts("a"), [S(0)]);
    assert_eq!(world.workshop.starts("b"), [BETWEEN_STARTS]);
    assert!(world.handle.look().ready);
}

#[tokio::test(start_paused = true)]
async fn a_new_file_brings_a_flow_and_a_removed_one_takes_it_away() {
    let world = World::new(&["a", "b"], |_, _| Act::Idle).await;
    fs::remove_file(world.path("a")).unwrap();
    world.write("c", &text("c", 5));
    world.look().await;
    assert_eq!(world.states(), [("b".into(), State::Idle), ("c".into(), State::Idle)]);
    assert_eq!(world.told(|e| *e == flow::Event::FlowRemoved), [(Some("a".into()), flow::Event::FlowRemoved)]);
}

#[tokio::test(start_paused = true)]
async fn a_rescan_finds_new_flows_and_tokens_without_waiting_for_the_next_look() {
    let world = World::new(&["a"], |_, _| Act::Idle).await;
    let token = world.dir.path().join("token");
    fs::write(&token, "old").unwrap();
    world.write("a", &text("a", 5).replace(r#""apiToken": "token""#, r#""apiTokenFile": "token""#));
    world.write("b", &text("b", 5));
    world.handle.rescan();
    world.pass(S(1)).await;
    assert_eq!((world.workshop.starts("a").len(), world.workshop.starts("b").len()), (2, 1));
    fs::write(&token, "new").unwrap();
    world.handle.rescan();
    world.pass(S(1)).await;
    assert_eq!(world.workshop.starts("a").len(), 3, "it has another token");
}

#[tokio::test(start_paused = true)]
async fn one_flow_never_runs_twice_at_once_however_slowly_a_worker_stops() {
    // The fake workshop panics when it is asked for a second worker of a flow.
    let world = World::new(&["a"], |_, _| Act::StopSlowly(S(60))).await;
    world.write("a", &text("a", 6));
    world.look().await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Draining, 1));
    world.write("a", &text("a", 7));
    world.look().await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Draining, 1));
    world.pass(S(60)).await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Syncing, 2));
    assert!(world.told(|e| matches!(e, flow::Event::WorkerPanicked { .. })).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_returns_while_its_worker_drains_waits_for_it() {
    let world = World::new(&["a", "b"], |_, _| Act::StopSlowly(S(60))).await;
    fs::remove_file(world.path("a")).unwrap();
    world.look().await;
    assert_eq!(world.state("a"), State::Draining);
    world.write("a", &text("a", 5));
    world.look().await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Draining, 1));
    world.pass(S(60)).await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Syncing, 2));
    assert!(world.told(|e| *e == flow::Event::FlowRemoved).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_broken_file_leaves_the_last_good_flow_running_and_says_why_once() {
    let world = World::new(&["a"], |_, _| Act::Idle).await;
    world.write("a", "{ \"name\": ");
    world.look().await;
    world.pass(S(60)).await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Idle, 1));

    let refusals = world.told(|e| matches!(e, flow::Event::FlowRefused { .. }));
    assert!(
        matches!(&refusals[..], [(Some(name), flow::Event::FlowRefused { runs_on: true, .. })] if name == "a"),
        "{refusals:?}"
    );
    let refused = world.handle.look().refused;
    assert_eq!((refused.len(), refused[0].runs_on.as_ref().unwrap().as_str()), (1, "a"));

    world.write("a", &text("a", 5));
    world.look().await;
    assert_eq!((world.handle.look().refused, world.starts("a")), (vec![], 1));
}

#[tokio::test(start_paused = true)]
async fn a_second_file_of_the_same_name_is_refused_until_the_first_one_goes() {
    let world = World::new(&["b"], |_, _| Act::Idle).await;
    world.write("a", &text("b", 9));
    world.look().await;
    let refused = world.handle.look().refused;
    assert!(refused.len() == 1 && refused[0].file.ends_with("a.json"), "{refused:?}");
    assert_eq!(world.starts("b"), 1);

    fs::remove_file(world.path("b")).unwrap();
    world.look().await;
    assert_eq!((world.handle.look().refused, world.starts("b")), (vec![], 2));
    assert!(world.handle.look().flows[0].file.ends_with("a.json"));
}

#[tokio::test(start_paused = true)]
async fn only_the_changed_flow_restarts() {
    let world = World::new(&["a", "b"], |_, _| Act::Idle).await;
    world.write("a", &text("a", 6));
    world.look().await;
    assert_eq!((world.starts("a"), world.starts("b")), (2, 1));
    assert_eq!(world.state("a"), State::Idle);
}

#[tokio::test(start_paused = true)]
async fn reformatting_or_renaming_a_file_restarts_nothing() {
    let world = World::new(&["a"], |_, _| Act::Idle).await;
    world.write("a", &text("a", 5).replace(' ', ""));
    world.look().await;
    fs::rename(world.path("a"), world.path("renamed")).unwrap();
    world.look().await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Idle, 1));
    assert!(world.handle.look().flows[0].file.ends_with("renamed.json"));
}

#[tokio::test(start_paused = true)]
async fn an_emptied_or_vanished_directory_removes_nothing_and_says_so_once() {
    let world = World::new(&["a", "b"], |_, _| Act::Idle).await;
    let kept = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::rename(world.path(name), kept.path().join(name)).unwrap();
    }
    world.look().await;
    world.look().await;
    assert!(world.handle.look().alarm.unwrap().contains("suddenly empty"));
    assert_eq!(world.told(|e| matches!(e, flow::Event::FlowsUnreadable { .. })).len(), 1);

    fs::remove_dir(world.dir.path()).unwrap();
    world.look().await;
    assert!(world.handle.look().alarm.unwrap().contains("does not exist"));
    assert_eq!(world.workshop.at_work(), ["a", "b"]);

    fs::create_dir(world.dir.path()).unwrap();
    world.write("a", &text("a", 5));
    world.look().await;
    assert_eq!((world.handle.look().alarm, world.workshop.at_work()), (None, vec!["a".to_owned()]));
    assert_eq!(world.starts("a"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_flow_backs_off_and_leaves_its_neighbours_alone() {
    let world = World::new(&["a", "b"], |name, _| if name == "a" { Act::Panic } else { Act::Idle }).await;
    world.pass(S(3600)).await;
    let panics = world.told(|e| matches!(e, flow::Event::WorkerPanicked { why, .. } if why == "a defect"));
    assert!((12..100).contains(&panics.len()), "{} in an hour", panics.len());
    assert_eq!(panics.len(), world.starts("a"));
    assert_eq!((world.state("a"), world.state("b"), world.starts("b")), (State::BackingOff, State::Idle, 1));
    assert_eq!(world.handle.look().flows[0].standing.why.as_deref(), Some("a defect"));
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_are_spaced_ever_wider_and_a_completed_cycle_forgives_them() {
    let script = |_: &str, nth: usize| match nth {
        12 => Act::CycleThenEndAfter(S(1), failed()),
        _ => Act::EndAfter(Duration::ZERO, failed()),
    };
    let world = World::new(&["a"], script).await;
    world.pass(S(4 * 3600)).await;
    let waits: Vec<_> = world
        .told(|e| matches!(e, flow::Event::WorkerFailed { .. }))
        .into_iter()
        .filter_map(
            |(_, event)| if let flow::Event::WorkerFailed { again_in, .. } = event { Some(again_in) } else { None },
        )
        .collect();
    for (count, wait) in waits[..12].iter().enumerate() {
        assert!(*wait <= S(300.min(1 << count)), "wait {count}: {wait:?}");
    }
    assert!(waits[4..12].iter().any(|wait| *wait > S(16)), "{waits:?}");
    assert!(waits[12] <= S(1) && waits[13] <= S(2), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_another_process_serves_is_asked_for_every_few_seconds_and_that_is_told_once() {
    let script = |_: &str, nth: usize| match nth {
        0 | 372.. => Act::CycleThenEndAfter(S(10), occupied()),
        _ => Act::EndAfter(S(0), occupied()),
    };
    let world = World::new(&["a"], script).await;
    world.pass(S(3600)).await;
    assert_eq!((world.starts("a"), world.state("a")), (360, State::BackingOff));
    assert_eq!(world.handle.look().flows[0].standing.why.as_deref(), Some("host b has it"));
    let told = |world: &World| {
        let started = world.told(|e| *e == flow::Event::WorkerStarted).len();
        (started, world.told(|e| matches!(e, flow::Event::WorkerOccupied { .. })).len())
    };
    assert_eq!(told(&world), (1, 1));
    world.pass(S(130)).await;
    assert_eq!(told(&world), (2, 1), "it has started once it finds nobody");
}

/// A flow that Jira, at its first start, asks to wait for 900 s.
fn throttled(_: &str, nth: usize) -> Act {
    let exit = Exit::Failed { why: "429".into(), at_least: Some(S(900)) };
    if nth == 0 { Act::EndAfter(S(0), exit) } else { Act::Idle }
}

/// Whether the flow `a` is degraded, each second for so long.
async fn samples(world: &World, seconds: usize) -> Vec<bool> {
    let mut samples = Vec::new();
    for _ in 0..seconds {
        world.pass(S(1)).await;
        samples.push(world.handle.look().is_degraded());
    }
    samples
}

/// How often it was told that a flow became degraded, and that it recovered.
fn told_health(world: &World) -> (usize, usize) {
    let degraded = world.told(|e| matches!(e, flow::Event::FlowDegraded { .. })).len();
    (degraded, world.told(|e| matches!(e, flow::Event::FlowRecovered { .. })).len())
}

#[tokio::test(start_paused = true)]
async fn a_flow_whose_jira_hangs_is_degraded_from_two_intervals_after_its_last_success() {
    let script = |_: &str, nth: usize| match nth {
        0 => Act::CycleThenFail(S(60), S(184), failed()),
        _ => Act::CycleFails(S(184), failed()),
    };
    let world = World::new(&[], script).await;
    world.write("a", &text("a", 1));
    world.look().await;
    let success = world.handle.look().flows[0].last_cycle.unwrap();
    let begun = world.clock.wall();
    let samples = samples(&world, 3600).await;
    let first = samples.iter().position(|degraded| *degraded).unwrap();
    assert_eq!(begun + S(1 + first as u64), success + S(120));
    assert!(samples[first..].iter().all(|degraded| *degraded));
    assert_eq!(told_health(&world), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_never_worked_is_degraded_all_the_time() {
    for (act, grace) in [
        (Act::EndAfter(S(10), failed()), 10),
        (Act::CycleFails(S(10), failed()), 10),
        (Act::CycleFails(S(10), Exit::Panicked { why: "a defect".into() }), 10),
        (Act::EndAfter(S(10), refused()), 10),
        (Act::Hang, 300),
    ] {
        let act_of_all = act.clone();
        let world = World::new(&["a"], move |_, _| act_of_all.clone()).await;
        let samples = samples(&world, 3600).await;
        assert!(samples[..grace - 2].iter().all(|degraded| !*degraded), "{act:?}: it has not failed yet");
        assert!(samples[grace - 1..].iter().all(|degraded| *degraded), "{act:?}");
        assert_eq!(told_health(&world), (1, 0), "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_whose_database_is_away_is_degraded_until_a_cycle_completes() {
    let script = |_: &str, nth: usize| match nth {
        0 => Act::CycleThenEndAfter(S(60), failed()),
        1..=30 => Act::EndAfter(S(10), failed()),
        _ => Act::Cycle(S(300)),
    };
    let world = World::new(&["a"], script).await;
    let samples = samples(&world, 7200).await;
    let changes: Vec<_> = (1..samples.len()).filter(|at| samples[*at] != samples[at - 1]).collect();
    assert!(changes.len() == 2 && (58..60).contains(&changes[0]), "{changes:?}");
    assert_eq!((world.starts("a"), told_health(&world)), (32, (1, 1)));
    let recovered = world.told(|e| matches!(e, flow::Event::FlowRecovered { .. }));
    let flow::Event::FlowRecovered { after } = recovered[0].1 else { unreachable!() };
    assert!(usize::try_from(after.as_secs()).unwrap().abs_diff(changes[1] - changes[0]) <= 1, "{after:?}, {changes:?}");
}

#[tokio::test(start_paused = true)]
async fn the_beginning_and_the_last_reason_outlive_workers_and_an_edited_file() {
    let world =
        World::new(&["a"], |_, nth| Act::EndAfter(S(1), Exit::Failed { why: format!("reason {nth}"), at_least: None }))
            .await;
    world.pass(S(600)).await;
    world.write("a", &text("a", 6));
    world.look().await;
    world.pass(S(5)).await;
    let degraded = world.handle.look().flows[0].degraded.clone().unwrap();
    assert_eq!(degraded.since, DateTime::UNIX_EPOCH + S(1));
    let last = world.told(|e| matches!(e, flow::Event::WorkerFailed { .. })).pop().unwrap().1;
    let flow::Event::WorkerFailed { why, .. } = last else { unreachable!() };
    assert_eq!(degraded.why, why);
    assert!(why != "reason 0");
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_stands_by_is_not_degraded() {
    let world = World::new(&["a"], |_, _| Act::EndAfter(S(0), occupied())).await;
    assert!(samples(&world, 3600).await.iter().all(|degraded| !*degraded));
    assert_eq!((world.state("a"), told_health(&world)), (State::BackingOff, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_jira_asks_to_wait_is_not_degraded_if_it_works_then() {
    let script = |_: &str, nth: usize| match nth {
        0 => Act::Limited(S(1700)),
        _ => Act::Idle,
    };
    let world = World::new(&["a"], script).await;
    assert!(samples(&world, 1800).await.iter().all(|degraded| !*degraded));
    assert_eq!((world.starts("a"), world.state("a"), told_health(&world)), (2, State::Idle, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_stop_tells_nothing_of_health() {
    let mut world = World::new(&["a"], |_, _| Act::EndAfter(S(0), failed())).await;
    world.stopped().await;
    assert_eq!((world.state("a"), told_health(&world)), (State::Stopped, (1, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_jira_asked_for_is_shown_and_cut_short_by_no_wake() {
    let world = World::new(&["a"], throttled).await;
    assert!(world.handle.wake(&"a".parse().unwrap()));
    world.pass(S(898)).await;
    assert_eq!((world.starts("a"), world.state("a")), (1, State::BackingOff));
    let held_until = || world.handle.look().flows[0].standing.held_until;
    assert_eq!(held_until(), Some(DateTime::UNIX_EPOCH + S(900)));
    world.pass(S(2)).await;
    assert_eq!((world.starts("a"), world.state("a"), held_until()), (2, State::Idle, None));
}

#[tokio::test(start_paused = true)]
async fn an_edited_file_has_jira_asked_before_a_wait_is_over() {
    let world = World::new(&["a"], throttled).await;
    world.write("a", &text("a", 6));
    world.look().await;
    assert_eq!((world.starts("a"), world.state("a")), (2, State::Idle));
}

#[tokio::test(start_paused = true)]
async fn an_order_has_jira_asked_before_a_wait_is_over() {
    let act = |name: &str, nth: usize| if nth == 0 { throttled(name, nth) } else { Act::Execute };
    let world = World::new(&["a"], act).await;
    let order = Order::Unpair { issue: "USER-A-1".parse().unwrap() };
    let answer = world.handle.order(&"a".parse().unwrap(), order).await;
    assert!(matches!(answer, Some(OrderOutcome::Refused(_))), "{answer:?}");
    assert_eq!(world.starts("a"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_jira_still_does_not_let_through_is_told_so() {
    let act = |_: &str, _: usize| throttled("a", 0);
    let world = World::new(&["a"], act).await;
    let order = Order::Unpair { issue: "USER-A-1".parse().unwrap() };
    let answer = world.handle.order(&"a".parse().unwrap(), order).await;
    assert!(matches!(&answer, Some(OrderOutcome::NotNow { .. })), "{answer:?}");
    assert_eq!((world.starts("a"), world.state("a")), (2, State::BackingOff));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_jira_asked_for_does_not_bind_another_account() {
    let world = World::new(&["a"], throttled).await;
    world.write("a", &text("a", 5).replace("bot@", "other@"));
    world.look().await;
    assert_eq!((world.starts("a"), world.state("a")), (2, State::Idle));
}

#[tokio::test(start_paused = true)]
async fn a_wake_reaches_the_worker_at_once() {
    let world = World::new(&["a"], |_, _| Act::Cycle(S(300))).await;
    let last_cycle = || world.handle.look().flows[0].last_cycle.unwrap() - DateTime::UNIX_EPOCH;
    assert_eq!(last_cycle().num_seconds(), 0);
    world.pass(S(100)).await;
    assert!(world.handle.wake(&"a".parse().unwrap()));
    assert!(!world.handle.wake(&"nobody".parse().unwrap()));
    world.pass(S(1)).await;
    assert_eq!(last_cycle().num_seconds(), 101);
}

#[tokio::test(start_paused = true)]
async fn a_refused_flow_is_parked_and_probed_now_and_then() {
    let world = World::new(&["a"], |_, _| Act::EndAfter(Duration::ZERO, refused())).await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Parked, 1));
    world.pass(PROBE_AFTER).await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Parked, 2));
    assert!(world.handle.look().is_degraded());
}

#[tokio::test(start_paused = true)]
async fn a_refused_flow_is_resumed_at_once_when_its_file_changes() {
    let act = |_: &str, nth| if nth == 0 { Act::EndAfter(Duration::ZERO, refused()) } else { Act::Idle };
    let world = World::new(&["a"], act).await;
    world.write("a", &text("a", 5).replace(r#""apiToken": "token""#, r#""apiToken": "other""#));
    world.look().await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Idle, 2));
}

#[tokio::test(start_paused = true)]
async fn a_silent_worker_is_cancelled_and_restarted_an_idle_one_is_not() {
    let act = |name: &str, nth| if name == "a" && nth == 0 { Act::Hang } else { Act::Idle };
    let world = World::new(&["a", "b"], act).await;
    world.pass(STALL_AFTER - S(2)).await;
    assert_eq!(world.state("a"), State::Syncing);
    world.pass(STALL_LOOK + S(2)).await;
    assert_eq!((world.state("a"), world.starts("a"), world.starts("b")), (State::Idle, 2, 1));
    assert_eq!(world.told(|e| matches!(e, flow::Event::WorkerStalled { .. })).len(), 1);
    world.pass(2 * STALL_AFTER).await;
    assert_eq!((world.starts("a"), world.starts("b")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn waiting_on_a_limit_is_no_stall() {
    let world = World::new(&["a"], |_, _| Act::StopSlowly(S(0))).await;
    world.pass(3 * STALL_AFTER).await;
    assert_eq!((world.state("a"), world.starts("a")), (State::Syncing, 1));
}

#[tokio::test(start_paused = true)]
async fn stop_waits_for_the_step_in_hand() {
    let act = |name: &str, _| if name == "a" { Act::StopSlowly(S(20)) } else { Act::Idle };
    let mut world = World::new(&["a", "b"], act).await;
    assert_eq!(world.stopped().await, (Ended::Drained, S(20)));
    assert_eq!(world.states(), [("a".into(), State::Stopped), ("b".into(), State::Stopped)]);
    assert_eq!(world.told(|e| *e == flow::Event::WorkerStopped).len(), 2);
    assert!(!world.handle.look().ready);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_takes_too_long_names_who_is_busy_and_drops_them() {
    let act = |name: &str, _| if name == "a" { Act::StopSlowly(S(60)) } else { Act::Idle };
    let mut world = World::new(&["a", "b"], act).await;
    assert_eq!(world.stopped().await, (Ended::Busy(vec!["a".parse().unwrap()]), S(25)));
    let busy = world.told(|e| *e == flow::Event::WorkerBusyAtStop);
    assert_eq!(busy, [(Some("a".into()), flow::Event::WorkerBusyAtStop)]);
    // Their tasks are cut at their next rest.
    world.pass(Duration::from_millis(1)).await;
    assert_eq!(world.workshop.at_work(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_once_waits_for_nothing_and_names_the_busy_flows() {
    let act = |name: &str, _| if name == "a" { Act::StopSlowly(S(20)) } else { Act::Idle };
    let mut world = World::new(&["a", "b"], act).await;
    world.stop.in_order.cancel();
    world.pass(S(2)).await;
    world.stop.at_once.cancel();
    assert_eq!(world.stopped().await, (Ended::Busy(vec!["a".parse().unwrap()]), S(0)));
    assert_eq!(world.told(|e| *e == flow::Event::WorkerBusyAtStop).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_any_more_once_a_stop_was_asked_for() {
    let act = |name: &str, _| if name == "a" { Act::StopSlowly(S(20)) } else { Act::EndAfter(S(0), failed()) };
    let mut world = World::new(&["a", "b"], act).await;
    let before = world.starts("b");
    world.write("c", &text("c", 5));
    assert_eq!(world.stopped().await.0, Ended::Drained);
    assert_eq!((world.starts("b"), world.starts("c")), (before, 0));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_supervisor_drops_its_workers() {
    let mut world = World::new(&["a"], |_, _| Act::Idle).await;
    world.running.shutdown().await;
    world.pass(Duration::from_millis(1)).await;
    assert_eq!(world.workshop.at_work(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_folder_is_waited_for() {
    let world = World::new(&[], |_, _| Act::Idle).await;
    fs::remove_dir(world.dir.path()).unwrap();
    world.look().await;
    assert!(world.handle.look().alarm.is_some());
    fs::create_dir(world.dir.path()).unwrap();
    world.write("a", &text("a", 5));
    world.look().await;
    assert_eq!((world.state("a"), world.handle.look().alarm), (State::Idle, None));
}

/// A disk that answers a look only when it is told to: once for each file.
struct HangingDisk {
    answer: mpsc::Sender<()>,
    asked: mpsc::Receiver<()>,
}

impl HangingDisk {
    /// A world on it. Each of its looks reads the variable `TOKEN`, which is what hangs.
    fn world(flows: &[&str]) -> (Self, World, Supervisor) {
        let ((answer, answers), (ask, asked)) = (mpsc::channel(), mpsc::channel());
        let ends = Mutex::new((ask, answers));
        let env = move |_: &str| {
            let (ask, answers) = &*ends.lock();
            ask.send(()).ok()?;
            answers.recv().ok().map(|()| "t".to_owned())
        };
        let (world, supervisor) = World::looking_so(&[], (Looking::Blocking, Arc::new(env)), |_, _| Act::Idle);
        flows.iter().for_each(|name| world.write(name, &with_variable(name)));
        (Self { answer, asked }, world, supervisor)
    }

    /// Waits until a look hangs. It has listed the folder then.
    fn is_asked(&self) {
        self.asked.recv_timeout(S(60)).unwrap();
    }

    async fn answers(&self, world: &World) {
        self.answer.send(()).unwrap();
        // The clock stands still as long as the look is under way.
        world.pass(Duration::from_millis(1)).await;
    }
}

fn with_variable(name: &str) -> String {
    text(name, 5).replace(r#""apiToken": "token""#, r#""apiToken": "${env:TOKEN}""#)
}

/// Lets time pass although a look is under way, for which the paused clock would wait.
async fn hang_for(time: Duration) {
    for _ in 0..time.as_secs() {
        tokio::time::advance(S(1)).await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_does_not_answer_is_told_and_what_it_then_says_is_taken() {
    let (disk, mut world, supervisor) = HangingDisk::world(&["a"]);
    world.running.spawn(supervisor.run(world.stop.clone()));
    hang_for(LOOK_LIMIT - S(1)).await;
    assert_eq!((world.handle.look().ready, world.handle.look().alarm), (false, None));
    hang_for(S(2)).await;
    let why = world.handle.look().alarm.unwrap();
    assert!(why.contains("gave no answer within 30 s"), "{why}");
    assert!(world.handle.look().ready, "flows that run must not wait for it");
    disk.answers(&world).await;
    world.pass(S(1)).await;
    assert_eq!((world.state("a"), world.handle.look().alarm), (State::Idle, None));
}

#[tokio::test(start_paused = true)]
async fn one_look_at_a_time_is_under_way_and_what_it_may_have_missed_is_seen_by_the_next() {
    let (disk, mut world, supervisor) = HangingDisk::world(&["a"]);
    world.running.spawn(supervisor.run(world.stop.clone()));
    hang_for(S(12)).await;
    disk.is_asked();
    world.write("b", &with_variable("b"));
    // Had a second look begun meanwhile, it would have taken one of these.
    disk.answers(&world).await;
    assert_eq!(world.states().len(), 1);
    hang_for(S(20)).await;
    disk.answer.send(()).unwrap();
    disk.answers(&world).await;
    assert_eq!(world.states().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_delays_no_stop() {
    let (_disk, mut world, supervisor) = HangingDisk::world(&["a"]);
    world.running.spawn(supervisor.run(world.stop.clone()));
    hang_for(S(3)).await;
    assert_eq!(world.stopped().await, (Ended::Drained, S(0)));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_all_the_time_starts_its_flow_at_a_bounded_rate() {
    let (mut world, supervisor) = World::unstarted(&["a", "b"], |_, _| Act::Idle);
    let watch = Watch::ticking(world.clock.clone(), Duration::from_millis(100));
    world.running.spawn(with_watch(supervisor, watch).run(world.stop.clone()));
    for n in 0..600 {
        world.write("a", &text("a", 5 + n));
        world.pass(Duration::from_millis(100)).await;
    }
    let starts = world.workshop.starts("a");
    assert!((8..=10).contains(&starts.len()), "{starts:?}");
    assert_eq!(starts.last().unwrap().as_secs() / 10, 5, "it runs now and then: {starts:?}");
    assert_eq!(world.starts("b"), 1);
    world.write("a", &text("a", 700));
    world.pass(S(11)).await;
    assert_eq!(world.state("a"), State::Idle, "what it says last is served");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_comes_and_goes_all_the_time_starts_its_flow_at_a_bounded_rate() {
    let (mut world, supervisor) = World::unstarted(&["a", "b"], |_, _| Act::Idle);
    let watch = Watch::ticking(world.clock.clone(), Duration::from_millis(100));
    world.running.spawn(with_watch(supervisor, watch).run(world.stop.clone()));
    for _ in 0..300 {
        world.write("a", &text("a", 5));
        world.pass(Duration::from_millis(100)).await;
        fs::remove_file(world.path("a")).unwrap();
        world.pass(Duration::from_millis(100)).await;
    }
    assert!((3..=10).contains(&world.starts("a")), "{:?}", world.workshop.starts("a"));
}

fn with_watch(mut supervisor: Supervisor, watch: Watch) -> Supervisor {
    supervisor.setup.watch = watch;
    supervisor
}

#[tokio::test(start_paused = true)]
async fn a_flows_data_is_read_as_long_as_there_is_the_flow_worker_or_no_worker() {
    let script = |name: &str, _: usize| match name {
        "parked" => Act::EndAfter(S(0), refused()),
        "busy" => Act::Hang,
        _ => Act::Idle,
    };
    let mut world = World::new(&["idle", "parked", "busy"], script).await;
    let is_read = async |name: &str| world.handle.survey(&name.parse().unwrap(), 9).await.map(|survey| survey.is_ok());
    for name in ["idle", "parked", "busy"] {
        assert_eq!(is_read(name).await, Some(true), "{name}");
    }
    assert_eq!(is_read("other").await, None);

    fs::remove_file(world.path("idle")).unwrap();
    world.look().await;
    let removed = world.handle.history(&"idle".parse().unwrap(), HistoryQuery::default()).await;
    assert_eq!(removed, None);
    assert_eq!(world.workshop.asked(), []);
    world.stopped().await;
    assert!(world.handle.survey(&"parked".parse().unwrap(), 9).await.is_some(), "also when the supervisor has stopped");
}
