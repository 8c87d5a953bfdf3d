//! One `mongod`.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::binary;

/// The longest that a `mongod` may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the program of its further arguments, and obeys the words `kill` and `start`, until its own input ends, which it
/// does when whoever started it is gone, however that came. Then it ends the program and removes the folder named first,
/// and those above it that are empty then.
const KEEPER: &str = r#"
    trap '' INT
    ulimit -n "$(ulimit -H -n)" 2>/dev/null
    folder=$1
    shift
    start() {
        "$@" </dev/null >"$folder/log" 2>&1 &
        pid=$!
    }
    end() {
        [ -z "$pid" ] && return
        kill -9 "$pid"
        wait "$pid" 2>/dev/null
        pid=
    }
    start "$@"
    while read -r word; do
        case $word in
            kill) end ;;
            start) start "$@" ;;
        esac
    done
    end
    rm -rf "$folder"
    rmdir -p "$(dirname "$folder")" 2>/dev/null
"#;

/// A running `mongod` with data of its own.
pub struct Member {
    port: u16,
    keeper: Child,
    log: PathBuf,
}

impl Member {
    /// Starts one in `folder`, with these further arguments, and waits until it listens.
    pub fn start(folder: &Path, more: &[String]) -> Self {
        // Somebody else may take the port that was free a moment ago.
        let start = |attempt: u32| Self::try_start(&folder.join(attempt.to_string()), more);
        (0..5).find_map(start).unwrap_or_else(|| panic!("mongod found no port to listen to in five attempts"))
    }

    /// Kills it as power failures do; its data stays.
    pub fn kill(&self) {
        self.order("kill");
        let gone = || TcpStream::connect(self.address()).is_err();
        assert!(comes_true(gone), "mongod still listens {} s after it was killed", PATIENCE.as_secs());
    }

    /// Starts it again after it was killed, at the same port, and waits until it listens.
    pub fn restart(&self) {
        // What it says then is not what it said before.
        fs::remove_file(&self.log).unwrap();
        self.order("start");
        assert!(self.listens(), "the port of mongod was taken: {}", read(&self.log));
    }

    /// What it said since it was started last.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn try_start(folder: &Path, more: &[String]) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(folder)
            .arg(binary::mongod())
            .args(["--port", &port.to_string()])
            .arg("--dbpath")
            .arg(folder)
            .args(["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64", "--nounixsocket"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
            // So that a test can have it fail.
            .args(["--setParameter", "enableTestCommands=1"])
            .args(listening(more))
            .args(more)
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let member = Self { port, keeper, log: folder.join("log") };
        member.listens().then_some(member)
    }

    fn order(&self, word: &str) {
        writeln!(self.keeper.stdin.as_ref().unwrap(), "{word}").unwrap();
    }

    /// Whether it came to listen; not if another program did at its port.
    fn listens(&self) -> bool {
        let said = |words: &str| read(&self.log).contains(words);
        let is_taken = || said("Address already in use");
        let is_there = || said("Waiting for connections") && TcpStream::connect(self.address()).is_ok();
        let decided = comes_true(|| is_taken() || is_there());
        assert!(decided, "mongod does not listen after {} s; it said: {}", PATIENCE.as_secs(), self.log());
        !is_taken()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Whoever is gone already needs no waiting for.
        let _ = self.keeper.wait();
    }
}

/// On loopback, unless told otherwise.
fn listening(more: &[String]) -> &[&'static str] {
    if more.iter().any(|it| it == "--bind_ip") { &[] } else { &["--bind_ip", "127.0.0.1"] }
}

/// Whether it does, in time.
fn comes_true(what: impl Fn() -> bool) -> bool {
    (0..PATIENCE.as_millis() / LOOK.as_millis()).any(|_| {
        let is_true = what();
        if !is_true {
            thread::sleep(LOOK);
        }
        is_true
    })
}

fn read(log: &Path) -> String {
    match fs::read_to_string(log) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => panic!("{}: {error}", log.display()),
    }
}
