//! The machinery: a simulated site of either kind, and the client that speaks to it, in memory on a paused clock.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use jira_sim::{Account, Flavour, Project, Setup, Site, Workflow};
use lockstep::clock::{Clock, Entropy};
use lockstep::flow::{Credentials, Deployment, IssueId, JiraAccess, ProjectId, ProjectKey, Secret, Teller};
use lockstep::jira::{self, AnswerMemory, Budget, By, Client, DEFAULT_ANSWER_BYTES, InMemory, Parsing, Scan, Tools};
use lockstep::pulse::Pulse;

use crate::middle::{Middle, Plot};
use crate::story::{DEV_PROJECT, InJira, USER_PROJECT};

/// Who acts at desks.
pub const ANN: &str = "ann";
const BOT: &str = "account-bot";
const EMAIL: &str = "bot@example.net";
const TOKEN: &str = "good-token";
const BASE_URL: &str = "https://jira.example.net";

/// A site, and what it takes to speak to it.
pub struct Desk {
    pub site: Arc<Site>,
    pub clock: Clock,
    pub flavour: Flavour,
    /// What happens on the way; clients that are connected later meet it.
    pub plot: Plot,
}

impl Desk {
    pub fn new(flavour: Flavour) -> Self {
        Self::built(flavour, |_| {})
    }

    /// On a site that is changed before it is born.
    pub fn built(flavour: Flavour, change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Clock::simulated("2026-03-02T12:00:00Z".parse().unwrap());
        let now = clock.clone();
        let mut setup = Setup {
            base_url: BASE_URL.to_owned(),
            flavour,
            projects: vec![project(USER_PROJECT, Workflow::customer()), project(DEV_PROJECT, Workflow::development())],
            accounts: vec![account(BOT, EMAIL, TOKEN), account(ANN, "ann@example.net", "ann-token")],
            index_lag: Duration::ZERO..=Duration::ZERO,
            ..Setup::new(Arc::new(move || now.wall()), 7)
        };
        change(&mut setup);
        Self { site: Site::new(setup), clock, flavour, plot: Plot::default() }
    }

    /// The client's credential becomes a bad one.
    pub fn let_the_token_lapse(&self) {
        self.site.set_token(BOT, "another-token");
    }

    pub async fn client(&self) -> Client {
        self.connect().await.unwrap()
    }

    pub async fn connect(&self) -> Result<Client, jira::Error> {
        let token = Secret::new(TOKEN.to_owned());
        let credentials = match self.flavour {
            Flavour::Cloud => Credentials::Basic { email: EMAIL.to_owned(), token },
            Flavour::DataCenter => Credentials::Bearer { token },
        };
        let base = BASE_URL.parse().unwrap();
        Client::connect(
            &JiraAccess { base, former: Vec::new(), credentials, deployment: Deployment::Auto, authority: None },
            self.tools(),
        )
        .await
    }

    fn tools(&self) -> Tools {
        Tools {
            transport: Arc::new(Middle { site: InMemory::new(self.site.hosts_router()), plot: self.plot.clone() }),
            budget: Arc::new(Budget::default()).share("desk"),
            answers: AnswerMemory::new(DEFAULT_ANSWER_BYTES, Parsing::Inline).share(),
            pulse: Pulse::new("desk", self.clock.clone(), None),
            clock: self.clock.clone(),
            entropy: Entropy::seeded(7),
            teller: Teller::default(),
        }
    }

    /// Ann reports an issue. Returns its id.
    pub fn report(&self, project: &str, summary: &str) -> IssueId {
        self.id(&self.creates(ANN, project, summary, "")).parse().unwrap()
    }

    /// All that a walk through the user project finds, from the beginning.
    pub async fn walk(&self, client: &Client, by: By) -> Result<Vec<IssueId>, jira::Error> {
        let mut scan = Scan::new(vec![user_project()], by, None, &[]);
        let mut found = Vec::new();
        while let Some(page) = scan.next(client).await? {
            found.extend(page.rows.into_iter().map(|row| row.at.id));
        }
        Ok(found)
    }
}

impl InJira for Desk {
    fn site(&self) -> &Site {
        &self.site
    }
}

/// The simulator numbers its projects in their order.
pub fn user_project() -> ProjectId {
    "10000".parse().unwrap()
}

pub fn dev_project() -> ProjectId {
    "10001".parse().unwrap()
}

pub fn dev_key() -> ProjectKey {
    DEV_PROJECT.parse().unwrap()
}

fn project(key: &str, workflow: Workflow) -> Project {
    let issue_types = ["Bug", "Task"].map(str::to_owned).into();
    Project { key: key.to_owned(), name: format!("Project {key}"), workflow, issue_types }
}

fn account(id: &str, email: &str, token: &str) -> Account {
    Account::new(id, id, email, token, Tz::Asia__Ho_Chi_Minh)
}

/// Lives a story on a clock that jumps whenever all tasks wait.
pub fn on_a_paused_clock<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(story)
}
