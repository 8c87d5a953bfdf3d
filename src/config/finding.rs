//! Values with their places in the file, and the problems and warnings found in it.

use std::cell::RefCell;

use super::problem::{Position, Problem};
use crate::flow::Secret;
use crate::foreign::{self, Mask, printable};

/// A place in a file's text, with the path to the value there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    path: String,
    /// In bytes from the beginning of the text.
    offset: usize,
}

impl At {
    /// The place of the file's outermost value.
    pub fn root() -> Self {
        Self { path: String::new(), offset: 0 }
    }

    /// The same path, at another `offset`.
    pub fn shifted(&self, offset: usize) -> Self {
        Self { path: self.path.clone(), offset }
    }

    /// The place of the field `name` of the object here.
    pub fn field(&self, name: &str, offset: usize) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{name}", self.path), offset }
    }

    /// The place for the missing field `name` of the object here: the object's own.
    pub fn missing(&self, name: &str) -> Self {
        self.field(name, self.offset)
    }

    /// The place of the element `index` of the array here.
    pub fn item(&self, index: usize, offset: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path), offset }
    }

    /// The place as line and column of `text`.
    pub fn place(&self, text: &str) -> Position {
        Position::of(text, self.offset)
    }
}

/// A value with its place.
///
/// It has no `Debug`: the value may be secret.
pub struct Placed<T> {
    /// Its place.
    pub at: At,
    /// The value.
    pub value: T,
}

/// Collects the problems and warnings of one file. It is shared while reading, so that one mistake never hides another.
#[derive(Default)]
pub struct Findings {
    problems: RefCell<Vec<(At, String)>>,
    warnings: RefCell<Vec<(At, String)>>,
    secrets: RefCell<Vec<Secret>>,
}

impl Findings {
    /// Adds a problem: the file will be refused.
    pub fn problem(&self, at: &At, message: impl Into<String>) {
        self.problems.borrow_mut().push((at.clone(), message.into()));
    }

    /// Adds a warning: the file is valid, but may not do what its author expects.
    pub fn warn(&self, at: &At, message: impl Into<String>) {
        self.warnings.borrow_mut().push((at.clone(), message.into()));
    }

    /// Hides a text in all messages, also where they quote another part of the file.
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

/// Most problems that are listed: a file of another kind could have a hundred thousand.
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
