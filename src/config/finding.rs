//! Values that remember where they stood, and the list of what was found wrong with them.

use std::cell::RefCell;

use super::problem::{Place, Problem};
use crate::flow::Secret;
use crate::foreign::{self, Mask, printable};

/// Where in a file's text something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    path: String,
    /// In bytes from the text's begin.
    offset: usize,
}

impl At {
    /// The file's outermost value.
    pub fn root() -> Self {
        Self { path: String::new(), offset: 0 }
    }

    /// The same path, at another `offset`.
    pub fn shifted(&self, offset: usize) -> Self {
        Self { path: self.path.clone(), offset }
    }

    /// The field `name` of the object here.
    pub fn field(&self, name: &str, offset: usize) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{name}", self.path), offset }
    }

    /// The field `name` that the object here should have had; the place is the object's own.
    pub fn missing(&self, name: &str) -> Self {
        self.field(name, self.offset)
    }

    /// The element `index` of the array here.
    pub fn item(&self, index: usize, offset: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path), offset }
    }

    /// Where that is for a person.
    pub fn place(&self, text: &str) -> Place {
        Place::of(text, self.offset)
    }
}

/// A value and where it stood.
///
/// No `Debug`: what was read may be secret.
pub struct Placed<T> {
    /// Where it stood.
    pub at: At,
    /// What stood there.
    pub value: T,
}

/// All that was found in one file. Shared while reading, so that one mistake never hides another.
#[derive(Default)]
pub struct Findings {
    problems: RefCell<Vec<(At, String)>>,
    warnings: RefCell<Vec<(At, String)>>,
    secrets: RefCell<Vec<Secret>>,
}

impl Findings {
    /// The file can't be taken.
    pub fn problem(&self, at: &At, message: impl Into<String>) {
        self.problems.borrow_mut().push((at.clone(), message.into()));
    }

    /// The file can be taken, but not as its writer may think.
    pub fn warn(&self, at: &At, message: impl Into<String>) {
        self.warnings.borrow_mut().push((at.clone(), message.into()));
    }

    /// No message repeats this text, wherever else it stands in the file.
    pub fn hide(&self, secret: &str) {
        self.secrets.borrow_mut().push(Secret::new(secret.to_owned()));
    }

    /// What was `made` of the file, with the warnings.
    ///
    /// # Errors
    /// The problems, in the order of their places; never an empty list.
    pub fn verdict<T>(self, file: &str, text: &str, made: Option<T>) -> Result<(T, Vec<Problem>), Vec<Problem>> {
        let secrets = self.secrets.into_inner();
        let mask = Mask::of(secrets.iter().map(Secret::expose));
        let problems = listed(file, text, &mask, self.problems.into_inner());
        match made {
            Some(made) if problems.is_empty() => Ok((made, listed(file, text, &mask, self.warnings.into_inner()))),
            None if problems.is_empty() => {
                Err(vec![Problem::of_file(file, "was not understood, and no reason was noted")])
            }
            Some(_) | None => Err(problems),
        }
    }
}

/// More than a person mends before looking again; a file of something else has a hundred thousand.
const MOST: usize = 100;

fn listed(file: &str, text: &str, mask: &Mask, mut findings: Vec<(At, String)>) -> Vec<Problem> {
    findings.sort_by_key(|(at, _)| at.offset);
    let more = findings.len().saturating_sub(MOST);
    let problem = |(at, message): (At, String)| {
        let place = Some(at.place(text));
        let (path, message) = (printable(&mask.clean(&at.path)), foreign::message(&mask.clean(&message)));
        Problem { file: file.to_owned(), place, path, message }.without_lookalikes()
    };
    let mut listed: Vec<_> = findings.into_iter().take(MOST).map(problem).collect();
    listed.extend((more > 0).then(|| Problem::of_file(file, format!("and {more} more of this kind"))));
    listed
}
