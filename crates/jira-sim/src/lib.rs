//! A simulated Jira: for the demo, and for simulation tests that replay from a seed. It is a Cloud site, which speaks
//! REST v3 and v2, or a Data Center, which speaks v2; see [`Flavour`].
//!
//! It is an independent reading of Jira's contract, deliberately strict, and imports nothing of Lockstep.
//!
//! The road of a request: `http` (who calls, what is asked) -> [`faults`] (what goes wrong with it) -> an endpoint,
//! which validates at once and notes the effect with a due time -> `state` (carries out what is due) -> the answer.
//!
//! A [`Site`] owns no tasks. What it shows is a function of its clock: every access first carries out all that has
//! become due, effects of requests, people's errands and index updates alike, in the order of their due times. So a
//! request has its effect whether or not its client is still there to hear the answer.
//!
//! Reading order: [`setup`], [`workflow`], [`screen`], [`fields`], `accounts`, [`permissions`], `issue`, `values`, `issues`,
//! `projects`, `index`, `freeze`, `write`, `state` (which holds these parts), `action`, `http`, [`site`], `jql`, [`faults`],
//! [`limits`], [`people`], [`check`], [`control`].
//!
//! Absent: thumbnails, archives' contents, making and changing link types, parents of sub-tasks, webhooks.

pub mod check;
pub mod control;
pub mod faults;
pub mod fields;
pub mod limits;
pub mod people;
pub mod permissions;
pub mod screen;
pub mod setup;
pub mod site;
pub mod workflow;

mod accounts;
mod action;
mod agenda;
mod attachment;
mod chance;
mod file;
mod flavour;
mod freeze;
mod garbled;
mod http;
mod index;
mod issue;
mod issues;
mod jql;
mod link;
mod log;
mod markup;
mod projects;
mod refusal;
mod stamp;
mod state;
mod values;
mod visibility;
mod write;

#[cfg(test)]
mod tests;

pub use accounts::Account;
pub use action::Action;
pub use attachment::AttachmentView;
pub use faults::FaultPlan;
pub use fields::CustomField;
pub use file::FileContent;
pub use flavour::Flavour;
pub use freeze::Rows;
pub use garbled::Garbage;
pub use issue::{ChangeView, CommentView, IssueView};
pub use limits::Limits;
pub use link::{LinkView, RemoteLinkView};
pub use log::{Happening, RequestLine};
pub use people::People;
pub use permissions::{Permission, Permissions};
pub use refusal::Refusal;
pub use screen::{Screen, Screens};
pub use setup::{Now, Project, Setup};
pub use site::Site;
pub use visibility::Visibility;
pub use workflow::{Category, Status, Transition, Workflow};
