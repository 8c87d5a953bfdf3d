//! The program under a service manager, and asked by a container's health check.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use lockstep::clock::Clock;

use testing::daemon::{Daemon, lockstep, run, run_on};
use testing::town::Town;
use testing::wait::eventually;

/// What systemd would hear.
struct Socket(UnixDatagram);

impl Socket {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket)
    }

    /// The next message, once it comes.
    fn next(&self) -> String {
        let mut buffer = [0; 512];
        eventually("the service manager is told something", || match self.0.recv(&mut buffer) {
            Ok(length) => Some(String::from_utf8(buffer[..length].to_vec()).unwrap()),
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => None,
            Err(why) => panic!("{why}"),
        })
    }

    /// Waits for this message; others come before it.
    fn wait_for(&self, message: &str) {
        while self.next() != message {}
    }
}

#[test]
fn systemd_is_told_of_start_life_and_stop_without_jira_or_mongodb() {
    let town = Town::with_flow("sync-ab.json");
    let dead = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500&connectTimeoutMS=500";
    let socket = Socket::at(&town.data().join("notify"));
    let path = town.data().join("notify").display().to_string();
    let more = [("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "200000"), ("LOCKSTEP_API_TOKEN", "t")];
    // Jira is as far away as the database.
    let env = town.env().into_iter().filter(|(name, _)| name != "JIRA_URL");
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let env: Vec<_> = env.chain([("JIRA_URL".into(), "http://127.0.0.1:1".into())]).chain(more).collect();
    let mut daemon = Daemon::of(run_on(town.flows(), dead, &env));
    socket.wait_for("READY=1\n");
    for _ in 0..3 {
        assert_eq!(socket.next(), "WATCHDOG=1\n");
    }
    daemon.terminate();
    socket.wait_for("STOPPING=1\n");
    assert_eq!(daemon.ended().code(), Some(0));
}

#[test]
fn a_probe_tells_within_two_seconds_whether_the_daemon_answers() {
    let town = Town::new();
    let daemon = Daemon::of(run(town.flows(), town.data(), &[]));
    let (code, said) = probe(&["--api", &daemon.address()], &[]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let port = daemon.address().rsplit(':').next().unwrap().to_owned();
    assert_eq!(probe(&[], &[("PORT".to_owned(), port)]).0, Some(0), "found by its port, as in a container");

    // Takes connections and never answers.
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", hung.local_addr().unwrap());
    let clock = Clock::system();
    let asked_at = clock.now();
    let (code, said) = probe(&["--api", &address], &[]);
    assert!(code == Some(1) && said.contains(&format!("no answer from {address}")), "{said}");
    assert!(clock.now() - asked_at < Duration::from_secs(2));

    let (code, said) = probe(&["--api", &town.url()], &[]);
    assert!(code == Some(1) && said.contains("is not a running Lockstep daemon"), "{said}");
}

fn probe(args: &[&str], env: &[(String, String)]) -> (Option<i32>, String) {
    let args: Vec<_> = ["probe"].iter().chain(args).copied().collect();
    let done = lockstep(&args, env).output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}
