//! What tests of the supervisor are made of.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::flow::{
    Credentials, Database, Deployment, Executed, Fallback, Flow, HistoryQuery, IssueTypes, JiraAccess, NoticeKind,
    OnConflict, Order, Refused, Rules, Secret, TypeName,
};
use crate::worker::{
    Archive, Exit, FullSync, HistoryPage, Job, Listed, OrderOutcome, PendingOrder, Phase, Progress, Survey, Unread,
    Workshop,
};

/// A flow without rules, of this name and interval.
pub(crate) fn flow(name: &str, minutes: u64) -> Arc<Flow> {
    Arc::new(Flow {
        name: name.parse().unwrap(),
        description: String::new(),
        jira: JiraAccess {
            base: "https://jira.example.net".parse().unwrap(),
            former: Vec::new(),
            credentials: Credentials::Bearer { token: Secret::new("t".into()) },
            deployment: Deployment::Auto,
            authority: None,
        },
        user_project: "USER".parse().unwrap(),
        dev_project: "DEV".parse().unwrap(),
        interval: Duration::from_secs(60 * minutes),
        initial_sync: true,
        index_lag: Duration::from_secs(300),
        issue_types: IssueTypes { map: Vec::new(), default: TypeName::new("Bug").unwrap() },
        field_map: Vec::new(),
        database: Database::of(&name.parse().unwrap()),
        rules: Rules {
            in_order: Vec::new(),
            fallback: Fallback::Ignore,
            intermediate: Vec::new(),
            on_conflict: OnConflict::Latest,
            resolution: None,
            replied_field: None,
        },
    })
}

/// A flow file's text.
pub(crate) fn text(name: &str, minutes: u64) -> String {
    let key = name.to_uppercase();
    format!(
        r#"{{ "$schema": "x", "name": "{name}", "syncIntervalMinutes": {minutes},
             "jira": {{ "baseUrl": "https://jira.example.net", "email": "bot@example.net", "apiToken": "token" }},
             "userProjectKey": "USER-{key}", "devProjectKey": "DEV-{key}",
             "rules": [{{ "id": "closed", "sourceStatus": "Closed", "syncDirection": "dev_to_user", "enabled": true,
                          "actions": {{ "syncStatus": true, "targetStatus": "Resolved" }} }}] }}"#
    )
}

/// What a [`FakeWorkshop`]'s worker does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Completes a cycle at once and idles until it is told to stop.
    Idle,
    /// The same, and meanwhile obeys every order but `unpair`, which it refuses.
    Execute,
    /// Completes a cycle at once, each time that this has passed, and when it is woken.
    Cycle(Duration),
    /// Ends so after a while without a completed cycle, whatever it is told.
    EndAfter(Duration, Exit),
    /// Completes a cycle and ends so a while later.
    CycleThenEndAfter(Duration, Exit),
    /// Completes a cycle, idles, and then fails in a cycle, showing life, after a while.
    CycleThenFail(Duration, Duration, Exit),
    /// Ends as Jira's rate limit lets it wait for so long.
    Limited(Duration),
    /// Is in a cycle, showing life, and ends so after a while without having completed it.
    CycleFails(Duration, Exit),
    /// Raises a notice with these words, completes a cycle and ends so a while later.
    Notice(&'static str, Duration, Exit),
    /// Is in a cycle, silent, until it is cancelled.
    Hang,
    /// Is in a cycle, showing life, and needs this long to stop.
    StopSlowly(Duration),
    /// Panics so that nobody in it catches it.
    Panic,
}

/// What the n-th worker (from 0) of a flow does.
type Script = Box<dyn Fn(&str, usize) -> Act + Send + Sync>;

/// Workers that do as they are told by a script, and a record of when each began and ended.
pub(crate) struct FakeWorkshop {
    clock: Clock,
    begun: Instant,
    script: Script,
    starts: Mutex<Vec<(Duration, String)>>,
    at_work: Arc<Mutex<Vec<String>>>,
    /// Flows that had two workers at once. That the second one panics is not enough: the supervisor outlives it.
    doubled: Mutex<Vec<String>>,
    /// What every flow's data says.
    survey: Mutex<Result<Survey, Unread>>,
    /// What every flow's history says, whatever is asked.
    history: Mutex<Result<HistoryPage, Unread>>,
    /// What was asked of histories.
    asked: Mutex<Vec<(String, HistoryQuery)>>,
}

/// What the data of a new flow says.
pub(crate) fn nothing() -> Survey {
    Survey {
        progress: Progress { last_sync: None, full_sync: FullSync::NotBegun, patrol: None },
        intents: Listed { first: Vec::new(), more: false },
        failures: Listed { first: Vec::new(), more: false },
        pairs: Listed { first: Vec::new(), more: false },
        missing: Listed { first: Vec::new(), more: false },
    }
}

impl FakeWorkshop {
    /// No worker has begun.
    pub(crate) fn new(clock: Clock, script: impl Fn(&str, usize) -> Act + Send + Sync + 'static) -> Self {
        let begun = clock.now();
        Self {
            clock,
            begun,
            script: Box::new(script),
            starts: Mutex::default(),
            at_work: Arc::default(),
            doubled: Mutex::default(),
            survey: Mutex::new(Ok(nothing())),
            history: Mutex::new(Ok(HistoryPage { lines: Vec::new(), next: None })),
            asked: Mutex::default(),
        }
    }

