//! The line with which an issue names its counterpart, and texts that are too long for it.

use serde_json::json;

use super::super::limit::CUT;
use super::*;

const URL: &str = "https://a.example.net/browse/AB-1";

fn linked(body: &Body, room: WhenFull) -> Option<Body> {
    with_link(Some(body), Format::of(body), "Dev Link", URL, room)
}

fn both(words: &str) -> [Body; 2] {
    [plain(words, Format::Adf), plain(words, Format::Wiki)]
}

#[test]
fn a_line_is_added_below_the_text_once_and_the_text_stays() {
    for body in both("one\ntwo") {
        let once = linked(&body, WhenFull::Refuse).unwrap();
        assert_eq!(text_of(&once), format!("one\ntwo\nDev Link: {URL}"));
        assert_eq!(link_in(&once, "Dev Link").as_deref(), Some(URL));
        assert_eq!(linked(&once, WhenFull::Refuse), Some(once));
    }
    let untidy = wiki("* a\r\n{{b}}  ");
    assert_eq!(linked(&untidy, WhenFull::Refuse), Some(wiki(&format!("* a\r\n{{{{b}}}}\n\nDev Link: {URL}"))));
}

#[test]
fn nothing_described_still_gets_its_line() {
    for format in [Format::Adf, Format::Wiki] {
        let line = with_link(None, format, "User Link", URL, WhenFull::Refuse).unwrap();
        assert_eq!((Format::of(&line), link_in(&line, "user link").as_deref()), (format, Some(URL)));
    }
}

#[test]
fn a_line_that_an_editor_or_another_program_left_is_recognised() {
    let card = json!({"type": "inlineCard", "attrs": {"url": URL}});
    let forms = [
        adf(&json!([para(&json!([text(&format!("Dev Link: {URL}  "))]))])),
        adf(&json!([para(&json!([text("Dev Link: "), marked("AB-1", &link(URL))]))])),
        adf(&json!([para(&json!([text("Dev Link: "), card, text(" ")]))])),
        adf(&json!([para(&json!([text("Dev Link:")])), {"type": "blockCard", "attrs": {"url": URL}}])),
        adf(&json!([para(&json!([text("words"), {"type": "hardBreak"}, text(&format!("dev link : {URL}/"))]))])),
        wiki(&format!("words\r\nDev Link: {URL} \r\nmore")),
        wiki(&format!("Dev Link: [{URL}]")),
        wiki(&format!("*Dev Link:* [AB-1|{URL}]")),
        wiki(&format!("Dev Link: [{URL}|{URL}|smart-link]")),
    ];
    for body in forms {
        assert_eq!(link_in(&body, "Dev Link").unwrap().trim_end_matches('/'), URL, "{body:?}");
        assert_eq!(linked(&body, WhenFull::Refuse), Some(body));
    }
}

#[test]
fn a_line_whose_link_is_in_several_parts_is_recognised() {
    let part = |words: &str, more: &str| json!({"type": "text", "text": words, "marks": [{"type": more, "attrs": {"id": "c"}}, link(URL)[0]]});
    let (site, key) = URL.split_at(URL.len() - 4);
    for body in [
        adf(&json!([para(&json!([text("Dev Link: "), marked(site, &link(URL)), part(key, "em")]))])),
        adf(&json!([para(&json!([text("Dev Link: "), part(site, "annotation"), marked(key, &link(URL))]))])),
        adf(&json!([para(&json!([text("Dev Link: "), part("AB", "strong"), part("-", "em"), part("1", "strong")]))])),
        wiki(&format!("Dev Link: [AB|{URL}]{{*}}[-1|{URL}]{{*}}")),
        wiki(&format!("Dev Link: [*AB*-1|{URL}]")),
    ] {
        assert_eq!(link_in(&body, "Dev Link").as_deref(), Some(URL), "{body:?}");
        assert_eq!(linked(&body, WhenFull::Refuse), Some(body));
    }
}

#[test]
fn a_line_with_other_spaces_or_another_view_of_the_issue_is_recognised() {
    let views = ["/", "?focusedId=7", "#comments", "/?a=b"];
    let spaces = ["Dev Link:\u{a0}", "Dev\u{a0}Link: ", "\u{feff}Dev Link: \u{200b}", "Dev  Link\u{2003}:"];
    let lines = spaces.iter().map(|label| format!("{label}{URL}"));
    for line in lines.chain(views.iter().map(|view| format!("Dev Link: {URL}{view}"))) {
        let (label, address) = line.split_at(line.find("https").unwrap());
        let as_link = adf(&json!([para(&json!([text(label), marked("AB-1", &link(address))]))]));
        for body in [adf(&json!([para(&json!([text(&line)]))])), as_link, wiki(&line)] {
            assert_eq!(linked(&body, WhenFull::Refuse), Some(body), "{line:?}");
        }
    }
}

