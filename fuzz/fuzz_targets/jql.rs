//! A query, as the simulated Jira reads it: it may refuse one, but never break over it.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chrono::DateTime;
use lockstep::demo::world;
use jira_sim::{Flavour, Setup, Site};

static SITES: LazyLock<[Arc<Site>; 2]> = LazyLock::new(|| {
    let site = |flavour| {
        let clock = Arc::new(|| DateTime::UNIX_EPOCH);
        Site::new(Setup { flavour, ..world::jira("http://jira.example", clock, 1, Duration::ZERO) })
    };
    [site(Flavour::Cloud), site(Flavour::DataCenter)]
});

libfuzzer_sys::fuzz_target!(|jql: &str| {
    for site in SITES.iter() {
        site.understands(jql);
    }
});
