//! The checked rules of a flow (docs/sync.md, "Rules").

use std::fmt;

use super::copying::FieldName;
use super::name::{RuleId, Side};

/// The name of a status. Compared trimmed and without case, as in Jira's own searches.
#[derive(Clone)]
pub struct StatusName {
    written: String,
    folded: String,
}

impl StatusName {
    /// Any text; surrounding blanks are ignored.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let written = text.trim().to_owned();
        let folded = written.to_lowercase();
        Self { written, folded }
    }

    /// The name as written, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl PartialEq for StatusName {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for StatusName {}

impl fmt::Display for StatusName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.written)
    }
}

impl fmt::Debug for StatusName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// The rules of a flow, as `plan` reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Enabled rules only, in the order in which they are tried.
    pub in_order: Vec<Rule>,
    /// What happens when a status changes and no rule matches.
    pub fallback: Fallback,
    /// Dev statuses on which only rules that name them act; empty when `skipIntermediateStatuses` is off.
    pub intermediate: Vec<StatusName>,
    /// Whose change wins when both sides changed and want different things.
    pub on_conflict: OnConflict,
    /// The resolution for transitions that the fallback makes; those of rules have their own.
    pub resolution: Option<Resolution>,
    /// The field of the user project that is set to true when a rule brings an issue into a status of category done.
    pub replied_field: Option<FieldName>,
}

impl Rules {
    /// Whether any rule creates dev issues.
    #[must_use]
    pub fn creates(&self) -> bool {
        self.in_order.iter().any(|rule| rule.act.create)
    }

    /// Whether later attachments are copied too. One rule that asks for it is enough, since it is not recorded which
    /// rule created a pair.
    #[must_use]
    pub fn follow_attachments(&self) -> bool {
        self.in_order.iter().any(|rule| rule.act.attachments == Attachments::AlsoLater)
    }

    /// Whether descriptions of this flow's user issues end with a link, which one rule that asks for it decides.
    #[must_use]
    pub fn cross_links(&self) -> bool {
        self.in_order.iter().any(|rule| rule.act.create && rule.act.cross_link)
    }
}

/// What to do on the other side when an issue reaches a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Unique in the flow.
    pub id: RuleId,
    /// The sides whose issues it applies to.
    pub from: From,
    /// The status it applies to.
    pub on: StatusMatch,
    /// Whether it applies only to issues that have a counterpart.
    pub requires_pair: bool,
    /// Whether it acts only when the status differs from the handled one; else also when the other side has drifted.
    pub only_on_change: bool,
    /// What it does.
    pub act: Actions,
}

/// The sides from which a rule acts (`syncDirection`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// `user_to_dev` or `dev_to_user`.
    Only(Side),
    /// `both`: from either side, on the other.
    Both,
}

impl From {
    /// Whether issues of `side` are included.
    #[must_use]
    pub fn includes(self, side: Side) -> bool {
        match self {
            Self::Only(only) => only == side,
            Self::Both => true,
        }
    }
}

/// `sourceStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusMatch {
    /// This status.
    Named(StatusName),
    /// `*`: any status that no other rule of that side names.
    Any,
}

/// A rule's `actions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    /// Create the dev issue of an unpaired user issue. Never true for rules that look at dev issues only.
    pub create: bool,
    /// The status to set on the other side.
    pub set_status: Option<SetStatus>,
    /// The comment on the user issue after a change by the rule.
    pub comment: Option<Template>,
    /// Write the other side's address into both descriptions of a created pair.
    pub cross_link: bool,
    /// Which attachments of the source are copied.
    pub attachments: Attachments,
}

/// A status to set, with a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetStatus {
    /// The status.
    pub to: TargetStatus,
    /// The resolution to set with it.
    pub resolution: Option<WantedResolution>,
}

/// A resolution for transitions, and which part of the flow file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedResolution {
    /// `actions.resolution`: it replaces the one that the issue has.
    OfRule(Resolution),
    /// The flow's `resolution`: only an issue without one gets it.
    OfFlow(Resolution),
}

impl WantedResolution {
    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::OfRule(resolution) | Self::OfFlow(resolution) => resolution.as_str(),
        }
    }
}

/// The name of a status to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetStatus {
    /// `targetStatus`.
    Named(StatusName),
    /// No `targetStatus`: the name of the source's status.
    SameAsSource,
}

