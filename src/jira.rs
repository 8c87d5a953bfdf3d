//! Jira, in our terms (docs/jira.md; docs/architecture.md, "Jira").
//!
//! [`Client`] speaks as one account to one site. Here are its making and its sense of time; what it can do is a file for
//! each subject: `scan` and `searching` find candidates, `counting` counts them, `reading` reads afresh, `creating`,
//! `editing`, `moving`, `commenting` and `linking` write, `meta`, `naming`, `statuses` and `resolving` tell what a project has and
//! allows, `mapping` takes values of fields across. Requests leave through [`Transport`],
//! the first gate; Jira's JSON is seen only in `wire`, and only `dialect` knows one kind of Jira from another.

mod attachment;
mod budget;
mod call;
mod commenting;
mod counting;
mod creating;
mod dialect;
mod editing;
mod error;
mod field;
mod jql;
mod limits;
mod linking;
mod mapping;
mod memory;
mod meta;
mod moving;
mod naming;
mod reading;
mod resolving;
mod restoring;
mod scan;
mod searching;
mod statuses;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text_limit;
mod transfer;
mod transport;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use http::Method;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;

pub use attachment::AttachmentLimits;
pub use budget::{Budget, Budgets, ClockDifference, Share, pause_left};
pub use commenting::{Comment, Sought};
pub use creating::{BULK, NewIssue};
pub use editing::{Edit, Linked};
pub use error::{Blame, Effect, Error, Fault, Nature, Refusal, Repeat, Scope};
pub use field::{FieldValue, Fields, NoValue};
pub use jql::By;
pub use linking::{Direction, IssueLink, RemoteLink};
pub use mapping::Mapped;
pub use memory::{AnswerMemory, AnswerShare, DEFAULT_BYTES as DEFAULT_ANSWER_BYTES, Parsing};
pub use meta::{Field, Permission};
pub use moving::{Offer, Standing};
pub use reading::{BATCH, Fetched, FetchedByKey, Progress};
pub use resolving::{Resolves, TransitionScreen};
pub use scan::{OddRow, Page, Scan};
pub use text_limit::limit_named_in;
pub use transport::{Body as WireBody, BoxError, InMemory, Network, Networks, Transport, Transports, Unreachable};
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use wire::read_as_everything;

pub(crate) use limits::{REQUEST_LIMIT, transfer_limit};
pub(crate) use scan::{Ending, Lack};

use crate::clock::{Clock, Entropy};
use crate::flow::{AccountId, CloudId, JiraAccess, JiraTime, Site, SiteUrl, Teller};
use crate::pulse::{Pulse, Purpose};
use call::{Answer, Ask, Caller, TRIES, Way};
use dialect::Dialect;
use jql::Dates;
use mapping::CreateScreens;
use moving::Standings;
use naming::FieldNames;
use reading::Suspects;
use resolving::Screens;
use searching::Marks;
use statuses::Statuses;

/// One account at one site, for one worker.
pub struct Client {
    caller: Caller,
    dialect: Dialect,
    clock: Clock,
    site: Mutex<Arc<Site>>,
    /// Whether it was asked what Atlassian calls the site.
    asked_cloud_id: OnceCell<()>,
    account: AccountId,
    /// The account's own time zone, in which Jira reads quoted dates; `None` when it is hidden.
    zone: Option<Tz>,
    /// How this server takes instants in searches; learnt.
    dates: Mutex<Dates>,
    /// What was read of marks that searches can't tell.
    marks: Marks,
    /// The issues that could not be read.
    suspects: Suspects,
    /// What fresh reads have just told of where issues can go.
    standings: Standings,
    /// What fields are called.
    field_names: FieldNames,
    /// Which fields new issues can have.
    create_screens: CreateScreens,
    /// What statuses are called.
    statuses: Statuses,
    /// What screens of transitions want.
    screens: Screens,
    jira_clock: Mutex<Reading>,
}

/// What a site says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteInfo {
    /// Which kind of Jira we take it for, in words.
    pub kind: &'static str,
    /// Its version, if it says so.
    pub version: Option<String>,
    /// Its clock, if it says so.
    pub time: Option<JiraTime>,
}

/// Who we are at a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// For ever: `accountId` on Cloud; `key`, else `name`, on Data Center.
    pub account: AccountId,
    /// What people read.
    pub name: Option<String>,
    /// Our time zone, if it is not hidden.
    pub zone: Option<String>,
}

/// Jira's clock as last read, and when.
#[derive(Clone, Copy)]
struct Reading {
    date: JiraTime,
    at: Instant,
    /// How much later than `date` it may have been when the answer arrived: `Date` counts whole seconds, and was
    /// stamped some time between sending and arriving.
    slack: Duration,
}

impl Reading {
    fn new(date: JiraTime, at: Instant, round_trip: Duration) -> Self {
        Self { date, at, slack: round_trip + Duration::from_secs(1) }
    }
}

