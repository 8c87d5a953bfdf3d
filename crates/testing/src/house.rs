//! The machinery: the real supervisor, workers, engine, client and store, in memory on a paused clock, beside a
//! simulated company. A life ends in order or by a crash; the stores stay.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Full};
use jira_sim::{self, FaultPlan, Flavour, People, Site, check};
use lockstep::clock::{Clock, Entropy};
use lockstep::config::Watch;
use lockstep::demo::world;
use lockstep::engine::Report;
use lockstep::flow::{Event, Flow, FlowName, Observer};
use lockstep::jira::{AnswerMemory, DEFAULT_ANSWER_BYTES, InMemory, Parsing, Transport, Unreachable, WireBody};
use lockstep::pulse::{Passage, Probe, Pulse, Verdict};
use lockstep::store::{Legacy, Process, Stores};
use lockstep::supervisor::{Ended, Handle, Looking, Setup, Supervisor};
use lockstep::worker::{Archive, Tools};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::data::Data;
use crate::story::InJira;

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);

/// The flows' interval.
const INTERVAL: Duration = Duration::from_secs(300);

/// The site's search lags up to so much in truth; flows trust it to lag no more than [`INDEX_LAG`].
const TRUE_LAG: Duration = Duration::from_secs(20);
const INDEX_LAG: Duration = Duration::from_secs(60);
const BASE_URL: &str = "https://jira.example.net";

/// Most stories begin here.
const MIDNIGHT: &str = "2026-03-02T00:00:00Z";

/// Both kinds of Jira.
pub const FLAVOURS: [Flavour; 2] = [Flavour::Cloud, Flavour::DataCenter];

/// How long `count` cycles take until searches show what they did: so many of the flows' intervals, and the lag that they
/// trust searches to have, before and after.
pub const fn cycles(count: u32) -> Duration {
    INTERVAL.saturating_mul(count).saturating_add(INDEX_LAG.saturating_mul(2))
}

/// A company, its Lockstep, and all that was seen of them.
pub struct House {
    pub site: Arc<Site>,
    pub clock: Clock,
    pub events: Arc<Events>,
    pub flavour: Flavour,
    pub data: Arc<Data>,
    last_account: Option<jira_sim::Account>,
    entropy: Entropy,
    flows: Arc<tempfile::TempDir>,
    lives: u64,
    twist: Option<Twist>,
    date_lag: Arc<AtomicI64>,
}

/// Alters the site's JSON answers on the way: method, path, body.
pub type Twist = Arc<dyn Fn(&str, &str, &mut serde_json::Value) + Send + Sync>;

/// Every event, as a line, with its time.
#[derive(Default)]
pub struct Events {
    lines: Mutex<Vec<String>>,
    messages: Mutex<Vec<(String, String)>>,
}

/// How a life ends.
pub enum End {
    /// Told to stop at that moment.
    At(Duration),
    /// Told to stop at the N-th moment of a gate, in the middle of whatever is going on.
    Stop(Arc<Crash>),
    /// Everything in memory dropped, when the probe says so or at that moment.
    Crash(Arc<Crash>, Duration),
}

/// Stops the world before or after the N-th passage of a gate.
pub struct Crash {
    at: u64,
    asleep: Mutex<bool>,
    count: Mutex<u64>,
    struck: Notify,
    passed: Mutex<Vec<String>>,
}

impl House {
    /// With the shipped flows, an interval of five minutes and no people at work yet. `faults` are the site's.
    pub fn new(flavour: Flavour, seed: u64, faults: FaultPlan) -> Self {
        Self::built(seed, faults, |jira| (jira.flavour, jira.flicker) = (flavour, 0.01))
    }

    /// The same on a site that is changed before it is born.
    pub fn built(seed: u64, faults: FaultPlan, change: impl FnOnce(&mut jira_sim::Setup)) -> Self {
        Self::built_at(MIDNIGHT, seed, faults, change)
    }

    /// The same at another beginning of time.
    pub fn built_at(begin: &str, seed: u64, faults: FaultPlan, change: impl FnOnce(&mut jira_sim::Setup)) -> Self {
        let clock = Clock::simulated(begin.parse::<DateTime<Utc>>().unwrap());
        let now = clock.clone();
        let mut jira = world::jira(BASE_URL, Arc::new(move || now.wall()), seed, TRUE_LAG);
        change(&mut jira);
        let (flavour, last_account) = (jira.flavour, jira.accounts.last().cloned());
        let site = Site::new(jira);
        site.faults(faults);
        let house = Self {
            site,
            clock: clock.clone(),
            events: Arc::new(Events::default()),
            flavour,
            data: Arc::new(Data::new()),
            last_account,
            entropy: Entropy::seeded(seed),
            flows: Arc::new(tempfile::tempdir().unwrap()),
            lives: 0,
            twist: None,
            date_lag: Arc::default(),
        };
        for (file, text) in world::FLOWS {
            house.write_flow(file, &spoken_to(flavour, &world::paced(text, INTERVAL, INDEX_LAG)));
        }
        house
    }

