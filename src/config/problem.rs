//! Problems and warnings about flow files, for those who write such files.

use std::fmt;

use crate::foreign::{ENOUGH, without_lookalikes};

/// A problem or warning about a flow file. Never contains a secret.
///
/// Displayed as `flows.d/sync-ab.json:12:7: rules[0].actions.targetStatus: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name, as it was given.
    pub file: String,
    /// The place in the file; `None` when the whole file is concerned.
    pub place: Option<Position>,
    /// The path to the value, such as `rules[0].actions.targetStatus`; empty for the file's outermost value.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// A place in a text. Both numbers count from 1; columns count characters, a tab is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column in that line.
    pub column: usize,
}

impl Problem {
    /// A problem that concerns the whole file.
    #[must_use]
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, path: String::new(), message: message.into() }
    }

    /// The same with stars for what looks like a token, which may be in the wrong field.
    #[must_use]
    pub(super) fn without_lookalikes(self) -> Self {
        let (path, message) = (without_lookalikes(&self.path), without_lookalikes(&self.message));
        Self { path: path.chars().take(ENOUGH).collect(), message, ..self }
    }

    /// The problem without its file, for where the file has just been named: `12:7: rules[0].id: what is wrong`.
    #[must_use]
    pub fn without_file(&self) -> String {
        let place = self.place.map(|place| format!("{place}: ")).unwrap_or_default();
        let path = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        format!("{place}{path}{}", self.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.place.is_some() { "" } else { " " };
        write!(f, "{}:{gap}{}", self.file, self.without_file())
    }
}

impl Position {
    /// The first character.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// The place of the byte at `offset` in `text`; its end if it is shorter.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let text = "{\n\t\"grüße\": 1\n}";
        let offset = text.find('1').unwrap();
        assert_eq!(Position::of(text, offset), Position { line: 2, column: 11 });
        assert_eq!(Position::of(text, 0).to_string(), "1:1");
        assert_eq!(Position::of(text, 1000).line, 3);
    }

    #[test]
    fn a_problem_of_the_whole_file_has_no_place() {
        let problem = Problem::of_file("flows.d/x.json", "is a folder");
        assert_eq!(problem.to_string(), "flows.d/x.json: is a folder");
    }
}