/// What a client is made of.
pub struct Tools {
    /// The way out.
    pub transport: Arc<dyn Transport>,
    /// This flow's part of what it shares with all flows on the same site and account.
    pub budget: Share,
    /// This flow's part of the memory for answers.
    pub answers: AnswerShare,
    /// The worker's.
    pub pulse: Pulse,
    /// This machine's.
    pub clock: Clock,
    /// The worker's.
    pub entropy: Entropy,
    /// Is told of requests that are repeated.
    pub teller: Teller,
}

impl Client {
    /// Asks the site what it is and who we are, and so makes sure that the credentials are good.
    ///
    /// # Errors
    /// When the site can't be reached, is no Jira that we know, or refuses us.
    pub async fn connect(access: &JiraAccess, tools: Tools) -> Result<Self, Error> {
        let Tools { transport, budget, answers, pulse, clock, entropy, teller } = tools;
        let way = Way { transport, budget, answers, teller };
        let caller = Caller::new(access, way, pulse, clock.clone(), entropy);
        // Both kinds have it there, and it tells which one this is.
        let info: Answer<wire::ServerInfo> = caller.json(get(SERVER_INFO.to_owned(), ABOUT)).await?;
        let dialect = Dialect::of(access.deployment, info.value.deployment_type.as_deref());
        let me: wire::User = caller.json(get(dialect.api("myself"), "myself")).await?.value;
        let (stamped, own) = (info.stamped, info.value.server_time);
        note_clocks(&caller, stamped, own, info.arrived);
        let date = stamped.map(|stamped| own.map_or(stamped, |own| own.min(stamped)));
        let date = date.or(own).ok_or_else(|| strange("serverInfo", "it tells no time"))?;
        let account = dialect.identity(&me).ok_or_else(|| strange("myself", "it tells no account"))?;
        let zone = me.time_zone.as_deref().and_then(|name| name.parse().ok());
        let site = Mutex::new(Arc::new(site_of(access, &info.value)));
        let jira_clock = Mutex::new(Reading::new(date, info.arrived, info.round_trip));
        Ok(Self {
            caller,
            dialect,
            clock,
            site,
            asked_cloud_id: OnceCell::new(),
            account,
            zone,
            dates: Mutex::new(Dates::Epoch),
            marks: Marks::default(),
            suspects: Suspects::default(),
            standings: Standings::default(),
            field_names: FieldNames::default(),
            create_screens: CreateScreens::default(),
            statuses: Statuses::default(),
            screens: Screens::default(),
            jira_clock,
        })
    }

    /// The site as it names itself, by which browse links and marks are built, and as it is known besides.
    #[must_use]
    pub fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site.lock())
    }

    /// Finds out whether an address at Atlassian's gateway is this site's, if it is one. Asks once, and only a Cloud site;
    /// without an answer nothing is known, and nothing else comes of it.
    pub async fn learn_cloud_id(&self, address: &SiteUrl) {
        if address.cloud_id().is_some() && self.site().cloud_id().is_none() && self.dialect.has_cloud_id() {
            self.asked_cloud_id.get_or_init(|| self.ask_cloud_id()).await;
        }
    }

    async fn ask_cloud_id(&self) {
        let ask = get(TENANT_INFO.to_owned(), "tenantInfo");
        let told: Option<wire::TenantInfo> = self.caller.glance(&ask).await;
        if let Some(id) = told.and_then(|told| CloudId::new(&told.cloud_id)) {
            let mut site = self.site.lock();
            *site = Arc::new(Site::clone(&site).called(id));
        }
    }

    /// Our own account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Jira's clock now, reckoned from its last answer; never late.
    #[must_use]
    pub fn jira_now(&self) -> JiraTime {
        let reading = self.reading();
        reading.date.later(self.clock.now().saturating_duration_since(reading.at))
    }

    /// Jira's clock now, reckoned from its last answer; never early.
    #[must_use]
    pub fn jira_now_at_latest(&self) -> JiraTime {
        // Where answers are stamped by another clock, what is known of the difference is as coarse as their `Date`.
        let coarse = if self.caller.site_clock().ahead().is_zero() { 0 } else { 2 };
        self.jira_now().later(self.reading().slack + Duration::from_secs(coarse))
    }

    /// The kinds of requests that Jira refuses though it accepts the account, each with what it said last.
    #[must_use]
    pub fn refused_requests(&self) -> Vec<String> {
        self.caller.denied()
    }

    /// By how much the site's clocks differ. Asked once an hour for all flows of the site; what can't be asked is not known
    /// any better.
    pub async fn compare_clocks(&self) -> Option<ClockDifference> {
        let site_clock = self.caller.site_clock();
        if site_clock.take_turn(self.clock.now())
            && let Err(error) = self.site_info().await
        {
            tracing::debug!("the site's clocks were not compared: {error}");
        }
        site_clock.difference()
    }

    fn reading(&self) -> Reading {
        *self.jira_clock.lock()
    }

    /// What the site says about itself, asked now. Anybody may ask.
    ///
    /// # Errors
    /// When the site does not answer.
    pub async fn site_info(&self) -> Result<SiteInfo, Error> {
        let answer: Answer<wire::ServerInfo> = self.json(get(SERVER_INFO.to_owned(), ABOUT)).await?;
        let info = answer.value;
        note_clocks(&self.caller, answer.stamped, info.server_time, answer.arrived);
        Ok(SiteInfo { kind: self.dialect.name(), version: info.version, time: info.server_time })
    }

    /// Jira's clock, asked now.
    ///
    /// # Errors
    /// When the site does not answer.
    pub async fn ask_time(&self) -> Result<JiraTime, Error> {
        Ok(self.site_info().await?.time.unwrap_or_else(|| self.jira_now()))
    }

    /// Who we are, asked now.
    ///
    /// # Errors
    /// When Jira does not answer well, or does not know us.
    pub async fn identity(&self) -> Result<Identity, Error> {
        let me: wire::User = self.json(get(self.dialect.api("myself"), "myself")).await?.value;
        let account = self.dialect.identity(&me).ok_or_else(|| strange("myself", "it tells no account"))?;
        Ok(Identity { account, name: me.display_name, zone: me.time_zone })
    }

    /// Makes sure that we are still who we were: a lapsed credential can look like an empty Jira.
    ///
    /// # Errors
    /// When we are somebody else or nobody.
    pub async fn assert_identity(&self) -> Result<(), Error> {
        if self.identity().await?.account == self.account {
            return Ok(());
        }
        let what = Fault::Refused("the account has changed; restart the flow if that is meant".to_owned());
        Err(Error { request: "GET myself".to_owned(), what, only_reads: true })
    }

    /// An answer to a reading request that can't be taken; `why` quotes it.
    fn unreadable(&self, request: &str, why: &str) -> Error {
        strange(request, &self.caller.tell(why))
    }

    async fn json<T: serde::de::DeserializeOwned + Send + 'static>(&self, ask: Ask) -> Result<Answer<T>, Error> {
        let answer = self.caller.json(ask).await?;
        if let Some(date) = answer.date {
            let reading = Reading::new(date, answer.arrived, answer.round_trip);
            *self.jira_clock.lock() = reading;
        }
        Ok(answer)
    }
}

