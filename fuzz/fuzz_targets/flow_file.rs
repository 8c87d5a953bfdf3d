//! A flow file, as somebody may have left it.

#![no_main]

use std::time::Duration;

use lockstep::config::{CheckInputs, check};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let env = |name: &str| name.starts_with("JIRA").then(|| "https://a.example.net".to_owned());
    let file = |_: &std::path::Path| Err("there is none".to_owned());
    let default_interval = Duration::from_secs(300);
    let inputs = CheckInputs { env: &env, file: &file, mongo: lockstep::store::mongo_url, default_interval };
    if let Err(problems) = check("x.json", text, &inputs) {
        assert!(!problems.is_empty());
    }
});
