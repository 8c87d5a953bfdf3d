//! A rich text in wiki markup.

#![no_main]

#[path = "texts.rs"]
mod texts;

use lockstep::flow::Body;

libfuzzer_sys::fuzz_target!(|text: &str| texts::check(&Body::Wiki(text.to_owned())));
