//! Writes an Atlassian document that Jira takes: only what its schema allows, where it allows it.

use serde_json::{Value, json};

use super::super::loss::{Losses, Lost};
use super::super::model::{Block, Cell, Inline, Marks, Panel, Script, bold, row_inlines};
use super::{document, line, paragraph, words};

/// Writes a document of these blocks.
pub fn blocks(blocks: &[Block], lost: &mut Losses) -> Value {
    document(Writer { lost }.blocks(blocks, Around::Document))
}

/// What blocks stand in; each takes another choice of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Document,
    Item,
    Quote,
    Panel,
    Cell,
}

impl Around {
    /// Atlassian's schema, as far as our blocks go.
    fn takes(self, block: &Block) -> bool {
        match block {
            Block::Paragraph(_) | Block::Code { .. } | Block::List { .. } => true,
            Block::Heading { .. } | Block::Rule => matches!(self, Self::Document | Self::Panel | Self::Cell),
            Block::Quote(_) | Block::Panel(..) => matches!(self, Self::Document | Self::Cell),
            Block::Table(_) => self == Self::Document,
        }
    }
}

struct Writer<'a> {
    lost: &'a mut Losses,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block], around: Around) -> Vec<Value> {
        blocks.iter().flat_map(|block| self.block(block, around)).collect()
    }

    fn block(&mut self, block: &Block, around: Around) -> Vec<Value> {
        if !around.takes(block) {
            self.lost.note(Lost::Structure);
            return self.unfolded(block, around);
        }
        vec![match block {
            Block::Paragraph(text) => paragraph(self.inlines(text)),
            Block::Heading { level, text } => {
                json!({"type": "heading", "attrs": {"level": level}, "content": self.inlines(text)})
            }
            Block::Code { language, text } => code(language.as_deref(), text),
            Block::List { ordered, items } => self.list(*ordered, items),
            Block::Quote(inside) => json!({"type": "blockquote", "content": self.filled(inside, Around::Quote)}),
            Block::Panel(panel, inside) => {
                let inside = self.filled(inside, Around::Panel);
                json!({"type": "panel", "attrs": {"panelType": panel_type(*panel)}, "content": inside})
            }
            Block::Table(rows) => self.table(rows),
            Block::Rule => json!({"type": "rule"}),
        }]
    }

    /// A block in words that may stand anywhere.
    fn unfolded(&mut self, block: &Block, around: Around) -> Vec<Value> {
        match block {
            Block::Heading { text, .. } => vec![paragraph(self.inlines(&bold(text.clone())))],
            Block::Quote(inside) | Block::Panel(_, inside) => self.blocks(inside, around),
            Block::Table(rows) => rows.iter().map(|row| paragraph(self.inlines(&row_inlines(row)))).collect(),
            Block::Rule => vec![line("————")],
            Block::Paragraph(_) | Block::Code { .. } | Block::List { .. } => self.block(block, around),
        }
    }

    /// What must not be empty is filled with a paragraph.
    fn filled(&mut self, blocks: &[Block], around: Around) -> Vec<Value> {
        let content = self.blocks(blocks, around);
        if content.is_empty() { vec![line("")] } else { content }
    }

    fn list(&mut self, ordered: bool, items: &[Vec<Block>]) -> Value {
        let items: Vec<_> = items.iter().map(|item| self.item(item)).collect();
        json!({"type": if ordered { "orderedList" } else { "bulletList" }, "content": items})
    }

    /// An item may not begin with a list.
    fn item(&mut self, blocks: &[Block]) -> Value {
        let mut content = self.filled(blocks, Around::Item);
        if content.first().is_some_and(|first| matches!(super::kind(first), "bulletList" | "orderedList")) {
            content.insert(0, line(""));
        }
        json!({"type": "listItem", "content": content})
    }

    /// Rows are filled up to the same width.
    fn table(&mut self, rows: &[Vec<Cell>]) -> Value {
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        let empty = Cell { header: false, blocks: Vec::new() };
        let mut written = Vec::new();
        for row in rows {
            let cells = row.iter().chain(std::iter::repeat(&empty)).take(width);
            let cells: Vec<_> = cells.map(|cell| self.cell(cell)).collect();
            written.push(json!({"type": "tableRow", "content": cells}));
        }
        json!({"type": "table", "content": written})
    }

    fn cell(&mut self, cell: &Cell) -> Value {
        let kind = if cell.header { "tableHeader" } else { "tableCell" };
        json!({"type": kind, "content": self.filled(&cell.blocks, Around::Cell)})
    }

    fn inlines(&mut self, inlines: &[Inline]) -> Vec<Value> {
        inlines
            .iter()
            .map(|inline| match inline {
                Inline::Text(text, marks) => self.text(text, marks),
                Inline::Break => json!({"type": "hardBreak"}),
            })
            .collect()
    }

    fn text(&mut self, text: &str, marks: &Marks) -> Value {
        let mut node = words(text);
        let marks = self.marks(marks);
        if !marks.is_empty() {
            node["marks"] = Value::Array(marks);
        }
        node
    }

    /// A link can't be coloured.
    fn marks(&mut self, marks: &Marks) -> Vec<Value> {
        let simple = [
            ("strong", marks.strong),
            ("em", marks.em),
            ("underline", marks.underline),
            ("strike", marks.strike),
            ("code", marks.code),
        ];
        let mut written: Vec<_> =
            simple.into_iter().filter(|(_, set)| *set).map(|(name, _)| json!({"type": name})).collect();
        written.extend(marks.script.map(|script| json!({"type": "subsup", "attrs": {"type": script_type(script)}})));
        match (&marks.link, &marks.colour) {
            (Some(href), colour) => {
                if colour.is_some() {
                    self.lost.note(Lost::Looks);
                }
                written.push(json!({"type": "link", "attrs": {"href": href}}));
            }
            (None, Some(colour)) => written.push(json!({"type": "textColor", "attrs": {"color": colour}})),
            (None, None) => {}
        }
        written
    }
}

fn code(language: Option<&str>, text: &str) -> Value {
    let mut node = json!({"type": "codeBlock"});
    if let Some(language) = language {
        node["attrs"] = json!({"language": language});
    }
    if !text.is_empty() {
        node["content"] = json!([words(text)]);
    }
    node
}

fn panel_type(panel: Panel) -> &'static str {
    match panel {
        Panel::Info => "info",
        Panel::Note => "note",
        Panel::Success => "success",
        Panel::Warning => "warning",
        Panel::Error => "error",
    }
}

fn script_type(script: Script) -> &'static str {
    match script {
        Script::Sub => "sub",
        Script::Sup => "sup",
    }
}