    /// From now on every flow's data says this.
    pub(crate) fn set_data(&self, survey: Result<Survey, Unread>, history: Result<HistoryPage, Unread>) {
        *self.survey.lock() = survey;
        *self.history.lock() = history;
    }

    /// What was asked of which flow's history.
    pub(crate) fn asked(&self) -> Vec<(String, HistoryQuery)> {
        self.asked.lock().clone()
    }

    /// When the workers of a flow began.
    pub(crate) fn starts(&self, flow: &str) -> Vec<Duration> {
        self.check_doubled();
        let starts = self.starts.lock();
        starts.iter().filter(|(_, name)| name == flow).map(|(at, _)| *at).collect()
    }

    /// The flows at work now.
    pub(crate) fn at_work(&self) -> Vec<String> {
        self.check_doubled();
        let mut names = self.at_work.lock().clone();
        names.sort();
        names
    }

    fn check_doubled(&self) {
        assert_eq!(*self.doubled.lock(), [""; 0], "ran twice at once");
    }
}

impl Archive for FakeWorkshop {
    fn survey(&self, _: &Flow, _: u32) -> BoxFuture<'static, Result<Survey, Unread>> {
        Box::pin(std::future::ready(self.survey.lock().clone()))
    }

    fn history(&self, flow: &Flow, query: HistoryQuery) -> BoxFuture<'static, Result<HistoryPage, Unread>> {
        self.asked.lock().push((flow.name.to_string(), query));
        Box::pin(std::future::ready(self.history.lock().clone()))
    }
}

impl Workshop for FakeWorkshop {
    fn worker(&self, job: Job) -> BoxFuture<'static, Exit> {
        let name = job.flow.name.to_string();
        let act = (self.script)(&name, self.starts(&name).len());
        let mut at_work = self.at_work.lock();
        if at_work.contains(&name) {
            self.doubled.lock().push(name.clone());
            panic!("{name} runs twice at once");
        }
        at_work.push(name.clone());
        self.starts.lock().push((self.clock.now() - self.begun, name.clone()));
        let presence = Presence { at_work: self.at_work.clone(), name };
        let clock = self.clock.clone();
        Box::pin(async move {
            let _presence = presence;
            perform(act, job, clock).await
        })
    }
}

/// A worker counts as being at work until the last of it is dropped.
struct Presence {
    at_work: Arc<Mutex<Vec<String>>>,
    name: String,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.at_work.lock().retain(|name| *name != self.name);
    }
}

async fn perform(act: Act, mut job: Job, clock: Clock) -> Exit {
    let idle = Phase::Idle { completed: 1, next: clock.now() };
    match act {
        Act::Idle => {
            job.phase.send_replace(idle);
            tokio::select! {
                biased;
                () = job.pulse.cancel().cancelled() => Exit::Cancelled,
                () = job.pulse.stop().cancelled() => Exit::Stopped,
            }
        }
        Act::Execute => {
            job.phase.send_replace(idle);
            loop {
                tokio::select! {
                    biased;
                    () = job.pulse.stop().cancelled() => return Exit::Stopped,
                    order = job.orders.next() => answer(order),
                }
            }
        }
        Act::Cycle(interval) => {
            let mut completed = 1;
            let next = || clock.now() + interval;
            job.phase.send_replace(Phase::Idle { completed, next: next() });
            while job.pulse.idle_until(next()).await {
                completed += 1;
                job.phase.send_replace(Phase::Idle { completed, next: next() });
            }
            Exit::Stopped
        }
        Act::EndAfter(after, exit) => {
            clock.sleep(after).await;
            exit
        }
        Act::CycleThenEndAfter(after, exit) => {
            job.phase.send_replace(idle);
            clock.sleep(after).await;
            exit
        }
        Act::CycleThenFail(rest, after, exit) => {
            job.phase.send_replace(idle);
            clock.sleep(rest).await;
            job.phase.send_replace(Phase::Syncing);
            job.pulse.rest_until(clock.now() + after).await;
            exit
        }
        Act::Limited(wait) => {
            job.pulse.limited(clock.now() + wait);
            Exit::Failed { why: "429".into(), at_least: Some(wait) }
        }
        Act::CycleFails(after, exit) => {
            job.phase.send_replace(Phase::Syncing);
            job.pulse.rest_until(clock.now() + after).await;
            exit
        }
        Act::Notice(why, after, exit) => {
            job.notices.raise(NoticeKind::StatusMissing, why.to_owned(), clock.wall());
            job.phase.send_replace(idle);
            clock.sleep(after).await;
            exit
        }
        Act::Hang => {
            job.phase.send_replace(Phase::Syncing);
            job.pulse.cancel().cancelled().await;
            Exit::Cancelled
        }
        Act::StopSlowly(slowness) => {
            job.phase.send_replace(Phase::Syncing);
            while job.pulse.rest_until(clock.now() + Duration::from_secs(60)).await {}
            job.phase.send_replace(Phase::Syncing);
            clock.sleep(slowness).await;
            Exit::Stopped
        }
        Act::Panic => panic!("a defect"),
    }
}

fn answer(order: PendingOrder) {
    let end = match order.order() {
        Order::Unpair { issue } => OrderOutcome::Refused(Refused { why: format!("{issue} is in no pair") }),
        Order::Pair { .. } | Order::Recreate { .. } => {
            OrderOutcome::Executed(Executed { what: order.order().to_string() })
        }
    };
    order.answer(end);
}
