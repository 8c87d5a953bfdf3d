//! The log is not read, is rotated, or SIGHUP asks for a new one.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;

use testing::asking::ask;
use testing::daemon::{Daemon, lockstep};
use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town};
use testing::wait::eventually;

#[test]
fn a_log_that_nothing_reads_stops_neither_sync_nor_sigterm() {
    let town = Town::with_flow("sync-ab.json");
    let (_never_read, full) = full_pipe();
    let address = free_address();
    let mut daemon = Daemon::logging_to(serving_on(&town, &address), full);
    let ticket = town.accepted_ticket(USER_PROJECT);
    let work = town.dev_issue_of(&ticket);
    town.moves(PERSON, &work, "Closed");
    town.wait_for_status(&ticket, "Resolved");

    let url = format!("http://{address}");
    assert_eq!(ask(&url, "GET", "/health", "", &Value::Null).status, 200);
    let log = &ask(&url, "GET", "/api/v1/flows", &authorization(&town), &Value::Null).body["log"];
    assert!(log["queuedBytes"].as_u64().unwrap() > 0, "it is not written: {log}");
    assert_eq!(log["dropped"]["error"], 0);

    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(0));
}

#[test]
fn a_start_that_fails_ends_although_nothing_reads_why() {
    let town = Town::new();
    let (_never_read, full) = full_pipe();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let command = serving_on(&town, &taken.local_addr().unwrap().to_string());
    assert_eq!(Daemon::logging_to(command, full).ended().code(), Some(1));
}

#[test]
fn a_renamed_log_file_is_opened_anew_by_itself_and_by_sighup() {
    let town = Town::with_flow("sync-ab.json");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut command = in_a_session_of_its_own(&town.command(town.data()));
    command.env("LOG_FILE", at("log"));
    let mut daemon = Daemon::of(command);
    wait_logged(&at("log"), "Initial sync completed");

    fs::rename(at("log"), at("log.1")).unwrap();
    wait_logged(&at("log"), "Sync cycle completed");
    // Another file is there at once: only a signal is as quick as this.
    fs::rename(at("log"), at("log.2")).unwrap();
    daemon.signal("HUP");
    wait_logged(&at("log"), "Sync cycle completed");

    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(0));
    let all: Vec<_> = ["log.1", "log.2", "log"].iter().flat_map(|name| lines(&at(name))).collect();
    assert_eq!(all.iter().filter(|line| said(line).starts_with("SIGHUP: looking at the flows folder")).count(), 1);
    assert_eq!(all.iter().filter(|line| said(line) == "Worker started").count(), 1);
    assert_eq!(all.iter().filter(|line| said(line) == "Worker stopped").count(), 1);
}

#[test]
fn in_a_terminal_session_sighup_stops_in_order_but_not_under_nohup() {
    let (code, log) = at_a_terminal("plain");
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("SIGHUP: the terminal is gone; stopping"), "{log}");
    let (code, log) = at_a_terminal("nohup");
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("SIGHUP: looking at") && log.contains("SIGTERM: stopping"), "{log}");
}

/// Runs the program at a terminal of its own, sends it SIGHUP and, if that does not end it, SIGTERM.
const AT_A_TERMINAL: &str = r#"
import os, pty, signal, sys
how, program = sys.argv[1], sys.argv[2:]
process, terminal = pty.fork()
if process == 0:
    # These tests may run under nohup themselves.
    signal.signal(signal.SIGHUP, signal.SIG_IGN if how == "nohup" else signal.SIG_DFL)
    os.execv(program[0], program)
log = b""
def late(*_):
    sys.stdout.buffer.write(log)
    sys.exit("it neither says what is awaited nor ends")
signal.signal(signal.SIGALRM, late)
# Longer than a stop may take.
signal.alarm(40)
def read_until(words):
    global log
    while words not in log:
        log += os.read(terminal, 4096)
read_until(b"answering on")
os.kill(process, signal.SIGHUP)
read_until(b"SIGHUP: ")
if how == "nohup":
    os.kill(process, signal.SIGTERM)
try:
    read_until(b"what never comes")
except OSError:
    pass
sys.stdout.buffer.write(log)
code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
"#;

/// The exit code and the log of a program at a terminal that was told to hang up.
fn at_a_terminal(how: &str) -> (i32, String) {
    let town = Town::new();
    let command = town.command(town.data());
    let mut python = with_environment_of(&command, Command::new("python3"));
    let output = python.args(["-c", AT_A_TERMINAL, how]).arg(command.get_program()).args(command.get_args()).output();
    let output = output.expect("python3 runs");
    let [log, error] = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(error.is_empty(), "{error}: {log}");
    (output.status.code().unwrap(), log)
}

/// The command in a session without a terminal, as a service is.
fn in_a_session_of_its_own(command: &Command) -> Command {
    let mut python = with_environment_of(command, Command::new("python3"));
    python.args(["-c", "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])"]);
    python.arg(command.get_program()).args(command.get_args());
    python
}

fn with_environment_of(command: &Command, mut other: Command) -> Command {
    other.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    other
}

/// A pipe that has no room, and never will as long as its reader is kept.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    // Ends when the reader is dropped.
    thread::spawn(move || while filler.write_all(&[b'.'; 4096]).is_ok() {});
    (reader, writer)
}

/// An address on which nothing listens.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn serving_on(town: &Town, address: &str) -> Command {
    let store = format!("sqlite:{}", town.data().display());
    let flows = town.flows().display().to_string();
    lockstep(&["run", "--flows", &flows, "--store", &store, "--listen", address], &town.env())
}

fn authorization(town: &Town) -> String {
    let token = fs::read_to_string(town.data().join("api-token")).unwrap();
    format!("Authorization: Bearer {}\r\n", token.trim())
}

/// Waits until the log file tells this.
fn wait_logged(file: &Path, message: &str) {
    let what = format!("{} tells: {message}", file.display());
    eventually(&what, || fs::read_to_string(file).ok().filter(|text| text.contains(message)).map(drop));
}

/// The file's lines, each of which is whole.
fn lines(file: &PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

fn said(line: &Value) -> &str {
    line["message"].as_str().unwrap()
}
