//! What people read in rich texts, and what becomes of them between ADF and wiki markup.

use serde_json::{Value, json};

use super::{bullets, document, from_wiki, is_valid, length, linked, paragraph, paragraphs, text, to_wiki};

fn marked(text: &str, marks: Value) -> Value {
    json!({"type": "text", "text": text, "marks": marks})
}

fn plain(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn para(content: Value) -> Value {
    json!({"type": "paragraph", "content": content})
}

fn item(content: Value) -> Value {
    json!({"type": "listItem", "content": content})
}

/// Wiki markup and the blocks that are written so and read back from it.
fn equivalents() -> Vec<(&'static str, Value)> {
    let strong = || json!([{"type": "strong"}]);
    let link = |href: &str| json!([{"type": "link", "attrs": {"href": href}}]);
    vec![
        ("One\ntwo", json!([para(json!([plain("One"), {"type": "hardBreak"}, plain("two")]))])),
        ("One\n\nTwo", json!([paragraph("One"), paragraph("Two")])),
        ("h2. Why", json!([{"type": "heading", "attrs": {"level": 2}, "content": [plain("Why")]}])),
        ("Very *bold* it is", json!([para(json!([plain("Very "), marked("bold", strong()), plain(" it is")]))])),
        ("re{*}bold{*}en", json!([para(json!([plain("re"), marked("bold", strong()), plain("en")]))])),
        (
            "_a_ -b- +c+",
            json!([para(json!([
                marked("a", json!([{"type": "em"}])),
                plain(" "),
                marked("b", json!([{"type": "strike"}])),
                plain(" "),
                marked("c", json!([{"type": "underline"}])),
            ]))]),
        ),
        ("Run {{make *all*}}", json!([para(json!([plain("Run "), marked("make *all*", json!([{"type": "code"}]))]))])),
        (
            "{color:#ff5630}red{color}",
            json!([para(json!([marked("red", json!([{"type": "textColor", "attrs": {"color": "#ff5630"}}]))]))]),
        ),
        (
            "See [the log|https://x.example/log?a=b_c]",
            json!([para(json!([plain("See "), marked("the log", link("https://x.example/log?a=b_c"))]))]),
        ),
        (
            "[https://x.example/a|https://x.example/a|smart-link]",
            json!([para(json!([{"type": "inlineCard", "attrs": {"url": "https://x.example/a"}}]))]),
        ),
        ("Hi [~accountid:5b:c]", json!([para(json!([plain("Hi "), {"type": "mention", "attrs": {"id": "5b:c"}}]))])),
        (
            "* One\n** deep\n* Two",
            json!([{"type": "bulletList", "content": [
                item(json!([paragraph("One"), bullets(&["deep"])])),
                item(json!([paragraph("Two")])),
            ]}]),
        ),
        (
            "# One\n#* deep",
            json!([{"type": "orderedList", "content": [item(json!([paragraph("One"), bullets(&["deep"])]))]}]),
        ),
        (
            "{code:rust}\nfn main() {}\n\n// * no list\n{code}",
            json!([{"type": "codeBlock", "attrs": {"language": "rust"},
                "content": [plain("fn main() {}\n\n// * no list")]}]),
        ),
        ("{quote}\nSaid\n{quote}", json!([{"type": "blockquote", "content": [paragraph("Said")]}])),
        (
            "{panel:bgColor=#ffebe6}\nBad\n\n* news\n{panel}",
            json!([{"type": "panel", "attrs": {"panelType": "error"},
                "content": [paragraph("Bad"), bullets(&["news"])]}]),
        ),
        ("Before\n\n----\n\nAfter", json!([paragraph("Before"), {"type": "rule"}, paragraph("After")])),
        (
            "||A||B||\n|1|x \\| y|",
            json!([{"type": "table", "content": [
                {"type": "tableRow", "content": [cell("tableHeader", "A"), cell("tableHeader", "B")]},
                {"type": "tableRow", "content": [cell("tableCell", "1"), cell("tableCell", "x | y")]},
            ]}]),
        ),
    ]
}

fn cell(kind: &str, text: &str) -> Value {
    json!({"type": kind, "attrs": {}, "content": [paragraph(text)]})
}

#[test]
fn what_both_forms_can_say_is_the_same_in_both() {
    for (wiki, blocks) in equivalents() {
        let adf = json!({"type": "doc", "version": 1, "content": blocks});
        assert_eq!(from_wiki(wiki), adf, "{wiki}");
        assert_eq!(to_wiki(&adf), wiki);
        assert!(is_valid(&adf), "{adf}");
    }
}

/// Whatever a person writes in ADF as plain text must not become markup on its way through version 2.
#[test]
fn plain_text_means_itself_after_a_round_trip() {
    for text in [
        "snake_case and a-b-c, 5 * 3 - 2, C:\\temp\\x",
        "\\\\server\\share",
        "*not bold* _nor this_ -or this- +x+ ^y^ ~z~",
        "{code} and [link|x] {{mono}} {*}",
        "* no list",
        "# neither",
        "----",
        "| no | table |",
        "Số 1: ¿qué? — “ok” 🙂",
    ] {
        let adf = paragraphs(text);
        assert_eq!(from_wiki(&to_wiki(&adf)), adf, "{}", to_wiki(&adf));
    }
}

fn in_order(wiki: &str) -> Vec<Value> {
    from_wiki(wiki)["content"][0]["content"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_backslash_vanishes_only_before_what_it_can_escape() {
    for (wiki, read) in [
        (r"\- \# \* \_ \+ \? \^ \~ \| \% \{ \} \[ \] \( \) \! \@", "- # * _ + ? ^ ~ | % { } [ ] ( ) ! @"),
        (r"a\.b \, \: \; \& \/ \=", r"a\.b \, \: \; \& \/ \="),
        (r"&#92; &amp;", "&#92; &amp;"),
        (r"h1\. x", r"h1\. x"),
        (r"\\server\share\x", r"\\server\share\x"),
        (r"a\\\*b*", r"a\\\*b*"),
    ] {
        assert_eq!(in_order(wiki), [plain(read)], "{wiki}");
    }
    assert_eq!(in_order(r"a\\ h1. b"), [plain("a"), json!({"type": "hardBreak"}), plain(" h1. b")]);
}

#[test]
fn faces_and_signs_are_pictures_unless_escaped_or_before_a_letter() {
    let picture = |name: &str, text: &str| json!({"type": "emoji", "attrs": {"shortName": name, "text": text}});
    assert_eq!(in_order("Fixed :)"), [plain("Fixed "), picture(":slight_smile:", "🙂")]);
    assert_eq!(in_order("(*r), ;-)"), [picture(":red_star:", ":red_star:"), plain(", "), picture(":wink:", "😉")]);
    for words in [":Do", "(x)y", "(z)", "a:b"] {
        assert_eq!(in_order(words), [plain(words)]);
    }
    assert_eq!(in_order(r":\) :\-D \(x)"), [plain(":) :-D (x)")]);
}

#[test]
fn a_heading_or_quote_needs_no_space_behind_its_dot() {
    let heading = json!({"type": "heading", "attrs": {"level": 2}, "content": [plain("5 is out")]});
    assert_eq!(from_wiki("h2.5 is out")["content"], json!([heading]));
    assert_eq!(from_wiki("bq.said")["content"][0]["type"], "blockquote");
    assert_eq!(from_wiki("h02.x")["content"], json!([paragraph("h02.x")]));
}

#[test]
fn an_address_in_wiki_markup_is_a_link_without_more_ado() {
    let adf = from_wiki("Dev Link: https://jira.example.net/browse/DEV-A-1.");
    let href = &adf["content"][0]["content"][1]["marks"][0]["attrs"]["href"];
    assert_eq!(href, "https://jira.example.net/browse/DEV-A-1");
    // What Cloud gives back in version 2 is not what was sent, though it means the same.
    let again = "Dev Link: [https://jira.example.net/browse/DEV-A-1|https://jira.example.net/browse/DEV-A-1].";
    assert_eq!(to_wiki(&adf), again);
    assert_eq!(from_wiki(again), adf);
}

#[test]
fn every_string_is_wiki_markup_of_some_valid_document() {
    for wiki in [
        "",
        "\n\n",
        "{code",
        "{code}x",
        "{quote}{quote}",
        "{quote}h1. x{quote}",
        "{panel}{panel}",
        "**",
        "** deep\n* flat",
        "|",
        "||",
        "|a",
        "[",
        "[]",
        "[|]",
        "[~]",
        "{{}}",
        "{color:red}x{color}",
        "*a _b* c_",
        "h7. x",
        "\\",
        "https://",
        "*{{x}}*",
    ] {
        assert!(is_valid(&from_wiki(wiki)), "{wiki:?}: {}", from_wiki(wiki));
    }
}

#[test]
fn a_person_reads_lines_bullets_and_where_links_lead() {
    let adf = document(vec![
        paragraph("It fails:"),
        bullets(&["on Monday", "on Tuesday"]),
        linked("See ", "the log", "https://x.example/log"),
    ]);
    let read = "It fails:\non Monday\non Tuesday\nSee the log (https://x.example/log)";
    assert_eq!(text(&adf), read);
    assert_eq!(text(&to_wiki(&adf).into()), read);
}

#[test]
fn length_counts_characters_of_text_nodes_or_of_the_whole_string() {
    assert_eq!(length(&linked("Số: ", "12", "https://x.example/very/long")), 6);
    assert_eq!(length(&json!("*Số*")), 4);
}
