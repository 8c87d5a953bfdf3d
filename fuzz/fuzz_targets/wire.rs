//! An answer of Jira, or of whoever sits in its place.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| lockstep::jira::read_as_everything(body));
