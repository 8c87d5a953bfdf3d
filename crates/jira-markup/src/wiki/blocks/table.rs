//! Tables of wiki markup: `||head|cell|`.

use super::super::super::model::{Block, Cell};
use super::super::lexis::{bracket, picture, unit};
use super::super::macros::Macros;
use super::{BlockContext, Reader};

impl Reader<'_> {
    /// Reads the table that begins here. A bar without any cell behind it is none.
    pub(super) fn table(&mut self, place: &mut BlockContext<'_>) -> Option<Block> {
        let mut rows = Vec::new();
        while place.line().starts_with('|') {
            let begin = place.at;
            let end = place.end_where(|line, next| is_whole(line) || next.starts_with('|'));
            let cells = cells(place.text[begin..end].trim());
            if cells.is_empty() {
                break;
            }
            let depth = place.depth + 1;
            let row = cells.into_iter().map(|(header, text)| Cell { header, blocks: self.blocks(text, depth) });
            rows.push(row.collect());
            place.at = (end + 1).min(place.text.len());
        }
        (!rows.is_empty()).then_some(Block::Table(rows))
    }
}

/// The cells of a row, and whether each is a header. Bars in links, pictures and parts in braces separate nothing.
fn cells(row: &str) -> Vec<(bool, &str)> {
    let mut cells = Vec::new();
    let mut macros = Macros::new(row);
    let (mut header, mut begin) = bar(row, 0);
    let mut at = begin;
    while at < row.len() {
        if row.as_bytes()[at] == b'|' {
            cells.push((header, row[begin..at].trim()));
            (header, begin) = bar(row, at);
            at = begin;
        } else {
            let span = macros.at(at).map(|span| span.end);
            let reference = || bracket(row, at).map(|(_, end)| end).or_else(|| picture(row, at).map(|(_, end)| end));
            at = span.or_else(reference).unwrap_or_else(|| at + unit(row, at));
        }
    }
    let last = row.get(begin..).unwrap_or_default().trim();
    if !last.is_empty() {
        cells.push((header, last));
    }
    cells
}

/// Whether a row's line closes its last cell.
fn is_whole(line: &str) -> bool {
    line.ends_with('|') && !line.ends_with("\\|")
}

/// Whether the bar at `at` is a double one, before a header, and where it ends.
fn bar(row: &str, at: usize) -> (bool, usize) {
    let double = row[at..].starts_with("||");
    (double, at + if double { 2 } else { 1 })
}
