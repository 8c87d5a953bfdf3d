//! Issue types of the dev project: which of them a dev issue gets, and what was learned of them from refusals.
//!
//! A type is known by the id that it has in the dev project's own list: names can be ambiguous on a site.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::{Engine, Error, JiraFailure};
use crate::flow::{Event, IssueKey, IssueType, IssueTypes, NoticeKind, ProjectKey, TypeName};

/// How long what a refusal taught is acted upon before Jira is tried again: an administrator may have changed a screen.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);

/// What this worker knows of the dev project's issue types.
#[derive(Default)]
pub(in crate::engine) struct DevTypes {
    listed: Option<Arc<[IssueType]>>,
    /// Whether the names in the flow file were looked up.
    names_checked: bool,
    /// Ids of types that demand what can't be given, and since when that is known.
    demanding: BTreeMap<String, Instant>,
    /// Ids of types whose create screen has no description, and since when that is known.
    without_description: BTreeMap<String, Instant>,
    /// Ids of types of which it was told that `issueType` stands in for them.
    told: BTreeSet<String>,
}

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

impl Engine {
    /// Tells once, at first contact, which types the flow file names although Jira does not have them. A Jira that does
    /// not tell its types is asked again in the next cycle.
    pub(in crate::engine) async fn check_type_names(&self) -> Result<(), Error> {
        if self.flow.issue_types.map.is_empty() || std::mem::replace(&mut self.types.lock().names_checked, true) {
            return Ok(());
        }
        let end = async {
            let user = self.jira.project_types(&self.sides.user.id).await?;
            let dev = self.list_types().await?;
            let user = (&self.flow.user_project, user.as_deref());
            let why = unknown(&self.flow.issue_types, user, (&self.flow.dev_project, &dev));
            self.notice(NoticeKind::IssueTypeMissing, why);
            Ok::<_, Error>(())
        };
        match end.await {
            Err(Error::Jira(error)) if error.is_local() => {
                self.types.lock().names_checked = false;
                Ok(())
            }
            end => end,
        }
    }

    /// The type that the dev issue of a user issue of type `source` gets. The list is read again where it has none.
    pub(in crate::engine) async fn type_for(&self, source: &IssueType) -> Result<IssueType, Error> {
        let known = self.types.lock().listed.clone();
        let chosen = known.as_deref().and_then(|listed| self.flow.issue_types.choose(listed, source).cloned());
        let chosen = match chosen {
            Some(chosen) => chosen,
            None => self.type_by_fresh_list(source).await?,
        };
        let demands = self.is_believed(&self.types.lock().demanding, &chosen);
        Ok(if demands { self.default_type().unwrap_or(chosen) } else { chosen })
    }

    /// The same by the list as it is now.
    pub(in crate::engine) async fn type_by_fresh_list(&self, source: &IssueType) -> Result<IssueType, Error> {
        let listed = self.list_types().await?;
        self.flow.issue_types.choose(&listed, source).cloned().ok_or_else(|| self.no_type(source, &listed).into())
    }

    /// `issueType`, by the list that was read last.
    pub(in crate::engine) fn default_type(&self) -> Option<IssueType> {
        self.flow.issue_types.default.among(self.types.lock().listed.as_deref()?).cloned()
    }

    async fn list_types(&self) -> Result<Arc<[IssueType]>, Error> {
        let listed: Arc<[IssueType]> = self.jira.issue_types(&self.sides.dev.id).await?.into();
        self.types.lock().listed = Some(Arc::clone(&listed));
        Ok(listed)
    }

    fn no_type(&self, source: &IssueType, listed: &[IssueType]) -> JiraFailure {
        let (project, has) = (&self.flow.dev_project, names(listed));
        let (source, named) = (&source.name, self.flow.issue_types.default.as_str());
        let why = format!(
            "{project} has neither the issue type {source:?} nor {named:?}, which is the flow's issueType; it has {has}: \
             name one of these in issueType or issueTypeMap"
        );
        JiraFailure::Impossible { doing: format!("choosing an issue type of {project}"), why }
    }

    /// Whether the create screen of a type is known to lack the description.
    pub(in crate::engine) fn lacks_description(&self, kind: &IssueType) -> bool {
        self.is_believed(&self.types.lock().without_description, kind)
    }

    /// A refusal has shown that the create screen of a type lacks the description.
    pub(in crate::engine) fn learn_no_description(&self, kind: &IssueType) {
        let now = self.clock.now();
        self.types.lock().without_description.insert(kind.id.clone(), now);
    }

    /// An issue was created with `issueType` in the place of a type that demands something: told once a type.
    pub(in crate::engine) fn learn_fallback(&self, FellBack { from, why }: FellBack, to: &IssueType, user: &IssueKey) {
        let now = self.clock.now();
        let is_news = {
            let mut types = self.types.lock();
            types.demanding.insert(from.id.clone(), now);
            types.told.insert(from.id.clone())
        };
        if is_news {
            self.tell(&Event::TypeReplaced { key: user.clone(), from: from.name, to: to.name.clone(), why });
        }
    }

    fn is_believed(&self, known: &BTreeMap<String, Instant>, kind: &IssueType) -> bool {
        let now = self.clock.now();
        known.get(&kind.id).is_some_and(|since| now.saturating_duration_since(*since) < BELIEVED_FOR)
    }
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