    /// One flow on a fine site of this kind, where people do only what a story says.
    pub fn quiet(flavour: Flavour, seed: u64) -> Self {
        Self::quiet_with(seed, |jira| jira.flavour = flavour)
    }

    /// The same on a site that is changed before it is born.
    pub fn quiet_with(seed: u64, change: impl FnOnce(&mut jira_sim::Setup)) -> Self {
        let house = Self::built(seed, FaultPlan::none(), change).only_the_first_flow();
        house.people_work_for(Duration::ZERO, 1.0);
        house
    }

    /// Another daemon beside this one: the same site, flows and data; what it tells and asks is seen apart.
    pub fn another(&self) -> Self {
        Self {
            site: Arc::clone(&self.site),
            clock: self.clock.clone(),
            events: Arc::default(),
            flavour: self.flavour,
            data: Arc::clone(&self.data),
            last_account: self.last_account.clone(),
            entropy: self.entropy.fork("another"),
            flows: Arc::clone(&self.flows),
            lives: 0,
            twist: None,
            date_lag: Arc::clone(&self.date_lag),
        }
    }

    pub fn only_the_first_flow(self) -> Self {
        let house = self;
        for (file, _) in &world::FLOWS[1..] {
            std::fs::remove_file(house.flows.path().join(file)).unwrap();
        }
        house
    }

    /// From the next life on, answers are altered on the way.
    pub fn twist(&mut self, twist: impl Fn(&str, &str, &mut serde_json::Value) + Send + Sync + 'static) {
        self.twist = Some(Arc::new(twist));
    }