/// `serverInfo` tells both clocks in one answer.
fn note_clocks(caller: &Caller, stamped: Option<JiraTime>, own: Option<JiraTime>, now: Instant) {
    if let (Some(stamped), Some(own)) = (stamped, own) {
        caller.site_clock().note(stamped, own, now);
    }
}

/// A site's addresses: what it calls itself, how it is reached, and what the flow file says that it was called. Behind
/// Atlassian's gateway the site knows its own address; where it tells none, ours has to do.
fn site_of(access: &JiraAccess, info: &wire::ServerInfo) -> Site {
    let parsed = |url: &Option<String>| url.as_ref().and_then(|url| url.parse::<SiteUrl>().ok());
    let own = parsed(&info.base_url).unwrap_or_else(|| access.base.clone());
    let known_as = std::iter::once(access.base.clone()).chain(parsed(&info.display_url));
    Site::new(own, known_as.chain(access.former.iter().cloned()).collect())
}

/// What Atlassian calls a Cloud site, beside its API.
const TENANT_INFO: &str = "/_edge/tenant_info";

/// What the site is, and what time it is there: the same on every kind of Jira.
const SERVER_INFO: &str = "/rest/api/2/serverInfo";

/// The budget of [`SERVER_INFO`].
const ABOUT: &str = "serverInfo";

fn get(path: String, endpoint: &'static str) -> Ask {
    Ask { method: Method::GET, path, body: None, endpoint, purpose: Purpose::Read, of_one_issue: false, tries: TRIES }
}

/// A POST that only reads.
fn read(path: String, body: Value, endpoint: &'static str) -> Ask {
    Ask {
        method: Method::POST,
        path,
        body: Some(body),
        endpoint,
        purpose: Purpose::Read,
        of_one_issue: false,
        tries: TRIES,
    }
}

fn write(method: Method, path: String, body: Value, endpoint: &'static str) -> Ask {
    Ask { method, path, body: Some(body), endpoint, purpose: Purpose::Write, of_one_issue: false, tries: TRIES }
}

/// Takes something away. Jira's document gives a DELETE no body.
fn delete(path: String, endpoint: &'static str) -> Ask {
    Ask {
        method: Method::DELETE,
        path,
        body: None,
        endpoint,
        purpose: Purpose::Write,
        of_one_issue: false,
        tries: TRIES,
    }
}

impl Ask {
    /// Belongs to a write that was made: see [`Purpose::Record`].
    fn for_record(self) -> Self {
        Self { purpose: Purpose::Record, ..self }
    }

    /// A 403 says nothing of other issues.
    fn of_one_issue(self) -> Self {
        Self { of_one_issue: true, ..self }
    }
}

/// An answer to a reading request that lacks what Jira always says. `why` is our own; what quotes an answer goes through
/// [`Client::lacking`].
fn strange(request: &str, why: &str) -> Error {
    Error { request: request.to_owned(), what: Fault::NotJira(why.to_owned()), only_reads: true }
}
