//! The surroundings of the program: a Jira on loopback with people in it, a folder of flow files, and a data folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jira_sim::{Account, Site, check};
use lockstep::clock::Clock;
use lockstep::config::{self, CheckInputs};
use lockstep::demo::world;
use lockstep::store::mongo_url;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::daemon::{self, Daemon};
use crate::story::InJira;
use crate::wait::eventually;

const SECOND: Duration = Duration::from_secs(1);

/// Less than the second that the flows trust the search to lag.
const TRUE_LAG: Duration = Duration::from_millis(500);

/// Requests are answered faster than in a usual town: there are many tests.
const LATENCY: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(20);

/// Who acts in towns.
pub const PERSON: &str = "account-ines";

/// One test's surroundings.
pub struct Town {
    pub site: Arc<Site>,
    url: String,
    flows: tempfile::TempDir,
    data: tempfile::TempDir,
    /// Serves the site.
    _server: Runtime,
}

impl Town {
    /// Without issues, and without flow files.
    pub fn new() -> Self {
        let server = Runtime::new().unwrap();
        let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let site = site(&url);
        let router = site.router();
        server.spawn(async move { axum::serve(listener, router).await });
        let folder = || tempfile::tempdir().unwrap();
        Self { site, url, flows: folder(), data: folder(), _server: server }
    }

    /// With this shipped flow.
    pub fn with_flow(file: &str) -> Self {
        let town = Self::new();
        town.put(file, &flow_text(file));
        town
    }

    /// What the flow files find in the environment.
    pub fn env(&self) -> Vec<(String, String)> {
        let env = world::environment(&self.url);
        let names = ["JIRA_URL", "JIRA_EMAIL", "JIRA_AB_TOKEN", "JIRA_CD_TOKEN", "JIRA_XY_TOKEN"];
        names.iter().map(|name| ((*name).to_owned(), env(name).unwrap())).collect()
    }

    /// The program, serving this town.
    pub fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// How the program is started, for those who change something about it, with its state in this folder.
    pub fn command(&self, data: &Path) -> Command {
        daemon::run(self.flows.path(), data, &self.env())
    }

    /// The same with more environment variables.
    pub fn start_with(&self, more: &[(&str, &str)]) -> Daemon {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Daemon::start(self.flows.path(), self.data.path(), &self.env().into_iter().chain(more).collect::<Vec<_>>())
    }

    /// Puts a flow file in its place, in one go as careful programs do: a half-written one would be refused in passing.
    pub fn put(&self, file: &str, text: &str) {
        let draft = self.flows.path().join(".draft");
        fs::write(&draft, text).unwrap();
        fs::rename(draft, self.file(file)).unwrap();
    }

    /// Takes a flow file away.
    pub fn remove(&self, file: &str) {
        fs::remove_file(self.file(file)).unwrap();
    }

    /// Where the site answers.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn flows(&self) -> &Path {
        self.flows.path()
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// A person reports a ticket in `project`, and it is accepted. Returns its key.
    pub fn accepted_ticket(&self, project: &str) -> String {
        let ticket = self.creates(PERSON, project, "It does not start", "At all.");
        self.moves(PERSON, &ticket, "Will Do");
        ticket
    }

    /// The key of the dev issue that a ticket links to.
    pub fn linked_dev_issue(&self, ticket: &str) -> Option<String> {
        let text = self.site.issue(ticket)?.description;
        let link = text.lines().find(|line| line.starts_with("Dev Link:"))?;
        link.rsplit('/').next().map(str::to_owned)
    }

    /// The key of the dev issue that a ticket links to, once it does.
    pub fn dev_issue_of(&self, ticket: &str) -> String {
        eventually(&format!("{ticket} gets a dev issue"), || self.linked_dev_issue(ticket))
    }

    /// Waits until an issue stands in this status.
    pub fn wait_for_status(&self, issue: &str, status: &str) {
        let what = format!("{issue} becomes {status}");
        eventually(&what, || (self.site.issue(issue)?.status == status).then_some(()));
    }

    /// What does not hold between the projects of the flows.
    pub fn disagreements(&self) -> Vec<String> {
        let env = world::environment(&self.url);
        let inputs =
            CheckInputs { env: &*env, file: &config::read_named_file, mongo: mongo_url, default_interval: SECOND };
        let files = config::scan(self.flows.path()).unwrap();
        let files: Vec<_> = config::read_each(&files).collect();
        let flow = |found: &config::ReadFlowFile| {
            let text = &found.content.as_ref().unwrap().text;
            config::check(&found.file, text, &inputs).unwrap().flow
        };
        let found = files.iter().flat_map(|file| check::agree(&self.site, &world::expectation(&flow(file))));
        found.map(|disagreement| disagreement.to_string()).collect()
    }

    fn file(&self, file: &str) -> PathBuf {
        self.flows.path().join(file)
    }
}

impl InJira for Town {
    fn site(&self) -> &Site {
        &self.site
    }
}

/// A shipped flow's text, at the pace of these tests.
pub fn flow_text(file: &str) -> String {
    let (_, text) = world::FLOWS.iter().find(|(name, _)| *name == file).unwrap();
    world::paced(text, SECOND, SECOND)
}

fn site(url: &str) -> Arc<Site> {
    let clock = Clock::system();
    let mut setup = world::jira(url, Arc::new(move || clock.wall()), 1, TRUE_LAG);
    setup.latency = LATENCY;
    setup.accounts.push(Account::new(PERSON, "Ines", "ines@example.net", "", chrono_tz::UTC));
    Site::new(setup)
}
