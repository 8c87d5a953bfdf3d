//! Reads an Atlassian document; what both formats can't say is put into words.

use serde_json::Value;

use super::super::loss::{Losses, Lost};
use super::super::model::{Block, Cell, Inline, Marks, Panel, Script, bold, tidy, with_breaks};
use super::super::wiki::unix;
use super::super::{Context, colour};
use super::{attr, card, content, external, kind, media, mention};

/// Reads the blocks of a document.
pub fn blocks(doc: &Value, context: &Context, lost: &mut Losses) -> Vec<Block> {
    Reader { context, lost }.blocks(content(doc))
}

struct Reader<'a> {
    context: &'a Context,
    lost: &'a mut Losses,
}

impl Reader<'_> {
    /// Inline nodes that stand among blocks, as no valid document has them, become paragraphs.
    fn blocks(&mut self, nodes: &[Value]) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut stray = Vec::new();
        for node in nodes {
            if is_inline(node) {
                self.inline(node, &mut stray);
            } else {
                flush(&mut stray, &mut blocks);
                self.block(node, &mut blocks);
            }
        }
        flush(&mut stray, &mut blocks);
        blocks
    }

    fn block(&mut self, node: &Value, to: &mut Vec<Block>) {
        if kind(node) != "mediaSingle" {
            self.look_at_block_marks(node);
        }
        match kind(node) {
            "paragraph" | "caption" => to.push(Block::Paragraph(self.inlines(node))),
            "heading" => to.push(Block::Heading { level: level(node), text: self.inlines(node) }),
            "codeBlock" => {
                to.push(Block::Code { language: attr(node, "language").map(str::to_owned), text: raw(node) })
            }
            "bulletList" => to.push(Block::List { ordered: false, items: self.items(node) }),
            "orderedList" => to.push(self.ordered(node)),
            "taskList" | "decisionList" => to.push(Block::List { ordered: false, items: self.tasks(node) }),
            "blockquote" => to.push(Block::Quote(self.blocks(content(node)))),
            "panel" => to.push(self.panel(node)),
            "rule" => to.push(Block::Rule),
            "table" => to.push(self.table(node)),
            "expand" | "nestedExpand" => self.expand(node, to),
            "mediaSingle" | "mediaGroup" => self.media_block(node, to),
            "blockCard" | "embedCard" => to.push(Block::Paragraph(self.card(node))),
            "extension" | "bodiedExtension" => self.extension(node, to),
            "layoutSection" => {
                self.lost.note(Lost::Structure);
                to.extend(self.blocks(content(node)));
            }
            "layoutColumn" => to.extend(self.blocks(content(node))),
            _ => self.unknown(node, to),
        }
    }

    fn ordered(&mut self, node: &Value) -> Block {
        let order = node.get("attrs").and_then(|attrs| attrs.get("order")).and_then(Value::as_i64);
        if order.is_some_and(|first| first != 1) {
            self.lost.note(Lost::Structure);
        }
        Block::List { ordered: true, items: self.items(node) }
    }

    fn items(&mut self, node: &Value) -> Vec<Vec<Block>> {
        content(node).iter().map(|item| self.blocks(content(item))).collect()
    }

    /// A nested list of tasks stands beside the task it belongs to, not in it.
    fn tasks(&mut self, node: &Value) -> Vec<Vec<Block>> {
        let mut items: Vec<Vec<Block>> = Vec::new();
        for child in content(node) {
            if kind(child) == "taskList" {
                let nested = Block::List { ordered: false, items: self.tasks(child) };
                match items.last_mut() {
                    Some(task) => task.push(nested),
                    None => items.push(vec![nested]),
                }
            } else {
                items.push(self.task(child));
            }
        }
        items
    }

    fn task(&mut self, node: &Value) -> Vec<Block> {
        self.lost.note(Lost::Task);
        let done = matches!(attr(node, "state"), Some("DONE" | "DECIDED"));
        let sign = Block::Paragraph(vec![Inline::plain(if done { "[x] " } else { "[ ] " })]);
        let mut blocks = self.blocks(content(node));
        match (sign, blocks.first_mut()) {
            (Block::Paragraph(sign), Some(Block::Paragraph(text))) => *text = tidy([sign, text.split_off(0)].concat()),
            (sign, _) => blocks.insert(0, sign),
        }
        blocks
    }

    fn panel(&mut self, node: &Value) -> Block {
        let panel = match attr(node, "panelType") {
            Some("note") => Panel::Note,
            Some("tip" | "success") => Panel::Success,
            Some("warning") => Panel::Warning,
            Some("error") => Panel::Error,
            Some("info") | None => Panel::Info,
            Some(_) => {
                self.lost.note(Lost::Looks);
                Panel::Info
            }
        };
        Block::Panel(panel, self.blocks(content(node)))
    }

    fn table(&mut self, node: &Value) -> Block {
        Block::Table(
            content(node).iter().map(|row| content(row).iter().map(|cell| self.cell(cell)).collect()).collect(),
        )
    }

    fn cell(&mut self, node: &Value) -> Cell {
        let spans =
            |name: &str| node.get("attrs").and_then(|attrs| attrs.get(name)).and_then(Value::as_i64).unwrap_or(1);
        if spans("colspan") != 1 || spans("rowspan") != 1 {
            self.lost.note(Lost::Structure);
        }
        Cell { header: kind(node) == "tableHeader", blocks: self.blocks(content(node)) }
    }

    fn expand(&mut self, node: &Value, to: &mut Vec<Block>) {
        self.lost.note(Lost::Expand);
        to.extend(attr(node, "title").map(|title| Block::Paragraph(bold(vec![Inline::plain(title)]))));
        to.extend(self.blocks(content(node)));
    }

    /// One line for all files of a group, and below it what a picture's caption says. A picture's link may be a mark of
    /// its frame.
    fn media_block(&mut self, node: &Value, to: &mut Vec<Block>) {
        let frame = self.marks(node).link;
        let mut files = Vec::new();
        let mut captions = Vec::new();
        for child in content(node) {
            if kind(child) == "media" {
                if !files.is_empty() {
                    files.push(Inline::Break);
                }
                files.extend(self.media(child, frame.as_deref()));
            } else {
                self.block(child, &mut captions);
            }
        }
        flush(&mut files, to);
        to.extend(captions);
    }

    /// A file in words, with its own link, or else that of its `frame`.
    fn media(&mut self, node: &Value, frame: Option<&str>) -> Vec<Inline> {
        self.lost.note(Lost::Media);
        let mut marks = self.marks(node);
        marks.link = marks.link.or_else(|| frame.map(str::to_owned));
        match external(node) {
            Some(url) => {
                let link = marks.link.or_else(|| Some(url.to_owned()));
                vec![Inline::Text(url.to_owned(), Marks { link, ..Marks::default() })]
            }
            None => with_breaks(&media(node, self.context), &marks),
        }
    }

    fn extension(&mut self, node: &Value, to: &mut Vec<Block>) {
        self.lost.note(Lost::Macro);
        if content(node).is_empty() {
            to.push(Block::Paragraph(vec![Inline::plain(macro_words(node))]));
        }
        to.extend(self.blocks(content(node)));
    }

    fn unknown(&mut self, node: &Value, to: &mut Vec<Block>) {
        self.lost.note(Lost::Unknown);
        let inside = self.blocks(content(node));
        if inside.is_empty() {
            to.push(Block::Paragraph(with_breaks(&unknown_words(node), &Marks::default())));
        }
        to.extend(inside);
    }

    fn inlines(&mut self, node: &Value) -> Vec<Inline> {
        let mut inlines = Vec::new();
        for child in content(node) {
            self.inline(child, &mut inlines);
        }
        tidy(inlines)
    }

    fn inline(&mut self, node: &Value, to: &mut Vec<Inline>) {
        match kind(node) {
            "text" => to.extend(with_breaks(text(node), &self.marks(node))),
            "hardBreak" => to.push(Inline::Break),
            "inlineCard" => to.extend(self.card(node)),
            "mediaInline" | "media" => to.extend(self.media(node, None)),
            "mention" => self.say(Lost::Mention, &mention(node, self.context), to),
            "status" => self.say(Lost::Status, &format!("[{}]", attr(node, "text").unwrap_or("status")), to),
            "date" => self.say(Lost::Date, &date(node), to),
            "emoji" => self.emoji(node, to),
            "placeholder" => self.say(Lost::Unknown, attr(node, "text").unwrap_or_default(), to),
            "inlineExtension" => self.say(Lost::Macro, &macro_words(node), to),
            _ => self.unknown_inline(node, to),
        }
    }

    fn say(&mut self, what: Lost, words: &str, to: &mut Vec<Inline>) {
        self.lost.note(what);
        to.extend(with_breaks(words, &Marks::default()));
    }

    fn emoji(&mut self, node: &Value, to: &mut Vec<Inline>) {
        match (attr(node, "text"), attr(node, "shortName")) {
            // Custom emojis repeat their short name as their text.
            (Some(character), name) if Some(character) != name => to.push(Inline::plain(character)),
            (_, name) => self.say(Lost::Emoji, name.unwrap_or(":emoji:"), to),
        }
    }

    fn card(&mut self, node: &Value) -> Vec<Inline> {
        if let Some(url) = card(node) {
            return vec![Inline::address(url)];
        }
        self.lost.note(Lost::Link);
        let name = node.get("attrs").and_then(|attrs| attrs.get("data")?.get("name")?.as_str());
        vec![Inline::plain(name.unwrap_or("[card]"))]
    }

    fn unknown_inline(&mut self, node: &Value, to: &mut Vec<Inline>) {
        self.lost.note(Lost::Unknown);
        let inside = self.inlines(node);
        if inside.is_empty() {
            let link = self.marks(node).link;
            to.extend(with_breaks(&unknown_words(node), &Marks { link, ..Marks::default() }));
        }
        to.extend(inside);
    }

    /// What a text node's marks come to. Beside code only a link is possible.
    fn marks(&mut self, node: &Value) -> Marks {
        let mut marks = Marks::default();
        for mark in marks_of(node) {
            if !set(&mut marks, mark) {
                self.lost.note(Lost::Looks);
            }
        }
        if marks.code {
            let bare = Marks { code: true, link: marks.link.take(), ..Marks::default() };
            if (Marks { link: None, ..bare.clone() }) != marks {
                self.lost.note(Lost::Looks);
            }
            return bare;
        }
        marks
    }

    fn look_at_block_marks(&mut self, node: &Value) {
        for _ in marks_of(node) {
            self.lost.note(Lost::Looks);
        }
    }
}

