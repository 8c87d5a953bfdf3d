//! Command line arguments of the simulated Jira: projects and spans of time.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// A project of the site: `USER-A:customer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectArgument {
    /// Capital letters, digits, `-` and `_`, a letter first.
    pub key: String,
    /// Who works there, which decides its statuses.
    pub side: Side,
}

/// Who works in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those who report, and those who answer them.
    Customer,
    /// Those who do the work.
    Development,
}

/// A span of time to draw from: `300ms` (from nothing to that) or `20ms..300ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// At least so long.
    pub least: Duration,
    /// At most so long.
    pub most: Duration,
}

/// The longest lag or latency that makes any sense.
const LONGEST: Duration = Duration::from_secs(3600);

/// Far more than a command line needs.
const MOST_PROJECTS: usize = 200;

impl FromStr for ProjectArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, side) = text.split_once(':').ok_or("write KEY:customer or KEY:development")?;
        let side = match side {
            "customer" => Side::Customer,
            "development" => Side::Development,
            _ => return Err(format!("{side:?} is neither customer nor development")),
        };
        if !is_key(key) {
            return Err(format!("{key:?} is no project key: capital letters, digits, - and _, a letter first"));
        }
        Ok(Self { key: key.into(), side })
    }
}

fn is_key(text: &str) -> bool {
    let capital_first = text.chars().next().is_some_and(|first| first.is_ascii_uppercase());
    let allowed = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '-' || it == '_';
    capital_first && text.len() <= 40 && text.chars().all(allowed)
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let length = |text: &str| humantime::parse_duration(text).map_err(|why| format!("{text:?}: {why}"));
        let (least, most) = match text.split_once("..") {
            Some((least, most)) => (length(least)?, length(most)?),
            None => (Duration::ZERO, length(text)?),
        };
        match least <= most && most <= LONGEST {
            true => Ok(Self { least, most }),
            false => Err("write it as 300ms or 20ms..300ms, at most an hour".into()),
        }
    }
}

impl Span {
    pub(super) fn range(self) -> RangeInclusive<Duration> {
        self.least..=self.most
    }
}

/// # Errors
/// When there are none, too many, or two of one key.
pub(super) fn check(projects: &[ProjectArgument]) -> anyhow::Result<()> {
    anyhow::ensure!(!projects.is_empty(), "a site without projects is of no use; name some with --projects");
    anyhow::ensure!(projects.len() <= MOST_PROJECTS, "at most {MOST_PROJECTS} projects, please");
    let mut keys = BTreeSet::new();
    let twice = projects.iter().find(|project| !keys.insert(&project.key));
    twice.map_or(Ok(()), |project| Err(anyhow::anyhow!("the project {} is named twice", project.key)))
}

/// Customers' and developers' projects that belong together: the first of one side with the first of the other, and so
/// on.
pub(super) fn pairs(projects: &[ProjectArgument]) -> Vec<(String, String)> {
    let of = |side| projects.iter().filter(move |project| project.side == side).map(|project| project.key.clone());
    of(Side::Customer).zip(of(Side::Development)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projects(text: &str) -> Vec<ProjectArgument> {
        text.split(',').map(|one| one.parse().unwrap()).collect()
    }

    #[test]
    fn projects_pair_up_in_their_order() {
        let all = projects("D1:development,U1:customer,U2:customer,D-2:development,U3:customer");
        assert_eq!(pairs(&all), [("U1".into(), "D1".into()), ("U2".into(), "D-2".into())]);
    }

    #[test]
    fn what_is_no_project_is_refused_with_a_reason() {
        for (text, why) in [
            ("USER-A", "write KEY:customer"),
            ("USER-A:customers", "neither customer nor development"),
            ("user:customer", "is no project key"),
            ("1A:customer", "is no project key"),
            (":customer", "is no project key"),
        ] {
            let error = text.parse::<ProjectArgument>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(check(&projects("A:customer,A:development")).unwrap_err().to_string().contains("A is named twice"));
        assert!(check(&[]).is_err());
    }

    #[test]
    fn a_span_has_one_end_or_two() {
        let span = |least, most| Span { least: Duration::from_millis(least), most: Duration::from_millis(most) };
        assert_eq!("300ms".parse(), Ok(span(0, 300)));
        assert_eq!("20ms..1s".parse(), Ok(span(20, 1000)));
        for text in ["", "fast", "2s..1s", "..1s", "1day"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
