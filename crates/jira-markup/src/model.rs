//! What both formats can say: the ground that a text crosses on.
//!
//! Readers put into words whatever has no place here; writers do so with what their format lacks. Depth is bounded by
//! the readers: JSON is not read beyond 128 levels, and wiki markup not beyond [`DEEPEST`].

/// Most levels of lists, quotes, panels and tables, counted together, that are kept apart. What lies deeper is unfolded
/// into its surroundings. A level of a list costs four of JSON, of which most readers take 128.
pub const DEEPEST: usize = 20;

/// A part of a text with lines of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Words.
    Paragraph(Vec<Inline>),
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
        /// Its words.
        text: Vec<Inline>,
    },
    /// Code, character by character as it was written.
    Code {
        /// What it is coloured for.
        language: Option<String>,
        /// Lines separated by `\n`.
        text: String,
    },
    /// A list.
    List {
        /// Numbered or not.
        ordered: bool,
        /// Each item is a text of its own.
        items: Vec<Vec<Block>>,
    },
    /// A quotation.
    Quote(Vec<Block>),
    /// A box.
    Panel(Panel, Vec<Block>),
    /// Rows of cells.
    Table(Vec<Vec<Cell>>),
    /// A line across.
    Rule,
}

/// A box's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// Plain, or worth knowing.
    Info,
    /// Beside the point.
    Note,
    /// It worked.
    Success,
    /// Take care.
    Warning,
    /// It failed.
    Error,
}

/// A table's cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Whether it heads its row or column.
    pub header: bool,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Words that look alike; without line breaks.
    Text(String, Marks),
    /// A new line in the same paragraph.
    Break,
}

impl Inline {
    /// Words without any looks.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Text(text.into(), Marks::default())
    }

    /// An address that shows itself.
    pub fn address(url: &str) -> Self {
        Self::Text(url.to_owned(), Marks { link: Some(url.to_owned()), ..Marks::default() })
    }
}

/// How words look and where they lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Bold.
    pub strong: bool,
    /// Italic.
    pub em: bool,
    /// Underlined.
    pub underline: bool,
    /// Struck through.
    pub strike: bool,
    /// Of fixed width; then nothing else but `link`.
    pub code: bool,
    /// Lowered or raised.
    pub script: Option<Script>,
    /// `#rrggbb`, lower case.
    pub colour: Option<String>,
    /// An address.
    pub link: Option<String>,
}

/// Lowered or raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Lowered.
    Sub,
    /// Raised.
    Sup,
}

/// Joins neighbours that look alike, and drops what is not shown: empty words, breaks at either end.
pub fn tidy(inlines: Vec<Inline>) -> Vec<Inline> {
    let mut tidied: Vec<Inline> = Vec::new();
    for inline in inlines {
        match (tidied.last_mut(), inline) {
            (None, Inline::Break) => {}
            (_, Inline::Text(text, _)) if text.is_empty() => {}
            (Some(Inline::Text(before, same)), Inline::Text(text, marks)) if *same == marks => before.push_str(&text),
            (_, inline) => tidied.push(inline),
        }
    }
    while tidied.last() == Some(&Inline::Break) {
        tidied.pop();
    }
    tidied
}

/// Words that may hold line breaks, as inlines.
pub fn with_breaks(text: &str, marks: &Marks) -> Vec<Inline> {
    let text = super::wiki::unix(text);
    let lines: Vec<_> = text.split('\n').map(|line| vec![Inline::Text(line.to_owned(), marks.clone())]).collect();
    lines.join(&Inline::Break)
}

/// The lines of one paragraph.
pub fn lines_of(inlines: &[Inline]) -> impl Iterator<Item = &[Inline]> {
    inlines.split(|inline| *inline == Inline::Break)
}

/// The words of a line.
pub fn words_of(line: &[Inline]) -> String {
    line.iter()
        .map(|inline| match inline {
            Inline::Text(text, _) => text.as_str(),
            Inline::Break => "\n",
        })
        .collect()
}

/// Everything readable, a line for a line, without any looks; cells of a row are separated by ` | `.
pub fn text_of(blocks: &[Block]) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks {
        collect_text(block, &mut lines);
    }
    lines
}

fn collect_text(block: &Block, lines: &mut Vec<String>) {
    match block {
        Block::Paragraph(text) | Block::Heading { text, .. } => lines.extend(lines_of(text).map(words_of)),
        Block::Code { text, .. } => lines.extend(text.split('\n').map(str::to_owned)),
        Block::List { items, .. } => lines.extend(items.iter().flat_map(|item| text_of(item))),
        Block::Quote(blocks) | Block::Panel(_, blocks) => lines.extend(text_of(blocks)),
        Block::Table(rows) => lines.extend(rows.iter().map(|row| row_text(row))),
        Block::Rule => {}
    }
}

/// A row on one line.
pub fn row_text(row: &[Cell]) -> String {
    row.iter().map(|cell| text_of(&cell.blocks).join(" ")).collect::<Vec<_>>().join(" | ")
}

/// A row on one line, with whatever its words look like and wherever they lead.
pub fn row_inlines(row: &[Cell]) -> Vec<Inline> {
    let line = |lines: Vec<Vec<Inline>>| {
        let lines = lines.iter().flat_map(|line| lines_of(line)).map(<[Inline]>::to_vec);
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(&Inline::plain(" "))
    };
    let cells = row.iter().map(|cell| line(cell.blocks.iter().flat_map(unfolded).collect()));
    tidy(cells.collect::<Vec<_>>().join(&Inline::plain(" | ")))
}

/// A block as lines of words.
pub fn unfolded(block: &Block) -> Vec<Vec<Inline>> {
    match block {
        Block::Paragraph(text) => vec![text.clone()],
        Block::Heading { text, .. } => vec![bold(text.clone())],
        Block::Code { text, .. } => vec![monospaced(text)],
        Block::List { ordered, items } => {
            items.iter().enumerate().flat_map(|(index, item)| numbered(*ordered, index, item)).collect()
        }
        Block::Quote(inside) | Block::Panel(_, inside) => inside.iter().flat_map(unfolded).collect(),
        Block::Table(rows) => rows.iter().map(|row| row_inlines(row)).collect(),
        Block::Rule => vec![vec![Inline::plain("————")]],
    }
}

fn numbered(ordered: bool, index: usize, item: &[Block]) -> Vec<Vec<Inline>> {
    let mut lines: Vec<_> = item.iter().flat_map(unfolded).collect();
    let number = if ordered { format!("{}. ", index + 1) } else { "• ".to_owned() };
    match lines.first_mut() {
        Some(first) => first.insert(0, Inline::Text(number, Marks::default())),
        None => lines.push(vec![Inline::plain(number)]),
    }
    lines
}

/// Code in words.
pub fn monospaced(text: &str) -> Vec<Inline> {
    with_breaks(text, &Marks { code: true, ..Marks::default() })
}

/// The same words, bold.
pub fn bold(mut inlines: Vec<Inline>) -> Vec<Inline> {
    for inline in &mut inlines {
        if let Inline::Text(_, marks) = inline {
            marks.strong = !marks.code;
        }
    }
    inlines
}
