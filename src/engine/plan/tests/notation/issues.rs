//! Issues: `Open, Will Do @2`; and what else is known of them.

use crate::flow::{
    Attachment, Body, Handled, Issue, IssueRef, JiraTime, Observed, Origin, Pair, PairState, ProjectRef, Sighting,
    Status, StatusChange, StatusName,
};

/// The cells of a row that say what is known.
#[derive(Default)]
pub(in super::super) struct Given<'a> {
    pub(in super::super) user: &'a str,
    pub(in super::super) user_recorded: &'a str,
    pub(in super::super) dev: &'a str,
    pub(in super::super) dev_recorded: &'a str,
    /// Separated by commas.
    pub(in super::super) more: &'a str,
}

impl Given<'_> {
    pub(in super::super) fn observed(&self) -> Result<Observed, String> {
        let user = sighting("USER-1", self.user, self.user_recorded)?;
        let mut seen = match self.dev {
            "" | "none" => Observed::Unpaired { user, unseen_since: None },
            history => paired(user, sighting("DEV-2", history, self.dev_recorded)?),
        };
        let facts = self.more.split(", ").filter(|fact| !fact.is_empty());
        for fact in facts {
            add(&mut seen, fact).ok_or_else(|| format!("{fact} can't be given"))?;
        }
        Ok(seen)
    }
}

fn paired(user: Sighting, dev: Sighting) -> Observed {
    let (origin, state) = (Origin::Created, PairState::Active);
    let pair = Pair { user: user.issue.at.clone(), dev: dev.issue.at.clone(), origin, state };
    Observed::Paired { pair, user, dev, not_before: None, copied: [].into(), recent_writes: 0 }
}

/// `None` for what has no meaning.
fn add(seen: &mut Observed, fact: &str) -> Option<()> {
    let last = fact.rsplit(' ').next()?;
    match seen {
        Observed::Unpaired { unseen_since, .. } if fact.starts_with("since ") => *unseen_since = Some(minute(last)?),
        Observed::Unpaired { user, .. } => add_to_user(&mut user.issue, fact)?,
        Observed::Paired { not_before, .. } if fact.starts_with("from now ") => *not_before = Some(minute(last)?),
        Observed::Paired { copied, .. } if fact.starts_with("copied ") => {
            copied.insert(last.parse().ok()?);
        }
        Observed::Paired { dev, .. } if fact.starts_with("dev file ") => dev.issue.attachments.push(file(last)),
        Observed::Paired { recent_writes, .. } if fact.starts_with("written ") => {
            *recent_writes = fact.strip_prefix("written ")?.strip_suffix(" times")?.parse().ok()?;
        }
        Observed::Paired { pair, user, .. } => {
            add_to_pair(pair, fact).or_else(|| add_to_user(&mut user.issue, fact))?;
        }
    }
    Some(())
}

fn add_to_pair(pair: &mut Pair, fact: &str) -> Option<()> {
    match fact {
        "adopted" => pair.origin = Origin::Adopted,
        "suspended" => pair.state = PairState::Suspended,
        "broken" => pair.state = PairState::Broken,
        "held" => pair.state = PairState::Held,
        "taken apart" => pair.state = PairState::Unpaired,
        _ => return None,
    }
    Some(())
}

fn add_to_user(user: &mut Issue, fact: &str) -> Option<()> {
    match fact.split_once(' ')? {
        ("text", "overwritten") => user.overwritten = Some(Body::Wiki("theirs".to_owned())),
        ("file", name) => user.attachments.push(file(name)),
        (count, "files") => user.attachments.extend((0..count.parse().ok()?).map(|n: u32| file(&format!("{n}.png")))),
        _ => return None,
    }
    Some(())
}

fn file(name: &str) -> Attachment {
    Attachment {
        id: name.parse().unwrap(),
        filename: name.to_owned(),
        size: 1,
        mime: "image/png".to_owned(),
        author: None,
        created: at(1),
        content: format!("https://jira.example.net/{name}"),
    }
}

fn sighting(key: &str, history: &str, recorded: &str) -> Result<Sighting, String> {
    let issue = issue(key, history)?;
    let handled = match recorded {
        "" | "-" => None,
        recorded => {
            let (status, minute) = stop(recorded)?;
            Some(Handled { status, updated: minute.unwrap_or(at(3)) })
        }
    };
    Ok(Sighting { issue, handled })
}

/// What rules do not look at is left empty.
fn issue(key: &str, history: &str) -> Result<Issue, String> {
    let stops: Vec<_> = history.split(", ").map(stop).collect::<Result<_, _>>()?;
    let changes = stops.windows(2).map(|stops| change(&stops[0], &stops[1])).collect::<Result<_, _>>()?;
    let (first, last) = (&stops[0], &stops[stops.len() - 1]);
    Ok(Issue {
        at: IssueRef { id: key[key.len() - 1..].parse().unwrap(), key: key.parse().unwrap() },
        project: ProjectRef { id: "10000".parse().unwrap(), key: key[..key.len() - 2].parse().unwrap() },
        summary: String::new(),
        description: None,
        issue_type: crate::flow::IssueType::default(),
        status: last.0.clone(),
        created: first.1.unwrap_or(at(0)),
        updated: at(9),
        mark: None,
        changes,
        attachments: Vec::new(),
        linked: Vec::new(),
        overwritten: None,
    })
}

fn change(from: &(Status, Option<JiraTime>), to: &(Status, Option<JiraTime>)) -> Result<StatusChange, String> {
    let at = to.1.ok_or_else(|| format!("when did it come into {}?", to.0.name))?;
    Ok(StatusChange { at, by: None, from: from.0.clone(), to: to.0.clone() })
}

/// `Closed`, `Closed @5`, `Closed#3 @5`.
fn stop(text: &str) -> Result<(Status, Option<JiraTime>), String> {
    let (status, at) = match text.split_once(" @") {
        Some((status, at)) => (status, Some(minute(at).ok_or_else(|| format!("{at} is no minute"))?)),
        None => (text, None),
    };
    let (name, id) = status.split_once('#').unwrap_or((status, status));
    let id = id.to_lowercase().parse().map_err(|_| format!("{text} is no status"))?;
    Ok((Status { id, name: StatusName::new(name) }, at))
}

fn minute(text: &str) -> Option<JiraTime> {
    Some(at(text.parse().ok()?))
}

fn at(minute: i64) -> JiraTime {
    JiraTime::from_epoch_millis(minute * 60_000).unwrap()
}
