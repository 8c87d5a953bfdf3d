//! What holds for any text.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::loss::Losses;
use super::super::model::{Block, Cell, Inline, Marks, tidy};
use super::super::model_of;
use super::generators::{blocks, json, list, markup};
use super::*;

const URL: &str = "https://a.example.net/browse/AB-1";

fn there_and_back(blocks: &[Block]) -> Vec<Block> {
    let document = written(blocks, Format::Adf, &mut Losses::default());
    let crossed = cross(&document, Format::Wiki, &Context::default()).body;
    let back = cross(&crossed, Format::Adf, &Context::default()).body;
    model_of(&back, &Context::default(), &mut Losses::default())
}

/// Without what nobody sees: spaces at the ends of lines, and how those between runs look.
fn seen(blocks: &[Block]) -> Vec<Block> {
    blocks
        .iter()
        .map(|block| match block {
            Block::Paragraph(text) => Block::Paragraph(seen_words(text)),
            Block::Heading { level, text } => Block::Heading { level: *level, text: seen_words(text) },
            Block::Code { .. } | Block::Rule => block.clone(),
            Block::List { ordered, items } => {
                Block::List { ordered: *ordered, items: items.iter().map(|item| seen(item)).collect() }
            }
            Block::Quote(inside) => Block::Quote(seen(inside)),
            Block::Panel(panel, inside) => Block::Panel(*panel, seen(inside)),
            Block::Table(rows) => Block::Table(rows.iter().map(|row| row.iter().map(seen_cell).collect()).collect()),
        })
        .collect()
}

fn seen_cell(cell: &Cell) -> Cell {
    Cell { header: cell.header, blocks: seen(&cell.blocks) }
}

/// Breaks are compared by the lines between them that say something.
fn seen_words(text: &[Inline]) -> Vec<Inline> {
    let mut lines: Vec<Vec<Inline>> = Vec::new();
    for line in model::lines_of(text) {
        let runs = line.iter().filter_map(|inline| match inline {
            Inline::Text(text, marks) => Some((text, marks)),
            Inline::Break => None,
        });
        let apart = runs.flat_map(|(text, marks)| {
            text.chars().map(|c| Inline::Text(c.to_string(), if c == ' ' { Marks::default() } else { marks.clone() }))
        });
        let mut runs: Vec<_> = apart.collect();
        let space = |inline: Option<&Inline>| matches!(inline, Some(Inline::Text(text, _)) if text == " ");
        while space(runs.last()) {
            runs.pop();
        }
        let begin = runs.iter().position(|run| !space(Some(run))).unwrap_or(0);
        lines.push(runs.split_off(begin));
    }
    lines.retain(|line| !line.is_empty());
    tidy(lines.join(&Inline::Break))
}

/// Any number of JSON, its exponent with a sign: JavaScript writes one, and so does whatever reads JSON here.
const NUMBER: &str = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,25})?(e[+-][0-9]{1,3})?";