    /// So many seconds the site's clock is behind from now on, as its answers tell the time.
    pub fn set_back(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.date_lag)
    }

    /// The path of a resource of the API that the daemon speaks to, as fault rules and counters name it.
    pub fn api(&self, resource: &str) -> String {
        match self.flavour {
            Flavour::Cloud => format!("/rest/api/3/{resource}"),
            Flavour::DataCenter => format!("/rest/api/2/{resource}"),
        }
    }

    /// The path of its search.
    pub fn search(&self) -> String {
        match self.flavour {
            Flavour::Cloud => self.api("search/jql"),
            Flavour::DataCenter => self.api("search"),
        }
    }

    /// Requests so far that reached the site.
    pub fn requests(&self) -> u64 {
        self.site.counters().values().sum()
    }

    /// Requests so far with this method to this resource of the API.
    pub fn requests_to(&self, method: &str, resource: &str) -> u64 {
        self.site.counters().get(&format!("{method} {}", self.api(resource))).copied().unwrap_or_default()
    }

    /// Requests so far that change something in Jira.
    pub fn writes(&self) -> u64 {
        let searches = format!("POST {}", self.search());
        let reads = |what: &str| what.starts_with("GET ") || what.ends_with("/bulkfetch") || *what == *searches;
        self.site.counters().iter().filter(|(what, _)| !reads(what)).map(|(_, count)| count).sum()
    }

    /// Whatever flow it is, it gets the name by which this house's data goes.
    pub fn write_flow(&self, file: &str, text: &str) {
        let shipped = file.trim_end_matches(".json");
        let name = |name: &str| format!("\"name\": \"{name}\"");
        let text = text.replace(&name(shipped), &name(&self.data.flow_name(shipped)));
        std::fs::write(self.flows.path().join(file), text).unwrap();
    }

    /// Writes that flow's file while the house lives.
    pub fn editor(&self, file: &str) -> impl Fn(&str) + use<> {
        let path = self.flows.path().join(file);
        move |text| std::fs::write(&path, text).unwrap()
    }

    pub fn flow_text(&self, file: &str) -> String {
        std::fs::read_to_string(self.flows.path().join(file)).unwrap()
    }

    /// People are at work in the three pairs for so long from now.
    pub fn people_work_for(&self, duration: Duration, pace: f64) {
        let pairs = world::PAIRS[..3].iter().map(|(user, dev)| ((*user).to_owned(), (*dev).to_owned())).collect();
        self.site.populate(People { pairs, until: self.clock.wall() + duration, pace });
    }

    /// One life of the daemon. Returns how it ended; `None` for a crash.
    pub async fn live(&mut self, end: End) -> Option<Ended> {
        self.live_beside(end, async |_: Handle| {}).await
    }

    /// One life of the daemon, and a story beside it that has a handle of it. Returns how the daemon ended, as
    /// [`House::live`].
    pub async fn live_beside(&mut self, end: End, beside: impl AsyncFnOnce(Handle)) -> Option<Ended> {
        self.lives += 1;
        let stop = CancellationToken::new();
        let (probe, crash, span): (Option<Arc<dyn Probe>>, _, _) = match end {
            End::At(span) => (None, None, span),
            End::Crash(crash, span) => (Some(Arc::clone(&crash) as Arc<dyn Probe>), Some(crash), span),
            End::Stop(gate) => (Some(Arc::new(StopAt { gate, stop: stop.clone() })), None, cycles(2)),
        };
        let (setup, opener) = self.setup(probe);
        let (supervisor, handle) = Supervisor::new(setup);
        let struck = async {
            match &crash {
                Some(crash) => crash.struck.notified().await,
                None => std::future::pending().await,
            }
        };
        let mut running = Box::pin(supervisor.run(stop.clone()));
        let beside = async {
            beside(handle).await;
            std::future::pending::<()>().await;
        };
        let ended = tokio::select! {
            biased;
            () = struck => None,
            () = beside => None,
            () = self.clock.sleep(span) => match crash {
                Some(_) => None,
                None => { stop.cancel(); Some(running.as_mut().await) }
            },
            ended = running.as_mut() => Some(ended),
        };
        drop(running);
        // Aborted tasks are dropped when their runtime comes to it; the last of them lets go of the store.
        while opener.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        if ended.is_none() {
            self.data.crashed();
        }
        ended
    }

    /// Lives in peace for so long.
    pub async fn live_for(&mut self, span: Duration) {
        assert_eq!(self.live(End::At(span)).await, Some(Ended::Drained));
    }

    /// Lives in peace for [`cycles`] of flows with the usual interval.
    pub async fn cycles(&mut self, count: u32) {
        self.live_for(cycles(count)).await;
    }

    /// What does not hold between the projects, and whatever else went wrong.
    pub fn disagreements(&self) -> Vec<String> {
        let flows = world::flows(self.flows.path(), BASE_URL).unwrap();
        let files = std::fs::read_dir(self.flows.path()).unwrap().count();
        assert_eq!(flows.len(), files, "a file that is refused would never disagree");
        let found = flows.values().flat_map(|flow| check::agree(&self.site, &world::expectation(flow)));
        found.map(|disagreement| disagreement.to_string()).collect()
    }

    /// All that was seen: the daemon's events and the requests that reached Jira.
    pub fn trace(&self) -> String {
        let requests = self.site.requests().into_iter().map(|line| format!("{line:?}"));
        let events = self.events.lines.lock().clone();
        let folder = self.flows.path().display().to_string();
        events.into_iter().chain(requests).collect::<Vec<_>>().join("\n").replace(&folder, "FLOWS")
    }

    /// All that is known of an issue, for a failing test: what was told of it, and what happened to it in Jira.
    pub fn about(&self, key: &str) -> String {
        let told = self.events.about(&format!("{key} "));
        format!("{told}\n{:#?}\n", self.site.issue(key))
    }

    /// Asks the site's API as the last of its accounts; answers what it says.
    pub async fn ask(&self, method: http::Method, resource: &str, body: serde_json::Value) -> serde_json::Value {
        let account = self.last_account.as_ref().unwrap();
        let credentials = BASE64_STANDARD.encode(format!("{}:{}", account.email, account.token));
        let authorization = match self.flavour {
            Flavour::Cloud => format!("Basic {credentials}"),
            Flavour::DataCenter => format!("Bearer {}", account.token),
        };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{BASE_URL}{}", self.api(resource)))
            .header(http::header::AUTHORIZATION, authorization)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()).map_err(|never| match never {}).boxed_unsync());
        let response = InMemory::new(self.site.hosts_router()).send(request.unwrap()).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        if bytes.is_empty() { serde_json::Value::Null } else { serde_json::from_slice(&bytes).unwrap() }
    }

    /// The flow of that file takes over what the Node.js service left.
    pub async fn take_over(&mut self, flow: &str, legacy: &Legacy) -> Report {
        self.lives += 1;
        let flow = Arc::new(self.flow(flow));
        let (tools, _) = self.tools();
        let pulse = Pulse::new(flow.name.as_str(), self.clock.clone(), None);
        tools.take_over((&flow, &pulse), legacy, &|_| {}).await.unwrap()
    }

    /// The same until a crash, if one strikes. Then everything in memory is dropped.
    pub async fn take_over_until(&mut self, flow: &str, legacy: &Legacy, crash: &Arc<Crash>) -> Option<Report> {
        self.lives += 1;
        let flow = Arc::new(self.flow(flow));
        let (tools, left) = self.tools();
        let pulse = Pulse::new(flow.name.as_str(), self.clock.clone(), Some(Arc::clone(crash) as Arc<dyn Probe>));
        let done = tokio::select! {
            biased;
            () = crash.struck.notified() => None,
            report = tools.take_over((&flow, &pulse), legacy, &|_| {}) => Some(report.unwrap()),
        };
        drop(tools);
        while left.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        if done.is_none() {
            self.data.crashed();
        }
        done
    }

    /// What looks into the flows' data.
    pub fn archive(&self) -> impl Archive {
        self.tools().0
    }

    /// A flow as its file says.
    pub fn flow(&self, name: &str) -> Flow {
        let (flows, name) = (world::flows(self.flows.path(), BASE_URL).unwrap(), self.data.flow_name(name));
        flows.into_values().find(|flow| flow.name.as_str() == name).unwrap()
    }

    /// What a life is made of, and a way to see when nothing of it is left.
    fn setup(&self, probe: Option<Arc<dyn Probe>>) -> (Setup, Weak<Stores>) {
        let (tools, left) = self.tools();
        let (entropy, observer) = (tools.entropy.clone(), Arc::clone(&tools.observer));
        let setup = Setup {
            dir: self.flows.path().to_owned(),
            default_interval: INTERVAL,
            env: world::environment(BASE_URL),
            read_mongo: lockstep::store::mongo_url,
            clock: self.clock.clone(),
            entropy,
            workshop: Arc::new(tools),
            observer,
            watch: Watch::ticking(self.clock.clone(), 5 * MINUTE),
            looking: Looking::Inline,
            probe,
            grace: Setup::GRACE,
        };
        (setup, left)
    }

    fn tools(&self) -> (Tools, Weak<Stores>) {
        let observer = Arc::new(Seen { events: Arc::clone(&self.events), clock: self.clock.clone() });
        let process = Process { id: self.entropy.id(self.clock.wall()), host: "house".to_owned(), pid: 1 };
        let opener = Stores::new(self.data.url(), self.data.manner(), process, self.clock.clone());
        let opener = Arc::new(opener.unwrap());
        let left = Arc::downgrade(&opener);
        let entropy = self.entropy.fork(&format!("life {}", self.lives));
        let tools = Tools {
            clock: self.clock.clone(),
            entropy,
            opener,
            transports: Arc::new(Arc::new(Twisted {
                inner: InMemory::new(self.site.hosts_router()),
                twist: self.twist.clone(),
                date_lag: Arc::clone(&self.date_lag),
            })),
            budgets: Arc::default(),
            claims: Arc::default(),
            answers: AnswerMemory::new(DEFAULT_ANSWER_BYTES, Parsing::Inline),
            observer,
        };
        (tools, left)
    }
}

