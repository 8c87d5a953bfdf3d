//! Texts on a terminal.

/// What others wrote, on one line and without anything that a terminal would obey.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `1 issue`, `2 issues`, and `at least 2 issues` if a list was cut.
pub(super) fn counted(count: usize, what: &str, more: bool) -> String {
    let plural = if count == 1 { "" } else { "s" };
    let least = if more { "at least " } else { "" };
    format!("{least}{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gives_no_orders_to_a_terminal() {
        assert_eq!(one_line("held\nbecause \u{1b}[2J of \u{9b}1m ö"), "held because  [2J of  1m ö");
    }

    #[test]
    fn counts_read_as_people_say_them() {
        let said = [counted(1, "issue", false), counted(2, "issue", false), counted(1, "issue", true)];
        assert_eq!(said, ["1 issue", "2 issues", "at least 1 issue"]);
    }
}
