//! What is shown of a flow's health, second by second, while Jira or the database does not do its part.

use std::cell::RefCell;
use std::time::Duration;

use http::Method;
use jira_sim::faults::{Kind, Rule, When};
use jira_sim::{FaultPlan, Flavour};
use lockstep::supervisor::Handle;

use testing::house::{End, FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock};
use testing::story::InJira as _;

const SECOND: Duration = Duration::from_secs(1);

/// With an interval of a minute nothing need succeed for two.
const LIMIT: Duration = Duration::from_secs(120);

/// One flow that looks every minute, on a site whose pages are small.
fn house(flavour: Flavour) -> House {
    let house = House::quiet_with(5, |setup| (setup.flavour, setup.page_cap) = (flavour, 10));
    house.flow_fixture().interval(MINUTE).write();
    house
}

/// Lives for so long, and changes things at the given moments. Answers whether the flow was degraded, second by second.
async fn lived(house: &mut House, span: Duration, changes: &[(Duration, &dyn Fn())]) -> Vec<bool> {
    let samples = RefCell::new(Vec::new());
    let clock = house.clock.clone();
    let ended = house
        .live_beside(End::At(span), async |handle: Handle| {
            for second in 0.. {
                let now = SECOND * second;
                changes.iter().filter(|(at, _)| *at == now).for_each(|(_, change)| change());
                clock.sleep(SECOND).await;
                samples.borrow_mut().push(handle.look().is_degraded());
            }
        })
        .await;
    assert!(ended.is_some());
    let seconds = usize::try_from(span.as_secs()).unwrap();
    samples.into_inner().into_iter().take(seconds - 1).collect()
}

/// The seconds between which the flow was degraded.
fn spans(samples: &[bool]) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for second in (0..samples.len()).filter(|second| samples[*second]) {
        match spans.last_mut() {
            Some((_, end)) if *end == second => *end += 1,
            Some(_) | None => spans.push((second, second + 1)),
        }
    }
    spans
}

/// When something with these words was first told, in seconds since the beginning.
fn first_told(house: &House, words: &str) -> i64 {
    let line = house.events.about(words).lines().next().map(str::to_owned).unwrap();
    let at: chrono::DateTime<chrono::Utc> = line.split(' ').next().unwrap().parse().unwrap();
    (at - "2026-03-02T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()).num_seconds()
}

#[test]
fn a_hanging_jira_is_told_at_once_and_degrades_until_a_cycle_completes() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour);
            let (begin, end) = (10 * MINUTE, 40 * MINUTE);
            let site = std::sync::Arc::clone(&house.site);
            let hang = || {
                site.faults(
                    Rule::anywhere(When::Always, Kind::Stall { effect: jira_sim::faults::Effect::Before }).into(),
                )
            };
            let answer = || site.faults(FaultPlan::none());
            let samples = lived(&mut house, 60 * MINUTE, &[(begin, &hang), (end, &answer)]).await;
            let [(from, to)] = spans(&samples)[..] else { panic!("{:?}", spans(&samples)) };
            let seconds = |time: Duration| usize::try_from(time.as_secs()).unwrap();
            assert!(from <= seconds(begin + LIMIT), "degraded from {from} s");
            assert!((seconds(end)..seconds(end + 10 * MINUTE)).contains(&to), "degraded until {to} s");
            let first = first_told(&house, "failed, retrying in");
            let asked = i64::try_from(seconds(begin)).unwrap()..=i64::try_from(seconds(begin + MINUTE)).unwrap() + 46;
            assert!(asked.contains(&first), "first told at {first} s");
            assert_eq!((house.events.audited("flow.degraded"), house.events.audited("flow.recovered")), (1, 1));
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

#[test]
fn a_database_that_is_away_degrades_until_a_cycle_completes() {
    on_a_paused_clock(async {
        let mut house = house(Flavour::Cloud);
        let file = house.data.file();
        let rename = |from: &str, to: &str| {
            let database = rusqlite::Connection::open(&file).unwrap();
            database.execute(&format!("ALTER TABLE {from} RENAME TO {to}"), []).unwrap();
        };
        let (leave, come) = (|| rename("sync_state", "away"), || rename("away", "sync_state"));
        let samples = lived(&mut house, HOUR, &[(10 * MINUTE, &leave), (40 * MINUTE, &come)]).await;
        let [(from, to)] = spans(&samples)[..] else { panic!("{:?}", spans(&samples)) };
        assert!((600..=602).contains(&from) && (2400..3000).contains(&to), "degraded from {from} s to {to} s");
        assert_eq!((house.events.audited("flow.degraded"), house.events.audited("flow.recovered")), (1, 1));
    });
}

#[test]
fn a_flow_that_never_works_is_degraded_all_the_time() {
    on_a_paused_clock(async {
        let mut house = house(Flavour::Cloud);
        let search = house.search();
        house.site.faults(Rule::on(Method::POST, &search, When::Always, Kind::LostReply).into());
        let samples = lived(&mut house, HOUR, &[]).await;
        let [(from, 3599)] = spans(&samples)[..] else { panic!("{:?}", spans(&samples)) };
        assert!(from < 30, "degraded from {from} s");
    });
}

#[test]
fn a_long_first_sync_that_progresses_is_not_degraded() {
    on_a_paused_clock(async {
        let mut house = house(Flavour::Cloud);
        for number in 0..300 {
            house.reports(&format!("ticket {number}"), "");
        }
        let (search, slow) = (house.search(), SECOND * 40);
        house.site.faults(Rule::on(Method::POST, &search, When::Always, Kind::Latency { from: slow, to: slow }).into());
        let samples = lived(&mut house, 15 * MINUTE, &[]).await;
        assert_eq!(spans(&samples), []);
        assert!(house.events.about("Sync cycle completed").is_empty(), "it is still the first");
    });
}

#[test]
fn a_wait_that_jira_states_for_its_rate_limit_is_not_degraded() {
    for seconds in [100, 1500] {
        on_a_paused_clock(async {
            let mut house = house(Flavour::Cloud);
            let site = std::sync::Arc::clone(&house.site);
            let limit = Kind::TooMany { retry_after_secs: seconds };
            let ask_to_wait = || site.faults(Rule::anywhere(When::First(1), limit.clone()).into());
            let samples = lived(&mut house, 45 * MINUTE, &[(10 * MINUTE, &ask_to_wait)]).await;
            assert_eq!(spans(&samples), [], "{seconds} s");
            let cycles = house.events.about("Sync cycle completed").lines().count() as u64;
            assert!(cycles + seconds / 60 <= 46, "it waited: {cycles} cycles");
        });
    }
}
