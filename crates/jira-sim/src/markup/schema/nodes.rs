//! The kinds of nodes and marks: what they say, what may stand in them, and which marks they may have where.

use super::attributes::Attribute::{self, May, Must};
use super::attributes::{Attrs, Is};

/// Sets of marks: all marks of a node are of one of them.
pub type Marks = &'static [&'static [&'static str]];

/// A kind of node that may stand somewhere, and the marks that it may have there.
pub struct Child(pub &'static str, pub Marks);

/// What a kind of node is made of.
pub struct Node {
    pub attrs: Attrs,
    /// `None` if it has no content at all.
    pub content: Option<Content>,
    /// Whether it has marks anywhere; elsewhere not even an empty list of them.
    pub has_marks: bool,
}

/// What stands in a node.
pub struct Content {
    pub children: &'static [Child],
    /// What stands behind the first child, if that is something else.
    pub then: Option<&'static [Child]>,
    pub least: usize,
    pub most: usize,
    /// Whether it may be empty, but not absent.
    pub must: bool,
}

const NONE: Marks = &[];
const SIZED: Marks = &[&["fontSize"]];
const PLACED_WORDS: Marks = &[&["fontSize", "alignment"], &["fontSize", "indentation"]];
const ALIGNED_WORDS: Marks = &[&["fontSize", "alignment"]];
const PLACED: Marks = &[&["alignment"], &["indentation"]];
const WIDE: Marks = &[&["breakout"]];
const APP: Marks = &[&["dataConsumer", "fragment"]];
const NAMED: Marks = &[&["fragment"]];
const LINKED: Marks = &[&["link"]];
const FRAMED: Marks = &[&["dataConsumer", "link", "annotation", "border"]];
const LOOKS: Marks = &[
    &["link", "em", "strong", "strike", "subsup", "underline", "textColor", "annotation", "backgroundColor"],
    &["code", "link", "annotation"],
];

const INLINE: &[Child] = &[
    Child("text", LOOKS),
    Child("hardBreak", NONE),
    Child("mention", NONE),
    Child("emoji", NONE),
    Child("date", NONE),
    Child("status", NONE),
    Child("inlineCard", NONE),
    Child("placeholder", NONE),
    Child("mediaInline", FRAMED),
    Child("inlineExtension", APP),
];

const CAPTION: &[Child] = &[
    Child("text", LOOKS),
    Child("hardBreak", NONE),
    Child("mention", NONE),
    Child("emoji", NONE),
    Child("date", NONE),
    Child("status", NONE),
    Child("inlineCard", NONE),
    Child("placeholder", NONE),
];

/// What a document holds.
pub const TOP: &[Child] = &[
    Child("paragraph", PLACED_WORDS),
    Child("heading", PLACED),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", WIDE),
    Child("blockquote", NONE),
    Child("panel", NONE),
    Child("rule", NONE),
    Child("table", NAMED),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("expand", WIDE),
    Child("layoutSection", WIDE),
    Child("blockCard", NONE),
    Child("embedCard", NONE),
    Child("extension", APP),
    Child("bodiedExtension", APP),
    Child("syncBlock", WIDE),
    Child("bodiedSyncBlock", WIDE),
];

const IN_COLUMN: &[Child] = &[
    Child("paragraph", PLACED_WORDS),
    Child("heading", PLACED),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", NONE),
    Child("blockquote", NONE),
    Child("panel", NONE),
    Child("rule", NONE),
    Child("table", NAMED),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("expand", NONE),
    Child("blockCard", NONE),
    Child("embedCard", NONE),
    Child("extension", APP),
    Child("bodiedExtension", APP),
];

const IN_SYNC_BLOCK: &[Child] = &[
    Child("paragraph", PLACED_WORDS),
    Child("heading", PLACED),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", NONE),
    Child("blockquote", NONE),
    Child("panel", NONE),
    Child("rule", NONE),
    Child("table", NAMED),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("expand", NONE),
    Child("layoutSection", WIDE),
    Child("blockCard", NONE),
    Child("embedCard", NONE),
];

/// In the body of an app's part.
const IN_BODY: &[Child] = &[
    Child("paragraph", SIZED),
    Child("heading", NONE),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", NONE),
    Child("blockquote", NONE),
    Child("panel", NONE),
    Child("rule", NONE),
    Child("table", NAMED),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("blockCard", NONE),
    Child("embedCard", NONE),
    Child("extension", APP),
];

const IN_EXPAND: &[Child] = &[
    Child("paragraph", SIZED),
    Child("heading", NONE),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", NONE),
    Child("blockquote", NONE),
    Child("panel", NONE),
    Child("rule", NONE),
    Child("table", NAMED),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("nestedExpand", NONE),
    Child("blockCard", NONE),
    Child("embedCard", NONE),
    Child("extension", APP),
];

const IN_NESTED_EXPAND: &[Child] = &[
    Child("paragraph", SIZED),
    Child("heading", NONE),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", NONE),
    Child("blockquote", NONE),
    Child("panel", NONE),
    Child("rule", NONE),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("extension", APP),
];

const IN_CELL: &[Child] = &[
    Child("paragraph", ALIGNED_WORDS),
    Child("heading", PLACED),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", NONE),
    Child("blockquote", NONE),
    Child("panel", NONE),
    Child("rule", NONE),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("nestedExpand", NONE),
    Child("blockCard", NONE),
    Child("embedCard", NONE),
    Child("extension", APP),
];

const IN_PANEL: &[Child] = &[
    Child("paragraph", SIZED),
    Child("heading", NONE),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("decisionList", NONE),
    Child("codeBlock", NONE),
    Child("rule", NONE),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("blockCard", NONE),
    Child("extension", APP),
];

const IN_QUOTE: &[Child] = &[
    Child("paragraph", NONE),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("codeBlock", NONE),
    Child("mediaSingle", LINKED),
    Child("mediaGroup", NONE),
    Child("extension", APP),
];

const IN_ITEM: &[Child] = &[
    Child("paragraph", SIZED),
    Child("bulletList", NONE),
    Child("orderedList", NONE),
    Child("taskList", NONE),
    Child("codeBlock", NONE),
    Child("mediaSingle", LINKED),
    Child("extension", APP),
];

const IN_TASK: &[Child] = &[Child("paragraph", SIZED), Child("extension", APP)];

const LAYOUTS: Is = Is::One(&["wide", "full-width", "center", "wrap-right", "wrap-left", "align-end", "align-start"]);

const ID: Attribute = May("localId", Is::Text);

const ONLY_ID: Attrs = Attrs::May(&[&[ID]]);

const EXTENSION: &[Attribute] = &[
    Must("extensionKey", Is::Word),
    Must("extensionType", Is::Word),
    May("parameters", Is::Anything),
    May("text", Is::Text),
    May("layout", Is::One(&["wide", "full-width", "default"])),
    May("localId", Is::Word),
];

const INLINE_EXTENSION: &[Attribute] = &[
    Must("extensionKey", Is::Word),
    Must("extensionType", Is::Word),
    May("parameters", Is::Anything),
    May("text", Is::Text),
    May("localId", Is::Word),
];

const CELL: &[Attribute] = &[
    May("colspan", Is::Number),
    May("rowspan", Is::Number),
    May("colwidth", Is::Numbers),
    May("background", Is::Text),
    ID,
    May("valign", Is::One(&["top", "middle", "bottom"])),
];

const MEDIA: &[&[Attribute]] = &[
    &[
        Must("type", Is::One(&["link", "file"])),
        ID,
        Must("id", Is::Word),
        May("alt", Is::Text),
        Must("collection", Is::Text),
        May("height", Is::Number),
        May("occurrenceKey", Is::Word),
        May("width", Is::Number),
    ],
    &[
        Must("type", Is::One(&["external"])),
        ID,
        May("alt", Is::Text),
        May("height", Is::Number),
        May("width", Is::Number),
        Must("url", Is::Text),
    ],
];

const MEDIA_INLINE: &[Attribute] = &[
    May("type", Is::One(&["link", "file", "image"])),
    ID,
    Must("id", Is::Word),
    May("alt", Is::Text),
    Must("collection", Is::Text),
    May("occurrenceKey", Is::Word),
    May("width", Is::Number),
    May("height", Is::Number),
    May("data", Is::Anything),
];

const FRAME: &[&[Attribute]] = &[
    &[ID, May("width", Is::Within(0.0, 100.0)), Must("layout", LAYOUTS), May("widthType", Is::One(&["percentage"]))],
    &[ID, Must("width", Is::Least(0.0)), Must("widthType", Is::One(&["pixel"])), Must("layout", LAYOUTS)],
];

const CARD: &[&[Attribute]] = &[
    &[ID, May("url", Is::Text), Must("datasource", Is::Source), May("width", Is::Number), May("layout", LAYOUTS)],
    &[Must("url", Is::Text), ID],
    &[Must("data", Is::Anything), ID],
];

const TABLE: &[Attribute] = &[
    May("displayMode", Is::One(&["default", "fixed"])),
    May("isNumberColumnEnabled", Is::Flag),
    May("layout", Is::One(&["wide", "full-width", "center", "align-end", "align-start", "default"])),
    May("localId", Is::Word),
    May("width", Is::Number),
];

const CODE: &[Attribute] = &[
    May("language", Is::Text),
    May("uniqueId", Is::Text),
    ID,
    May("wrap", Is::Flag),
    May("hideLineNumbers", Is::Flag),
];

const PANEL: &[Attribute] = &[
    Must("panelType", Is::One(&["info", "note", "tip", "warning", "error", "success", "custom"])),
    May("panelIcon", Is::Text),
    May("panelIconId", Is::Text),
    May("panelIconText", Is::Text),
    May("panelColor", Is::Text),
    ID,
];

const EMBED: &[Attribute] = &[
    Must("url", Is::Text),
    Must("layout", LAYOUTS),
    May("width", Is::Within(0.0, 100.0)),
    May("originalHeight", Is::Number),
    May("originalWidth", Is::Number),
    ID,
];

const MENTION: &[Attribute] = &[
    Must("id", Is::Text),
    ID,
    May("text", Is::Text),
    May("accessLevel", Is::Text),
    May("userType", Is::One(&["DEFAULT", "SPECIAL", "APP"])),
];

const STATUS: &[Attribute] = &[Must("text", Is::Word), Must("color", Is::ColourOfStatus), ID, May("style", Is::Text)];

const TASK: &[Attribute] = &[Must("localId", Is::Text), Must("state", Is::One(&["TODO", "DONE"]))];

const DECISION: &[Attribute] = &[Must("localId", Is::Text), Must("state", Is::Text)];

const SYNC: &[Attribute] = &[Must("resourceId", Is::Text), Must("localId", Is::Text)];

const COLUMN: &[Attribute] =
    &[Must("width", Is::Within(0.0, 100.0)), ID, May("valign", Is::One(&["top", "middle", "bottom"]))];

/// A kind of node; `None` if there is none of that name.
pub fn node(kind: &str) -> Option<Node> {
    let node = |attrs, content, has_marks| Some(Node { attrs, content, has_marks });
    match kind {
        "text" => node(Attrs::None, None, true),
        "hardBreak" => node(Attrs::May(&[&[May("text", Is::One(&["\n"])), ID]]), None, false),
        "mention" => node(Attrs::Must(&[MENTION]), None, false),
        "emoji" => node(Attrs::Must(&[EMOJI]), None, false),
        "date" => node(Attrs::Must(&[&[Must("timestamp", Is::Word), ID]]), None, false),
        "status" => node(Attrs::Must(&[STATUS]), None, false),
        "inlineCard" => node(Attrs::Must(&CARD_IN_LINE), None, false),
        "placeholder" => node(Attrs::Must(&[&[Must("text", Is::Text), ID]]), None, false),
        "mediaInline" => node(Attrs::Must(&[MEDIA_INLINE]), None, true),
        "inlineExtension" => node(Attrs::Must(&[INLINE_EXTENSION]), None, true),
        "media" => node(Attrs::Must(MEDIA), None, true),
        "rule" => node(ONLY_ID, None, false),
        "blockCard" => node(Attrs::Must(CARD), None, false),
        "embedCard" => node(Attrs::Must(&[EMBED]), None, false),
        "extension" => node(Attrs::Must(&[EXTENSION]), None, true),
        "syncBlock" => node(Attrs::Must(&[SYNC]), None, true),
        _ => full_node(kind),
    }
}

const EMOJI: &[Attribute] = &[Must("shortName", Is::Text), May("id", Is::Text), May("text", Is::Text), ID];

const CARD_IN_LINE: [&[Attribute]; 2] = [&[Must("url", Is::Text), ID], &[Must("data", Is::Anything), ID]];

/// A kind of node with something in it.
fn full_node(kind: &str) -> Option<Node> {
    let node = |attrs, content, has_marks| Some(Node { attrs, content: Some(content), has_marks });
    match kind {
        "paragraph" => node(ONLY_ID, any(INLINE), true),
        "heading" => node(Attrs::Must(&[&[Must("level", Is::Within(1.0, 6.0)), ID]]), any(INLINE), true),
        "caption" => node(ONLY_ID, any(CAPTION), false),
        "codeBlock" => node(Attrs::May(&[CODE]), any(&[Child("text", NONE)]), true),
        "taskItem" => node(Attrs::Must(&[TASK]), any(INLINE), false),
        "decisionItem" => node(Attrs::Must(&[DECISION]), any(INLINE), false),
        "blockTaskItem" => node(Attrs::Must(&[TASK]), some(IN_TASK), false),
        "bulletList" => node(ONLY_ID, some(&[Child("listItem", NONE)]), false),
        "orderedList" => {
            node(Attrs::May(&[&[May("order", Is::Least(0.0)), ID]]), some(&[Child("listItem", NONE)]), false)
        }
        "listItem" => node(ONLY_ID, some(IN_ITEM), false),
        "taskList" => node(
            Attrs::Must(&[&[Must("localId", Is::Text)]]),
            some(&[Child("taskItem", NONE), Child("taskList", NONE), Child("blockTaskItem", NONE)]),
            false,
        ),
        "decisionList" => {
            node(Attrs::Must(&[&[Must("localId", Is::Text)]]), some(&[Child("decisionItem", NONE)]), false)
        }
        "blockquote" => node(ONLY_ID, some(IN_QUOTE), false),
        "panel" => node(Attrs::Must(&[PANEL]), some(IN_PANEL), false),
        "table" => node(Attrs::May(&[TABLE]), some(&[Child("tableRow", NONE)]), true),
        "tableRow" => node(ONLY_ID, listed(&[Child("tableCell", NONE), Child("tableHeader", NONE)]), false),
        "tableCell" | "tableHeader" => node(Attrs::May(&[CELL]), some(IN_CELL), false),
        "expand" => node(Attrs::May(&[&[May("title", Is::Text), ID]]), some(IN_EXPAND), true),
        "nestedExpand" => node(Attrs::Must(&[&[May("title", Is::Text), ID]]), some(IN_NESTED_EXPAND), false),
        "mediaSingle" => {
            let picture = Content { then: Some(&[Child("caption", NONE)]), most: 2, ..some(&[Child("media", FRAMED)]) };
            node(Attrs::May(FRAME), picture, true)
        }
        "mediaGroup" => node(Attrs::None, some(&[Child("media", FRAMED)]), false),
        "layoutSection" => node(ONLY_ID, Content { least: 2, most: 3, ..some(&[Child("layoutColumn", NONE)]) }, true),
        "layoutColumn" => node(Attrs::Must(&[COLUMN]), some(IN_COLUMN), false),
        "bodiedExtension" => node(Attrs::Must(&[EXTENSION]), some(IN_BODY), true),
        "bodiedSyncBlock" => node(Attrs::Must(&[SYNC]), some(IN_SYNC_BLOCK), true),
        _ => None,
    }
}

/// Any number of these, or no content at all.
const fn any(children: &'static [Child]) -> Content {
    Content { children, then: None, least: 0, most: usize::MAX, must: false }
}

/// Any number of these, which may be none, but is said.
const fn listed(children: &'static [Child]) -> Content {
    Content { must: true, ..any(children) }
}

/// At least one of these.
const fn some(children: &'static [Child]) -> Content {
    Content { least: 1, ..any(children) }
}

/// What a kind of mark says; `None` if there is none of that name.
pub fn attributes_of_mark(kind: &str) -> Option<Attrs> {
    Some(match kind {
        "strong" | "em" | "strike" | "underline" | "code" => Attrs::None,
        "link" => Attrs::Must(&[LINK]),
        "subsup" => Attrs::Must(&[&[Must("type", Is::One(&["sub", "sup"]))]]),
        "textColor" | "backgroundColor" => Attrs::Must(&[&[Must("color", Is::Colour)]]),
        "alignment" => Attrs::Must(&[&[Must("align", Is::One(&["center", "end"]))]]),
        "indentation" => Attrs::Must(&[&[Must("level", Is::Within(1.0, 6.0))]]),
        "fontSize" => Attrs::Must(&[&[Must("fontSize", Is::One(&["small"]))]]),
        "breakout" => Attrs::Must(&[&[Must("mode", Is::One(&["wide", "full-width"])), May("width", Is::Number)]]),
        "border" => Attrs::Must(&[&[Must("size", Is::Within(1.0, 3.0)), Must("color", Is::ColourOfBorder)]]),
        "annotation" => Attrs::Must(&[&[Must("id", Is::Text), Must("annotationType", Is::One(&["inlineComment"]))]]),
        "dataConsumer" => Attrs::Must(&[&[Must("sources", Is::Texts)]]),
        "fragment" => Attrs::Must(&[&[Must("localId", Is::Word), May("name", Is::Text)]]),
        _ => return None,
    })
}

const LINK: &[Attribute] = &[
    Must("href", Is::Text),
    May("title", Is::Text),
    May("id", Is::Text),
    May("collection", Is::Text),
    May("occurrenceKey", Is::Text),
];
