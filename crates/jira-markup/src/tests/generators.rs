//! Texts of all shapes. Everything that makes one up is here.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use super::super::model::{Block, Cell, Inline, Marks, Panel, Script, tidy};

/// Words, with everything in them that wiki markup could mistake for a sign.
pub(super) fn words() -> impl Strategy<Value = String> {
    const PARTS: [&str; 52] = [
        "a",
        "word",
        "Ünï",
        "漢字",
        "42",
        " ",
        " ",
        " ",
        "*",
        "_",
        "-",
        "+",
        "^",
        "~",
        "?",
        "??",
        "!",
        "{",
        "}",
        "[",
        "]",
        "|",
        "\\",
        "#",
        "h1.",
        "bq.",
        "----",
        "{code}",
        "&#92;",
        ":)",
        "(x)",
        "!a.png!",
        "[~x]",
        ".",
        ":",
        ";",
        ")",
        "(",
        ":-)",
        ";)",
        ":D",
        "(flag)",
        "(*r)",
        "\\\\",
        "\\\\box\\share",
        "h2. ",
        "bq. ",
        "&amp;",
        "&",
        "@",
        "%",
        "\u{200b}",
    ];
    vec(prop::sample::select(&PARTS[..]), 1..6).prop_map(|parts| parts.concat())
}

/// Words that stand for themselves, without spaces at their ends.
pub(super) fn solid() -> impl Strategy<Value = String> {
    words().prop_map(|words| words.trim().to_owned()).prop_filter("empty", |words| !words.is_empty())
}

fn marks() -> impl Strategy<Value = Marks> {
    let script = option::of(prop_oneof![Just(Script::Sub), Just(Script::Sup)]);
    let looks = (any::<[bool; 4]>(), script, option::weighted(0.2, Just("#ff0000".to_owned())));
    let look = looks.prop_map(|([strong, em, underline, strike], script, colour)| Marks {
        strong,
        em,
        underline,
        strike,
        script,
        colour,
        ..Marks::default()
    });
    let code = Marks { code: true, ..Marks::default() };
    prop_oneof![4 => Just(Marks::default()), 2 => look, 1 => Just(code), 1 => address().prop_map(to)]
}

fn to(address: String) -> Marks {
    Marks { link: Some(address), ..Marks::default() }
}

fn address() -> impl Strategy<Value = String> {
    const ADDRESSES: [&str; 5] = [
        "https://a.example/x_y-z~",
        "http://a.example/?q=*a*&b=1",
        "mailto:a@b.example",
        "https://a.example/#part",
        "#part",
    ];
    prop::sample::select(&ADDRESSES[..]).prop_map(str::to_owned)
}

fn run() -> impl Strategy<Value = Inline> {
    prop_oneof![
        6 => (solid(), marks()).prop_map(|(words, marks)| Inline::Text(words, marks)),
        1 => address().prop_map(|address| Inline::Text(address.clone(), to(address))),
        2 => Just(Inline::plain(" ")),
        1 => Just(Inline::Break),
    ]
}

/// What is in a paragraph.
fn inlines() -> impl Strategy<Value = Vec<Inline>> {
    let inlines = vec(run(), 1..6).prop_map(tidy);
    inlines.prop_filter("nothing to read", |inlines| {
        inlines.iter().any(|inline| matches!(inline, Inline::Text(text, _) if !text.trim().is_empty()))
    })
}

fn paragraph() -> impl Strategy<Value = Block> {
    inlines().prop_map(Block::Paragraph)
}

/// Without its own closing tags, which no block of code can hold and stay one.
fn code() -> impl Strategy<Value = Block> {
    const LINES: [&str; 8] = ["let x = *y;", "", "  indented", "# h", "| a |", "{quote}", "\\", "* * *"];
    let language = option::of(prop::sample::select(&["rust", "c++", "java"][..]).prop_map(str::to_owned));
    let lines = vec(prop::sample::select(&LINES[..]), 1..5);
    (language, lines).prop_map(|(language, lines)| Block::Code { language, text: lines.join("\n") })
}

