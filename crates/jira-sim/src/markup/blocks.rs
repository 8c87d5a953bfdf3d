//! From wiki markup to ADF: paragraphs, headings, lists, tables and what stands in braces.

use serde_json::{Value, json};

use super::{document, inline};

/// The document that a text in wiki markup stands for. Every text stands for one.
pub(super) fn read(text: &str) -> Value {
    document(blocks(&text.replace("\r\n", "\n")))
}

fn blocks(text: &str) -> Vec<Value> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (block, after) = block(rest);
        blocks.extend(block);
        rest = after;
    }
    blocks
}

/// The first block of the text, if there is one, and what comes after it.
fn block(text: &str) -> (Option<Value>, &str) {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return (None, after);
    }
    if let Some((block, after)) = macro_block(text.trim_start()) {
        return (Some(block), after);
    }
    match trimmed {
        "----" | "-----" => (Some(json!({"type": "rule"})), after),
        _ if heading(trimmed).is_some() => (heading(trimmed), after),
        _ if trimmed.starts_with("bq.") => (Some(quote(vec![paragraph(&trimmed["bq.".len()..])])), after),
        _ if item(line).is_some() => gathered(text, |lines| list(&items(lines), 1), |line| !begins_other(line, true)),
        _ if trimmed.starts_with('|') => gathered(text, table, |line| line.trim_start().starts_with('|')),
        _ => gathered(text, |lines| paragraph(&lines.join("\n")), |line| !begins_other(line, false)),
    }
}

/// One block of the first line and all those after it that belong to it.
fn gathered(text: &str, block: impl Fn(&[&str]) -> Value, belongs: impl Fn(&str) -> bool) -> (Option<Value>, &str) {
    let all: Vec<&str> = text.split('\n').collect();
    let count = 1 + all[1..].iter().take_while(|line| !line.trim().is_empty() && belongs(line)).count();
    let bytes: usize = all[..count].iter().map(|line| line.len() + 1).sum();
    (Some(block(&all[..count])), text.get(bytes..).unwrap_or_default())
}

/// Whether a line begins a block of its own, instead of going on with the paragraph or list before it.
fn begins_other(line: &str, within_list: bool) -> bool {
    let line = line.trim_start();
    let in_braces = ["{code", "{noformat", "{quote}", "{panel"].iter().any(|it| line.starts_with(it));
    in_braces
        || heading(line).is_some()
        || line.starts_with("bq.")
        || line.starts_with('|')
        || ["----", "-----"].contains(&line.trim_end())
        || (!within_list && item(line).is_some())
}

/// `{code:rust}…{code}` and its like.
fn macro_block(text: &str) -> Option<(Value, &str)> {
    let name = ["code", "noformat", "quote", "panel"].into_iter().find(|name| {
        let after = text.strip_prefix('{').and_then(|rest| rest.strip_prefix(name));
        after.is_some_and(|after| after.starts_with(['}', ':']))
    })?;
    let (head, rest) = text.split_once('}')?;
    let (body, after) = rest.split_once(&format!("{{{name}}}"))?;
    let body = body.strip_prefix('\n').unwrap_or(body);
    let body = body.strip_suffix('\n').unwrap_or(body);
    let arguments = head.split_once(':').map_or("", |(_, arguments)| arguments);
    let block = match name {
        "quote" => quote(blocks(body)),
        "panel" => panel(arguments, blocks(body)),
        _ => code(arguments, body),
    };
    Some((block, after.strip_prefix('\n').unwrap_or(after)))
}

fn code(arguments: &str, body: &str) -> Value {
    let language = arguments.split('|').find(|it| !it.is_empty() && !it.contains('='));
    let attrs = language.map_or_else(|| json!({}), |language| json!({"language": language}));
    let content = if body.is_empty() { json!([]) } else { json!([{"type": "text", "text": body}]) };
    json!({"type": "codeBlock", "attrs": attrs, "content": content})
}

/// ADF quotes no headings, tables or rules; their words stay.
fn quote(content: Vec<Value>) -> Value {
    let kept = content.into_iter().filter(|it| it["type"] != "rule").map(|mut block| {
        if block["type"] == "heading" {
            block = json!({"type": "paragraph", "content": block["content"]});
        }
        block
    });
    json!({"type": "blockquote", "content": or_empty(kept.collect())})
}

