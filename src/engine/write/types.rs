//! Issue types of the dev project: which of them a dev issue gets, and what was learned of them from refusals.
//!
//! A type is known by the id that it has in the dev project's own list: names can be ambiguous on a site.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;
use tokio::time::Instant;

use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::memory::DevTypes;
use crate::flow::{Event, IssueKey, IssueType, IssueTypes, NoticeKind, ProjectKey, TypeName};

/// How long what a refusal taught is acted upon before Jira is tried again: an administrator may have changed a screen.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);

/// Why a type is not the one that was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct FellBack {
    /// The type that demands something.
    pub from: IssueType,
    /// What it demands, in words.
    pub why: String,
}

/// What the flow file names and Jira does not have, in words; `None` when all is there. `user` is `None` where the user
/// project does not tell its types.
fn unknown(
    types: &IssueTypes,
    user: (&ProjectKey, Option<&[IssueType]>),
    dev: (&ProjectKey, &[IssueType]),
) -> Option<String> {
    let lacks = |field: &str, name: &TypeName, (project, listed): (&ProjectKey, &[IssueType])| {
        let (name, has) = (name.as_str(), names(listed));
        format!("{field} names {name:?}, and {project} has no such issue type for a new issue; it has {has}")
    };
    let mut lacking = Vec::new();
    for entry in &types.map {
        if let Some(listed) = user.1.filter(|listed| entry.from.among(listed).is_none()) {
            lacking.push(lacks("issueTypeMap", &entry.from, (user.0, listed)));
        }
        if entry.to.among(dev.1).is_none() {
            lacking.push(lacks("issueTypeMap", &entry.to, dev));
        }
    }
    if types.default.among(dev.1).is_none() {
        lacking.push(lacks("issueType", &types.default, dev));
    }
    (!lacking.is_empty()).then(|| format!("{}; correct the flow file", lacking.join("; ")))
}

fn names(listed: &[IssueType]) -> String {
    let names: Vec<_> = listed.iter().map(|kind| kind.name.as_str()).collect();
    if names.is_empty() { "none that this account may create".to_owned() } else { names.join(", ") }
}

/// Tells once, at first contact, which types the flow file names although Jira does not have them. A Jira that does
/// not tell its types is asked again in the next cycle.
pub(in crate::engine) async fn check_type_names(cx: &Cx) -> Result<(), Error> {
    if cx.flow.issue_types.map.is_empty() || std::mem::replace(&mut types(cx).names_checked, true) {
        return Ok(());
    }
    let end = async {
        let user = cx.jira.project_types(&cx.sides.user.id).await?;
        let dev = list_types(cx).await?;
        let user = (&cx.flow.user_project, user.as_deref());
        let why = unknown(&cx.flow.issue_types, user, (&cx.flow.dev_project, &dev));
        cx.teller.notice(NoticeKind::IssueTypeMissing, why);
        Ok::<_, Error>(())
    };
    match end.await {
        Err(Error::Jira(error)) if error.is_local() => {
            types(cx).names_checked = false;
            Ok(())
        }
        end => end,
    }
}

/// The type that the dev issue of a user issue of type `source` gets. The list is read again where it has none.
pub(super) async fn type_for(cx: &Cx, source: &IssueType) -> Result<IssueType, Error> {
    let known = types(cx).listed.clone();
    let chosen = known.as_deref().and_then(|listed| cx.flow.issue_types.choose(listed, source).cloned());
    let chosen = match chosen {
        Some(chosen) => chosen,
        None => type_by_fresh_list(cx, source).await?,
    };
    let demands = is_believed(cx, &types(cx).demanding, &chosen);
    Ok(if demands { default_type(cx).unwrap_or(chosen) } else { chosen })
}

/// The same by the list as it is now.
pub(super) async fn type_by_fresh_list(cx: &Cx, source: &IssueType) -> Result<IssueType, Error> {
    let listed = list_types(cx).await?;
    cx.flow.issue_types.choose(&listed, source).cloned().ok_or_else(|| no_type(cx, source, &listed).into())
}

