//! Colours of words: wiki markup takes any name that browsers know, Atlassian documents only `#rrggbb`.

/// A colour as `#rrggbb`, lower case; `None` for what is none, or a rare name.
pub fn hex(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    if let Some(digits) = name.strip_prefix('#') {
        return from_digits(digits);
    }
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, hex)| (*hex).to_owned())
}

/// `rgb` is short for `rrggbb`.
fn from_digits(digits: &str) -> Option<String> {
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    match digits.len() {
        3 => Some(std::iter::once('#').chain(digits.chars().flat_map(|digit| [digit, digit])).collect()),
        6 => Some(format!("#{digits}")),
        _ => None,
    }
}

/// The sixteen that HTML began with, and what people use besides.
const NAMES: [(&str, &str); 24] = [
    ("black", "#000000"),
    ("silver", "#c0c0c0"),
    ("gray", "#808080"),
    ("grey", "#808080"),
    ("white", "#ffffff"),
    ("maroon", "#800000"),
    ("red", "#ff0000"),
    ("purple", "#800080"),
    ("fuchsia", "#ff00ff"),
    ("magenta", "#ff00ff"),
    ("green", "#008000"),
    ("lime", "#00ff00"),
    ("olive", "#808000"),
    ("yellow", "#ffff00"),
    ("navy", "#000080"),
    ("blue", "#0000ff"),
    ("teal", "#008080"),
    ("aqua", "#00ffff"),
    ("cyan", "#00ffff"),
    ("orange", "#ffa500"),
    ("brown", "#a52a2a"),
    ("pink", "#ffc0cb"),
    ("darkred", "#8b0000"),
    ("darkgreen", "#006400"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_short_forms_become_six_digits_and_the_rest_nothing() {
        let cases = [
            ("Red", Some("#ff0000")),
            ("#ABC", Some("#aabbcc")),
            (" #00875A ", Some("#00875a")),
            ("#12345", None),
            ("#ééé", None),
            ("reddish", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(hex(name).as_deref(), expected, "{name}");
        }
    }
}
