//! Flow files: from bytes in a folder to checked [`Flow`](crate::flow::Flow)s, or to every reason why not.
//!
//! The road of a file: [`scan`](scan()) finds it, `reader` and `raw` read exactly its JSON, [`check()`] gives it a
//! meaning, and [`set`] looks at all files together. [`Watch`] only says when to look again. [`schema()`] tells
//! editors what `raw` reads. None of it talks to Jira or a store, and only `scan` and `watch` touch the disk.

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
pub use check::{Around, Checked, check};
pub use problem::{Place, Problem};
pub use scan::{Beside, Content, FlowFile, Found, Hash, NoFolder, beside, read_each, scan};
pub use schema::schema;
pub use watch::{Pointer, Watch};

#[cfg(test)]
mod shipped;
