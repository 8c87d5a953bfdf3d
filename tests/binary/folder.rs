//! What else may lie in the flows folder.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use super::town::{Town, flow_text};

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
    assert_eq!(refused("/pipe.json"), "is no regular file; put one in its place");
    assert_eq!(refused(r"/caf\xe9.json"), "has a name that is not UTF-8; rename it");
    daemon.wait_cycles("sync-ab", 1);
    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(0));
}
