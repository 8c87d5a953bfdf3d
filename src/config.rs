//! Flow files: reads and checks them, and turns each into a [`Flow`](crate::flow::Flow) or a list of problems.
//!
//! [`scan`](scan()) lists the files, `reader` and `raw` read their JSON, [`check()`] turns one into a flow, and [`set`]
//! checks all of them together. [`Watch`] tells when to scan again. [`schema()`] is the JSON Schema of what `raw`
//! reads. Nothing here talks to Jira or a store, and only `scan` and `watch` touch the disk.

mod across;
mod check;
mod expand;
mod finding;
mod problem;
mod raw;
mod reader;
mod scan;
mod schema;
mod watch;
mod words;

pub use across::{Running, Verdict, set};
pub use check::{CheckInputs, Checked, check};
pub use problem::{Position, Problem};
pub use scan::{Content, FlowFile, Hash, NamedFile, NoFolder, ReadFlowFile, read_each, read_named_file, scan};
pub use schema::schema;
pub use watch::{Pointer, Watch};

#[cfg(test)]
mod shipped;