fn panel(arguments: &str, content: Vec<Value>) -> Value {
    let color = arguments.split('|').find_map(|it| it.strip_prefix("bgColor="));
    let kind = PANEL_COLORS.iter().find(|(_, known)| color.is_some_and(|color| color.eq_ignore_ascii_case(known)));
    let kind = kind.map_or("info", |(kind, _)| kind);
    json!({"type": "panel", "attrs": {"panelType": kind}, "content": or_empty(content)})
}

/// Wiki markup knows panels by their color only.
pub(super) const PANEL_COLORS: [(&str, &str); 5] =
    [("info", "#deebff"), ("note", "#eae6ff"), ("success", "#e3fcef"), ("warning", "#fffae6"), ("error", "#ffebe6")];

fn or_empty(content: Vec<Value>) -> Vec<Value> {
    if content.is_empty() { vec![paragraph("")] } else { content }
}

/// `h1. Words` or `h1.Words`, from 1 to 6.
fn heading(line: &str) -> Option<Value> {
    let (level, words) = line.strip_prefix('h')?.split_once('.')?;
    let level: u8 = level.parse().ok().filter(|known| (1..=6).contains(known) && level.len() == 1)?;
    Some(json!({"type": "heading", "attrs": {"level": level}, "content": inline::nodes(words.trim())}))
}

fn paragraph(text: &str) -> Value {
    json!({"type": "paragraph", "content": inline::nodes(text.trim())})
}

/// The markers and the words of a list's item: `**`, `#`, `-`, … and a space before the words.
fn item(line: &str) -> Option<(&str, &str)> {
    let (markers, words) = line.trim_start().split_once(' ')?;
    let marked = !markers.is_empty() && markers.chars().all(|it| "*#-".contains(it)) && !markers.starts_with("--");
    marked.then_some((markers, words.trim()))
}

/// The items of these lines; a line without a marker goes on with the item before it.
fn items(lines: &[&str]) -> Vec<(String, String)> {
    let mut items: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (item(line), items.last_mut()) {
            (Some((markers, words)), _) => items.push((markers.into(), words.into())),
            (None, Some((_, words))) => *words = format!("{words}\n{}", line.trim()),
            (None, None) => {}
        }
    }
    items
}

/// A list of items at this depth or deeper; deeper ones are lists within the item before them.
fn list(items: &[(String, String)], depth: usize) -> Value {
    let numbered = items.first().is_some_and(|(markers, _)| markers.chars().nth(depth - 1) == Some('#'));
    let mut written = Vec::new();
    let mut rest = items;
    while let Some((first, after)) = rest.split_first() {
        let own = first.0.len() <= depth;
        let candidates = if own { after } else { rest };
        let deeper = candidates.iter().take_while(|(markers, _)| markers.len() > depth).count();
        let mut content = vec![paragraph(if own { &first.1 } else { "" })];
        if deeper > 0 {
            content.push(list(&candidates[..deeper], depth + 1));
        }
        written.push(json!({"type": "listItem", "content": content}));
        rest = &candidates[deeper..];
    }
    json!({"type": if numbered { "orderedList" } else { "bulletList" }, "content": written})
}

/// `||heading||` and `|cell|`, one row a line.
fn table(lines: &[&str]) -> Value {
    let row = |line: &&str| json!({"type": "tableRow", "content": cells(line.trim())});
    json!({"type": "table", "content": lines.iter().map(row).collect::<Vec<_>>()})
}

fn cells(line: &str) -> Vec<Value> {
    let mut cells = Vec::new();
    let mut rest = line;
    while let Some(after) = rest.strip_prefix('|') {
        let (kind, after) = after.strip_prefix('|').map_or(("tableCell", after), |after| ("tableHeader", after));
        if after.trim().is_empty() {
            break;
        }
        let end = cell_end(after);
        cells.push(json!({"type": kind, "attrs": {}, "content": [paragraph(&after[..end])]}));
        rest = &after[end..];
    }
    cells
}

/// Where a cell ends: at the next bar that is neither escaped nor inside a link.
fn cell_end(text: &str) -> usize {
    let (mut in_link, mut escaped) = (false, false);
    for (at, next) in text.char_indices() {
        match next {
            '|' if !in_link && !escaped => return at,
            '[' if !escaped => in_link = true,
            ']' => in_link = false,
            _ => {}
        }
        escaped = next == '\\' && !escaped;
    }
    text.len()
}
