//! From ADF to wiki markup. What wiki markup cannot say is said as near as it can.

use serde_json::Value;

use super::blocks::PANEL_COLORS;
use super::{children, inline};

/// The wiki markup of a document.
pub(super) fn write(document: &Value) -> String {
    joined(document, "\n\n")
}

fn joined(node: &Value, between: &str) -> String {
    children(node).map(block).collect::<Vec<_>>().join(between)
}

fn block(node: &Value) -> String {
    let attrs = &node["attrs"];
    match node["type"].as_str().unwrap_or_default() {
        "paragraph" => guarded(&inlines(node)),
        "heading" => format!("h{}. {}", attrs["level"], inlines(node)),
        "bulletList" | "orderedList" | "taskList" | "decisionList" => list(node, ""),
        "codeBlock" => format!("{{code{}}}\n{}\n{{code}}", language(attrs), plain(node)),
        "blockquote" => format!("{{quote}}\n{}\n{{quote}}", joined(node, "\n\n")),
        "panel" => format!("{{panel:bgColor={}}}\n{}\n{{panel}}", panel_color(attrs), joined(node, "\n\n")),
        "rule" => "----".into(),
        "table" => children(node).map(row).collect::<Vec<_>>().join("\n"),
        "expand" | "nestedExpand" => format!("*{}*\n\n{}", text_of(&attrs["title"]), joined(node, "\n\n")),
        "blockCard" | "embedCard" => smart_link(attrs),
        "media" => format!("!{}!", attrs["alt"].as_str().unwrap_or(text_of(&attrs["id"]))),
        _ => joined(node, "\n\n"),
    }
}

fn language(attrs: &Value) -> String {
    attrs["language"].as_str().map(|language| format!(":{language}")).unwrap_or_default()
}

fn panel_color(attrs: &Value) -> &'static str {
    let known = PANEL_COLORS.iter().find(|(kind, _)| attrs["panelType"] == *kind);
    known.map_or(PANEL_COLORS[0].1, |(_, color)| color)
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn plain(node: &Value) -> String {
    children(node).map(|child| text_of(&child["text"])).collect()
}

/// One line for each item, after the markers of all the lists it is in.
fn list(node: &Value, outer: &str) -> String {
    let marker = if node["type"] == "orderedList" { '#' } else { '*' };
    let markers = format!("{outer}{marker}");
    let lines = children(node).map(|child| if is_list(child) { list(child, &markers) } else { item(child, &markers) });
    lines.collect::<Vec<_>>().join("\n")
}

fn item(node: &Value, markers: &str) -> String {
    // Items of task lists hold their words themselves.
    let own: Vec<String> = match node["type"].as_str() {
        Some("listItem") => children(node).filter(|child| !is_list(child)).map(block).collect(),
        _ => vec![inlines(node)],
    };
    let nested = children(node).filter(|child| is_list(child)).map(|child| list(child, markers));
    let mut lines = vec![format!("{markers} {}", own.join("\n"))];
    lines.extend(nested);
    lines.join("\n")
}

fn is_list(node: &Value) -> bool {
    ["bulletList", "orderedList", "taskList"].iter().any(|kind| node["type"] == *kind)
}

fn row(node: &Value) -> String {
    let bar = |cell: &Value| if cell["type"] == "tableHeader" { "||" } else { "|" };
    let cells = children(node).map(|cell| format!("{}{}", bar(cell), in_cell(cell)));
    let last = children(node).last().map_or("|", bar);
    cells.chain([last.into()]).collect()
}

/// A cell is one line, and an empty one needs a space.
fn in_cell(cell: &Value) -> String {
    let text = joined(cell, "\n").replace('\n', "\\\\");
    if text.is_empty() { " ".into() } else { text }
}

fn inlines(node: &Value) -> String {
    let mut written = String::new();
    let mut nodes = children(node).peekable();
    while let Some(node) = nodes.next() {
        let next = nodes.peek().and_then(|next| next["text"].as_str()).and_then(|text| text.chars().next());
        written += &inline(node, written.chars().next_back(), next);
    }
    written
}

