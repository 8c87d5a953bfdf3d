//! Rich texts by example; `properties` says what holds for any of them.

mod generators;
mod lines;
mod oracle;
mod properties;

use serde_json::{Value, json};

use super::*;

fn adf(content: &Value) -> Body {
    Body::Adf(json!({"type": "doc", "version": 1, "content": content}).to_string())
}

fn wiki(text: &str) -> Body {
    Body::Wiki(text.to_owned())
}

fn as_wiki(content: &Value) -> (String, Vec<Lost>) {
    let crossing = cross(&adf(content), Format::Wiki, &Context::default());
    let Body::Wiki(text) = crossing.body else { panic!("not wiki markup: {:?}", crossing.body) };
    (text, crossing.lost.iter().map(|loss| loss.what).collect())
}

fn as_adf(text: &str) -> (Value, Vec<Lost>) {
    let crossing = cross(&wiki(text), Format::Adf, &Context::default());
    (to_json(&crossing.body)["content"].clone(), crossing.lost.iter().map(|loss| loss.what).collect())
}

fn text(words: &str) -> Value {
    json!({"type": "text", "text": words})
}

fn marked(words: &str, marks: &Value) -> Value {
    json!({"type": "text", "text": words, "marks": marks})
}

fn para(content: &Value) -> Value {
    json!({"type": "paragraph", "content": content})
}

fn bullets(items: &Value) -> Value {
    json!({"type": "bulletList", "content": items})
}

fn item(content: &Value) -> Value {
    json!({"type": "listItem", "content": content})
}

fn link(href: &str) -> Value {
    json!([{"type": "link", "attrs": {"href": href}}])
}

#[test]
fn what_both_formats_can_say_crosses_both_ways_unchanged() {
    let words = |words: &str| para(&json!([text(words)]));
    let cases = [
        (json!([words("one"), words("two")]), "one\n\ntwo"),
        (json!([para(&json!([text("one"), {"type": "hardBreak"}, text("two")]))]), "one\ntwo"),
        (json!([{"type": "heading", "attrs": {"level": 2}, "content": [text("Title")]}]), "h2. Title"),
        (json!([para(&json!([text("a "), marked("bold", &json!([{"type": "strong"}])), text(" b")]))]), "a *bold* b"),
        (json!([para(&json!([text("in"), marked("side", &json!([{"type": "em"}]))]))]), "in{_}side{_}"),
        (
            json!([para(&json!([marked("x", &json!([{"type": "strong"}, {"type": "em"}, {"type": "underline"}]))]))]),
            "*_+x+_*",
        ),
        (json!([para(&json!([marked("gone", &json!([{"type": "strike"}]))]))]), "-gone-"),
        (
            json!([para(&json!([text("H"), marked("2", &json!([{"type": "subsup", "attrs": {"type": "sub"}}]))]))]),
            "H{~}2{~}",
        ),
        (json!([para(&json!([marked("2", &json!([{"type": "subsup", "attrs": {"type": "sup"}}]))]))]), "^2^"),
        (json!([para(&json!([marked("a[0]", &json!([{"type": "code"}]))]))]), "{{a\\[0\\]}}"),
        (
            json!([para(&json!([marked("red", &json!([{"type": "textColor", "attrs": {"color": "#ff0000"}}]))]))]),
            "{color:#ff0000}red{color}",
        ),
        (json!([para(&json!([marked("here", &link("https://a.example/x"))]))]), "[here|https://a.example/x]"),
        (json!([para(&json!([marked("https://a.example/x", &link("https://a.example/x"))]))]), "https://a.example/x"),
        (
            json!([bullets(&json!([
                item(&json!([words("a"), bullets(&json!([item(&json!([words("b")]))]))])),
                item(&json!([words("c")]))
            ]))]),
            "* a\n** b\n* c",
        ),
        (
            json!([bullets(&json!([item(
                &json!([words("a"), {"type": "orderedList", "content": [item(&json!([words("b")]))]}])
            )]))]),
            "* a\n*# b",
        ),
        (
            json!([bullets(&json!([item(
                &json!([words("a"), {"type": "codeBlock", "content": [text("x\n\n* y")]}])
            )]))]),
            "* a\n{code}\nx\n\n* y\n{code}",
        ),
        (
            json!([{"type": "codeBlock", "attrs": {"language": "rust"}, "content": [text("fn a() {}\n\n// *b*")]}]),
            "{code:rust}\nfn a() {}\n\n// *b*\n{code}",
        ),
        (json!([{"type": "blockquote", "content": [words("said")]}]), "{quote}\nsaid\n{quote}"),
        (
            json!([{"type": "panel", "attrs": {"panelType": "warning"}, "content": [words("care")]}]),
            "{panel:bgColor=#fffae6}\ncare\n{panel}",
        ),
        (json!([words("a"), {"type": "rule"}, words("b")]), "a\n\n----\n\nb"),
        (
            json!([{"type": "table", "content": [
            {"type": "tableRow", "content": [{"type": "tableHeader", "content": [words("h")]},
                {"type": "tableHeader", "content": [words("i")]}]},
            {"type": "tableRow", "content": [{"type": "tableHeader", "content": [words("a|b")]},
                {"type": "tableCell", "content": [para(&json!([]))]}]}]}]),
            "||h||i||\n||a\\|b| |",
        ),
    ];
    for (content, markup) in cases {
        assert_eq!(as_wiki(&content), (markup.to_owned(), vec![]));
        assert_eq!(as_adf(markup), (content, vec![]), "{markup}");
    }
}

