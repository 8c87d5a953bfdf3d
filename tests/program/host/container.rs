//! The program as its container runs it, the town that it serves, and what happens to both.

use std::collections::VecDeque;
use std::fs::{self, Permissions};
use std::io::{self, BufRead as _, BufReader, PipeWriter, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tempfile::TempDir;

use super::trouble::{Going, Trouble};
use test_mongod::Replica;
use testing::story::{DEV_PROJECT, InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town, flow_text};
use testing::wait::within;

/// How long a trouble lasts.
const TROUBLE: Duration = Duration::from_secs(20);

/// How often something is done meanwhile.
const STEP: Duration = Duration::from_millis(100);

/// Between two tickets, in steps.
const TICKET_EACH: u32 = 10;

/// Between two probes, in steps.
const PROBE_EACH: u32 = 30;

/// A container is restarted when so many health checks fail one after the other.
const PROBES_IN_A_ROW: u32 = 3;

/// After a trouble all is well within this: what failed all the time waits up to 32 s before the next try.
const PATIENCE: Duration = Duration::from_secs(150);

/// A stop ends within this.
const STOP: Duration = Duration::from_secs(40);

/// So many lines of the log are shown of a run that failed.
const LAST_LINES: usize = 300;

/// Lines of this character fill the log's pipe, which holds 64 KiB: with what the reader has taken, fewer than so many.
const FILLER: &str = "#";
const FILL_LINES: u32 = 200;

/// Where tickets are reported.
const PROJECTS: [&str; 3] = [USER_PROJECT, "USER-C", "USER-X"];

const FAKETIME: &str = "faketime/libfaketimeMT.so.1";

/// Tells both clocks.
const CLOCKS: &str = "import time; print(time.time(), time.monotonic())";

/// A running program, and everything around it.
pub struct Host {
    pub town: Town,
    pub replica: Replica,
    pub log: Arc<Log>,
    child: Child,
    /// What the program may write to.
    data: TempDir,
    /// What it reads: how wrong its clock is.
    clock: TempDir,
    address: String,
    tickets: Vec<String>,
    probes: u32,
    failed_probes: u32,
}

impl Host {
    /// Three flows: one on MongoDB, two on SQLite.
    pub fn start() -> Self {
        let (town, replica) = (Town::new(), Replica::of(1));
        let (data, clock) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [town.flows(), clock.path()] {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(clock.path().join("offset"), "+0").unwrap();
        for (file, text) in flows(&replica) {
            town.put(&file, &text);
        }
        let mut command = as_container(data.path(), clock.path(), &program());
        command.args(["run", "--listen", "127.0.0.1:0", "--flows"]).arg(town.flows());
        command.arg("--store").arg(format!("sqlite:{}", data.path().display()));
        command.envs(town.env()).env("LOG_LEVEL", "debug");
        let (log, pipe) = Log::pipe();
        let child = command.stdin(Stdio::null()).stderr(pipe).spawn().unwrap();
        let address = log.wait_for("answering on ");
        let (tickets, probes, failed_probes) = (Vec::new(), 0, 0);
        Self { town, replica, log, child, data, clock, address, tickets, probes, failed_probes }
    }

    /// The files of its flows, as they should be.
    pub fn flows(&self) -> Vec<(String, String)> {
        flows(&self.replica)
    }

    /// The clock of the program is wrong by this, as libfaketime writes it.
    pub fn set_clock(&self, offset: &str) {
        let draft = self.clock.path().join("draft");
        fs::write(&draft, offset).unwrap();
        fs::rename(draft, self.clock.path().join("offset")).unwrap();
    }

    /// Where the program answers.
    pub fn address(&self) -> SocketAddr {
        self.address.trim_start_matches("http://").parse().unwrap()
    }

    /// A monotonic clock that jumps would be a fault of the test, not of the program.
    pub fn assert_only_wall_time_is_faked(&self) {
        let clocks = |command: &mut Command| {
            let said = String::from_utf8(command.args(["-c", CLOCKS]).output().unwrap().stdout).unwrap();
            let both: Vec<f64> = said.split_whitespace().map(|word| word.parse().unwrap()).collect();
            (both[0], both[1])
        };
        self.set_clock("+7200");
        let (wall, monotonic) = clocks(&mut Command::new("python3"));
        let faked = clocks(&mut as_container(self.data.path(), self.clock.path(), Path::new("python3")));
        self.set_clock("+0");
        assert!((7000.0..7400.0).contains(&(faked.0 - wall)), "wall time is not faked: {wall}, {}", faked.0);
        assert!((0.0..100.0).contains(&(faked.1 - monotonic)), "monotonic time is faked: {monotonic}, {}", faked.1);
    }

    pub fn assert_nothing_but_data_can_be_written(&self) {
        let places = "/ /tmp /var/tmp /dev/shm /etc /run /usr/local/bin";
        let tried =
            format!("id -u; for place in {places} \"$0\"; do touch \"$place/try\" 2>/dev/null && echo $place; done");
        let mut command = as_container(self.data.path(), self.clock.path(), Path::new("sh"));
        let done = command.args(["-c", &tried]).arg(self.data.path()).output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        assert_eq!(said, format!("65532\n{}\n", self.data.path().display()));
    }

    /// Has people work while all of this goes on, ends it, and waits until their work has crossed.
    pub fn live_through(&mut self, troubles: &[Trouble]) {
        let begun = self.tickets.len();
        let mut going: Vec<_> = troubles.iter().map(|trouble| Going::begin(*trouble, self)).collect();
        let mut failed_in_a_row = 0;
        for step in 0..u32::try_from(TROUBLE.as_millis() / STEP.as_millis()).unwrap() {
            going.iter_mut().for_each(|trouble| trouble.step(self));
            if step % TICKET_EACH == 0 {
                let project = PROJECTS[self.tickets.len() % PROJECTS.len()];
                self.tickets.push(self.town.accepted_ticket(project));
            }
            if step % PROBE_EACH == 0 {
                failed_in_a_row = if self.probe() { 0 } else { failed_in_a_row + 1 };
                assert!(failed_in_a_row < PROBES_IN_A_ROW, "it would have been restarted");
            }
            assert_eq!(self.child.try_wait().unwrap(), None, "it goes on");
            thread::sleep(STEP);
        }
        going.into_iter().for_each(|trouble| trouble.end(self));
        for ticket in &self.tickets[begun..] {
            let what = format!("{ticket} gets a dev issue");
            let dev = within(PATIENCE, &what, || self.town.linked_dev_issue(ticket));
            if dev.ends_with('3') {
                self.town.moves(PERSON, &dev, "Closed");
            }
        }
    }

    /// Both sides agree, in number and in everything; then the program stops in order.
    pub fn reconcile(&mut self) {
        within(PATIENCE, "both sides agree", || self.town.disagreements().is_empty().then_some(()));
        let devs = [DEV_PROJECT, "DEV-C", "DEV-X"].map(|project| self.town.site.issues(project).len());
        assert_eq!(devs.iter().sum::<usize>(), self.tickets.len(), "one for each ticket");
        let peak = self.peak_memory();
        assert!(self.probe());
        assert!(
            Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status().unwrap().success()
        );
        let status = within(STOP, "it stops", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
        println!("host: at most {peak} of memory");
    }

    pub fn summary(&self) -> String {
        let Self { tickets, probes, failed_probes, .. } = self;
        format!("{} tickets, each with one dev issue; {failed_probes} of {probes} probes failed", tickets.len())
    }

    fn probe(&mut self) -> bool {
        let asked = Command::new(program()).args(["probe", "--api", &self.address]).output().unwrap();
        self.probes += 1;
        self.failed_probes += u32::from(!asked.status.success());
        asked.status.success()
    }

    fn peak_memory(&self) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            println!("--- the end of its log\n{}", self.log.last_lines());
        }
    }
}

/// What the program says on standard error, read by a thread unless it is stuck.
pub struct Log {
    pipe: PipeWriter,
    stuck: Mutex<bool>,
    changed: Condvar,
    lines: Mutex<VecDeque<String>>,
}

impl Log {
    fn pipe() -> (Arc<Self>, PipeWriter) {
        let (from, pipe) = io::pipe().unwrap();
        let to = pipe.try_clone().unwrap();
        let log = Arc::new(Self { pipe, stuck: Mutex::default(), changed: Condvar::new(), lines: Mutex::default() });
        let reader = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                reader.changed.wait_while(&mut reader.stuck.lock(), |stuck| *stuck);
                let line = line.unwrap();
                if !line.starts_with(FILLER) {
                    reader.keep(line);
                }
            }
        });
        (log, to)
    }

    fn keep(&self, line: String) {
        let mut lines = self.lines.lock();
        lines.push_back(line);
        if lines.len() > LAST_LINES {
            lines.pop_front();
        }
    }

    /// From now on its reader does not read, and the pipe is full.
    pub fn stick(&self) {
        *self.stuck.lock() = true;
        let mut pipe = self.pipe.try_clone().unwrap();
        let line = format!("{}\n", FILLER.repeat(1000));
        // Blocks until the reader reads again.
        thread::spawn(move || (0..FILL_LINES).for_each(|_| pipe.write_all(line.as_bytes()).unwrap()));
    }

    pub fn release(&self) {
        *self.stuck.lock() = false;
        self.changed.notify_all();
    }

    /// The word after these, once a line has them.
    fn wait_for(&self, words: &str) -> String {
        let after = |line: &String| Some(line.split_once(words)?.1.split(['"', ' ']).next()?.to_owned());
        within(PATIENCE, words, || self.lines.lock().iter().find_map(after))
    }

    fn last_lines(&self) -> String {
        self.lines.lock().iter().map(|line| format!("{line}\n")).collect()
    }
}

