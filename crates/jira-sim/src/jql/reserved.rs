//! Words that JQL keeps for itself: as a field or value they must stand in quotes.

/// Sorted, as Atlassian documents them.
const RESERVED: &str = "abort access add after alias all alter and any as asc audit avg before begin between boolean \
    break by byte catch cf char character check checkpoint collate collation column commit connect continue count \
    create current date decimal declare decrement default defaults define delete delimiter desc difference distinct \
    divide do double drop during else empty encoding end equals escape exclusive exec execute exists explain false fetch file \
    field first float for from function go goto grant greater group having identified if immediate in increment index \
    initial inner inout input insert int integer intersect intersection into is isempty isnull join last left less \
    like limit lock long max min minus mode modify modulo more multiply next noaudit not notin nowait null number object of \
    on option or order outer output power previous prior privileges public raise raw remainder rename resource return \
    returns revoke right row rowid rownum rows select session set share size sqrt start strict string subtract sum \
    synonym table then to trans transaction trigger true uid union unique update user validate values view was when \
    whenever where while with";

/// Words with a meaning of their own in the grammar.
const KEYWORDS: [&str; 14] =
    ["!", "and", "or", "not", "in", "is", "empty", "null", "order", "by", "was", "changed", "asc", "desc"];

pub(super) fn is_reserved(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    RESERVED.split_ascii_whitespace().any(|reserved| reserved == word)
}

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}