#[test]
fn what_wiki_markup_can_not_say_becomes_words_and_is_told() {
    let inline = |node: Value| json!([para(&json!([node]))]);
    let cases = [
        (inline(json!({"type": "mention", "attrs": {"id": "1", "text": "@Anna B"}})), "@Anna B", Lost::Mention),
        (inline(json!({"type": "emoji", "attrs": {"shortName": ":ours:"}})), ":ours:", Lost::Emoji),
        (inline(json!({"type": "status", "attrs": {"text": "DONE", "color": "green"}})), "\\[DONE\\]", Lost::Status),
        (inline(json!({"type": "date", "attrs": {"timestamp": "1700000000000"}})), "2023-11-14", Lost::Date),
        (inline(json!({"type": "inlineExtension", "attrs": {"extensionKey": "toc"}})), "\\[macro: toc\\]", Lost::Macro),
        (inline(json!({"type": "sparkle", "text": "new"})), "new", Lost::Unknown),
        (json!([{"type": "sparkle"}]), "\\[sparkle\\]", Lost::Unknown),
        (inline(marked("x", &link("javascript:alert"))), "x (javascript:alert)", Lost::Link),
        (
            json!([{"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "m", "alt": "shot.png"}}]}]),
            "\\[attachment: shot.png\\]",
            Lost::Media,
        ),
        (
            json!([{"type": "taskList", "content": [
            {"type": "taskItem", "attrs": {"state": "DONE"}, "content": [text("wash")]},
            {"type": "taskList", "content": [{"type": "taskItem", "attrs": {"state": "TODO"},
                "content": [text("dry")]}]}]}]),
            "* \\[x\\] wash\n** \\[ \\] dry",
            Lost::Task,
        ),
        (
            json!([{"type": "expand", "attrs": {"title": "More"}, "content": [para(&json!([text("in")]))]}]),
            "*More*\n\nin",
            Lost::Expand,
        ),
        (
            json!([{"type": "layoutSection", "content": [{"type": "layoutColumn",
                "content": [para(&json!([text("l")]))]}]}]),
            "l",
            Lost::Structure,
        ),
    ];
    for (content, markup, lost) in cases {
        assert_eq!(as_wiki(&content), (markup.to_owned(), vec![lost]));
    }
}

#[test]
fn smart_cards_cross_as_links() {
    let url = "https://a.example/browse/AB-1";
    for content in [
        json!([para(&json!([{"type": "inlineCard", "attrs": {"url": url}}]))]),
        json!([{"type": "blockCard", "attrs": {"data": {"url": url}}}]),
    ] {
        assert_eq!(as_wiki(&content), (url.to_owned(), vec![]));
    }
}

#[test]
fn words_are_written_so_that_jira_reads_them_and_read_as_jira_does() {
    let broken = |first: &str, then: &str| json!([para(&json!([text(first), {"type": "hardBreak"}, text(then)]))]);
    let words = |words: &str| json!([para(&json!([text(words)]))]);
    let beside = json!([para(&json!([text("a"), marked("x", &json!([{"type": "code"}])), text("b")]))]);
    for (content, markup) in [
        (words("Fixed ;) & done: 5 &amp; &#92;"), "Fixed ;\\) & done: 5 &amp; &#92;"),
        (broken("above", "h1. below"), "above \\\\ h1. below"),
        (words("bq. said"), "\\\\ bq. said"),
        (words("a\\.b"), "a\\.b"),
        (words("C:\\*.txt"), "C:\\\u{200b}\\*.txt"),
        (words("\\\\box\\share \\"), "\\\\box\\share \\\u{200b}"),
        (beside, "a{{{}x{}}}b"),
    ] {
        assert_eq!(as_wiki(&content), (markup.to_owned(), vec![]));
        assert_eq!(as_adf(markup).0, content, "{markup}");
    }
}

#[test]
fn a_backslash_that_jira_shows_is_read_as_one() {
    for (markup, read) in [
        ("a\\:b \\; \\& \\/ \\. \\'", "a\\:b \\; \\& \\/ \\. \\'"),
        ("h1\\. one", "h1\\. one"),
        ("a\\\\\\*b*", "a\\\\\\*b*"),
        ("\\@ \\% \\( \\)", "@ % ( )"),
    ] {
        assert_eq!(as_adf(markup).0, json!([para(&json!([text(read)]))]), "{markup}");
    }
}

#[test]
fn addresses_among_words_stay_as_bare_as_they_may() {
    for (words, markup) in [
        ("see https://a.example/x_-_y~z.", "see https://a.example/x_-_y~z."),
        ("(https://a.example/*x*)", "([https://a.example/]\\*x\\*)"),
    ] {
        assert_eq!(as_wiki(&json!([para(&json!([text(words)]))])), (markup.to_owned(), vec![]));
    }
}

#[test]
fn links_in_a_table_that_has_no_place_stay_links() {
    for around in ["{quote}\n{}\n{quote}", "{panel}\n{}\n{panel}", "* item\n{quote}\n{}\n{quote}"] {
        let (content, _) = as_adf(&around.replace("{}", "||Where||\n|[here|https://a.example/x], *soon*|"));
        let json = content.to_string();
        assert!(json.contains("\"marks\":[{\"attrs\":{\"href\":\"https://a.example/x\"}"), "{json}");
        assert!(json.contains("strong"), "{json}");
    }
    let cell = json!({"type": "tableCell", "content": [para(&json!([marked("here", &link("https://a.example/x"))]))]});
    let table = json!({"type": "table", "content": [{"type": "tableRow", "content": [cell, cell]}]});
    let listed = json!([bullets(&json!([item(&json!([table]))]))]);
    assert_eq!(as_wiki(&listed).0, "* [here|https://a.example/x] | [here|https://a.example/x]".replace(" | ", " \\| "));
}

#[test]
fn a_picture_keeps_the_link_of_its_frame() {
    let framed = |media: &Value| {
        json!([{"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [media],
        "marks": link("https://a.example/x")}])
    };
    let file = json!({"type": "media", "attrs": {"type": "file", "id": "m", "alt": "a.png"}});
    let own = json!({"type": "media", "attrs": {"type": "file", "id": "m", "alt": "a.png"},
        "marks": link("https://a.example/own")});
    let outside = json!({"type": "media", "attrs": {"type": "external", "url": "https://a.example/i.png"}});
    for (media, shown, address) in [
        (file, "\\[attachment: a.png\\]", "https://a.example/x"),
        (own, "\\[attachment: a.png\\]", "https://a.example/own"),
        (outside, "https://a.example/i.png", "https://a.example/x"),
    ] {
        let body = adf(&framed(&media));
        assert_eq!(as_wiki(&framed(&media)), (format!("[{shown}|{address}]"), vec![Lost::Media]));
        let copied = cross(&copy(&body, &Context::default()).body, Format::Wiki, &Context::default());
        assert_eq!(copied.body, wiki(&format!("[{shown}|{address}]")));
    }
}

#[test]
fn names_that_a_caller_knows_are_used() {
    let context = Context {
        attachments: [("m".to_owned(), "log.txt".to_owned())].into(),
        people: [("7".to_owned(), "Anna".to_owned())].into(),
    };
    let body = adf(&json!([para(
        &json!([{"type": "mention", "attrs": {"id": "7"}}, {"type": "mediaInline", "attrs": {"id": "m"}}])
    )]));
    assert_eq!(text_of(&cross(&body, Format::Wiki, &context).body), "@Anna[attachment: log.txt]");
    assert_eq!(text_of(&cross(&wiki("[~accountid:7]"), Format::Adf, &context).body), "@Anna");
}

#[test]
fn forms_that_people_write_by_hand_are_understood() {
    let strong = json!([{"type": "strong"}]);
    let cases = [
        ("a\\\\b", json!([para(&json!([text("a"), {"type": "hardBreak"}, text("b")]))])),
        ("a\r\nb", json!([para(&json!([text("a"), {"type": "hardBreak"}, text("b")]))])),
        ("in{*}side*", json!([para(&json!([text("in"), marked("side", &strong)]))])),
        ("a * b * c, snake_case_x, -", json!([para(&json!([text("a * b * c, snake_case_x, -")]))])),
        ("\\*no\\* \\{x\\}", json!([para(&json!([text("*no* {x}")]))])),
        ("*open _half* done_", json!([para(&json!([marked("open _half", &strong), text(" done_")]))])),
        ("bq. said", json!([{"type": "blockquote", "content": [para(&json!([text("said")]))]}])),
        (
            "a {noformat}*x*{noformat} b",
            json!([para(&json!([text("a")])), {"type": "codeBlock", "content": [text("*x*")]},
                para(&json!([text("b")]))]),
        ),
        ("{code} never closed", json!([para(&json!([text("{code} never closed")]))])),
        ("[https://a.example]", json!([para(&json!([marked("https://a.example", &link("https://a.example"))]))])),
        ("[mail|mailto:a@b.c]", json!([para(&json!([marked("mail", &link("mailto:a@b.c"))]))])),
        (
            "- dash\n- list",
            json!([bullets(&json!([
                item(&json!([para(&json!([text("dash")]))])),
                item(&json!([para(&json!([text("list")]))]))
            ]))]),
        ),
        (
            "|[a|https://a.example]|",
            json!([{"type": "table", "content": [{"type": "tableRow", "content": [
            {"type": "tableCell", "content": [para(&json!([marked("a", &link("https://a.example"))]))]}]}]}]),
        ),
    ];
    for (markup, content) in cases {
        assert_eq!(as_adf(markup).0, content, "{markup}");
    }
}

#[test]
fn mentions_and_files_of_wiki_markup_become_words_and_are_told() {
    for (markup, words, lost) in [
        ("ask [~anna]", "ask @anna", Lost::Mention),
        ("see [^log.txt]", "see [attachment: log.txt]", Lost::Media),
        ("!shot.png|thumbnail!", "[attachment: shot.png]", Lost::Media),
    ] {
        assert_eq!(as_adf(markup), (json!([para(&json!([text(words)]))]), vec![lost]));
    }
}

#[test]
fn a_document_holds_only_what_the_schema_allows_where_it_is() {
    let (content, lost) = as_adf("{quote}\nh1. T\n||a|b|\n----\n{quote}");
    let words = |line: &Value| line["content"][0]["text"].clone();
    let inside: Vec<_> = content[0]["content"].as_array().unwrap().iter().map(words).collect();
    assert_eq!(inside, ["T", "a | b", "————"]);
    assert_eq!(lost, [Lost::Structure]);
    // A list item begins with a paragraph, even if it holds nothing but a list.
    assert_eq!(as_adf("* * x").0[0]["content"][0]["content"][0], para(&json!([])));
}

#[test]
fn code_that_holds_its_own_closing_tag_survives() {
    let code = |text_in: &str| json!([{"type": "codeBlock", "attrs": {"language": "c"}, "content": [text(text_in)]}]);
    let (markup, lost) = as_wiki(&code("a{code}b"));
    assert_eq!((as_adf(&markup).0[0]["content"][0]["text"].as_str(), lost), (Some("a{code}b"), vec![Lost::Language]));
    let (markup, _) = as_wiki(&code("a{code}b\n{noformat}"));
    assert_eq!(text_of(&wiki(&markup)), "a{code}b\n{noformat}");
}

#[test]
fn losses_are_told_in_words() {
    let told = |times| Loss { what: Lost::Mention, times }.to_string();
    assert_eq!((told(1), told(2)), ("1 mention".to_owned(), "2 mentions".to_owned()));
}

#[test]
fn a_copy_within_cloud_changes_mentions_and_files_and_nothing_else() {
    let untouched = json!({"type": "panel", "attrs": {"panelType": "custom", "x": {"y": [1]}}, "content": [
        {"type": "paragraph",
            "content": [{"type": "sparkle", "attrs": {"z": null}, "text": "?"}], "marks": [{"type": "m"}]}]});
    let outside = json!({"type": "mediaSingle",
        "content": [{"type": "media", "attrs": {"type": "external", "url": "https://a.example/i.png"}}]});
    let before = json!([
        untouched,
        para(&json!([{"type": "mention", "attrs": {"id": "1", "text": "@Anna"}}, text(", see")])),
        {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [
            {"type": "media", "attrs": {"type": "file", "id": "m"}}, {"type": "caption", "content": [text("this")]}]},
        {"type": "mediaGroup", "content": [{"type": "media", "attrs": {"id": "n", "alt": "b.txt"}}]},
        outside,
    ]);
    let context = Context { attachments: [("m".to_owned(), "a.png".to_owned())].into(), ..Context::default() };
    let copied = copy(&adf(&before), &context);
    let after = json!([
        untouched,
        para(&json!([text("@Anna"), text(", see")])),
        para(&json!([text("[attachment: a.png]"), text(" "), text("this")])),
        para(&json!([text("[attachment: b.txt]")])),
        outside,
    ]);
    assert_eq!(to_json(&copied.body)["content"], after);
    assert_eq!(copied.lost, [Loss { what: Lost::Mention, times: 1 }, Loss { what: Lost::Media, times: 2 }]);
}

#[test]
fn a_copy_within_data_center_changes_mentions_and_files_and_nothing_else() {
    let before =
        "h1. X\r\n[~anna], see [^a.txt], !b.png|thumbnail!  and {code}[~anna]{code} \\[~x] !https://a.example/i.png!\n";
    let after = "h1. X\r\n@anna, see \\[attachment: a.txt\\], \\[attachment: b.png\\]  \
        and {code}[~anna]{code} \\[~x] !https://a.example/i.png!\n";
    assert_eq!(copy(&wiki(before), &Context::default()).body, wiki(after));
}

#[test]
fn plain_words_stay_plain_words() {
    for format in [Format::Adf, Format::Wiki] {
        let words = "h1. *not bold* {code}\n# x\n\n[~anna] C:\\\\x";
        assert_eq!(text_of(&plain(words, format)), words.replace("\n\n", "\n"));
        assert!(length(&plain(&"*".repeat(MOST), format)) <= MOST);
    }
}
