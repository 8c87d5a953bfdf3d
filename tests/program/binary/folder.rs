//! What else may lie in the flows folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use testing::town::{Town, flow_text};
use testing::wait::eventually;

const MIB: usize = 1 << 20;

#[test]
fn a_pipe_and_a_name_that_is_not_utf_8_are_refused_and_hold_nothing_up() {
    let town = Town::with_flow("sync-ab.json");
    let odd = town.flows().join(OsStr::from_bytes(b"caf\xe9.json"));
    fs::write(&odd, flow_text("sync-cd.json")).unwrap();
    let pipe = town.flows().join("pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());

    let mut daemon = town.start();
    let refused = |end: &str| {
        let line = daemon.wait_for(end, |line| line["file"].as_str().is_some_and(|file| file.ends_with(end)));
        line["problems"][0].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("/pipe.json"), "is not a regular file; put one in its place");
    assert_eq!(refused(r"/caf\xe9.json"), "has a name that is not UTF-8; rename it");
    daemon.wait_cycles("sync-ab", 1);
    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(0));
}

/// They are no JSON from their first letter on, so that none takes long to be refused.
#[test]
fn large_flow_files_are_not_held_all_at_once() {
    let (town, files) = (Town::new(), 100);
    let mut daemon = town.start();
    eventually("the daemon is ready", || (daemon.get("/readyz").status == 200).then_some(()));
    let before = daemon.peak_memory();
    for n in 0..files {
        town.put(&format!("large-{n}.json"), &format!("]{}", "x".repeat(MIB - 1)));
    }
    let named = || daemon.lines().iter().filter_map(|line| line["file"].as_str().map(str::to_owned)).collect();
    eventually("all are refused", || (BTreeSet::len(&named()) == files).then_some(()));
    let grown = daemon.peak_memory().saturating_sub(before);
    assert!(grown < files * MIB / 2, "{} MiB", grown / MIB);
    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(0));
}
