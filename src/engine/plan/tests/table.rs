//! Reads `table.md`: sentences, the rules under them, and rows.

use super::notation::{self, Given};
use crate::flow::{Observed, Rules};

const TABLE: &str = include_str!("../table.md");

/// One row: what is known, and what is said of it.
pub(super) struct Row {
    /// Counted from 1.
    pub(super) line: usize,
    /// As it is written.
    pub(super) text: String,
    /// The rules above it.
    pub(super) rules: Rules,
    pub(super) seen: Observed,
    /// What is planned, if it says so.
    pub(super) plan: Option<String>,
    /// Which sides have changed, if it says so.
    pub(super) changed: Option<String>,
}

/// All rows. What can't be read fails the test: a row that is skipped proves nothing.
pub(super) fn rows() -> Vec<Row> {
    let mut reader = Reader::default();
    let begin = TABLE.lines().position(|line| line.starts_with("## ")).unwrap();
    for (index, line) in TABLE.lines().enumerate().skip(begin) {
        reader.take(index + 1, line).unwrap_or_else(|why| panic!("table.md:{}: {line}: {why}", index + 1));
    }
    reader.rows
}

#[derive(Default)]
struct Reader {
    rules: Vec<&'static str>,
    in_rules: bool,
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

impl Reader {
    fn take(&mut self, number: usize, line: &'static str) -> Result<(), String> {
        match line {
            "```" => {
                if !self.in_rules {
                    self.rules.clear();
                }
                self.in_rules = !self.in_rules;
            }
            _ if self.in_rules => self.rules.push(line),
            "" => self.columns.clear(),
            _ if line.starts_with('#') || line.starts_with("|---") => {}
            _ if self.columns.is_empty() => self.columns = cells(line)?,
            _ => self.rows.push(self.row(number, line)?),
        }
        Ok(())
    }

    fn row(&self, line: usize, text: &str) -> Result<Row, String> {
        let mut given = Given::default();
        let (mut plan, mut changed) = (None, None);
        let mut recorded = &mut given.user_recorded;
        let cells = cells(text)?;
        if cells.len() != self.columns.len() {
            return Err(format!("has {} cells, not {}", cells.len(), self.columns.len()));
        }
        for (column, cell) in self.columns.iter().zip(cells) {
            match *column {
                "user" => (given.user, recorded) = (cell, &mut given.user_recorded),
                "dev" => (given.dev, recorded) = (cell, &mut given.dev_recorded),
                "recorded" => *recorded = cell,
                "given" => given.more = cell,
                "plan" => plan = Some(cell.to_owned()),
                "changed" => changed = Some(cell.to_owned()),
                other => return Err(format!("unknown column {other}")),
            }
        }
        let (rules, seen) = (notation::rules(&self.rules)?, given.observed()?);
        Ok(Row { line, text: text.to_owned(), rules, seen, plan, changed })
    }
}

fn cells(line: &str) -> Result<Vec<&str>, String> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')).ok_or("is no row of a table")?;
    Ok(inner.split('|').map(str::trim).collect())
}
