//! A town whose flows keep their data in MongoDB.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use testing::daemon::{Daemon, lockstep, run_on};
use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{Town, flow_text};
use testing::wait::within;

/// A lost server is given up after seconds, and after that the wait before the next try doubles each time.
const PATIENCE: Duration = Duration::from_secs(60);

/// By which a daemon without a data folder may be asked, as the environment has it.
pub const TOKEN: (&str, &str) = ("LOCKSTEP_API_TOKEN", "open-sesame");

/// A town with the flow `sync-ab`, whose data is in a database of its own.
pub struct House {
    pub town: Town,
    /// That database's name.
    pub database: String,
    store: String,
}

impl House {
    /// On the server of this address.
    pub fn on(store: &str) -> Self {
        static HOUSES: AtomicU32 = AtomicU32::new(0);
        let database = format!("house_{}", HOUSES.fetch_add(1, Ordering::Relaxed));
        let town = Town::new();
        town.put("sync-ab.json", &with_database("sync-ab.json", &format!("\"name\": \"{database}\"")));
        Self { town, database, store: store.to_owned() }
    }

    /// The program, serving this town.
    pub fn start(&self) -> Daemon {
        let mut command = run_on(self.town.flows(), &self.store, &self.town.env());
        command.env(TOKEN.0, TOKEN.1);
        Daemon::of(command)
    }

    /// So many accepted tickets.
    pub fn tickets(&self, number: usize) -> Vec<String> {
        (0..number).map(|_| self.town.accepted_ticket(USER_PROJECT)).collect()
    }

    /// Waits until each ticket has its dev issue and is told of it, and nothing else is there.
    pub fn wait_until_paired(&self, daemon: &Daemon, tickets: &[String]) {
        let patience = PATIENCE + tickets.len() as u32 * Duration::from_millis(300);
        within(patience, "all tickets are paired", || {
            let is_told = |ticket: &String| self.town.comment_texts(ticket).len() == 1;
            tickets.iter().all(is_told).then_some(())
        });
        cycles(daemon, 2);
        assert_eq!(self.town.dev_count(), tickets.len(), "no twins");
        assert_eq!(self.town.disagreements(), [""; 0]);
        for ticket in tickets {
            let work = self.town.linked_dev_issue(ticket).unwrap();
            assert_eq!(self.town.comment_texts(ticket), [format!("Dev issue: {work}")]);
        }
    }
}

/// A shipped flow's text, with this said of its database.
pub fn with_database(file: &str, database: &str) -> String {
    flow_text(file).replacen('{', &format!("{{ \"database\": {{ {database} }},"), 1)
}

/// Waits until `sync-ab` has completed so many further cycles.
pub fn cycles(daemon: &Daemon, more: usize) {
    let completed = || daemon.told("sync-ab", "Sync cycle completed");
    let wanted = completed() + more;
    within(PATIENCE, "cycles are completed", || (completed() >= wanted).then_some(()));
}

/// Waits until the worker of `sync-ab` has failed for a reason with all these words, and answers the whole of it.
pub fn trouble(daemon: &Daemon, words: &[&str]) -> String {
    let fits = |said: &str| words.iter().all(|word| said.contains(word));
    let what = format!("sync-ab says: {words:?}");
    let said = within(PATIENCE, &what, || messages(daemon).into_iter().find(|said| fits(said)));
    assert!(!daemon.log().join("\n").contains("hunter2"), "a password is in the log");
    said
}

fn messages(daemon: &Daemon) -> Vec<String> {
    let of_flow = |line: &Value| (line["worker"] == "sync-ab").then(|| line["message"].as_str().map(str::to_owned));
    daemon.lines().iter().filter_map(of_flow).flatten().collect()
}

/// Waits until `lockstep status` says all these words of `sync-ab`.
pub fn status(daemon: &Daemon, words: &[&str]) {
    within(PATIENCE, &format!("the status of sync-ab says: {words:?}"), || {
        let asked =
            lockstep(&["status", "--api", &daemon.address()], &[(TOKEN.0.into(), TOKEN.1.into())]).output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        let said = String::from_utf8(asked.stdout).unwrap();
        assert!(!said.contains("hunter2"), "{said}");
        words.iter().all(|word| said.contains(word)).then_some(())
    });
}
