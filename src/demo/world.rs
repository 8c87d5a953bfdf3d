//! The simulated company for which the shipped flows work: its Jira, its people, and what must hold between its
//! projects. Shared by the demo and the simulation tests; only these two join the simulator and the rest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::config::{self, CheckInputs, NoFolder, ReadFlowFile};
use crate::flow::{Flow, FlowName, Side, StatusMatch, TargetStatus};
use crate::settings::DEFAULT_INTERVAL;
use crate::store::mongo_url;
use crate::supervisor::Env;
use jira_sim::check::{self, Expectation, Mirror};
use jira_sim::faults::{Kind, Rule, When};
use jira_sim::{Account, FaultPlan, Now, Project, Setup, Workflow};

/// The shipped flows: file name and content.
pub const FLOWS: [(&str, &str); 3] = [
    ("sync-ab.json", include_str!("../../flows.d/sync-ab.json")),
    ("sync-cd.json", include_str!("../../flows.d/sync-cd.json")),
    ("sync-xy.json", include_str!("../../flows.d/sync-xy.json")),
];

/// A fourth flow, to be added while the others run: file name and content.
pub const FOURTH: (&str, &str) = ("sync-new.example.json", include_str!("../../flows.d/sync-new.example.json"));

/// The user and dev project of each shipped flow, and of the fourth.
pub const PAIRS: [(&str, &str); 4] =
    [("USER-A", "DEV-A"), ("USER-C", "DEV-C"), ("USER-X", "DEV-X"), ("USER-N", "DEV-N")];

const BOT: &str = "account-lockstep";
const EMAIL: &str = "lockstep@example.net";
const TOKEN: &str = "demo-token";

/// The company's Jira at `base_url`. Its search lags up to `index_lag`.
#[must_use]
pub fn jira(base_url: &str, now: Now, seed: u64, index_lag: Duration) -> Setup {
    let project = |key: &str, name: &str, workflow, types: &[&str]| Project {
        key: key.to_owned(),
        name: format!("{name} {key}"),
        workflow,
        issue_types: types.iter().map(|&kind| kind.to_owned()).collect(),
    };
    let pair = |(user, dev)| {
        [
            project(user, "Customers of", Workflow::customer(), &["Support request", "Bug"]),
            project(dev, "Engineering of", Workflow::development(), &["Bug", "Task"]),
        ]
    };
    Setup {
        base_url: base_url.to_owned(),
        projects: PAIRS.into_iter().flat_map(pair).collect(),
        // Not UTC, so that code that forgets time zones fails.
        accounts: vec![Account::new(BOT, "Lockstep", EMAIL, TOKEN, chrono_tz::Asia::Ho_Chi_Minh)],
        index_lag: Duration::from_millis(200)..=index_lag,
        latency: Duration::from_millis(20)..=Duration::from_millis(300),
        ..Setup::new(now, seed)
    }
}

/// What the shipped flow files find in the environment.
#[must_use]
pub fn environment(base_url: &str) -> Env {
    let base_url = base_url.to_owned();
    Arc::new(move |name| match name {
        "JIRA_URL" => Some(base_url.clone()),
        "JIRA_EMAIL" => Some(EMAIL.to_owned()),
        "JIRA_AB_TOKEN" | "JIRA_CD_TOKEN" | "JIRA_XY_TOKEN" | "JIRA_NEW_TOKEN" => Some(TOKEN.to_owned()),
        _ => None,
    })
}

/// A flow file's text with another interval and index lag.
#[must_use]
pub fn paced(text: &str, interval: Duration, index_lag: Duration) -> String {
    let others = text.lines().filter(|line| !line.contains("\"syncInterval") && !line.contains("\"indexLagSeconds\""));
    let pace = format!(
        "  \"syncIntervalSeconds\": {},\n  \"indexLagSeconds\": {},",
        interval.as_secs_f64(),
        index_lag.as_secs()
    );
    let mut lines: Vec<&str> = others.collect();
    // After the opening brace.
    lines.insert(1.min(lines.len()), &pace);
    lines.join("\n") + "\n"
}

/// The flows as the files in a folder say; those that say nothing sensible are left out.
///
/// # Errors
/// When the folder can't be read.
pub fn flows(folder: &Path, base_url: &str) -> Result<BTreeMap<FlowName, Flow>, NoFolder> {
    let env = environment(base_url);
    let inputs = CheckInputs {
        env: &*env,
        file: &config::read_named_file,
        mongo: mongo_url,
        default_interval: DEFAULT_INTERVAL,
    };
    let flow = |found: &ReadFlowFile| {
        let text = &found.content.as_ref().ok()?.text;
        Some(config::check(&found.file, text, &inputs).ok()?.flow)
    };
    let flows = config::read_each(&config::scan(folder)?)
        .filter_map(|found| flow(&found))
        .map(|flow| (flow.name.clone(), flow))
        .collect();
    Ok(flows)
}

/// The demo's weather: now and then Jira asks to wait, or creates an issue and its answer is lost.
#[must_use]
pub fn weather() -> FaultPlan {
    let lost = Rule::on(Method::POST, "/rest/api/3/issue", When::Chance(0.1), Kind::LostReply);
    let throttled = Rule::anywhere(When::Chance(0.002), Kind::TooMany { retry_after_secs: 2 });
    FaultPlan { rules: vec![lost, throttled] }
}

/// What must hold between a flow's projects once everything has had time to settle, told in the checker's own words.
#[must_use]
pub fn expectation(flow: &Flow) -> Expectation {
    let mut create_on = String::new();
    let mut mirrors = Vec::new();
    for rule in &flow.rules.in_order {
        let StatusMatch::Named(status) = &rule.on else { continue };
        if rule.act.create {
            create_on = status.to_string();
        }
        for from in Side::BOTH.into_iter().filter(|side| rule.from.includes(*side)) {
            let to = match rule.act.set_status.as_ref().map(|set| &set.to) {
                Some(TargetStatus::Named(to)) => to,
                Some(TargetStatus::SameAsSource) => status,
                None => continue,
            };
            mirrors.push(Mirror { from: checkers(from), status: status.to_string(), to_status: to.to_string() });
        }
    }
    Expectation {
        user_project: flow.user_project.to_string(),
        dev_project: flow.dev_project.to_string(),
        bot_account: BOT.to_owned(),
        create_on,
        mirrors,
        mark_property: "lockstep".to_owned(),
        watched_since: None,
    }
}

fn checkers(side: Side) -> check::Side {
    match side {
        Side::User => check::Side::User,
        Side::Dev => check::Side::Dev,
    }
}
