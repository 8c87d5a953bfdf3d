//! What idle flows cost: the memory, connections and processor time of a daemon whose flows have nothing to do, with its
//! data on a real MongoDB or in SQLite.
//!
//! `cargo bench --bench idle` prints a line for each number of flows. Jira is simulated, in this process and so beside
//! what is measured. The daemon may open as many files as most systems allow, and that must do: a worker that fails ends
//! this.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "it measures, and fails aloud")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jira_sim::{Project, Site, Workflow};
use lockstep::clock::Clock;
use lockstep::demo::world;
use serde_json::Value;
use test_mongod::Replica;
use testing::asking::ask;
use testing::daemon::{Daemon, lockstep};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// By which the daemon may be asked.
const TOKEN: &str = "open-sesame";

/// How many flows are served, one after the other.
const FLOWS: [usize; 3] = [3, 100, 1000];

/// Projects on each side: every user project is kept in step with every dev project, each pair by a flow of its own.
const PROJECTS: usize = 32;

/// How long an idle daemon is watched.
const WATCHED: Duration = Duration::from_secs(60);

/// The longest that the first cycles of all flows may take: one `mongod` makes three databases in a second.
const PATIENCE: Duration = Duration::from_secs(900);

/// Files that the daemon may open.
const MOST_FILES: usize = 1024;

/// The server keeps each collection and each index in a file of its own, 36 for a flow, and leaves them open for ten
/// minutes. So many are more than one process may open here, so it closes those that nobody uses. It is still a single
/// server.
const FEW_FILES: [&str; 2] = [
    "--wiredTigerEngineConfigString",
    "file_manager=(close_idle_time=15,close_scan_interval=3,close_handle_minimum=100)",
];

fn main() {
    let town = Town::new();
    println!("store    flows  resident KiB  KiB/flow  connections  threads  CPU ms/s");
    for store in ["sqlite", "mongodb"] {
        let mut least = None;
        for flows in FLOWS {
            let figures = town.measure(store, flows);
            let base = *least.get_or_insert((flows, figures.resident));
            let each = (figures.resident - base.1).checked_div((flows - base.0) as u64);
            let each = each.map_or("-".to_owned(), |each| each.to_string());
            let Figures { resident, connections, threads, busy } = figures;
            println!("{store:<8} {flows:>5} {resident:>13} {each:>9} {connections:>12} {threads:>8} {busy:>9.1}");
        }
    }
}

/// A Jira without issues.
struct Town {
    url: String,
    _server: Runtime,
}

/// What was measured of a daemon whose flows were idle.
struct Figures {
    resident: u64,
    connections: usize,
    threads: usize,
    /// Milliseconds of processor time in a second.
    busy: f64,
}

impl Town {
    fn new() -> Self {
        let server = Runtime::new().unwrap();
        let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let clock = Clock::system();
        let mut setup = world::jira(&url, Arc::new(move || clock.wall()), 1, Duration::from_millis(500));
        setup.latency = Duration::ZERO..=Duration::from_millis(1);
        setup.projects = (0..PROJECTS).flat_map(|n| [project("USER", n), project("DEV", n)]).collect();
        let router = Site::new(setup).router();
        server.spawn(async move { axum::serve(listener, router).await });
        Self { url, _server: server }
    }

