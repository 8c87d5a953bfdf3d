//! Rules: `close: dev Closed -> Resolved with Fixed, say "Fixed in ${sourceKey}"`.

use super::quoted;
use crate::flow::{
    Actions, Attachments, Fallback, FieldName, From, OnConflict, Resolution, Rule, Rules, SetStatus, Side, StatusMatch,
    StatusName, TargetStatus, Template, WantedResolution,
};

/// A flow's rules, one a line, in order; and what the flow itself says.
pub(in super::super) fn rules(lines: &[&str]) -> Result<Rules, String> {
    let mut rules = Rules {
        in_order: Vec::new(),
        fallback: Fallback::Ignore,
        intermediate: Vec::new(),
        on_conflict: OnConflict::Latest,
        resolution: None,
        replied_field: None,
    };
    for line in lines {
        match line.split_once(": ").ok_or_else(|| format!("{line} has no name"))? {
            ("flow", setting) => set(&mut rules, setting)?,
            (name, rest) => rules.in_order.push(rule(name, rest)?),
        }
    }
    Ok(rules)
}

fn set(rules: &mut Rules, setting: &str) -> Result<(), String> {
    match setting.split_once(' ').ok_or("sets nothing")? {
        ("intermediate", statuses) => rules.intermediate = statuses.split(", ").map(StatusName::new).collect(),
        ("fallback", "default_to_closed") => rules.fallback = Fallback::CloseDev,
        ("fallback", "sync_to_resolved") => rules.fallback = Fallback::ResolveUser,
        ("conflict", side) => rules.on_conflict = OnConflict::Always(self::side(side)?),
        ("resolution", name) => rules.resolution = Resolution::new(name),
        ("replied", field) => rules.replied_field = FieldName::new(field),
        (other, value) => return Err(format!("unknown setting {other} {value}")),
    }
    Ok(())
}

fn rule(name: &str, text: &str) -> Result<Rule, String> {
    let (text, comment) = quoted(text, ", say \"");
    let (when, then) = text.split_once(" -> ").ok_or("has no arrow")?;
    let (from, status) = when.split_once(' ').ok_or("has no status")?;
    let mut words = then.split(", ");
    let (create, set_status) = effect(words.next().unwrap_or_default());
    let mut rule = Rule {
        id: name.parse().map_err(|_| format!("{name} is no name"))?,
        from: if from == "both" { From::Both } else { From::Only(side(from)?) },
        on: if status == "*" {
            StatusMatch::Any
        } else {
            StatusMatch::Named(StatusName::new(status.trim_matches('"')))
        },
        requires_pair: !create,
        only_on_change: true,
        act: Actions {
            create,
            set_status,
            comment: comment.map(|text| Template::parse(&text).unwrap()),
            cross_link: true,
            attachments: Attachments::AtCreation,
        },
    };
    words.try_for_each(|word| go_on(&mut rule, word))?;
    Ok(rule)
}

/// What a rule's line says after its effect.
fn go_on(rule: &mut Rule, word: &str) -> Result<(), String> {
    match word {
        "drift" => rule.only_on_change = false,
        "paired" => rule.requires_pair = true,
        "unpaired" => rule.requires_pair = false,
        "no links" => rule.act.cross_link = false,
        "no files" => rule.act.attachments = Attachments::Never,
        "later files" => rule.act.attachments = Attachments::AlsoLater,
        other => return Err(format!("a rule says {other}")),
    }
    Ok(())
}

/// `create`, `create and To Do`, `Resolved with Fixed`, `=`, `nothing`.
fn effect(text: &str) -> (bool, Option<SetStatus>) {
    match text.strip_prefix("create") {
        Some(rest) => (true, rest.strip_prefix(" and ").map(set_status)),
        None => (false, (text != "nothing").then(|| set_status(text))),
    }
}

fn set_status(text: &str) -> SetStatus {
    let (status, resolution) = text.split_once(" with ").unwrap_or((text, ""));
    let named = || TargetStatus::Named(StatusName::new(status));
    let to = if status == "=" { TargetStatus::SameAsSource } else { named() };
    SetStatus { to, resolution: Resolution::new(resolution).map(WantedResolution::OfRule) }
}

fn side(text: &str) -> Result<Side, String> {
    text.parse().map_err(|_| format!("{text} is no side"))
}