fn inline(node: &Value, before: Option<char>, after: Option<char>) -> String {
    let attrs = &node["attrs"];
    match node["type"].as_str().unwrap_or_default() {
        "text" => words(node, before, after),
        "hardBreak" => "\n".into(),
        "mention" => format!("[~accountid:{}]", text_of(&attrs["id"])),
        "emoji" => attrs["text"].as_str().unwrap_or(text_of(&attrs["shortName"])).into(),
        "status" => format!("*{}*", text_of(&attrs["text"])),
        "date" => text_of(&attrs["timestamp"]).into(),
        "inlineCard" => smart_link(attrs),
        _ => String::new(),
    }
}

fn smart_link(attrs: &Value) -> String {
    let url = text_of(&attrs["url"]);
    format!("[{url}|{url}|smart-link]")
}

/// A text node with its marks around it, the link outermost.
fn words(node: &Value, before: Option<char>, after: Option<char>) -> String {
    let text = text_of(&node["text"]);
    let marks: Vec<&Value> = node["marks"].as_array().into_iter().flatten().collect();
    let href = marks.iter().find(|mark| mark["type"] == "link").map(|mark| text_of(&mark["attrs"]["href"]));
    let mut written = match (marks.iter().any(|mark| mark["type"] == "code"), href) {
        (true, _) => format!("{{{{{text}}}}}"),
        (false, Some(href)) if href == text => text.into(),
        (false, _) => escaped(text, before),
    };
    for mark in marks {
        written = marked(mark, written, before, after);
    }
    href.map_or(written.clone(), |href| format!("[{written}|{href}]"))
}

/// Spaces at the ends stay outside, since marks must be tight around words.
fn marked(mark: &Value, text: String, before: Option<char>, after: Option<char>) -> String {
    let attrs = &mark["attrs"];
    let sign = match text_of(&mark["type"]) {
        "strong" => "*",
        "em" => "_",
        "strike" => "-",
        "underline" => "+",
        "subsup" if attrs["type"] == "sup" => "^",
        "subsup" => "~",
        "textColor" => return format!("{{color:{}}}{text}{{color}}", text_of(&attrs["color"])),
        _ => return text,
    };
    let words = text.trim();
    let (Some(start), false) = (text.find(words), words.is_empty()) else { return text };
    let (lead, tail) = (&text[..start], &text[start + words.len()..]);
    let in_word = |outside: &str, next: Option<char>| outside.is_empty() && next.is_some_and(char::is_alphanumeric);
    let braces = in_word(lead, before) || in_word(tail, after);
    let sign = if braces { format!("{{{sign}}}") } else { sign.into() };
    format!("{lead}{sign}{words}{sign}{tail}")
}

/// Text that means itself as far as a backslash can make it: one stands before whatever would be read as markup, and can
/// be escaped. Addresses stay as they are, and so do backslashes and pictures such as `:)`, as Atlassian's own editor
/// leaves them.
fn escaped(text: &str, before: Option<char>) -> String {
    let mut written = String::new();
    let (mut rest, mut before) = (text, before);
    while let Some(next) = rest.chars().next() {
        let address = if before.is_some_and(char::is_alphanumeric) { 0 } else { inline::address_at(rest) };
        let length = address.max(next.len_utf8());
        let after = rest[length..].chars().next();
        match next {
            _ if address == 0 && is_markup(next, before, after) => {
                written.push('\\');
                written.push(next);
            }
            _ => written += &rest[..length],
        }
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    written
}

fn is_markup(next: char, before: Option<char>, after: Option<char>) -> bool {
    match next {
        '{' | '[' | '|' => true,
        '*' | '_' | '-' | '+' | '^' | '~' => {
            let opens = !before.is_some_and(char::is_alphanumeric);
            opens && after.is_none_or(|after| !after.is_whitespace() && after != next)
        }
        _ => false,
    }
}

/// A paragraph that begins like a list or a rule is told from it by a backslash. None helps against a heading.
fn guarded(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let marker = line.find(' ').is_some_and(|end| end > 0 && line[..end].chars().all(|it| "*#-".contains(it)));
        if marker || ["----", "-----"].contains(&line) { format!("\\{line}") } else { line.into() }
    });
    lines.collect::<Vec<_>>().join("\n")
}
