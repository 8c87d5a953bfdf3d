//! Documents that Jira takes, and such that it refuses.

use serde_json::json;

use super::*;

fn doc(content: Value) -> Value {
    json!({"type": "doc", "version": 1, "content": content})
}

fn paragraph(content: Value) -> Value {
    json!([{"type": "paragraph", "content": content}])
}

fn marked(marks: Value) -> Value {
    paragraph(json!([{"type": "text", "text": "x", "marks": marks}]))
}

#[test]
fn only_an_object_of_type_doc_and_version_one_is_a_document() {
    assert!(is_document(&doc(json!([]))));
    for other in [json!("plain"), json!({"type": "doc", "content": []}), json!({"type": "doc", "version": 1})] {
        assert!(!is_document(&other), "{other}");
    }
}

#[test]
fn known_nodes_in_their_places_are_valid() {
    for content in [
        json!([]),
        json!([{"type": "paragraph"}]),
        json!([{"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "x"}]}]),
        json!([{"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "paragraph"}]}]}]),
        json!([{"type": "codeBlock", "attrs": {"language": "rust"}, "content": [{"type": "text", "text": "x"}]}]),
        json!([{"type": "panel", "attrs": {"panelType": "info"}, "content": [{"type": "paragraph"}]}]),
        json!([{"type": "rule"}]),
        marked(json!([{"type": "strong"}, {"type": "link", "attrs": {"href": "https://x.example"}}])),
        marked(json!([{"type": "code"}, {"type": "link", "attrs": {"href": "https://x.example"}}])),
        paragraph(json!([{"type": "mention", "attrs": {"id": "ann"}}, {"type": "hardBreak"}])),
    ] {
        assert!(is_valid(&doc(content.clone())), "{content}");
    }
}

#[test]
fn what_the_schema_does_not_allow_is_invalid() {
    for content in [
        json!([{"type": "text", "text": "x"}]),
        json!([{"type": "marquee"}]),
        json!(["x"]),
        paragraph(json!([{"type": "text", "text": ""}])),
        paragraph(json!([{"type": "text"}])),
        paragraph(json!([{"type": "text", "text": "x", "colour": 1}])),
        paragraph(json!([{"type": "paragraph"}])),
        paragraph(json!([{"type": "mention", "attrs": {}}])),
        json!([{"type": "heading", "attrs": {"level": 7}}]),
        json!([{"type": "bulletList", "content": []}]),
        json!([{"type": "bulletList", "content": [{"type": "paragraph"}]}]),
        json!([{"type": "rule", "content": []}]),
        marked(json!([{"type": "blink"}])),
        marked(json!([{"type": "link"}])),
        marked(json!([{"type": "code"}, {"type": "strong"}])),
        marked(json!([{"type": "textColor", "attrs": {"color": "red"}}])),
        json!([{"type": "codeBlock", "content": [{"type": "text", "text": "x", "marks": [{"type": "em"}]}]}]),
    ] {
        assert!(!is_valid(&doc(content.clone())), "{content}");
    }
}

fn cell(content: &Value) -> Value {
    json!([{"type": "table", "content": [{"type": "tableRow", "content": [{"type": "tableCell", "content": content}]}]}])
}

fn columns(count: usize) -> Value {
    let column = json!({"type": "layoutColumn", "attrs": {"width": 33.3}, "content": [{"type": "paragraph"}]});
    json!([{"type": "layoutSection", "content": vec![column; count]}])
}

fn picture(count: usize) -> Value {
    let media = json!({"type": "media", "attrs": {"type": "external", "url": "https://x.example/i.png"}});
    json!([{"type": "mediaSingle", "attrs": {"layout": "center"}, "content": vec![media; count]}])
}

#[test]
fn what_is_empty_or_lacks_a_part_is_refused_where_the_schema_wants_it() {
    let expand = |content: Value| json!([{"type": "expand", "attrs": {"title": "More"}, "content": content}]);
    let text = || json!([{"type": "text", "text": "x"}]);
    let task = |attrs: Value| json!({"type": "taskItem", "attrs": attrs, "content": text()});
    let tasks = |attrs: Value, task: Value| json!([{"type": "taskList", "attrs": attrs, "content": [task]}]);
    for content in [
        cell(&json!([])),
        expand(json!([])),
        columns(0),
        columns(1),
        columns(4),
        json!([{"type": "layoutSection", "content": [{"type": "layoutColumn", "attrs": {"width": 50}, "content": []}]}]),
        picture(0),
        picture(2),
        tasks(json!({}), task(json!({"localId": "t", "state": "TODO"}))),
        tasks(json!({"localId": "l"}), task(json!({"state": "TODO"}))),
        tasks(json!({"localId": "l"}), task(json!({"localId": "t", "state": "LATER"}))),
        json!([{"type": "tableRow", "content": []}]),
        json!([{"type": "table", "content": [{"type": "tableRow"}]}]),
        json!([{"type": "nestedExpand", "attrs": {}, "content": [{"type": "paragraph"}]}]),
    ] {
        assert!(!is_valid(&doc(content.clone())), "{content}");
    }
    for content in [
        cell(&json!([{"type": "paragraph"}])),
        cell(&json!([{"type": "nestedExpand", "attrs": {}, "content": [{"type": "paragraph"}]}])),
        expand(json!([{"type": "paragraph"}])),
        columns(2),
        columns(3),
        picture(1),
        tasks(json!({"localId": "l"}), task(json!({"localId": "t", "state": "DONE"}))),
    ] {
        assert!(is_valid(&doc(content.clone())), "{content}");
    }
}

#[test]
fn attributes_are_those_of_the_schema_and_of_its_types() {
    let paragraph_with = |attrs: Value| json!([{"type": "paragraph", "attrs": attrs}]);
    for content in [
        paragraph_with(json!({"colour": "red"})),
        paragraph_with(json!({"localId": 7})),
        json!([{"type": "rule", "attrs": {"width": 1}}]),
        json!([{"type": "orderedList", "attrs": {"order": "1"},
            "content": [{"type": "listItem", "content": [{"type": "paragraph"}]}]}]),
        json!([{"type": "mediaGroup", "attrs": {}, "content": picture(1)[0]["content"]}]),
        paragraph(json!([{"type": "status", "attrs": {"text": "", "color": "red"}}])),
        paragraph(json!([{"type": "status", "attrs": {"text": "x", "color": "pink"}}])),
        paragraph(json!([{"type": "date", "attrs": {"timestamp": 1}}])),
        paragraph(json!([{"type": "mention", "attrs": {"id": "a", "userType": "ROBOT"}}])),
        marked(json!([{"type": "link", "attrs": {"href": "https://x.example", "target": "_blank"}}])),
        marked(json!([{"type": "annotation", "attrs": {"id": "1"}}])),
        marked(json!([{"type": "strong", "attrs": {}}])),
        json!([{"type": "layoutSection", "content": [
            {"type": "layoutColumn", "attrs": {"width": 101}, "content": [{"type": "paragraph"}]},
            {"type": "layoutColumn", "attrs": {"width": 50}, "content": [{"type": "paragraph"}]}]}]),
    ] {
        assert!(!is_valid(&doc(content.clone())), "{content}");
    }
    for content in [
        paragraph_with(json!({"localId": "p"})),
        paragraph(json!([{"type": "status", "attrs": {"text": "x", "color": "#00ff00", "style": "bold"}}])),
        json!([{"type": "blockCard", "attrs": {"datasource": {"id": "d", "parameters": {}, "views": [{"type": "table"}]}}}]),
    ] {
        assert!(is_valid(&doc(content.clone())), "{content}");
    }
}

#[test]
fn marks_stand_on_the_nodes_that_may_have_them_where_they_are() {
    let placed = |kind: &str, mark: Value| json!([{"type": kind, "attrs": {"level": 1}, "marks": [mark]}]);
    let align = json!({"type": "alignment", "attrs": {"align": "end"}});
    let small = || json!([{"type": "paragraph", "marks": [{"type": "fontSize", "attrs": {"fontSize": "small"}}]}]);
    for content in [
        marked(json!([align])),
        json!([{"type": "paragraph", "marks": [{"type": "strong"}]}]),
        json!([{"type": "bulletList", "marks": [],
            "content": [{"type": "listItem", "content": [{"type": "paragraph"}]}]}]),
        json!([{"type": "blockquote", "content": [{"type": "paragraph", "marks": [align]}]}]),
        paragraph(json!([{"type": "mention", "attrs": {"id": "a"}, "marks": []}])),
        json!([{"type": "blockquote", "content": small()}]),
    ] {
        assert!(!is_valid(&doc(content.clone())), "{content}");
    }
    for content in [
        placed("heading", align.clone()),
        json!([{"type": "paragraph", "marks": [align]}]),
        small(),
        json!([{"type": "listItem", "content": small()}])
            .as_array()
            .map(|item| json!([{"type": "bulletList", "content": item}]))
            .unwrap(),
        json!([{"type": "codeBlock", "marks": [{"type": "breakout", "attrs": {"mode": "wide"}}]}]),
    ] {
        assert!(is_valid(&doc(content.clone())), "{content}");
    }
}

#[test]
fn newer_nodes_and_places_are_known() {
    let item = |content: Value| json!([{"type": "bulletList", "content": [{"type": "listItem", "content": content}]}]);
    let synced = json!({"resourceId": "r", "localId": "l"});
    let block_task = json!({"type": "blockTaskItem", "attrs": {"localId": "t", "state": "TODO"},
        "content": [{"type": "paragraph"}]});
    for content in [
        item(item(json!([{"type": "paragraph"}]))),
        json!([{"type": "syncBlock", "attrs": synced}]),
        json!([{"type": "bodiedSyncBlock", "attrs": synced, "content": [{"type": "paragraph"}]}]),
        json!([{"type": "taskList", "attrs": {"localId": "l"}, "content": [block_task]}]),
        json!([{"type": "expand", "content": cell(&json!([{"type": "paragraph"}]))}]),
    ] {
        assert!(is_valid(&doc(content.clone())), "{content}");
    }
    for content in [
        cell(&cell(&json!([{"type": "paragraph"}]))),
        json!([{"type": "blockquote", "content": [{"type": "heading", "attrs": {"level": 1}}]}]),
        json!([{"type": "panel", "attrs": {"panelType": "info"},
            "content": [{"type": "panel", "attrs": {"panelType": "info"}, "content": [{"type": "paragraph"}]}]}]),
    ] {
        assert!(!is_valid(&doc(content.clone())), "{content}");
    }
}
