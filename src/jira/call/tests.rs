//! Requests over a scripted transport, with a paused clock.

use std::collections::VecDeque;

use futures::future::BoxFuture;
use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use parking_lot::Mutex;

use super::*;
use crate::flow::{Deployment, FlowName, Observer, Secret};
use crate::jira::transport::{BoxError, Unreachable};
use crate::jira::{AnswerMemory, Effect, Parsing, budget::Budget, get, read, write};
use crate::settings::Proxies;

type Reply = Result<Response<Body>, Unreachable>;

/// Answers in the order of its script, and notes who was asked as whom.
#[derive(Default)]
struct Script {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<(String, bool)>>,
}

impl Transport for Script {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Reply> {
        let known = request.headers().contains_key(header::AUTHORIZATION);
        self.asked.lock().push((format!("{} {}", request.method(), request.uri()), known));
        let reply = self.replies.lock().pop_front().expect("the script has no further answer");
        Box::pin(async { reply })
    }
}

struct Stage {
    script: Arc<Script>,
    caller: Caller,
    clock: Clock,
    pulse: Pulse,
    told: Arc<Told>,
}

/// What was told, each with its flow and the seconds until then.
struct Told(Mutex<Vec<(String, u64, Event)>>, Clock, Instant);

impl Observer for Told {
    fn see(&self, flow: Option<&FlowName>, event: &Event) {
        let passed = (self.1.now() - self.2).as_secs();
        self.0.lock().push((flow.unwrap().to_string(), passed, event.clone()));
    }
}

fn answers() -> AnswerShare {
    AnswerMemory::new(0, Parsing::Inline).share()
}

const TOKEN: &str = "hunter2-token";

fn stage(replies: Vec<Reply>) -> Stage {
    stage_in(&AnswerMemory::new(0, Parsing::Inline), replies)
}

fn stage_in(memory: &AnswerMemory, replies: Vec<Reply>) -> Stage {
    let clock = Clock::system();
    let script = Arc::new(Script { replies: Mutex::new(replies.into()), ..Script::default() });
    let access = JiraAccess {
        base: "https://a.example.net/jira".parse().unwrap(),
        former: Vec::new(),
        credentials: Credentials::Basic { email: "me@example.net".into(), token: Secret::new(TOKEN.into()) },
        deployment: Deployment::Cloud,
        authority: None,
    };
    let pulse = Pulse::new("sync-ab", clock.clone(), None);
    let share = Arc::<Budget>::default().share("sync-ab");
    let told = Arc::new(Told(Mutex::default(), clock.clone(), clock.now()));
    let teller = Teller::new("sync-ab".parse().unwrap(), told.clone());
    let way = Way { transport: script.clone(), budget: share, answers: memory.share(), teller };
    let caller = Caller::new(&access, way, pulse.clone(), clock.clone(), Entropy::seeded(1));
    Stage { script, caller, clock, pulse, told }
}

impl Stage {
    async fn asks(&self, ask: Ask) -> Result<Value, Error> {
        self.caller.json::<Value>(ask).await.map(|answer| answer.value)
    }

    fn asked(&self) -> Vec<(String, bool)> {
        self.script.asked.lock().clone()
    }
}

fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    let builder = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    Ok(headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value)).body(full(body)).unwrap())
}

fn fine() -> Reply {
    reply(200, &[], "{}")
}

fn reading() -> Ask {
    get("/rest/api/3/myself".to_owned(), "myself")
}

fn search() -> Ask {
    read("/rest/api/3/search/jql".to_owned(), Value::Null, "search")
}

fn writing() -> Ask {
    write(Method::PUT, "/rest/api/3/issue/10001?x=y".to_owned(), Value::Null, "edit").of_one_issue()
}

