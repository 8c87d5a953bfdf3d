//! Reads wiki markup, line by line.

mod list;
mod table;

use super::super::Context;
use super::super::loss::{Losses, Lost};
use super::super::model::{Block, DEEPEST, Inline, Panel, bold, tidy};
use super::macros::{Kind, Macros, Span, param};
use super::{inline, unix};

/// Reads a whole text.
pub fn read(text: &str, context: &Context, lost: &mut Losses) -> Vec<Block> {
    Reader { context, lost }.blocks(&unix(text), 0)
}

struct Reader<'a> {
    context: &'a Context,
    lost: &'a mut Losses,
}

/// How far a text is read.
struct BlockContext<'t> {
    text: &'t str,
    at: usize,
    macros: Macros<'t>,
    /// How many lists, quotes, panels and tables are around it.
    depth: usize,
}

impl<'t> BlockContext<'t> {
    /// The line from here on, without the spaces around it.
    fn line(&self) -> &'t str {
        self.text[self.at..self.line_end()].trim()
    }

    fn line_end(&self) -> usize {
        line_end(self.text, self.at)
    }

    fn next_line(&mut self) {
        self.at = (self.line_end() + 1).min(self.text.len());
    }

    fn skip_spaces(&mut self) {
        let line = &self.text[self.at..self.line_end()];
        self.at += line.len() - line.trim_start().len();
    }

    /// Where a list item or row ends that begins here: between two lines that `part` it, or at a blank one. Parts in
    /// braces may hold any lines.
    fn end_where(&mut self, part: impl Fn(&str, &str) -> bool) -> usize {
        let mut at = self.at;
        loop {
            let end = line_end(self.text, at);
            if let Some((_, span)) = self.macros.within(at..end) {
                at = span.end;
                continue;
            }
            let next =
                self.text[end..].strip_prefix('\n').map(|_| self.text[end + 1..line_end(self.text, end + 1)].trim());
            match next {
                Some(next) if !next.is_empty() && !part(self.text[at..end].trim_end(), next) => at = end + 1,
                Some(_) | None => return end,
            }
        }
    }
}

