//! A flow file of a house, changed for a story.

use std::time::Duration;

use serde_json::Value;

use crate::house::House;

/// The flow file of most stories.
pub const FLOW_FILE: &str = "sync-ab.json";

/// A changed flow file, until it is written.
#[must_use]
pub struct FlowFixture<'house> {
    house: &'house House,
    json: Value,
}

impl House {
    /// The flow of most stories as it is now, to be changed and written.
    pub fn flow_fixture(&self) -> FlowFixture<'_> {
        self.flow_fixture_of(FLOW_FILE)
    }

    /// The same with the flow of another file.
    pub fn flow_fixture_of(&self, file: &str) -> FlowFixture<'_> {
        FlowFixture { house: self, json: serde_json::from_str(&self.flow_text(file)).unwrap() }
    }
}

impl FlowFixture<'_> {
    pub fn interval(self, interval: Duration) -> Self {
        self.change(|flow| flow["syncIntervalSeconds"] = interval.as_secs().into())
    }

    /// How long the flow trusts searches to lag at most.
    pub fn index_lag(self, lag: Duration) -> Self {
        self.change(|flow| flow["indexLagSeconds"] = lag.as_secs().into())
    }

    pub fn initial_sync(self, enabled: bool) -> Self {
        self.change(|flow| flow["initialSyncEnabled"] = enabled.into())
    }

    pub fn copies_files(self) -> Self {
        self.change(|flow| flow["defaultBehavior"]["syncAttachments"] = true.into())
    }

    /// Adds these members, in place of those of the same names.
    pub fn with(self, members: Value) -> Self {
        self.change(|flow| flow.as_object_mut().unwrap().extend(members.as_object().unwrap().clone()))
    }

    /// Adds a rule behind the others.
    pub fn rule(self, rule: Value) -> Self {
        self.change(|flow| flow["rules"].as_array_mut().unwrap().push(rule))
    }

    pub fn change(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.json);
        self
    }

    /// Replaces this text everywhere; it must be there.
    pub fn replace(self, from: &str, to: &str) -> Self {
        let text = self.text();
        assert!(text.contains(from), "{text}");
        Self { json: serde_json::from_str(&text.replace(from, to)).unwrap(), ..self }
    }

    pub fn text(&self) -> String {
        format!("{:#}\n", self.json)
    }

    pub fn write(self) {
        self.write_as(FLOW_FILE);
    }

    pub fn write_as(self, file: &str) {
        self.house.write_flow(file, &self.text());
    }
}
