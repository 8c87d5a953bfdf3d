//! Runs each trap on each kind of Jira, and shows the outcome as a table.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use futures::future::BoxFuture;
use jira_sim::Flavour;
use libtest_mimic::{Arguments, Trial};
use parking_lot::Mutex;

use testing::desk::on_a_paused_clock;

/// One of the ten.
#[derive(Clone, Copy)]
pub struct Trap {
    pub number: u8,
    /// The path of its function.
    pub name: &'static str,
    pub spring: fn(Flavour) -> BoxFuture<'static, ()>,
}

macro_rules! trap {
    ($number:literal, $($name:ident)::+) => {
        Trap { number: $number, name: stringify!($($name)::+), spring: |flavour| Box::pin($($name)::+(flavour)) }
    };
}
pub(crate) use trap;

const FLAVOURS: [(Flavour, &str); 2] = [(Flavour::Cloud, "Cloud"), (Flavour::DataCenter, "Data Center")];

/// What became of each trap on each flavour; absent where a filter left it out.
type Outcomes = Arc<Mutex<BTreeMap<(u8, &'static str), bool>>>;

/// Springs all traps that the command line does not leave out.
pub fn spring(traps: &[Trap]) -> ExitCode {
    let arguments = Arguments::from_args();
    let outcomes = Outcomes::default();
    let trials = traps.iter().flat_map(|trap| FLAVOURS.map(|flavour| trial(*trap, flavour, Arc::clone(&outcomes))));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if !arguments.list {
        show(traps, &outcomes.lock());
    }
    conclusion.exit_code()
}

fn trial(trap: Trap, (flavour, label): (Flavour, &'static str), outcomes: Outcomes) -> Trial {
    let name = format!("trap_{:02}::{}::{}", trap.number, title(trap.name), label.to_lowercase().replace(' ', "_"));
    Trial::test(name, move || {
        let end = catch_unwind(AssertUnwindSafe(|| on_a_paused_clock((trap.spring)(flavour))));
        outcomes.lock().insert((trap.number, label), end.is_ok());
        end.unwrap_or_else(|panic| resume_unwind(panic));
        Ok(())
    })
}

fn show(traps: &[Trap], outcomes: &BTreeMap<(u8, &'static str), bool>) {
    let cell = |trap: &Trap, label| match outcomes.get(&(trap.number, label)) {
        Some(true) => "escaped",
        Some(false) => "CAUGHT",
        None => "-",
    };
    println!("{:>4}  {:<56} {:<12} {}", "trap", "", FLAVOURS[0].1, FLAVOURS[1].1);
    for trap in traps {
        let told = title(trap.name).replace('_', " ");
        println!("{:>4}  {told:<56} {:<12} {}", trap.number, cell(trap, FLAVOURS[0].1), cell(trap, FLAVOURS[1].1));
    }
    println!();
}

/// The function's own name.
fn title(path: &'static str) -> &'static str {
    path.rsplit("::").next().unwrap().trim()
}
