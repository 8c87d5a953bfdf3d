//! The texts by which flow files name the values of enumerations.

use super::reader::{Measure, Named};
use crate::flow::{Deployment, Fallback, From, OnConflict, Side};

/// `jira.authType`.
#[derive(Clone, Copy)]
pub enum AuthType {
    /// E-mail and token.
    Basic,
    /// Only a token.
    Pat,
}

impl Named for AuthType {
    const NAMES: &'static [(&'static str, Self)] = &[("basic", Self::Basic), ("pat", Self::Pat)];
}

impl Named for Deployment {
    const NAMES: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("cloud", Self::Cloud), ("datacenter", Self::DataCenter)];
}

impl Named for Fallback {
    const NAMES: &'static [(&'static str, Self)] =
        &[("ignore", Self::Ignore), ("default_to_closed", Self::CloseDev), ("sync_to_resolved", Self::ResolveUser)];
}

impl Named for OnConflict {
    const NAMES: &'static [(&'static str, Self)] =
        &[("latest", Self::Latest), ("user", Self::Always(Side::User)), ("dev", Self::Always(Side::Dev))];
}

/// `syncDirection`.
impl Named for From {
    const NAMES: &'static [(&'static str, Self)] =
        &[("user_to_dev", Self::Only(Side::User)), ("dev_to_user", Self::Only(Side::Dev)), ("both", Self::Both)];
}

/// `targetProject`: the side that a rule acts on.
impl Named for Side {
    const NAMES: &'static [(&'static str, Self)] = &[("user", Self::User), ("dev", Self::Dev)];
}

/// `syncIntervalSeconds`.
pub enum IntervalSeconds {}

/// `syncIntervalMinutes`.
pub enum IntervalMinutes {}

/// `indexLagSeconds`.
pub enum LagSeconds {}

/// The shortest interval, which Jira's rate limits allow.
const SHORTEST_INTERVAL: f64 = 1.0;

/// The longest interval: thirty days, with which no clock overflows.
const LONGEST_INTERVAL: f64 = 30.0 * 24.0 * 3600.0;

impl Measure for IntervalSeconds {
    const UNIT: f64 = 1.0;
    const LEAST: f64 = SHORTEST_INTERVAL;
    const MOST: f64 = LONGEST_INTERVAL;
    const LIMITS: &'static str = "from 1 second to 30 days";
}

impl Measure for IntervalMinutes {
    const UNIT: f64 = 60.0;
    const LEAST: f64 = SHORTEST_INTERVAL;
    const MOST: f64 = LONGEST_INTERVAL;
    const LIMITS: &'static str = "from 1 second to 30 days";
}

/// The longest lag of the search: a day.
impl Measure for LagSeconds {
    const UNIT: f64 = 1.0;
    const LEAST: f64 = 0.0;
    const MOST: f64 = 24.0 * 3600.0;
    const LIMITS: &'static str = "from 0 to 86400 seconds";
}
