//! What must hold for any rich text.

use jira_markup::Body;
use jira_markup::{Context, Format, MOST, WhenFull, copy, cross, length, link_in, text_of, with_link};

const LABEL: &str = "Dev Link";
const URL: &str = "https://a.example.net/browse/AB-1";

/// Panics if one thing does not.
pub fn check(body: &Body) {
    settles(body);
    copies_settle(body);
    links_once(body);
}

/// After one round through the other format, another changes nothing.
fn settles(body: &Body) {
    let through = |body: &Body| to(&to(body, Format::Adf), Format::Wiki);
    let once = through(body);
    assert_eq!(through(&once), once);
}

fn to(body: &Body, format: Format) -> Body {
    cross(body, format, &Context::default()).body
}

/// A mention inside of an open bracket becomes words, and the bracket may then be one of its own: so copies settle, each
/// a little more of words, but not always with the first.
fn copies_settle(body: &Body) {
    let mut copied = copy(body, &Context::default());
    while !copied.lost.is_empty() {
        let again = copy(&copied.body, &Context::default());
        assert!(again.lost.is_empty() || again.body != copied.body);
        copied = again;
    }
}

fn links_once(body: &Body) {
    let format = Format::of(body);
    let Some(once) = with_link(Some(body), format, LABEL, URL, WhenFull::Refuse) else { return cuts(body) };
    // Somebody's own line of that kind below ours is theirs.
    if link_in(body, LABEL).is_none_or(|there| there == URL) {
        assert_eq!(link_in(&once, LABEL).as_deref(), Some(URL));
    }
    assert!(text_of(&once).starts_with(text_of(body).trim_end()));
    assert_eq!(with_link(Some(&once), format, LABEL, URL, WhenFull::Refuse), Some(once));
}

fn cuts(body: &Body) {
    let cut = with_link(Some(body), Format::of(body), LABEL, URL, WhenFull::Shorten).expect("room is made");
    assert!(length(&cut) <= MOST);
    assert_eq!(link_in(&cut, LABEL).as_deref(), Some(URL));
}