/// Whether `mark` has a place in [`Marks`].
fn set(marks: &mut Marks, mark: &Value) -> bool {
    match kind(mark) {
        "strong" => marks.strong = true,
        "em" => marks.em = true,
        "underline" => marks.underline = true,
        "strike" => marks.strike = true,
        "code" => marks.code = true,
        "subsup" => marks.script = Some(if attr(mark, "type") == Some("sup") { Script::Sup } else { Script::Sub }),
        "textColor" => marks.colour = attr(mark, "color").and_then(colour::hex),
        "link" => marks.link = attr(mark, "href").map(str::to_owned),
        _ => return false,
    }
    kind(mark) != "textColor" || marks.colour.is_some()
}

fn flush(stray: &mut Vec<Inline>, to: &mut Vec<Block>) {
    let paragraph = tidy(std::mem::take(stray));
    if !paragraph.is_empty() {
        to.push(Block::Paragraph(paragraph));
    }
}

fn is_inline(node: &Value) -> bool {
    const INLINE: [&str; 11] = [
        "text",
        "hardBreak",
        "inlineCard",
        "mediaInline",
        "media",
        "mention",
        "status",
        "date",
        "emoji",
        "placeholder",
        "inlineExtension",
    ];
    INLINE.contains(&kind(node))
}