fn flows(replica: &Replica) -> Vec<(String, String)> {
    ["sync-ab.json", "sync-cd.json", "sync-xy.json"].map(|file| (file.to_owned(), flow(file, replica))).to_vec()
}

fn flow(file: &str, replica: &Replica) -> String {
    let text = flow_text(file);
    if file == "sync-ab.json" {
        return text.replacen('{', &format!("{{ \"database\": {{ \"uri\": \"{}\" }},", replica.uri()), 1);
    }
    text
}

/// `LOCKSTEP`, such as one built for release, else the one that was built with this test.
fn program() -> PathBuf {
    let named = std::env::var_os("LOCKSTEP").map(PathBuf::from);
    let program = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_lockstep").into());
    fs::canonicalize(&program).unwrap_or_else(|why| panic!("{}: {why}", program.display()))
}

/// `program` as `.ci/as-container` starts it, with the wall clock that the file says.
fn as_container(data: &Path, clock: &Path, program: &Path) -> Command {
    let mut command = Command::new(".ci/as-container");
    command.arg(data).args(["env", &format!("LD_PRELOAD={}", faketime().display()), "FAKETIME_DONT_FAKE_MONOTONIC=1"]);
    command.arg(format!("FAKETIME_TIMESTAMP_FILE={}", clock.join("offset").display()));
    // Wall time is looked up in the file once a second. What processes share would be in /dev/shm.
    command.args(["FAKETIME_CACHE_DURATION=1", "FAKETIME_DISABLE_SHM=1"]).arg(program);
    command
}

fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let found = folders.map(|folder| folder.join(FAKETIME)).find(|file| file.is_file());
    found.expect("libfaketime is missing: install Debian's package faketime")
}
