//! What goes wrong on a host.

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;
use std::{fs, mem};

use super::container::Host;

/// Without a token, at once; a few thousand would be more than a program may have open.
const STRANGERS: usize = 2_000;

/// What each second stranger sends of a request that never ends.
const SENT: usize = 8_000;

/// A stranger that is not let in goes away.
const IN_VAIN: Duration = Duration::from_millis(100);

/// Between two jumps of the clock, in steps.
const JUMP_EACH: u32 = 30;

/// A clock that is set by hand, comes back from a long sleep, or has lost its battery.
const OFFSETS: [&str; 6] = ["+3600", "-3600", "+40d", "-40d", "+90", "+0"];

#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// What the program logs is not read.
    StuckLog,
    /// Connections without a token, idle or with a request that never ends.
    Strangers,
    /// The server of one flow is killed, and comes back.
    DatabaseAway,
    /// The wall clock jumps, back and forth.
    ClockSteps,
    /// Flow files are changed, broken, removed and joined by others, ten times a second.
    FileStorm,
}

impl Trouble {
    pub const ALL: [Self; 5] = [Self::StuckLog, Self::Strangers, Self::DatabaseAway, Self::ClockSteps, Self::FileStorm];
}

/// One that goes on.
pub struct Going {
    trouble: Trouble,
    steps: u32,
    connections: Vec<TcpStream>,
    /// Whether the server was killed here: it may be away by another of the same kind.
    killed: bool,
}

impl Going {
    pub fn begin(trouble: Trouble, host: &Host) -> Self {
        let mut going = Self { trouble, steps: 0, connections: Vec::new(), killed: false };
        match trouble {
            Trouble::StuckLog => host.log.stick(),
            Trouble::DatabaseAway => {
                going.killed = TcpStream::connect(host.replica.place().trim_start_matches("mongodb://")).is_ok();
                if going.killed {
                    host.replica.kill(0);
                }
            }
            Trouble::Strangers | Trouble::ClockSteps | Trouble::FileStorm => {}
        }
        going
    }

    /// Ten times a second.
    pub fn step(&mut self, host: &Host) {
        self.steps += 1;
        match self.trouble {
            Trouble::StuckLog | Trouble::DatabaseAway => {}
            Trouble::Strangers => self.connect(host),
            Trouble::ClockSteps if self.steps % JUMP_EACH == 1 => {
                host.set_clock(OFFSETS[(self.steps / JUMP_EACH) as usize % OFFSETS.len()]);
            }
            Trouble::ClockSteps => {}
            Trouble::FileStorm => self.change_files(host),
        }
    }

    pub fn end(self, host: &Host) {
        match self.trouble {
            Trouble::StuckLog => host.log.release(),
            Trouble::Strangers => {}
            Trouble::DatabaseAway if self.killed => host.replica.restart(0),
            Trouble::DatabaseAway => {}
            Trouble::ClockSteps => host.set_clock("+0"),
            Trouble::FileStorm => calm(host),
        }
    }

    /// A hundred more, until all are there. Those that the program closed are forgotten.
    fn connect(&mut self, host: &Host) {
        let wanted = STRANGERS.min(self.connections.len() + 100);
        while self.connections.len() < wanted {
            let Ok(mut stream) = TcpStream::connect_timeout(&host.address(), IN_VAIN) else { return };
            if self.connections.len().is_multiple_of(2) {
                // It may be closed already.
                let _ = write!(stream, "GET /health HTTP/1.1\r\nX-Filler: {}", "x".repeat(SENT));
            }
            self.connections.push(stream);
        }
        if self.steps.is_multiple_of(50) {
            // All at once anew.
            drop(mem::take(&mut self.connections));
        }
    }

    fn change_files(&self, host: &Host) {
        let flows = host.flows();
        let (file, text) = &flows[1 + self.steps as usize % 2];
        let folder = host.town.flows();
        match self.steps % 7 {
            0 => host.town.put(file, &text.replace("\"syncIntervalSeconds\": 1", "\"syncIntervalSeconds\": 2")),
            1 => fs::write(folder.join(file), &text[..text.len() / 2]).unwrap(),
            2 => host.town.put(file, text),
            3 => (0..20).for_each(|n| host.town.put(&format!("junk-{n}.json"), "{ \"name\": ")),
            4 => (0..20).for_each(|n| remove(&folder.join(format!("junk-{n}.json")))),
            5 => remove(&folder.join(file)),
            _ => host.town.put(&format!("copy-of-{file}"), text),
        }
    }
}

/// Another storm may have removed it already.
fn remove(file: &Path) {
    match fs::remove_file(file) {
        Err(why) if why.kind() != ErrorKind::NotFound => panic!("{}: {why}", file.display()),
        Ok(()) | Err(_) => {}
    }
}

/// Everything is as it was.
fn calm(host: &Host) {
    for (file, text) in host.flows() {
        host.town.put(&file, &text);
    }
    for entry in fs::read_dir(host.town.flows()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("junk-") || name.starts_with("copy-of-") {
            remove(&path);
        }
    }
}