impl InJira for House {
    fn site(&self) -> &Site {
        &self.site
    }
}

struct Twisted {
    inner: InMemory,
    twist: Option<Twist>,
    date_lag: Arc<AtomicI64>,
}

impl Transport for Twisted {
    fn send(&self, request: http::Request<WireBody>) -> BoxFuture<'_, Result<http::Response<WireBody>, Unreachable>> {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let answer = self.inner.send(request);
        let (twist, lag) = (self.twist.clone(), self.date_lag.load(Ordering::Relaxed));
        async move {
            let mut response = answer.await?;
            if lag != 0 {
                let date = response.headers_mut().get_mut(http::header::DATE).unwrap();
                let told = DateTime::parse_from_rfc2822(date.to_str().unwrap()).unwrap();
                let late = (told - TimeDelta::seconds(lag)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                *date = late.parse().unwrap();
            }
            let Some(twist) = twist else { return Ok(response) };
            let (mut parts, body) = response.into_parts();
            let bytes = body.collect().await.map_err(|e| Unreachable { begun: true, why: e.to_string() })?.to_bytes();
            let bytes = match serde_json::from_slice::<serde_json::Value>(&bytes) {
                Ok(mut value) => {
                    twist(&method, &path, &mut value);
                    parts.headers.remove(http::header::CONTENT_LENGTH);
                    bytes::Bytes::from(value.to_string())
                }
                Err(_) => bytes,
            };
            let body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
            Ok(http::Response::from_parts(parts, body))
        }
        .boxed()
    }
}