fn marks_of(node: &Value) -> &[Value] {
    node.get("marks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(node: &Value) -> &str {
    node.get("text").and_then(Value::as_str).unwrap_or_default()
}

/// The characters of a block of code.
fn raw(node: &Value) -> String {
    let parts = content(node).iter().map(|child| if kind(child) == "hardBreak" { "\n" } else { text(child) });
    unix(&parts.collect::<String>())
}

fn level(node: &Value) -> u8 {
    let level = node.get("attrs").and_then(|attrs| attrs.get("level")).and_then(Value::as_u64);
    level.and_then(|level| u8::try_from(level).ok()).unwrap_or(1).clamp(1, 6)
}

/// Jira writes milliseconds since 1970 as a text; the day is one of UTC.
fn date(node: &Value) -> String {
    let millis = attr(node, "timestamp").and_then(|millis| millis.parse().ok());
    let day = millis.and_then(chrono::DateTime::from_timestamp_millis);
    day.map_or_else(|| "[date]".to_owned(), |day| day.format("%Y-%m-%d").to_string())
}

fn macro_words(node: &Value) -> String {
    let told = attr(node, "text").or_else(|| attr(node, "extensionKey"));
    told.map_or_else(|| "[macro]".to_owned(), |name| format!("[macro: {name}]"))
}

fn unknown_words(node: &Value) -> String {
    let own = [Some(text(node)).filter(|text| !text.is_empty()), attr(node, "text"), attr(node, "url")];
    let kind = || format!("[{}]", if kind(node).is_empty() { "unknown" } else { kind(node) });
    own.into_iter().flatten().next().map_or_else(kind, str::to_owned)
}