    fn measure(&self, store: &str, count: usize) -> Figures {
        let (flows, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for n in 0..count {
            fs::write(flows.path().join(format!("flow-{n}.json")), flow(n)).unwrap();
        }
        // A fresh server, so that nothing of an earlier run is in its memory or in ours.
        let replica = (store == "mongodb").then(|| Replica::with_arguments(&FEW_FILES));
        let url = match &replica {
            Some(replica) => replica.uri(),
            None => format!("sqlite:{}", data.path().display()),
        };
        let daemon = self.start(flows.path(), &url);
        wait_until_idle(&daemon, count);
        refuse_failures(&daemon);
        let before = processor_time(daemon.id());
        let (clock, begun) = (Clock::system(), Clock::system().now());
        thread::sleep(WATCHED);
        let spent = processor_time(daemon.id()) - before;
        Figures {
            resident: status(daemon.id(), "VmRSS:"),
            connections: replica.map_or(0, |replica| connections(daemon.id(), &ports(&replica.uri()))),
            threads: usize::try_from(status(daemon.id(), "Threads:")).unwrap(),
            busy: spent.as_secs_f64() * 1000.0 / (clock.now() - begun).as_secs_f64(),
        }
    }

    fn start(&self, flows: &Path, store: &str) -> Daemon {
        let env = world::environment(&self.url);
        let known = ["JIRA_URL", "JIRA_EMAIL", "JIRA_AB_TOKEN"].map(|name| (name.to_owned(), env(name).unwrap()));
        let token = ("LOCKSTEP_API_TOKEN".to_owned(), TOKEN.to_owned());
        let known: Vec<_> = known.into_iter().chain([token]).collect();
        let flows = flows.display().to_string();
        let args = ["run", "--flows", &flows, "--store", store, "--listen", "127.0.0.1:0"];
        Daemon::of(limited(&lockstep(&args, &known)))
    }
}

/// The same, with [`MOST_FILES`].
fn limited(command: &Command) -> Command {
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", &format!("ulimit -n {MOST_FILES} && exec \"$@\""), "sh"]);
    limited.arg(command.get_program()).args(command.get_args());
    limited.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited
}

fn project(side: &str, number: usize) -> Project {
    let (workflow, kind) = match side {
        "USER" => (Workflow::customer(), "Support request"),
        _ => (Workflow::development(), "Bug"),
    };
    let key = format!("{side}{number}");
    Project { name: key.clone(), key, workflow, issue_types: vec![kind.to_owned(), "Bug".to_owned()] }
}

/// A shipped flow between two of the projects, with an interval that no measurement meets twice.
fn flow(number: usize) -> String {
    let (_, text) = world::FLOWS[0];
    let (user, dev) = (number / PROJECTS, number % PROJECTS);
    let text = text.replace("USER-A", &format!("USER{user}")).replace("DEV-A", &format!("DEV{dev}"));
    let text = text.replace("\"sync-ab\"", &format!("\"flow-{number}\""));
    world::paced(&text, Duration::from_secs(3600), Duration::from_secs(1))
}

fn wait_until_idle(daemon: &Daemon, count: usize) {
    let (clock, authorized) = (Clock::system(), format!("Authorization: Bearer {TOKEN}\r\n"));
    let deadline = clock.now() + PATIENCE;
    loop {
        let answer = ask(&daemon.address(), "GET", "/api/v1/flows", &authorized, &Value::Null).body;
        let flows = answer["flows"].as_array().unwrap();
        if flows.iter().filter(|flow| flow["state"] == "idle" && !flow["lastCycle"].is_null()).count() == count {
            return;
        }
        assert!(clock.now() < deadline, "not all of {count} flows are idle: {answer}");
        thread::sleep(Duration::from_millis(500));
    }
}

fn refuse_failures(daemon: &Daemon) {
    let lines = daemon.lines();
    let failed =
        lines.iter().find(|line| line["message"].as_str().is_some_and(|said| said.starts_with("Worker failed")));
    assert!(failed.is_none(), "{failed:?}");
}

/// A number from a process' status, as the kernel tells it.
fn status(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn processor_time(process: u32) -> Duration {
    /// `sysconf(_SC_CLK_TCK)` of every Linux that there is.
    const TICKS_A_SECOND: u64 = 100;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 1000 / TICKS_A_SECOND)
}

fn ports(uri: &str) -> BTreeSet<u16> {
    let hosts = uri.trim_start_matches("mongodb://").split('/').next().unwrap();
    hosts.split(',').map(|host| host.rsplit(':').next().unwrap().parse().unwrap()).collect()
}

/// The connections of a process to these ports.
fn connections(process: u32, ports: &BTreeSet<u16>) -> usize {
    let fds = fs::read_dir(format!("/proc/{process}/fd")).unwrap().filter_map(Result::ok);
    let sockets: BTreeSet<_> = fds
        .filter_map(|fd| fs::read_link(fd.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let is_ours = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let port = u16::from_str_radix(fields[2].rsplit(':').next().unwrap(), 16).unwrap();
        fields[3] == "01" && ports.contains(&port) && sockets.contains(fields[9])
    };
    table.lines().skip(1).filter(is_ours).count()
}