// Tries many more texts than a test run does by itself when `PROPTEST_CASES` says so.
proptest! {
    // A failure is mended, and its text becomes an example; it is not kept in a file that nobody reads.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_both_formats_can_say_survives_a_round_trip(text in blocks()) {
        prop_assert_eq!(seen(&there_and_back(&text)), seen(&text));
    }

    #[test]
    fn lists_keep_nesting_order_and_kind(list in list()) {
        prop_assert_eq!(seen(&there_and_back(std::slice::from_ref(&list))), seen(&[list]));
    }

    #[test]
    fn wiki_markup_is_the_same_after_a_second_round(text in markup()) {
        let round = |text: &Body| {
            cross(&cross(text, Format::Adf, &Context::default()).body, Format::Wiki, &Context::default()).body
        };
        let once = round(&wiki(&text));
        prop_assert_eq!(round(&once), once);
    }

    #[test]
    fn a_link_line_comes_once_and_the_text_before_it_stays(text in markup()) {
        for body in [wiki(&text), plain(&text, Format::Adf)] {
            let once = with_link(Some(&body), Format::of(&body), "Dev Link", URL, WhenFull::Refuse).unwrap();
            prop_assert!(text_of(&once).starts_with(&text_of(&body)), "{:?}", once);
            prop_assert_eq!(link_in(&once, "Dev Link"), Some(URL.to_owned()));
            prop_assert_eq!(with_link(Some(&once), Format::of(&once), "Dev Link", URL, WhenFull::Refuse), Some(once));
        }
    }

    #[test]
    fn plain_words_read_as_themselves_in_either_format(text in markup()) {
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        for format in [Format::Adf, Format::Wiki] {
            prop_assert_eq!(squeezed(&text_of(&plain(&text, format))), squeezed(&text));
        }
    }

    #[test]
    fn any_json_is_read_and_copied_without_panic(value in json()) {
        let body = Body::Adf(serde_json::json!({"type": "doc", "content": [value]}).to_string());
        let crossed = cross(&body, Format::Wiki, &Context::default());
        let _ = cross(&crossed.body, Format::Adf, &Context::default());
        let copied = copy(&body, &Context::default()).body;
        prop_assert_eq!(&copy(&copied, &Context::default()).body, &copied);
        prop_assert!(with_link(Some(&body), Format::Adf, "Dev Link", URL, WhenFull::Shorten).is_some());
    }

    #[test]
    fn numbers_in_a_document_are_copied_digit_by_digit(numbers in vec(NUMBER, 1..8)) {
        let attrs = |number: &String| format!(r#"{{"type":"layoutColumn","attrs":{{"width":{number}}},"content":[]}}"#);
        let mention = r#"{"type":"paragraph","content":[{"type":"mention","attrs":{"id":"1","text":"@A"}}]}"#;
        let content = numbers.iter().map(attrs).chain([mention.to_owned()]).collect::<Vec<_>>().join(",");
        let sent = format!(r#"{{"type":"doc","version":1,"content":[{content}]}}"#);
        let received = from_json(serde_json::from_str(&sent).unwrap()).unwrap();
        for body in [received.clone(), copy(&received, &Context::default()).body] {
            let linked = with_link(Some(&body), Format::Adf, "Dev Link", URL, WhenFull::Shorten).unwrap();
            let written = to_json(&linked).to_string();
            let widths: Vec<&str> = written.split("\"width\":").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
            prop_assert_eq!(widths, numbers.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_copy_of_words_without_mentions_and_files_is_the_same(text in "[ \"-Z\\\\-~\n]{0,80}") {
        prop_assert_eq!(copy(&wiki(&text), &Context::default()).body, wiki(&text));
    }
}

/// Quadratic work on these would take minutes.
#[test]
fn signs_in_great_numbers_cost_no_more_than_other_characters() {
    const SIZE: usize = 30_000;
    let signs = [
        "{",
        "*",
        "|",
        "[",
        "!",
        "\\",
        "{{",
        "{*}",
        "{code}",
        "{code:a}",
        "{quote:a}",
        "{quote}{code}",
        "{panel:a}",
        "{color:red}",
        "[a|",
        "[~",
        "* ",
        "# ",
        "|a",
        "||a\n",
        "*a ",
        "_*a",
        "??a",
        "a\n",
        "* a\n",
        "http://.",
        "&#",
        " ",
        "(",
        "!a.b|",
        "----\n",
        "* {code}\n",
        "|{quote}\n",
        "{noformat}{code}",
    ];
    for sign in signs {
        for ending in ["", "]}}{code}{noformat}{quote}{panel}"] {
            let text = sign.repeat(SIZE / sign.len()) + ending;
            within_a_minute(sign, move || {
                let blocks = model_of(&wiki(&text), &Context::default(), &mut Losses::default());
                let _ = written(&blocks, Format::Wiki, &mut Losses::default());
                let _ = copy(&wiki(&text), &Context::default());
                let _ = with_link(Some(&wiki(&text)), Format::Wiki, "Dev Link", URL, WhenFull::Shorten);
            });
        }
    }
}

fn within_a_minute(what: &str, work: impl FnOnce() + Send + 'static) {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        work();
        done.send(())
    });
    assert_eq!(wait.recv_timeout(std::time::Duration::from_secs(60)), Ok(()), "{what:?}");
}

#[test]
fn lists_of_any_depth_are_read_and_keep_their_words() {
    let mut text = "*".repeat(10_000) + " deep\n";
    for depth in (1..400).chain([10_000]) {
        writeln!(text, "{} item{depth}", "#*".repeat(depth / 2 + 1)).unwrap();
    }
    let document = cross(&wiki(&text), Format::Adf, &Context::default()).body;
    assert!(matches!(to_json(&document)["content"][0]["content"], serde_json::Value::Array(_)));
    assert!(text_of(&document).ends_with("item10000"));
    try_everything(&wiki(&text));
}

#[test]
fn documents_deeper_than_json_may_be_are_words() {
    let deep = format!("{}{}", "{\"content\":[".repeat(10_000), "]}".repeat(10_000));
    assert!(text_of(&Body::Adf(deep.clone())).starts_with("{\"content\":["));
    try_everything(&Body::Adf(deep));
}

#[test]
fn documents_as_deep_as_json_may_be_still_cross() {
    let level = "{\"type\":\"bulletList\",\"content\":[{\"type\":\"listItem\",\"content\":[";
    let depth = 30;
    let deep = format!("{}{{\"type\":\"text\",\"text\":\"deep\"}}{}", level.repeat(depth), "]}]}".repeat(depth));
    let body = Body::Adf(format!("{{\"type\":\"doc\",\"content\":[{deep}]}}"));
    assert_eq!(text_of(&body), "deep");
    assert_eq!(text_of(&cross(&body, Format::Wiki, &Context::default()).body), "deep");
}

fn try_everything(body: &Body) {
    let other = if Format::of(body) == Format::Adf { Format::Wiki } else { Format::Adf };
    let crossed = cross(body, other, &Context::default()).body;
    let _ = cross(&crossed, Format::of(body), &Context::default());
    let _ = copy(body, &Context::default());
    let _ = with_link(Some(body), Format::of(body), "Dev Link", URL, WhenFull::Shorten).unwrap();
}
