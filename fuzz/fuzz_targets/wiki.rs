//! A rich text in wiki markup.

#![no_main]

mod texts;

use jira_markup::Body;

libfuzzer_sys::fuzz_target!(|text: &str| texts::check(&Body::Wiki(text.to_owned())));
