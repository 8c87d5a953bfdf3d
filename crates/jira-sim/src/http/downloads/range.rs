//! The `Range` header: which part of a file is asked for.

use std::ops::Range;

/// Why no part can be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Not one range of bytes. Several at once are allowed by RFC 9110, but so is not to offer them.
    Malformed,
    /// The file has no byte of that range.
    Nothing,
}

/// The part of a file of this size that the header asks for; none if it asks for no part.
pub(super) fn wanted(header: &str, size: u64) -> Result<Option<Range<u64>>, Wanted> {
    if header.is_empty() {
        return Ok(None);
    }
    let (first, last) = header.strip_prefix("bytes=").and_then(|it| it.split_once('-')).ok_or(Wanted::Malformed)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| Wanted::Malformed);
    let range = match (first, last) {
        ("", length) => size.saturating_sub(number(length)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => number(first)?..number(last)?.saturating_add(1),
    };
    let asked_backwards = !first.is_empty() && !last.is_empty() && range.is_empty();
    let range = range.start..range.end.min(size);
    match (asked_backwards, range.is_empty()) {
        (true, _) => Err(Wanted::Malformed),
        (false, true) => Err(Wanted::Nothing),
        (false, false) => Ok(Some(range)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_a_beginning_an_end_or_both() {
        for (header, part) in [
            ("", Ok(None)),
            ("bytes=0-0", Ok(Some(0..1))),
            ("bytes=3-", Ok(Some(3..10))),
            ("bytes=-4", Ok(Some(6..10))),
            ("bytes=-99", Ok(Some(0..10))),
            ("bytes=8-99", Ok(Some(8..10))),
            ("bytes=10-", Err(Wanted::Nothing)),
            ("bytes=-0", Err(Wanted::Nothing)),
            ("bytes=5-4", Err(Wanted::Malformed)),
            ("bytes=1-2,4-5", Err(Wanted::Malformed)),
            ("bytes=-", Err(Wanted::Malformed)),
            ("lines=1-2", Err(Wanted::Malformed)),
        ] {
            assert_eq!(wanted(header, 10), part, "{header}");
        }
    }
}
