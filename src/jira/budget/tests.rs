//! How flows share a budget, with a paused clock.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use futures::future::join_all;
use tokio::task::JoinSet;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_flow_that_waits_for_anothers_rate_limit_knows_of_it_and_of_no_other_pause() {
    for (cause, scope, seconds, known) in [
        (HoldCause::RateLimit, Scope::Account, 900, true),
        (HoldCause::RateLimit, Scope::Account, 90, true),
        (HoldCause::RateLimit, Scope::Endpoint, 90, true),
        (HoldCause::Other, Scope::Account, 900, false),
        (HoldCause::Other, Scope::Endpoint, 90, false),
    ] {
        let crowd = Crowd::new();
        let now = crowd.clock.now();
        let until = now + SECOND * seconds;
        crowd.budget.share("a").hold(&errand(), scope, now, (until, cause));
        let _ = tokio::time::timeout(SECOND, crowd.turn("b", &errand())).await;
        let limited = crowd.pulse.outcomes().limited_until;
        assert_eq!(limited, known.then_some(until), "{cause:?} {scope:?}");
    }
}

fn limit(until: Instant) -> (Instant, HoldCause) {
    (until, HoldCause::RateLimit)
}

fn errand() -> Errand {
    Errand { endpoint: "search", verb: Verb::Get, issue: None }
}

fn write_to(issue: &str) -> Errand {
    Errand { endpoint: "edit", verb: Verb::Post, issue: Some(issue.to_owned()) }
}