/// Lists whose items begin with words and end in lists, as people make them.
pub(super) fn list() -> impl Strategy<Value = Block> {
    let item = || (paragraph(), option::weighted(0.2, code()));
    let items = |(paragraph, code): (Block, Option<Block>)| std::iter::once(paragraph).chain(code).collect::<Vec<_>>();
    let leaf = (any::<bool>(), vec(item().prop_map(items), 1..3));
    leaf.prop_map(|(ordered, items)| Block::List { ordered, items }).prop_recursive(5, 24, 3, move |inner| {
        let item =
            (item(), option::of(inner)).prop_map(move |(own, list)| items(own).into_iter().chain(list).collect());
        (any::<bool>(), vec(item, 1..3)).prop_map(|(ordered, items)| Block::List { ordered, items })
    })
}

fn table() -> impl Strategy<Value = Block> {
    (1_usize..4).prop_flat_map(|width| {
        let cell = (any::<bool>(), paragraph()).prop_map(|(header, text)| Cell { header, blocks: vec![text] });
        vec(vec(cell, width), 1..4).prop_map(Block::Table)
    })
}

fn panel() -> impl Strategy<Value = Panel> {
    use Panel::{Error, Info, Note, Success, Warning};
    prop::sample::select(&[Info, Note, Success, Warning, Error][..])
}

/// Whatever both formats can say.
pub(super) fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let simple = || prop_oneof![paragraph(), code(), list()];
    let heading = (1_u8..=6, solid(), marks())
        .prop_map(|(level, words, marks)| Block::Heading { level, text: vec![Inline::Text(words, marks)] });
    let block = prop_oneof![
        4 => simple(),
        1 => heading,
        1 => table(),
        1 => Just(Block::Rule),
        1 => vec(simple(), 1..3).prop_map(Block::Quote),
        1 => (panel(), vec(simple(), 1..3)).prop_map(|(panel, inside)| Block::Panel(panel, inside)),
    ];
    vec(block, 1..5)
}

/// Wiki markup as nobody would write it.
pub(super) fn markup() -> impl Strategy<Value = String> {
    const PARTS: [&str; 62] = [
        "a",
        "b c",
        " ",
        "\n",
        "\n",
        "\n\n",
        "\r\n",
        "*",
        "_",
        "-",
        "+",
        "^",
        "~",
        "??",
        "!",
        "{",
        "}",
        "[",
        "]",
        "|",
        "||",
        "\\",
        "\\\\",
        "{*}",
        "{_}",
        "{{",
        "}}",
        "{code}",
        "{code:rust}",
        "{noformat}",
        "{quote}",
        "{panel:title=T}",
        "{panel}",
        "{color:red}",
        "{color}",
        "[x|https://a.example]",
        "[~u]",
        "[^f]",
        "!i.png!",
        "https://a.example/_x_",
        "* ",
        "# ",
        "** ",
        "*# ",
        "- ",
        "h1. ",
        "bq. ",
        "----",
        "&#92;",
        "é",
        "\u{a0}",
        "(/)",
        ":)",
        ";-)",
        ":D",
        ":",
        ")",
        "&amp;",
        "\\\\box\\share",
        "\\*",
        "\\.",
        "\u{200b}",
    ];
    let parts = vec(prop::sample::select(&PARTS[..]), 0..40).prop_map(|parts| parts.concat());
    prop_oneof![4 => parts, 1 => any::<String>()]
}

/// JSON that looks more or less like a document.
pub(super) fn json() -> impl Strategy<Value = Value> {
    const KINDS: [&str; 26] = [
        "doc",
        "paragraph",
        "text",
        "heading",
        "bulletList",
        "orderedList",
        "listItem",
        "codeBlock",
        "table",
        "tableRow",
        "tableCell",
        "tableHeader",
        "panel",
        "blockquote",
        "taskList",
        "taskItem",
        "mediaSingle",
        "media",
        "mention",
        "emoji",
        "inlineCard",
        "expand",
        "hardBreak",
        "extension",
        "date",
        "sparkle",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        markup().prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 96, 6, |inner| {
        let node = (prop::sample::select(&KINDS[..]), vec(inner.clone(), 0..5), inner.clone(), inner.clone(), words());
        let node = node.prop_map(|(kind, content, attrs, mark, text)| {
            serde_json::json!({"type": kind, "content": content, "text": text, "marks": [mark],
                "attrs": {"url": text, "id": attrs, "level": 9, "text": text,
                    "href": text, "timestamp": text, "color": text}})
        });
        prop_oneof![4 => node, 1 => vec(inner, 0..4).prop_map(Value::from)]
    })
}