impl Events {
    /// How often something was told with exactly these words.
    pub fn told(&self, message: &str) -> usize {
        self.messages.lock().iter().filter(|(_, told)| told == message).count()
    }

    /// How often an audit event was told.
    pub fn audited(&self, name: &str) -> usize {
        self.messages.lock().iter().filter(|(event, _)| event == name).count()
    }

    /// Everything told that contains `part`.
    pub fn about(&self, part: &str) -> String {
        let all = self.lines.lock();
        all.iter().filter(|line| line.contains(part)).cloned().collect::<Vec<_>>().join("\n")
    }
}

struct Seen {
    events: Arc<Events>,
    clock: Clock,
}

impl Observer for Seen {
    fn see(&self, flow: Option<&FlowName>, event: &Event) {
        let line = event.line();
        let flow = flow.map_or_else(|| "-".to_owned(), ToString::to_string);
        let told =
            format!("{} {flow} {:?} {} {:?}", self.clock.wall().to_rfc3339(), line.level, line.message, line.fields);
        self.events.lines.lock().push(told);
        self.events.messages.lock().push((line.event.unwrap_or_default().to_owned(), line.message));
    }
}

impl Crash {
    /// Strikes at the `at`-th moment of a gate: each passage has two, before and after.
    pub fn at(at: u64) -> Arc<Self> {
        Arc::new(Self {
            at,
            asleep: Mutex::default(),
            count: Mutex::new(0),
            struck: Notify::new(),
            passed: Mutex::default(),
        })
    }

    /// Counts no moments until it is woken.
    pub fn sleep(&self) {
        *self.asleep.lock() = true;
    }

    /// Counts moments from now on.
    pub fn wake(&self) {
        *self.asleep.lock() = false;
    }

    /// Leaves the striking to the clock.
    pub fn never() -> Arc<Self> {
        Self::at(u64::MAX)
    }

    /// Where it struck, if it did.
    pub fn place(&self) -> Option<String> {
        self.passed().into_iter().nth(usize::try_from(self.at - 1).unwrap())
    }

    /// The moments until then, in their order.
    pub fn passed(&self) -> Vec<String> {
        self.passed.lock().clone()
    }
}

/// Tells the daemon to stop when a [`Crash`] would strike, and lets everything through.
struct StopAt {
    gate: Arc<Crash>,
    stop: CancellationToken,
}

impl Probe for StopAt {
    fn pass(&self, passage: &Passage<'_>) -> Verdict {
        if self.gate.pass(passage) == Verdict::Halt {
            self.stop.cancel();
        }
        Verdict::Go
    }
}

impl Probe for Crash {
    fn pass(&self, passage: &Passage<'_>) -> Verdict {
        if *self.asleep.lock() {
            return Verdict::Go;
        }
        let mut count = self.count.lock();
        *count += 1;
        if *count <= self.at {
            let place = format!("{:?} {:?} {}", passage.edge, passage.gate, passage.what);
            self.passed.lock().push(place);
        }
        if *count < self.at {
            return Verdict::Go;
        }
        if *count == self.at {
            self.struck.notify_one();
        }
        Verdict::Halt
    }
}

/// A flow file's text with the credentials that this kind of Jira takes: Data Center has personal access tokens.
fn spoken_to(flavour: Flavour, text: &str) -> String {
    match flavour {
        Flavour::Cloud => text.to_owned(),
        Flavour::DataCenter => {
            let mut flow: serde_json::Value = serde_json::from_str(text).unwrap();
            flow["jira"].as_object_mut().unwrap().remove("email");
            flow["jira"]["authType"] = "pat".into();
            format!("{flow:#}\n")
        }
    }
}

/// Lives a story on a clock that jumps whenever all tasks wait. A runtime of its own: a second story on the same one
/// would not begin at the same instant.
pub fn on_a_paused_clock<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(story)
}

/// Lives a story on each kind of Jira, in a [`House::quiet`] of this seed.
pub fn on_both(seed: u64, story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(story(House::quiet(flavour, seed)));
    }
}

/// Lives a story once for each gate, until one is over before its gate is reached. Answers the gates.
pub fn at_every_gate(story: impl AsyncFn(u64) -> Option<String>) -> Vec<String> {
    (1..).map_while(|gate| on_a_paused_clock(story(gate))).collect()
}
