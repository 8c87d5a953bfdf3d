//! One process of the program, and what it says.

use std::env;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use serde_json::Value;

use crate::asking::{Answer, ask};
use crate::wait::eventually;

/// `lockstep` with this environment and no other.
pub fn lockstep(args: &[&str], env: &[(String, String)]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env_clear().envs(env.iter().cloned());
    command
}

/// The program as Cargo has built it for this suite or benchmark, which stands in a folder beside it.
fn program() -> PathBuf {
    let suite = env::current_exe().unwrap();
    suite.ancestors().nth(2).unwrap().join("lockstep")
}

/// `lockstep run` with the flows of a folder, and its state in another one.
pub fn run(flows: &Path, data: &Path, env: &[(String, String)]) -> Command {
    run_on(flows, &format!("sqlite:{}", data.display()), env)
}

/// `lockstep run` with the flows of a folder, and its state in this store.
pub fn run_on(flows: &Path, store: &str, env: &[(String, String)]) -> Command {
    let flows = flows.display().to_string();
    lockstep(&["run", "--flows", &flows, "--store", store, "--listen", "127.0.0.1:0"], env)
}

/// A running `lockstep run`. Killed when dropped; then, if the test has failed, its log is printed.
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Daemon {
    /// Serves the flows of a folder, with its state in another one.
    pub fn start(flows: &Path, data: &Path, env: &[(String, String)]) -> Self {
        Self::of(run(flows, data, env))
    }

    /// The process of this command.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::default();
        let readers = vec![
            read(child.stdout.take().unwrap(), Arc::clone(&log)),
            read(child.stderr.take().unwrap(), Arc::clone(&log)),
        ];
        Self { child, log, readers }
    }

    /// The process of this command with another place for its log: its lines can't be told here.
    pub fn logging_to(mut command: Command, log: impl Into<Stdio>) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { child, log: Arc::default(), readers: Vec::new() }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that the process wrote so far, line by line.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    /// The log's lines as what they are.
    pub fn lines(&self) -> Vec<Value> {
        self.log().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// How often `worker` told something with exactly these words.
    pub fn told(&self, worker: &str, message: &str) -> usize {
        self.lines().iter().filter(|line| line["worker"] == worker && line["message"] == message).count()
    }

    /// The first line that fits, once there is one.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || self.lines().into_iter().find(|line| fits(line)))
    }

    /// Waits until `worker` has told this so often.
    pub fn wait_told(&self, worker: &str, message: &str, times: usize) {
        let what = format!("{worker} tells {times} times: {message}");
        eventually(&what, || (self.told(worker, message) >= times).then_some(()));
    }

    /// Waits until `worker` has completed so many further cycles, of which the first may have begun before.
    pub fn wait_cycles(&self, worker: &str, more: usize) {
        let so_far = self.told(worker, "Sync cycle completed");
        self.wait_told(worker, "Sync cycle completed", so_far + more);
    }

    /// Asks the admin server.
    pub fn get(&self, path: &str) -> Answer {
        ask(&self.address(), "GET", path, "", &Value::Null)
    }

    /// Where the admin server answers: `http://HOST:PORT`.
    pub fn address(&self) -> String {
        let said = self.wait_for("the admin server's address", |line| {
            line["message"].as_str().is_some_and(|message| message.starts_with("answering on http://"))
        });
        said["message"].as_str().unwrap().trim_start_matches("answering on ").to_owned()
    }

    /// The most bytes of memory that it has used at once so far.
    pub fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        1024 * line.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
    }

    /// Asks for an orderly stop.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it the signal of this name.
    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: not every machine has the program.
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Kills it as power failures do.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.ended();
    }

    /// How it ended, once it has; then its log is complete.
    pub fn ended(&mut self) -> ExitStatus {
        let status = eventually("the process ends", || self.child.try_wait().unwrap());
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        status
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What it wrote must have been read as text to its end.
        let all_read = self.readers.drain(..).all(|reader| reader.join().is_ok());
        assert!(all_read || thread::panicking(), "a line of its log can't be read");
        if thread::panicking() {
            println!("--- log of process {}\n{}", self.child.id(), self.log().join("\n"));
        }
    }
}

fn read(from: impl Read + Send + 'static, log: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            log.lock().push(line.unwrap());
        }
    })
}