/// Some flows on one budget, and what went: each flow's name, in order.
struct Crowd {
    budget: Arc<Budget>,
    clock: Clock,
    pulse: Pulse,
    went: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Crowd {
    fn new() -> Self {
        let clock = Clock::system();
        let pulse = Pulse::new("sync-ab", clock.clone(), None);
        Self { budget: Arc::default(), pulse, clock, went: Arc::default(), tasks: JoinSet::new() }
    }

    async fn turn(&self, flow: &str, errand: &Errand) -> Result<(), NoTurn> {
        self.budget.share(flow).turn(errand, &self.pulse, &self.clock).await.map(drop)
    }

    /// `count` requests of `flow` queue up.
    async fn queue(&mut self, flow: &str, count: usize) {
        for _ in 0..count {
            let (share, name) = (self.budget.share(flow), flow.to_owned());
            let (pulse, clock, went) = (self.pulse.clone(), self.clock.clone(), Arc::clone(&self.went));
            self.tasks.spawn(async move {
                share.turn(&errand(), &pulse, &clock).await.unwrap();
                went.lock().push(name);
            });
        }
        tokio::task::yield_now().await;
    }

    /// What went within `span` from now.
    async fn within(&self, span: Duration) -> Vec<String> {
        self.clock.sleep(span).await;
        std::mem::take(&mut *self.went.lock())
    }

    /// Spends the burst, so that who comes next has to queue.
    async fn spend(&self) {
        for _ in 0..BRISK.burst as usize {
            self.turn("first", &errand()).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_with_a_thousand_waiting_delays_one_with_a_single_request_by_one_turn() {
    let mut crowd = Crowd::new();
    crowd.spend().await;
    crowd.queue("large", 1000).await;
    crowd.queue("small", 1).await;
    let went = crowd.within(SECOND).await;
    let place = went.iter().position(|flow| flow == "small");
    assert!(place.is_some_and(|place| place <= 1), "{place:?}");
}

#[tokio::test(start_paused = true)]
async fn two_crowded_flows_get_half_each_and_together_the_whole_rate() {
    let mut crowd = Crowd::new();
    crowd.spend().await;
    crowd.queue("a", 600).await;
    crowd.queue("b", 300).await;
    let went = crowd.within(SECOND * 4).await;
    let of_a = went.iter().filter(|flow| *flow == "a").count();
    assert!((180..=200).contains(&went.len()), "{}", went.len());
    assert!(of_a.abs_diff(went.len() - of_a) <= 1, "{of_a} of {}", went.len());
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_asks_one_by_one_is_not_starved_by_one_that_queues() {
    let mut crowd = Crowd::new();
    crowd.spend().await;
    crowd.queue("large", 1000).await;
    let begun = crowd.clock.now();
    for _ in 0..20 {
        crowd.turn("small", &errand()).await.unwrap();
    }
    assert!(crowd.clock.now() - begun < SECOND, "{:?}", crowd.clock.now() - begun);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_at_the_front_lets_the_next_one_go() {
    let mut crowd = Crowd::new();
    crowd.spend().await;
    crowd.queue("gone", 50).await;
    let leaving = std::mem::take(&mut crowd.tasks);
    crowd.queue("stays", 1).await;
    drop(leaving);
    assert_eq!(crowd.within(SECOND / 10).await, ["stays"]);
    let lanes = crowd.budget.lanes.lock();
    assert!(lanes.endpoints.values().all(|lane| lane.queue.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_that_endpoint_and_no_other() {
    let crowd = Crowd::new();
    let begun = crowd.clock.now();
    crowd.budget.share("a").hold(&errand(), Scope::Endpoint, begun, limit(begun + SECOND * 30));
    crowd.turn("b", &write_to("1")).await.unwrap();
    crowd.turn("b", &Errand { verb: Verb::Post, ..errand() }).await.unwrap();
    assert_eq!(crowd.clock.now(), begun);
    crowd.turn("b", &errand()).await.unwrap();
    assert_eq!(crowd.clock.now() - begun, SECOND * 30);
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_the_account_holds_everything_and_a_shorter_one_does_not_shorten_it() {
    let crowd = Crowd::new();
    let begun = crowd.clock.now();
    let share = crowd.budget.share("a");
    share.hold(&errand(), Scope::Account, begun, limit(begun + SECOND * 30));
    share.hold(&errand(), Scope::Account, begun, limit(begun + SECOND));
    crowd.turn("b", &write_to("1")).await.unwrap();
    assert_eq!(crowd.clock.now() - begun, SECOND * 30);
}

#[test]
fn a_shorter_pause_of_one_endpoint_does_not_shorten_a_longer_one() {
    let now = Clock::system().now();
    let mut lane = Lane::new(BRISK, now);
    lane.queue.join(&Arc::from("a"), 1, Bell::default());
    lane.hold(now + SECOND * 20, HoldCause::RateLimit);
    lane.hold(now + SECOND, HoldCause::RateLimit);
    assert_eq!(lane.ask(1, now, None), Turn::At(now + SECOND * 20));
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_one_issue_holds_neither_another_issue_nor_reading_it() {
    let crowd = Crowd::new();
    let begun = crowd.clock.now();
    crowd.budget.share("a").hold(&write_to("1"), Scope::Issue, begun, limit(begun + SECOND * 5));
    crowd.turn("a", &write_to("2")).await.unwrap();
    crowd.turn("a", &errand()).await.unwrap();
    assert_eq!(crowd.clock.now(), begun);
    crowd.turn("b", &write_to("1")).await.unwrap();
    assert_eq!(crowd.clock.now() - begun, SECOND * 5);
}

#[tokio::test(start_paused = true)]
async fn a_pause_too_long_to_wait_for_is_told_at_once_even_to_those_who_queue() {
    let mut crowd = Crowd::new();
    crowd.spend().await;
    crowd.queue("a", 5).await;
    let now = crowd.clock.now();
    crowd.budget.share("a").hold(&errand(), Scope::Endpoint, now, limit(now + SECOND * 3600));
    assert_eq!(crowd.turn("b", &errand()).await, Err(NoTurn::Held(SECOND * 3600)));
    crowd.clock.sleep(SECOND).await;
    while let Some(end) = crowd.tasks.join_next().await {
        assert!(end.is_err(), "it should have been told of the pause");
    }
    assert_eq!(*crowd.went.lock(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn writes_to_one_issue_stay_below_what_jira_allows() {
    let crowd = Crowd::new();
    let mut times = Vec::new();
    let begun = crowd.clock.now();
    while crowd.clock.now() - begun < SECOND * 60 {
        crowd.turn("a", &write_to("1")).await.unwrap();
        times.push(crowd.clock.now());
    }
    let most = |span| times.iter().map(|&t| times.iter().filter(|&&u| u >= t && u < t + span).count()).max().unwrap();
    assert!(most(SECOND * 2) < 20, "{}", most(SECOND * 2));
    assert!((75..100).contains(&most(SECOND * 30)), "{}", most(SECOND * 30));
}

#[tokio::test(start_paused = true)]
async fn memory_for_issues_is_bounded_and_quiet_ones_are_forgotten() {
    let crowd = Crowd::new();
    let now = crowd.clock.now();
    let mut lanes = crowd.budget.lanes.lock();
    let busy = |lane: &mut Lane| lane.pace.take(now).unwrap();
    let counted = (0..2 * MOST_ISSUES).filter_map(|n| lanes.of(&Key::Issue(n.to_string()), now, busy)).count();
    assert_eq!((counted, lanes.issues.len()), (MOST_ISSUES, MOST_ISSUES));
    assert!(lanes.of(&Key::Issue("new".to_owned()), now + SECOND * 5, |_| ()).is_some());
    assert_eq!(lanes.issues.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_who_wait_do_not_wake_at_every_token() {
    static POLLS: AtomicU32 = AtomicU32::new(0);
    let crowd = Crowd::new();
    crowd.spend().await;
    let waiters = (0..10_000).map(|n| {
        let turn = crowd.budget.share(&format!("flow-{}", n % 100));
        let (pulse, clock) = (crowd.pulse.clone(), crowd.clock.clone());
        async move {
            let errand = errand();
            let mut turn = Box::pin(turn.turn(&errand, &pulse, &clock));
            std::future::poll_fn(|cx| {
                POLLS.fetch_add(1, Ordering::Relaxed);
                turn.poll_unpin(cx)
            })
            .await
        }
    });
    let second = crowd.clock.sleep(SECOND);
    tokio::select! { biased; _ = join_all(waiters) => panic!("too fast"), () = second => {} }
    let woken = POLLS.load(Ordering::Relaxed) - 10_000;
    assert!((50..500).contains(&woken), "{woken} polls for 50 turns");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_told_to_stop_leaves_the_queue() {
    let mut crowd = Crowd::new();
    crowd.spend().await;
    crowd.queue("a", 100).await;
    crowd.pulse.stop().cancel();
    assert_eq!(crowd.turn("b", &errand()).await, Err(NoTurn::Stopping));
}

fn access(base: &str, token: &str) -> JiraAccess {
    JiraAccess {
        base: base.parse().unwrap(),
        former: Vec::new(),
        credentials: Credentials::Bearer { token: crate::flow::Secret::new(token.to_owned()) },
        deployment: crate::flow::Deployment::Auto,
        authority: None,
    }
}

#[test]
fn a_sites_text_limit_is_known_to_all_of_its_accounts_and_to_no_other_site() {
    let budgets = Budgets::default();
    let limit = |base, token| budgets.of(&access(base, token)).share("a").text_limit().get();
    let usual = limit("https://a.example.net", "x");
    assert!(budgets.of(&access("https://a.example.net", "x")).share("a").text_limit().learn(500));
    assert_eq!((limit("https://a.example.net", "y"), limit("https://b.example.net", "x")), (500, usual));
}

#[test]
fn two_spellings_of_an_account_share_a_budget_and_two_tokens_do_not() {
    let budgets = Budgets::default();
    let one = budgets.of(&access("https://a.example.net", "x"));
    assert!(Arc::ptr_eq(&one, &budgets.of(&access("https://A.example.net/", "x"))));
    assert!(!Arc::ptr_eq(&one, &budgets.of(&access("https://a.example.net", "y"))));
    let named = |base| {
        let access = access(base, "x");
        let Credentials::Bearer { token } = access.credentials else { unreachable!() };
        budgets.of(&JiraAccess { credentials: Credentials::Basic { email: "me@example.net".into(), token }, ..access })
    };
    assert!(!Arc::ptr_eq(&named("https://a.example.net"), &named("https://b.example.net")), "nor do two sites");
}
