//! Writes wiki markup.

mod line;

use super::super::loss::{Losses, Lost};
use super::super::model::{Block, Cell, DEEPEST, Inline, lines_of, monospaced, unfolded};
use super::blocks::PANEL_COLOURS;
use super::escape::NOT_AT_BEGIN;
use super::macros::Kind;

/// Writes a whole text; its lines end in `\n`.
pub fn blocks(blocks: &[Block], lost: &mut Losses) -> String {
    Writer { lost, around: Vec::new() }.blocks(blocks)
}

struct Writer<'a> {
    lost: &'a mut Losses,
    /// The parts in braces that are open: none can stand in another of its kind.
    around: Vec<Kind>,
}

impl Writer<'_> {
    /// A blank line keeps neighbours apart.
    fn blocks(&mut self, blocks: &[Block]) -> String {
        let written = blocks.iter().map(|block| self.block(block)).filter(|text| !text.is_empty());
        written.collect::<Vec<_>>().join("\n\n")
    }

    fn block(&mut self, block: &Block) -> String {
        match block {
            Block::Paragraph(text) => self.paragraph(text),
            Block::Heading { level, text } => match self.one_line(text) {
                text if text.is_empty() => text,
                text => format!("h{level}. {text}"),
            },
            Block::Code { language, text } => self.code(language.as_deref(), text),
            Block::List { ordered, items } => self.list(sign(*ordered), items),
            Block::Quote(inside) => self.part(Kind::Quote, "{quote}", inside),
            Block::Panel(panel, inside) => {
                let colour = PANEL_COLOURS.iter().find(|(of, _)| of == panel).map_or("", |(_, colour)| *colour);
                self.part(Kind::Panel, &format!("{{panel:bgColor={colour}}}"), inside)
            }
            Block::Table(rows) => rows.iter().map(|row| self.row(row)).collect::<Vec<_>>().join("\n"),
            Block::Rule => "----".to_owned(),
        }
    }

    /// A line for each line; an empty one would end the paragraph.
    fn paragraph(&mut self, text: &[Inline]) -> String {
        let lines: Vec<_> = lines_of(text).map(|line| line::write(line, self.lost)).collect();
        let Some(first) = lines.iter().position(|line| !line.is_empty()) else { return String::new() };
        let last = lines.iter().rposition(|line| !line.is_empty()).unwrap_or(first);
        let mut written = String::new();
        for line in &lines[first..=last] {
            written.push_str(if written.is_empty() { "" } else { parting(line) });
            written.push_str(if line.is_empty() { "\\\\" } else { line });
        }
        written
    }

    /// Where a new line would end more than the paragraph.
    fn one_line(&mut self, text: &[Inline]) -> String {
        let lines = lines_of(text).map(|line| line::write(line, self.lost)).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" \\\\ ")
    }

    fn part(&mut self, kind: Kind, begin: &str, inside: &[Block]) -> String {
        if self.around.contains(&kind) || self.around.len() >= DEEPEST {
            self.lost.note(Lost::Structure);
            return self.blocks(inside);
        }
        self.around.push(kind);
        let written = self.blocks(inside);
        self.around.pop();
        format!("{begin}\n{written}\n{}", kind.end())
    }

    /// Code ends at the first closing tag, wherever it stands: code that holds one needs other braces, or none.
    fn code(&mut self, language: Option<&str>, text: &str) -> String {
        let text = super::unix(text);
        if !text.contains(Kind::Code.end()) {
            let language = self.language(language);
            return format!("{{code{language}}}\n{text}\n{{code}}");
        }
        if language.is_some() {
            self.lost.note(Lost::Language);
        }
        if !text.contains(Kind::NoFormat.end()) {
            return format!("{{noformat}}\n{text}\n{{noformat}}");
        }
        self.lost.note(Lost::Structure);
        self.paragraph(&monospaced(&text))
    }

    fn language(&mut self, language: Option<&str>) -> String {
        let fits = |name: &&str| {
            name.len() <= 40
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "#+-_./ ".contains(c))
                && name.trim() == *name
        };
        match language.filter(fits).filter(|name| !name.is_empty()) {
            Some(name) => format!(":{name}"),
            None => {
                language.inspect(|_| self.lost.note(Lost::Language));
                String::new()
            }
        }
    }

    fn list(&mut self, signs: String, items: &[Vec<Block>]) -> String {
        items.iter().map(|item| self.item(&signs, item)).collect::<Vec<_>>().join("\n")
    }

    /// What an item holds besides its lists follows without a blank line, which would end it.
    fn item(&mut self, signs: &str, blocks: &[Block]) -> String {
        let mut text = format!("{signs} ");
        let mut last_list = None;
        for (index, block) in blocks.iter().enumerate() {
            let written = self.in_item(signs, block);
            let list = if let Block::List { ordered, .. } = block { Some(*ordered) } else { None };
            if last_list.is_some() && (list.is_none() || list == last_list) || (index > 0 && is_words(block)) {
                self.lost.note(Lost::Structure);
            }
            last_list = list;
            if !written.is_empty() {
                // Only an item without words of its own ends in a space so far.
                let first = list.is_none() && text.ends_with(' ');
                text.push_str(if first { "" } else { parting(&written) });
                text.push_str(&written);
            }
        }
        text
    }

    fn in_item(&mut self, signs: &str, block: &Block) -> String {
        match block {
            Block::List { ordered, items } if signs.len() < DEEPEST => {
                self.list(signs.to_owned() + &sign(*ordered), items)
            }
            Block::List { items, .. } => {
                self.lost.note(Lost::Structure);
                self.list(signs.to_owned(), items)
            }
            Block::Heading { .. } | Block::Table(_) | Block::Rule => {
                self.lost.note(Lost::Structure);
                self.paragraph(&joined(unfolded(block)))
            }
            Block::Quote(inside) | Block::Panel(_, inside) if self.around.len() + signs.len() >= DEEPEST => {
                self.lost.note(Lost::Structure);
                self.paragraph(&joined(inside.iter().flat_map(unfolded).collect()))
            }
            Block::Paragraph(_) | Block::Code { .. } | Block::Quote(_) | Block::Panel(..) => self.block(block),
        }
    }

    fn row(&mut self, row: &[Cell]) -> String {
        let bar = |cell: &Cell| if cell.header { "||" } else { "|" };
        let cells = row.iter().map(|cell| bar(cell).to_owned() + &self.cell(&cell.blocks)).collect::<String>();
        cells + row.last().map_or("", bar)
    }

    /// A cell is a line: what has several becomes words with breaks between them.
    fn cell(&mut self, blocks: &[Block]) -> String {
        for block in blocks {
            if !matches!(block, Block::Paragraph(_)) {
                self.lost.note(Lost::Structure);
            }
        }
        match self.one_line(&joined(blocks.iter().flat_map(unfolded).collect())) {
            text if text.is_empty() => " ".to_owned(),
            text => text,
        }
    }
}

/// What parts a line from the one above it. One that must not begin a line brings a break of its own.
fn parting(line: &str) -> &'static str {
    if line.starts_with(NOT_AT_BEGIN) { " " } else { "\n" }
}

fn sign(ordered: bool) -> String {
    if ordered { "#" } else { "*" }.to_owned()
}

/// A second paragraph can't be told from another line of the first.
fn is_words(block: &Block) -> bool {
    matches!(block, Block::Paragraph(_))
}

fn joined(lines: Vec<Vec<Inline>>) -> Vec<Inline> {
    lines.join(&Inline::Break)
}
