//! A rich text that claims to be an Atlassian document.

#![no_main]

mod texts;

use jira_markup::Body;

libfuzzer_sys::fuzz_target!(|text: &str| texts::check(&Body::Adf(text.to_owned())));