#[tokio::test(start_paused = true)]
async fn no_request_asks_for_a_compressed_answer() {
    let caller = stage(Vec::new()).caller;
    for whose in [Whose::Site, Whose::Stranger] {
        let request = caller.request(&Method::GET, &caller.url("/rest/api/3/myself").unwrap(), whose);
        assert_eq!(request.body(()).unwrap().headers()[header::ACCEPT_ENCODING], "identity");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_waits_as_long_as_a_503_asks_and_is_repeated() {
    let stage = stage(vec![reply(503, &[("retry-after", "20")], ""), fine()]);
    let begun = stage.clock.now();
    stage.asks(reading()).await.unwrap();
    let waited = (stage.clock.now() - begun).as_secs_f64();
    assert!((20.0..=26.0).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_throttled_is_repeated_and_one_in_doubt_is_not() {
    let throttled = stage(vec![reply(429, &[("retry-after", "3")], ""), fine()]);
    throttled.asks(writing()).await.unwrap();
    let doubtful = stage(vec![reply(503, &[("retry-after", "3")], "")]);
    assert_eq!(doubtful.asks(writing()).await.unwrap_err().effect(), Effect::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_never_answered_well_is_given_up_after_four_tries() {
    let broken = || reply(500, &[], "");
    let stage = stage(vec![broken(), broken(), broken(), broken()]);
    let error = stage.asks(reading()).await.unwrap_err();
    assert!(matches!(error.what, Fault::Unanswered(_)), "{error}");
    assert_eq!(stage.asked().len(), 4);
}

/// An answer whose end never comes.
fn never() -> Reply {
    Ok(Response::new(StreamBody::new(stream::pending::<Result<Frame<Bytes>, BoxError>>()).boxed_unsync()))
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_repeated_is_told_once_at_its_first_failure() {
    let stage = stage(vec![never(), never(), never(), fine(), fine()]);
    stage.asks(search()).await.unwrap();
    stage.asks(search()).await.unwrap();
    let told = stage.told.0.lock().clone();
    let [(flow, 45, Event::RequestRepeated { request, why, again_in })] = &told[..] else { panic!("{told:?}") };
    assert_eq!((flow.as_str(), request.as_str()), ("sync-ab", "POST /rest/api/3/search/jql"));
    assert!(why.contains("no answer within 45 s"), "{why}");
    assert!((350..=650).contains(&again_in.as_millis()), "{again_in:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_a_repeated_request_has_no_credentials() {
    let stage = stage(vec![reply(500, &[], format!(r#"{{"errorMessages":["{TOKEN}"]}}"#)), fine()]);
    stage.asks(search()).await.unwrap();
    let told = format!("{:?} {:?}", stage.told.0.lock(), stage.pulse.outcomes());
    assert!(told.contains("500") && !told.contains(TOKEN), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_is_a_success_unless_it_only_tells_who_or_what_is_there() {
    let about = || get("/rest/api/2/serverInfo".to_owned(), ABOUT);
    for (ask, is_success) in [(search(), true), (writing(), true), (reading(), false), (about(), false)] {
        let stage = stage(vec![fine()]);
        stage.asks(ask).await.unwrap();
        assert_eq!(stage.pulse.outcomes().succeeded.is_some(), is_success);
    }
    let stage = stage(vec![reply(400, &[], "no"), never(), never()]);
    stage.asks(search()).await.unwrap_err();
    let _ = tokio::time::timeout(Duration::from_secs(50), stage.asks(search())).await;
    let outcomes = stage.pulse.outcomes();
    assert!(outcomes.succeeded.is_none());
    assert!(outcomes.trouble.is_some_and(|why| why.contains("no answer within 45 s")));
}

#[tokio::test(start_paused = true)]
async fn a_stated_rate_limit_is_known_as_long_as_it_lasts_and_nothing_else_is_taken_for_one() {
    for (status, headers, seconds) in [
        (429, &[("retry-after", "90")][..], Some(90)),
        (429, &[("retry-after", "900")][..], Some(900)),
        (429, &[], None),
        (503, &[("retry-after", "90")][..], None),
        (503, &[("retry-after", "900")][..], None),
    ] {
        let stage = stage(vec![reply(status, headers, ""), never(), never(), never()]);
        let begun = stage.clock.now();
        let _ = tokio::time::timeout(Duration::from_secs(1), stage.asks(search())).await;
        let _ = tokio::time::timeout(Duration::from_secs(1), stage.asks(search())).await;
        let limited = stage.pulse.outcomes().limited_until.map(|until| (until - begun).as_secs());
        assert_eq!(limited, seconds, "{status} {headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_was_too_busy_is_asked_more_slowly_for_a_while() {
    let took = async |first: Reply| {
        let replies = std::iter::once(first).chain(std::iter::repeat_with(fine).take(101));
        let stage = stage(replies.collect());
        let begun = stage.clock.now();
        for _ in 0..101 {
            stage.asks(reading()).await.unwrap();
        }
        (stage.clock.now() - begun).as_secs_f64()
    };
    let (calm, busy) = (took(fine()).await, took(reply(429, &[("retry-after", "0")], "")).await);
    assert!(busy > 2.0 * calm, "{calm} s, and after a complaint {busy} s");
}

#[tokio::test(start_paused = true)]
async fn a_429_about_one_issue_holds_back_no_other() {
    let stage = stage(vec![
        reply(429, &[("retry-after", "100"), ("ratelimit-reason", "jira-per-issue-on-write")], ""),
        fine(),
        fine(),
    ]);
    let begun = stage.clock.now();
    let held = stage.asks(writing());
    let other = async {
        stage.clock.sleep(Duration::from_secs(1)).await;
        stage.asks(Ask { path: "/rest/api/3/issue/10002".to_owned(), ..writing() }).await.unwrap();
        stage.clock.now() - begun
    };
    let (end, other) = tokio::join!(held, other);
    assert!(end.is_ok() && stage.clock.now() - begun >= Duration::from_secs(100));
    assert!(other < Duration::from_secs(2), "{other:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_used_up_ends_every_request_of_the_account_without_asking_again() {
    let stage =
        stage(vec![reply(429, &[("retry-after", "1800"), ("ratelimit-reason", "jira-quota-global-based")], "")]);
    for ask in [reading(), read("/rest/api/3/search/jql".to_owned(), Value::Null, "search")] {
        let error = stage.asks(ask).await.unwrap_err();
        assert!(error.retry_after().is_some_and(|wait| wait.as_secs() >= 1799), "{error}");
    }
    assert_eq!(stage.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_within_the_site_is_followed_with_our_credentials() {
    let stage = stage(vec![reply(302, &[("location", "/jira/rest/api/3/me")], ""), fine()]);
    stage.asks(reading()).await.unwrap();
    assert_eq!(
        stage.asked(),
        [
            ("GET https://a.example.net/jira/rest/api/3/myself".to_owned(), true),
            ("GET https://a.example.net/jira/rest/api/3/me".to_owned(), true),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_elsewhere_is_fetched_without_our_credentials() {
    let away = "https://media.example.org/f?token=t";
    let stage = stage(vec![reply(303, &[("location", away)], ""), reply(200, &[], "file")]);
    let from = "https://a.example.net/jira/rest/api/3/attachment/content/1".parse().unwrap();
    stage.caller.open(&reading(), &from, |_| Ok(())).await.unwrap();
    assert_eq!(stage.asked()[1], (format!("GET {away}"), false));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_sends_us_back_to_the_site_gets_nothing_by_our_name() {
    let stage = stage(vec![
        reply(303, &[("location", "https://media.example.org/f")], ""),
        reply(302, &[("location", "https://a.example.net/jira/rest/api/3/secret")], ""),
        fine(),
    ]);
    let from = "https://a.example.net/jira/rest/api/3/attachment/content/1".parse().unwrap();
    stage.caller.open(&reading(), &from, |_| Ok(())).await.unwrap();
    assert_eq!(stage.asked().iter().map(|(_, known)| *known).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn addresses_that_only_look_like_the_sites_get_no_credentials() {
    let disguises = [
        "//media.example.org/f",
        r"\\media.example.org/f",
        "https://a.example.net@media.example.org/f",
        "https://a.example.net:8443/f",
        "https://a.example.net.example.org/f",
    ];
    for away in disguises {
        let stage = stage(vec![reply(303, &[("location", away)], ""), fine()]);
        let from = "https://a.example.net/jira/rest/api/3/attachment/content/1".parse().unwrap();
        stage.caller.open(&reading(), &from, |_| Ok(())).await.unwrap();
        assert!(!stage.asked()[1].1, "{away}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_keeps_a_file_neither_refuses_nor_holds_back_our_account() {
    let quota = [("retry-after", "9000"), ("ratelimit-reason", "jira-quota-global-based")];
    for (status, headers) in [(429, &quota[..]), (401, &[]), (403, &[]), (404, &[])] {
        let away = || reply(303, &[("location", "https://media.example.org/f")], "");
        let complaint = || reply(status, headers, "no");
        let all = [away(), complaint(), away(), complaint(), away(), complaint(), away(), complaint()];
        let stage = stage(all.into());
        let from = "https://a.example.net/jira/rest/api/3/attachment/content/1".parse().unwrap();
        let error = stage.caller.open(&reading(), &from, |_| Ok(())).await.unwrap_err();
        assert!(error.is_local(), "{error}");
        *stage.script.replies.lock() = VecDeque::from([fine()]);
        stage.asks(reading()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_by_nobodys_name_is_in_doubt_and_not_refused() {
    let nobody = [("x-seraph-loginreason", "AUTHENTICATED_FAILED")];
    let refused = || reply(200, &nobody, "{}");
    let stage = stage(vec![reply(201, &nobody, r#"{"id":"10000","key":"ED-24"}"#), refused(), refused()]);
    assert_eq!(stage.asks(writing()).await.unwrap_err().effect(), Effect::Unknown);
    assert_eq!(
        stage.asked()[1].0,
        "GET https://a.example.net/jira/rest/api/2/myself",
        "it is a suspicion all the same"
    );
    assert!(matches!(stage.asks(search()).await.unwrap_err().what, Fault::Refused(_)));
}

#[tokio::test(start_paused = true)]
async fn a_write_is_never_sent_on() {
    let stage = stage(vec![reply(307, &[("location", "https://a.example.net/jira/x")], "")]);
    let error = stage.asks(writing()).await.unwrap_err();
    assert!(error.to_string().contains("is the address of the site right?"), "{error}");
    assert_eq!(stage.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn redirects_that_never_end_are_given_up() {
    let on = || reply(302, &[("location", "/jira/x")], "");
    // Each of the four tries follows five redirects.
    let stage = stage((0..24).map(|_| on()).collect());
    let error = stage.asks(reading()).await.unwrap_err();
    assert!(matches!(&error.what, Fault::NotJira(said) if said.contains("more than 5 times")), "{error}");
    assert_eq!(stage.asked().len(), 24);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_come_back_are_not_told_on() {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("me@example.net:{TOKEN}"));
    let echo = format!(r#"{{"errorMessages":["bad header: Basic {pair}, {TOKEN}"]}}"#);
    let stage = stage(vec![reply(400, &[], echo), reply(200, &[], format!("[\"{TOKEN}"))]);
    let complaint = stage.asks(writing()).await.unwrap_err().to_string();
    assert!(complaint.contains("bad header: Basic ***, ***"), "{complaint}");
    let place = stage.caller.error(&Ask { path: format!("/f/{TOKEN}\n"), ..reading() }, Fault::Cancelled);
    assert_eq!(place.request, "GET /f/***");
    let unreadable = stage.asks(writing()).await.unwrap_err().to_string();
    assert!(unreadable.contains("***") && !unreadable.contains(TOKEN), "{unreadable}");
}

#[tokio::test(start_paused = true)]
async fn a_credential_at_the_edge_of_what_is_told_is_not_told_in_part() {
    for room in 250..310 {
        let stage = stage(vec![reply(400, &[], format!("{} {TOKEN}", "x".repeat(room)))]);
        let complaint = stage.asks(writing()).await.unwrap_err().to_string();
        assert!(!complaint.contains(&TOKEN[..4]), "{complaint}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_complaint_without_end_is_not_read_to_its_end() {
    let endless = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(b"no no no no "))));
    let body = StreamBody::new(endless).boxed_unsync();
    let stage = stage(vec![Ok(Response::builder().status(400).body(body).unwrap())]);
    let error = stage.asks(writing()).await.unwrap_err();
    assert!(matches!(&error.what, Fault::Invalid(said) if said.len() < 400), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_end_is_refused() {
    let endless = stream::repeat_with(|| Ok(Frame::data(Bytes::from(vec![b' '; 1 << 20]))));
    let body = StreamBody::new(endless).boxed_unsync();
    let error = stage(vec![Ok(Response::new(body))]).asks(writing()).await.unwrap_err();
    assert!(matches!(&error.what, Fault::NotJira(said) if said.contains("more than")), "{error}");
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_it_may() {
    for kind in [reading, writing] {
        let most = if kind().reads() { answers().most_bytes() } else { MOST_WRITTEN };
        for (size, is_read) in [(most, true), (most + 1, false)] {
            let answer = reply(200, &[], format!("1{}", " ".repeat(size - 1)));
            let end = stage(vec![answer]).asks(kind()).await;
            assert_eq!(end.is_ok(), is_read, "{size}: {end:?}");
        }
    }
}

/// Another answer holds most of the memory at first: this one is given up, and asked for again when there is some.
#[tokio::test(start_paused = true)]
async fn an_answer_for_which_memory_lacks_waits_without_holding_any() {
    let memory = AnswerMemory::new(0, Parsing::Inline);
    let large = || reply(200, &[], format!("1{}", " ".repeat(3 << 20)));
    let stage = stage_in(&memory, vec![large(), large()]);
    let others: Vec<_> = (0..4).map(|_| memory.share()).collect();
    let mut held = Vec::new();
    for other in &others {
        held.push(other.wait_for(usize::MAX).await);
    }
    let clock = stage.clock.clone();
    let (end, ()) = futures::join!(stage.asks(reading()), async {
        clock.sleep(Duration::from_secs(900)).await;
        assert_eq!(stage.script.asked.lock().len(), 1);
        drop(held);
    });
    assert_eq!((end, stage.script.asked.lock().len()), (Ok(Value::from(1)), 2));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_memory_ends_when_the_worker_is_told_to_stop() {
    let memory = AnswerMemory::new(0, Parsing::Inline);
    let stage = stage_in(&memory, vec![reply(200, &[], format!("1{}", " ".repeat(3 << 20)))]);
    let others: Vec<_> = (0..4).map(|_| memory.share()).collect();
    let mut held = Vec::new();
    for other in &others {
        held.push(other.wait_for(usize::MAX).await);
    }
    let clock = stage.clock.clone();
    let (end, ()) = futures::join!(stage.asks(reading()), async {
        clock.sleep(Duration::from_secs(60)).await;
        stage.pulse.stop().cancel();
    });
    assert_eq!(end.unwrap_err().what, Fault::Stopping);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_ends_is_given_up_within_the_minute() {
    let hanging = StreamBody::new(stream::pending::<Result<Frame<Bytes>, _>>()).boxed_unsync();
    let stage = stage(vec![Ok(Response::new(hanging))]);
    let begun = stage.clock.now();
    let error = stage.asks(writing()).await.unwrap_err();
    assert_eq!((error.effect(), stage.clock.now() - begun), (Effect::Unknown, Duration::from_secs(45)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_compressed_unasked_is_not_taken_for_json() {
    let error = stage(vec![reply(200, &[("content-encoding", "gzip")], "x")]).asks(writing()).await.unwrap_err();
    assert!(error.to_string().contains("compressed"), "{error}");
}

/// How Jira can refuse one request.
fn refusals() -> [Reply; 6] {
    [
        reply(401, &[], "no"),
        reply(401, &[], r#"{"code":401,"message":"Unauthorized; scope does not match"}"#),
        reply(403, &[], "no"),
        reply(302, &[("location", "/login.jsp?os_destination=x")], ""),
        reply(200, &[("x-seraph-loginreason", "AUTHORISATION_FAILED")], r#"{"issues":[]}"#),
        reply(404, &[("x-seraph-loginreason", "AUTHENTICATED_FAILED")], r#"{"errorMessages":["no issue"]}"#),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_once_is_asked_again_when_the_account_is_fine() {
    for refusal in refusals() {
        let stage = stage(vec![refusal, fine(), fine()]);
        stage.asks(search()).await.unwrap();
        assert_eq!(stage.asked()[1].0, "GET https://a.example.net/jira/rest/api/2/myself");
    }
}

#[tokio::test(start_paused = true)]
async fn what_stays_refused_fails_by_itself_when_the_account_is_fine() {
    for (first, second) in refusals().into_iter().zip(refusals()) {
        let stage = stage(vec![first, fine(), second]);
        let error = stage.asks(search()).await.unwrap_err();
        assert!(matches!(error.what, Fault::Denied(_)) && error.is_local(), "{error}");
        assert_eq!(stage.asked().len(), 3, "the answer of myself counts for a minute");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_accounts_when_myself_is_refused_too() {
    for who in [
        reply(401, &[], "no"),
        reply(403, &[], "no"),
        reply(200, &[("x-seraph-loginreason", "AUTHENTICATION_DENIED")], "{}"),
    ] {
        let stage = stage(vec![reply(401, &[], "no"), who]);
        let error = stage.asks(search()).await.unwrap_err();
        assert!(matches!(error.what, Fault::Refused(_)), "{error}");
        assert_eq!(stage.asked().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_which_myself_tells_nothing_concerns_the_flow_but_does_not_park_it() {
    for who in [reply(500, &[], "no"), Err(Unreachable { begun: true, why: "reset".to_owned() })] {
        let error = stage(vec![reply(401, &[], "no"), who]).asks(writing()).await.unwrap_err();
        assert!(matches!(error.what, Fault::NotSent(_)), "{error}");
        assert_eq!(error.effect(), Effect::None, "a write that is answered 401 had no effect");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_refused_had_no_effect_and_is_not_repeated_at_once() {
    for refusal in [reply(401, &[], "no"), reply(302, &[("location", "/login.jsp")], "")] {
        let stage = stage(vec![refusal, fine()]);
        let error = stage.asks(writing()).await.unwrap_err();
        assert!(matches!(error.what, Fault::Denied(_)), "{error}");
        assert_eq!((error.effect(), stage.asked().len()), (Effect::None, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn myself_is_asked_once_a_minute_however_much_is_refused() {
    let replies = std::iter::once(reply(401, &[], "no")).chain([fine()]);
    let further = std::iter::repeat_with(|| reply(401, &[], "no")).take(20);
    let stage = stage(replies.chain(further).collect());
    for _ in 0..5 {
        stage.asks(writing()).await.unwrap_err();
    }
    let asked = |stage: &Stage| stage.asked().iter().filter(|(what, _)| what.ends_with("/myself")).count();
    assert_eq!(asked(&stage), 1);
    stage.clock.sleep(Duration::from_secs(60)).await;
    let error = stage.asks(writing()).await.unwrap_err();
    assert!(matches!(error.what, Fault::Refused(_)), "a minute later the token has lapsed: {error}");
    assert_eq!(asked(&stage), 2);
}

#[tokio::test(start_paused = true)]
async fn a_captcha_is_demanded_of_the_account_and_no_login_is_tried_again() {
    let stage = stage(vec![reply(403, &[("x-authentication-denied-reason", "CAPTCHA_CHALLENGE")], "")]);
    let error = stage.asks(writing()).await.unwrap_err();
    assert!(matches!(&error.what, Fault::Refused(said) if said.contains("browser")), "{error}");
    assert_eq!(stage.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_404_that_is_a_problem_leaves_a_create_in_no_doubt() {
    let problem = Response::builder().status(404).header(header::CONTENT_TYPE, "application/problem+json");
    let problem = problem.body(full(r#"{"title":"Not Found","status":404}"#)).unwrap();
    let error = stage(vec![Ok(problem)]).asks(writing()).await.unwrap_err();
    assert_eq!((error.effect(), error.is_local()), (Effect::None, true), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_403_on_one_issue_is_that_issues_without_a_word_of_the_account() {
    let stage = stage(vec![reply(403, &[], "no")]);
    let error = stage.asks(writing()).await.unwrap_err();
    assert!(matches!(error.what, Fault::Forbidden(_)) && error.is_local(), "{error}");
    assert_eq!(stage.asked().len(), 1);
}

/// An answer that came through a proxy.
fn through_proxy(status: u16, body: &'static str) -> Reply {
    let env = |name: &str| (name == "HTTPS_PROXY").then(|| "http://proxy.corp.test:3128".to_owned());
    let proxies = Proxies::from_env(&env).unwrap();
    let mut response = reply(status, &[], body).unwrap();
    response.extensions_mut().insert(ThroughProxy(proxies.of("https", "a", 443).unwrap().clone()));
    Ok(response)
}

#[tokio::test(start_paused = true)]
async fn a_proxys_403_is_not_taken_for_jiras_refusal_of_the_account() {
    for ask in [search, writing, get_myself] {
        let stage = stage(vec![through_proxy(403, "<title>Blocked</title>")]);
        let error = stage.asks(ask()).await.unwrap_err();
        assert!(matches!(error.what, Fault::BlockedByProxy(_)), "{error}");
        assert_eq!((error.effect(), error.is_local(), stage.asked().len()), (Effect::None, true, 1), "{error}");
        assert!(error.to_string().contains("the proxy proxy.corp.test:3128 (HTTPS_PROXY) says 403"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_refuses_the_question_who_we_are_parks_nothing() {
    let stage = stage(vec![reply(401, &[], "no"), through_proxy(403, "<title>Blocked</title>")]);
    let error = stage.asks(writing()).await.unwrap_err();
    assert!(matches!(&error.what, Fault::NotSent(said) if said.contains("proxy.corp.test")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_403_of_jira_through_a_proxy_stays_a_refusal_by_jira() {
    let refusal = r#"{"errorMessages":["no"],"errors":{}}"#;
    let error = stage(vec![through_proxy(403, refusal)]).asks(writing()).await.unwrap_err();
    assert!(matches!(error.what, Fault::Forbidden(_)), "{error}");
}

fn get_myself() -> Ask {
    get("/rest/api/2/myself".to_owned(), "myself")
}

#[test]
fn only_writes_to_an_issue_count_for_it() {
    assert_eq!(writing().errand().issue.as_deref(), Some("10001"));
    assert_eq!(get(writing().path, "issue").of_one_issue().errand().issue, None);
    let create = write(Method::POST, "/rest/api/3/issue".to_owned(), Value::Null, "create");
    assert_eq!(create.errand().issue, None);
}

#[test]
fn credentials_are_hidden_from_debug() {
    let (value, _) = authorization(&Credentials::Bearer { token: Secret::new(TOKEN.into()) });
    assert!(!format!("{value:?}").contains(TOKEN));
}