/// The name of a resolution in Jira (`resolution.name`), such as `Fixed`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution(String);

impl Resolution {
    /// The name without surrounding blanks; `None` when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Some(text.trim()).filter(|name| !name.is_empty()).map(|name| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `syncAttachments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachments {
    /// `false`: none are copied.
    Never,
    /// Absent: those of an issue when its counterpart is created.
    AtCreation,
    /// `true`: also those that are added later.
    AlsoLater,
}

/// `fallbackBehavior`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Nothing happens.
    Ignore,
    /// A changed user issue closes its dev issue.
    CloseDev,
    /// A changed dev issue resolves its user issue.
    ResolveUser,
}

/// `onConflict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// The later change by Jira's changelog.
    Latest,
    /// Always the change on this side.
    Always(Side),
}

/// A text with the variables `${sourceKey}` and `${targetKey}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    SourceKey,
    TargetKey,
}

/// Why a text is not a valid template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// A `${…}` with an unknown name.
    #[error("unknown variable ${{{0}}} in a template; known are ${{sourceKey}} and ${{targetKey}}")]
    UnknownVariable(String),
    /// A `${` without its `}`.
    #[error("has a `${{` that is not closed; write ${{sourceKey}} or ${{targetKey}}")]
    Unclosed,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When a variable is unknown, or a `${` is not closed.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, variable)) = rest.split_once("${") {
            let (name, after) = variable.split_once('}').ok_or(BadTemplate::Unclosed)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "sourceKey" => Part::SourceKey,
                "targetKey" => Part::TargetKey,
                _ => return Err(BadTemplate::UnknownVariable(name.to_owned())),
            });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Self(parts))
    }

    /// Whether it is blank, whatever the keys: Jira refuses such a comment.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(text) if text.chars().all(is_invisible)))
    }

    /// The text with both keys: `source` is the issue that the rule applied to, `target` its counterpart. `None` if it
    /// is blank.
    pub fn render(&self, source: &dyn fmt::Display, target: &dyn fmt::Display) -> Option<String> {
        (!self.is_blank()).then(|| self.filled(source, target))
    }

    fn filled(&self, source: &dyn fmt::Display, target: &dyn fmt::Display) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::SourceKey => source.to_string(),
                Part::TargetKey => target.to_string(),
            })
            .collect()
    }
}

/// Whether a character is white space, a control character, or one that only joins, separates or reverses others.
fn is_invisible(c: char) -> bool {
    let joins = matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    joins || c.is_whitespace() || c.is_control()
}

/// Prints the template as in a flow file; parses back to itself.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.filled(&"${sourceKey}", &"${targetKey}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_names_are_compared_trimmed_and_without_case() {
        assert_eq!(StatusName::new(" will DO "), StatusName::new("Will Do"));
        assert_ne!(StatusName::new("Will Do"), StatusName::new("Won't Do"));
    }

    #[test]
    fn templates_put_keys_in_and_survive_being_written() {
        let template = Template::parse("${sourceKey} -> ${targetKey}, 5 $ {x}").unwrap();
        assert_eq!(template.render(&"A-1", &"B-2").as_deref(), Some("A-1 -> B-2, 5 $ {x}"));
        assert_eq!(Template::parse(&template.to_string()), Ok(template));
    }

    #[test]
    fn a_template_in_which_there_is_nothing_to_see_says_nothing() {
        for blank in ["", "  ", "\n", "\r\n\t", "\u{a0}", " \u{202f}\u{2007}", "\u{200b}\u{feff}", "\u{3000}"] {
            let template = Template::parse(blank).unwrap();
            assert!(template.is_blank(), "{blank:?}");
            assert_eq!(template.render(&"A-1", &"B-2"), None, "{blank:?}");
            assert_eq!(template.to_string(), blank, "it is still written as it was");
        }
        for said in [".", " ${targetKey} ", "\u{a0}x"] {
            assert!(!Template::parse(said).unwrap().is_blank(), "{said:?}");
        }
    }

    #[test]
    fn an_unknown_variable_is_named() {
        assert_eq!(Template::parse("x ${who}"), Err(BadTemplate::UnknownVariable("who".into())));
        assert_eq!(Template::parse("x ${sourceKey"), Err(BadTemplate::Unclosed));
    }
}