#[test]
fn a_line_in_a_heading_list_quote_panel_or_table_is_recognised() {
    let line = || para(&json!([text("Dev Link: "), marked("AB-1", &link(URL))]));
    let inside = |kind: &str| json!({"type": kind, "attrs": {"panelType": "info"}, "content": [line()]});
    let task = json!({"type": "taskItem", "attrs": {"state": "TODO"}, "content": line()["content"]});
    let cell = json!({"type": "tableRow", "content": [inside("tableCell")]});
    let documents = [
        json!({"type": "heading", "attrs": {"level": 3}, "content": line()["content"]}),
        bullets(&json!([item(&json!([para(&json!([text("see")])), bullets(&json!([item(&json!([line()]))]))]))])),
        json!({"type": "taskList", "content": [task]}),
        inside("blockquote"),
        inside("panel"),
        inside("expand"),
        json!({"type": "table", "content": [cell]}),
        json!({"type": "layoutSection", "content": [inside("layoutColumn")]}),
    ];
    let markup = ["h2. {}", "* see\n** {}", "# {}", "bq. {}", "{quote}\n{}\n{quote}", "{panel}\n{}\n{panel}", "|{}|x|"];
    let markup = markup.map(|around| wiki(&around.replace("{}", &format!("Dev Link: {URL}"))));
    for body in documents.into_iter().map(|block| adf(&json!([block]))).chain(markup) {
        assert_eq!(link_in(&body, "Dev Link").as_deref(), Some(URL), "{body:?}");
        assert_eq!(linked(&body, WhenFull::Refuse), Some(body));
    }
}

#[test]
fn a_line_on_its_own_says_more_than_a_quoted_one_below_it() {
    let body = wiki(&format!("Dev Link: {URL}\n\n{{quote}}\nDev Link: https://a.example.net/browse/OLD-1\n{{quote}}"));
    assert_eq!(link_in(&body, "Dev Link").as_deref(), Some(URL));
}

#[test]
fn a_line_that_names_something_else_or_stands_in_code_is_none() {
    for body in [
        wiki("Dev Link: see below"),
        wiki(&format!("My Dev Link: {URL}")),
        wiki(&format!("{{code}}\nDev Link: {URL}\n{{code}}")),
        wiki(&format!("Dev Link: {URL} and {URL}x")),
    ] {
        assert_eq!(link_in(&body, "Dev Link"), None, "{body:?}");
    }
}

#[test]
fn the_last_of_several_lines_counts_and_ours_is_added_beside_others() {
    let body = wiki("Dev Link: https://a.example.net/browse/OLD-1");
    assert_eq!(link_in(&linked(&body, WhenFull::Refuse).unwrap(), "Dev Link").as_deref(), Some(URL));
}

#[test]
fn a_line_that_a_newer_text_lost_is_put_back_on_that_text() {
    for newer in both("somebody rewrote this") {
        let restored = linked(&newer, WhenFull::Refuse).unwrap();
        assert_eq!(text_of(&restored), format!("somebody rewrote this\nDev Link: {URL}"));
    }
}

#[test]
fn a_text_of_the_other_format_crosses_before_it_is_linked() {
    let body = with_link(Some(&wiki("*x*")), Format::Adf, "Dev Link", URL, WhenFull::Refuse).unwrap();
    assert_eq!(to_json(&body)["content"][0], para(&json!([marked("x", &json!([{"type": "strong"}]))])));
}

/// Made by hand, since plain words are shortened when they are made.
fn too_long(unit: &str) -> [Body; 2] {
    let words = unit.repeat(MOST / unit.chars().count() + 1);
    let paragraphs: Vec<_> = words.lines().map(|line| para(&json!([text(&format!("{line} "))]))).collect();
    [adf(&json!(paragraphs)), wiki(&(words + "end"))]
}

#[test]
fn a_text_without_room_is_cut_visibly_or_left_alone() {
    for unit in ["x", "word ", "line\n", "para\n\n", "ä🙂"] {
        for long in too_long(unit) {
            assert_eq!(linked(&long, WhenFull::Refuse), None);
            let cut = linked(&long, WhenFull::Shorten).unwrap();
            assert!((MOST / 2..=MOST).contains(&length(&cut)), "{}", length(&cut));
            assert_eq!(link_in(&cut, "Dev Link").as_deref(), Some(URL));
            assert!(text_of(&cut).contains(CUT));
            assert_eq!(linked(&cut, WhenFull::Shorten), Some(cut));
        }
    }
}

#[test]
fn a_cut_falls_between_blocks_if_one_ends_near() {
    let paragraph = "word ".repeat(200);
    let long = wiki(&format!("{}\n\n", paragraph.trim()).repeat(40));
    let Some(Body::Wiki(cut)) = linked(&long, WhenFull::Shorten) else { panic!("it was to be cut") };
    let (kept, _) = cut.split_once(CUT).unwrap();
    assert!(kept.trim_end().len() % (paragraph.trim().len() + 2) == paragraph.trim().len());
}

#[test]
fn a_part_in_braces_that_is_cut_is_closed() {
    let long = wiki(&format!("{{quote}}\n{{code:rust}}\n{}\n{{code}}\n{{quote}}", "let x;\n".repeat(10_000)));
    let Some(Body::Wiki(cut)) = linked(&long, WhenFull::Shorten) else { panic!("it was to be cut") };
    assert!(cut.contains("\n{code}\n{quote}\n\n"), "{}", &cut[cut.len() - 200..]);
    assert_eq!(link_in(&wiki(&cut), "Dev Link").as_deref(), Some(URL));
}

#[test]
fn an_over_long_text_that_has_its_line_is_cut_above_it() {
    let words = "x".repeat(MOST);
    let line = format!("Dev Link: {URL}");
    for long in
        [adf(&json!([para(&json!([text(&words)])), para(&json!([text(&line)]))])), wiki(&format!("{words}\n\n{line}"))]
    {
        let cut = linked(&long, WhenFull::Shorten).unwrap();
        assert!(length(&cut) <= MOST);
        assert_eq!(link_in(&cut, "Dev Link").as_deref(), Some(URL));
        assert_eq!(linked(&long, WhenFull::Refuse), Some(long));
    }
}