impl Reader<'_> {
    /// Reads `text`, around which there are `depth` levels already. Too deep down only paragraphs are told apart.
    fn blocks(&mut self, text: &str, depth: usize) -> Vec<Block> {
        let mut place = BlockContext { text, at: 0, macros: Macros::new(text), depth };
        let mut blocks = Vec::new();
        let mut paragraph = Vec::new();
        while place.at < text.len() {
            if place.line().is_empty() {
                self.end_paragraph(&mut paragraph, &mut blocks);
                place.next_line();
            } else if depth < DEEPEST && self.is_block(&mut place, &mut paragraph, &mut blocks) {
                debug_assert!(paragraph.is_empty());
            } else {
                paragraph.push(self.words(&mut place));
            }
        }
        self.end_paragraph(&mut paragraph, &mut blocks);
        blocks
    }

    /// Reads the block that begins here, if one does that is no paragraph; the paragraph before it ends.
    fn is_block<'t>(
        &mut self,
        place: &mut BlockContext<'t>,
        paragraph: &mut Vec<&'t str>,
        to: &mut Vec<Block>,
    ) -> bool {
        let found = self.macro_block(place).or_else(|| self.line_block(place)).or_else(|| self.wide_block(place));
        let Some(found) = found else { return false };
        self.end_paragraph(paragraph, to);
        to.extend(found);
        true
    }

    /// A line of words, or what stands before a part in braces.
    fn words<'t>(&mut self, place: &mut BlockContext<'t>) -> &'t str {
        let (begin, end) = (place.at, place.line_end());
        let stop = if place.depth < DEEPEST { place.macros.within(begin..end) } else { None };
        match stop {
            Some((at, _)) if at > begin => place.at = at,
            _ => place.next_line(),
        }
        place.text[begin..place.at.min(end)].trim()
    }

    fn end_paragraph(&mut self, lines: &mut Vec<&str>, to: &mut Vec<Block>) {
        let mut inlines = Vec::new();
        for line in lines.drain(..) {
            inlines.extend(self.inlines(line));
            inlines.push(Inline::Break);
        }
        let text = tidy(inlines);
        if !text.is_empty() {
            to.push(Block::Paragraph(text));
        }
    }

    fn inlines(&mut self, line: &str) -> Vec<Inline> {
        inline::read(line, self.context, self.lost)
    }

    fn macro_block(&mut self, place: &mut BlockContext<'_>) -> Option<Vec<Block>> {
        place.skip_spaces();
        let span = place.macros.at(place.at)?;
        place.at = span.end;
        if place.line().is_empty() {
            place.next_line();
        }
        Some(self.part(&place.text[span.inside.clone()], &span, place.depth))
    }

    fn part(&mut self, inside: &str, span: &Span<'_>, depth: usize) -> Vec<Block> {
        let title = param(span.params, "title").filter(|title| !title.is_empty());
        let title = title.map(|title| Block::Paragraph(bold(vec![Inline::plain(title)])));
        if title.is_some() {
            self.lost.note(Lost::Looks);
        }
        let panel = match span.kind {
            Kind::Code | Kind::NoFormat => return title.into_iter().chain([code(inside, span)]).collect(),
            Kind::Quote => return vec![Block::Quote(self.blocks(inside, depth + 1))],
            Kind::Panel => param(span.params, "bgColor").map_or(Panel::Info, of_colour),
            Kind::Info => Panel::Info,
            Kind::Note => Panel::Note,
            Kind::Tip => Panel::Success,
            Kind::Warning => Panel::Warning,
        };
        vec![Block::Panel(panel, title.into_iter().chain(self.blocks(inside, depth + 1)).collect())]
    }

    /// Blocks of a single line.
    fn line_block(&mut self, place: &mut BlockContext<'_>) -> Option<Vec<Block>> {
        let line = place.line();
        let block = if let Some((level, text)) = heading(line) {
            Block::Heading { level, text: self.inlines(text.trim()) }
        } else if let Some(text) = after(line, "bq.") {
            Block::Quote(vec![Block::Paragraph(self.inlines(text.trim()))])
        } else if is_rule(line) {
            Block::Rule
        } else {
            return None;
        };
        place.next_line();
        Some(vec![block])
    }

    /// Lists and tables.
    fn wide_block(&mut self, place: &mut BlockContext<'_>) -> Option<Vec<Block>> {
        if list::marker(place.line()).is_some() {
            return Some(self.lists(place));
        }
        self.table(place).map(|table| vec![table])
    }
}

/// Whether a line can't belong to the list item above it.
fn begins_anew(line: &str) -> bool {
    list::marker(line).is_some()
        || heading(line).is_some()
        || after(line, "bq.").is_some()
        || is_rule(line)
        || line.starts_with('|')
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length)
}

fn heading(line: &str) -> Option<(u8, &str)> {
    (1..=6).find_map(|level: u8| Some((level, after(line, &format!("h{level}."))?)))
}

/// What follows a sign at the line's begin, if a space is between them.
fn after<'a>(line: &'a str, sign: &str) -> Option<&'a str> {
    line.strip_prefix(sign).filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn is_rule(line: &str) -> bool {
    line.len() >= 4 && line.bytes().all(|byte| byte == b'-')
}

/// Line ends next to the tags are not part of the code.
fn code(inside: &str, span: &Span<'_>) -> Block {
    let text = inside.strip_prefix('\n').unwrap_or(inside);
    let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
    let first = span.params.split('|').next().filter(|first| !first.is_empty() && !first.contains('='));
    let language = first.or_else(|| param(span.params, "language")).filter(|_| span.kind == Kind::Code);
    Block::Code { language: language.map(|language| language.trim().to_owned()), text }
}

/// Jira Cloud writes its panels with these colours.
pub(super) const PANEL_COLOURS: [(Panel, &str); 5] = [
    (Panel::Info, "#deebff"),
    (Panel::Note, "#eae6ff"),
    (Panel::Success, "#e3fcef"),
    (Panel::Warning, "#fffae6"),
    (Panel::Error, "#ffebe6"),
];

fn of_colour(colour: &str) -> Panel {
    let known = PANEL_COLOURS.iter().find(|(_, of)| of.eq_ignore_ascii_case(colour));
    known.map_or(Panel::Info, |(panel, _)| *panel)
}
