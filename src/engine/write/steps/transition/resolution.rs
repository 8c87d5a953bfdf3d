//! The resolution that goes with a transition. Outside category done an issue has none, inside it has one: the flow's is
//! given on the way in, and emptied on the way out. One that a person chose is kept unless a rule names another.

use crate::flow::WantedResolution;
use crate::jira::{FieldValue, Fields, Offer, Resolves, Standing};

/// What a request for a transition says of the resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sends {
    /// Nothing.
    Nothing,
    /// This one.
    Resolution(String),
    /// That there is none any more.
    NoResolution,
}

impl Sends {
    pub(super) fn fields(&self) -> Fields {
        let value = match self {
            Self::Nothing => return Fields::new(),
            Self::Resolution(name) => FieldValue::named(name),
            Self::NoResolution => FieldValue::nothing(),
        };
        Fields::from([("resolution".to_owned(), value)])
    }
}

/// What a resolution is chosen by, besides the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub wanted: Option<&'a WantedResolution>,
    /// The one that the issue has.
    pub has: Option<&'a str>,
    /// Whether it stands in a status of category done.
    pub from_done: bool,
    /// Whether the transition leads to one.
    pub to_done: bool,
}

impl<'a> Case<'a> {
    pub(super) fn of(wanted: Option<&'a WantedResolution>, standing: &'a Standing, offer: &Offer) -> Self {
        // Where Jira does not say where it leads, it is taken for one within its category.
        let to_done = if offer.to.is_some() { offer.is_done } else { standing.is_done };
        Self { wanted, has: standing.resolution.as_deref(), from_done: standing.is_done, to_done }
    }

    /// What is sent to a transition with such a screen.
    pub(super) fn sends(self, screen: &Resolves) -> Sends {
        match screen {
            Resolves::Absent => Sends::Nothing,
            Resolves::Needed(_) => self.demanded(screen).map_or(Sends::Nothing, Sends::Resolution),
            Resolves::Allowed(_) => match self.given() {
                Some(wanted) => {
                    let name = screen.named(wanted).map(str::to_owned);
                    name.map_or(Sends::Nothing, Sends::Resolution)
                }
                None if self.from_done && !self.to_done && self.has.is_some() => Sends::NoResolution,
                None => Sends::Nothing,
            },
        }
    }

    /// Whether what is sent depends on the screen.
    pub(super) fn depends_on_screen(self) -> bool {
        self.wanted.is_some() || (self.from_done && !self.to_done && self.has.is_some())
    }

    /// The configured resolution, where it is to be set without being demanded.
    pub(super) fn given(self) -> Option<&'a str> {
        match self.wanted? {
            WantedResolution::OfRule(name) => self.to_done.then_some(name.as_str()),
            WantedResolution::OfFlow(name) => {
                let enters = self.to_done && !self.from_done && self.has.is_none();
                enters.then_some(name.as_str())
            }
        }
    }

    /// What is sent where a resolution is demanded, if there is one that is taken. A screen that does not show the field
    /// takes any name.
    pub(super) fn demanded(self, screen: &Resolves) -> Option<String> {
        let wanted = self.wanted.map(WantedResolution::as_str);
        let in_order = match self.wanted {
            Some(WantedResolution::OfRule(_)) => [wanted, self.has],
            Some(WantedResolution::OfFlow(_)) | None => [self.has, wanted],
        };
        let taken = |name: &'a str| match screen {
            Resolves::Absent => Some(name.to_owned()),
            Resolves::Allowed(_) | Resolves::Needed(_) => screen.named(name).map(str::to_owned),
        };
        in_order.into_iter().flatten().find_map(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Resolution;

    const OPEN: bool = false;
    const DONE: bool = true;

    /// `rule`, `flow` or nothing names `Fixed`; screens take `Fixed` and `Won't Do`.
    fn sent(wanted: &str, has: Option<&str>, [from_done, to_done]: [bool; 2], needed: bool) -> String {
        let fixed = Resolution::new("fixed").unwrap();
        let wanted = match wanted {
            "rule" => Some(WantedResolution::OfRule(fixed)),
            "flow" => Some(WantedResolution::OfFlow(fixed)),
            _ => None,
        };
        let names = Some(vec!["Fixed".to_owned(), "Won't Do".to_owned()]);
        let screen = if needed { Resolves::Needed(names) } else { Resolves::Allowed(names) };
        match (Case { wanted: wanted.as_ref(), has, from_done, to_done }).sends(&screen) {
            Sends::Nothing => "nothing".to_owned(),
            Sends::Resolution(name) => name,
            Sends::NoResolution => "null".to_owned(),
        }
    }

    #[test]
    fn a_resolution_is_given_kept_or_emptied_by_category_and_screen() {
        let theirs = Some("Won't Do");
        let table = [
            // On the way in, if it has none; a rule's replaces the one that it has.
            ("flow", None, [OPEN, DONE], false, "Fixed"),
            ("flow", theirs, [OPEN, DONE], false, "nothing"),
            ("rule", None, [OPEN, DONE], false, "Fixed"),
            ("rule", theirs, [OPEN, DONE], false, "Fixed"),
            ("none", None, [OPEN, DONE], false, "nothing"),
            // Within category done.
            ("flow", None, [DONE, DONE], false, "nothing"),
            ("flow", theirs, [DONE, DONE], false, "nothing"),
            ("rule", theirs, [DONE, DONE], false, "Fixed"),
            // Outside it.
            ("flow", None, [OPEN, OPEN], false, "nothing"),
            ("rule", None, [OPEN, OPEN], false, "nothing"),
            // On the way out.
            ("flow", theirs, [DONE, OPEN], false, "null"),
            ("rule", theirs, [DONE, OPEN], false, "null"),
            ("none", theirs, [DONE, OPEN], false, "null"),
            ("flow", None, [DONE, OPEN], false, "nothing"),
            // Demanded, wherever it leads.
            ("flow", None, [OPEN, OPEN], true, "Fixed"),
            ("flow", theirs, [OPEN, DONE], true, "Won't Do"),
            ("rule", theirs, [OPEN, DONE], true, "Fixed"),
            ("none", theirs, [DONE, DONE], true, "Won't Do"),
            ("none", theirs, [DONE, OPEN], true, "Won't Do"),
            ("none", None, [OPEN, DONE], true, "nothing"),
            // The one that it has is not taken any more.
            ("flow", Some("Gone"), [OPEN, DONE], true, "Fixed"),
        ];
        for (wanted, has, categories, needed, expected) in table {
            let case = format!("{wanted} {has:?} {categories:?} needed: {needed}");
            assert_eq!(sent(wanted, has, categories, needed), expected, "{case}");
        }
    }

    #[test]
    fn a_screen_without_the_field_is_sent_nothing_until_jira_demands_it() {
        let fixed = WantedResolution::OfFlow(Resolution::new("Fixed").unwrap());
        let case = Case { wanted: Some(&fixed), has: None, from_done: false, to_done: true };
        assert_eq!(case.sends(&Resolves::Absent), Sends::Nothing);
        assert_eq!(case.demanded(&Resolves::Absent).as_deref(), Some("Fixed"));
    }
}