/// `issueType`, by the list that was read last.
pub(super) fn default_type(cx: &Cx) -> Option<IssueType> {
    cx.flow.issue_types.default.among(types(cx).listed.as_deref()?).cloned()
}

async fn list_types(cx: &Cx) -> Result<Arc<[IssueType]>, Error> {
    let listed: Arc<[IssueType]> = cx.jira.issue_types(&cx.sides.dev.id).await?.into();
    types(cx).listed = Some(Arc::clone(&listed));
    Ok(listed)
}

fn no_type(cx: &Cx, source: &IssueType, listed: &[IssueType]) -> JiraFailure {
    let (project, has) = (&cx.flow.dev_project, names(listed));
    let (source, named) = (&source.name, cx.flow.issue_types.default.as_str());
    let why = format!(
        "{project} has neither the issue type {source:?} nor {named:?}, which is the flow's issueType; it has {has}: \
         name one of these in issueType or issueTypeMap"
    );
    JiraFailure::Impossible { doing: format!("choosing an issue type of {project}"), why }
}

/// Whether the create screen of a type is known to lack the description.
pub(super) fn lacks_description(cx: &Cx, kind: &IssueType) -> bool {
    is_believed(cx, &types(cx).without_description, kind)
}

/// A refusal has shown that the create screen of a type lacks the description.
pub(super) fn learn_no_description(cx: &Cx, kind: &IssueType) {
    let now = cx.clock.now();
    types(cx).without_description.insert(kind.id.clone(), now);
}

/// An issue was created with `issueType` in the place of a type that demands something: told once a type.
pub(super) fn learn_fallback(cx: &Cx, FellBack { from, why }: FellBack, to: &IssueType, user: &IssueKey) {
    let now = cx.clock.now();
    let is_news = {
        let mut types = types(cx);
        types.demanding.insert(from.id.clone(), now);
        types.told.insert(from.id.clone())
    };
    if is_news {
        cx.teller.tell(&Event::TypeReplaced { key: user.clone(), from: from.name, to: to.name.clone(), why });
    }
}

fn is_believed(cx: &Cx, known: &BTreeMap<String, Instant>, kind: &IssueType) -> bool {
    let now = cx.clock.now();
    known.get(&kind.id).is_some_and(|since| now.saturating_duration_since(*since) < BELIEVED_FOR)
}

fn types(cx: &Cx) -> MutexGuard<'_, DevTypes> {
    cx.memory.types.lock()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::TypeCopy;

    fn listed(types: &[(&str, &str)]) -> Vec<IssueType> {
        types.iter().map(|(id, name)| IssueType { id: (*id).to_owned(), name: (*name).to_owned() }).collect()
    }

    #[test]
    fn names_that_jira_does_not_have_are_told_with_what_it_has() {
        let name = |text: &str| TypeName::new(text).unwrap();
        let (user, dev) = (listed(&[("1", "Bug")]), listed(&[("1", "Bug"), ("2", "Task")]));
        let (user_key, dev_key) = ("USER-A".parse().unwrap(), "DEV-A".parse().unwrap());
        let told = |from: &str, to: &str, default: &str, user: Option<&[IssueType]>| {
            let map = vec![TypeCopy { from: name(from), to: name(to) }];
            unknown(&IssueTypes { map, default: name(default) }, (&user_key, user), (&dev_key, &dev))
        };
        assert_eq!(told("bug", "2", "Task", Some(&user)), None);
        assert_eq!(told("Question", "Task", "Bug", None), None, "the user project does not tell its types");
        let all = told("Question", "Story", "Epic", Some(&user)).unwrap();
        for part in [
            "issueTypeMap names \"Question\", and USER-A has no such issue type for a new issue; it has Bug;",
            "issueTypeMap names \"Story\", and DEV-A has no such issue type for a new issue; it has Bug, Task;",
            "issueType names \"Epic\", and DEV-A has",
        ] {
            assert!(all.contains(part), "{all}");
        }
    }
}
