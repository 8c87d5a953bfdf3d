//! One `mongod`.

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::binary;

/// The longest that a `mongod` may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the program of its further arguments until its own input ends, which it does when whoever started it is gone,
/// however that came. Then it ends the program and removes the folder named first, and those above it that are empty then.
const KEEPER: &str = r#"
    trap '' INT
    ulimit -n "$(ulimit -H -n)" 2>/dev/null
    folder=$1
    shift
    "$@" </dev/null >"$folder/log" 2>&1 &
    echo $! >"$folder/pid"
    cat >/dev/null
    kill -9 $!
    wait $!
    rm -rf "$folder"
    rmdir -p "$(dirname "$folder")" 2>/dev/null
"#;

/// A running `mongod` with data of its own.
pub struct Member {
    port: u16,
    keeper: Child,
}

impl Member {
    /// Starts one in `folder` and waits until it listens.
    pub fn start(folder: &Path, replica_set: &str) -> Self {
        // Somebody else may take the port that was free a moment ago.
        (0..5).find_map(|attempt| Self::try_start(&folder.join(attempt.to_string()), replica_set)).unwrap_or_else(
            || {
                panic!("mongod found no port to listen to in five attempts");
            },
        )
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn try_start(folder: &Path, replica_set: &str) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(folder)
            .arg(binary::mongod())
            .args(["--replSet", replica_set, "--bind_ip", "127.0.0.1", "--port", &port.to_string()])
            .arg("--dbpath")
            .arg(folder)
            .args(["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64", "--nounixsocket"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
            // So that a test can have it fail.
            .args(["--setParameter", "enableTestCommands=1"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let member = Self { port, keeper };
        member.listens(&folder.join("log")).then_some(member)
    }

    /// Whether it came to listen; not if another program did at its port.
    fn listens(&self, log: &Path) -> bool {
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            let said = read(log);
            if said.contains("Address already in use") {
                return false;
            }
            if said.contains("Waiting for connections") && TcpStream::connect(self.address()).is_ok() {
                return true;
            }
            thread::sleep(LOOK);
        }
        panic!("mongod does not listen after {} s; it said: {}", PATIENCE.as_secs(), read(log));
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Whoever is gone already needs no waiting for.
        let _ = self.keeper.wait();
    }
}

fn read(log: &Path) -> String {
    match fs::read_to_string(log) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => panic!("{}: {error}", log.display()),
    }
}
