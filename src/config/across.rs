//! Checks all flow files together for conflicts between them (docs/sync.md, "The flow file").

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::check::{CheckInputs, Checked, Positions, check};
use super::problem::{Position, Problem};
use super::scan::{Hash, ReadFlowFile};
use crate::files::others_have_access;
use crate::flow::{Flow, ProjectKey, SiteUrl};
use crate::settings::StoreUrl;

/// A flow that runs at this moment, and the file that it came from.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// The file, named as in [`ReadFlowFile`].
    pub file: &'a str,
    /// The flow as it runs.
    pub flow: &'a Flow,
}

/// The result for one file.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The file, named as in [`ReadFlowFile`].
    pub file: String,
    /// The hash of the content that was checked; `None` when it could not be read.
    pub hash: Option<Hash>,
    /// The checked flow, or all problems of the file (never an empty list).
    pub outcome: Result<Checked, Vec<Problem>>,
}

/// Checks each file, and then all of them together: accepted flows share no name, no database and no pair of projects,
/// and their create rules don't form a circle.
///
/// Of two flows in conflict, the one that already runs is kept, else the first by its file's name. If a refused file's
/// flow is running, it goes on running and other files may not conflict with it. Verdicts are in the order of `found`.
#[must_use]
pub fn set(
    found: impl IntoIterator<Item = ReadFlowFile>,
    running: &[Running<'_>],
    inputs: &CheckInputs<'_>,
) -> Vec<Verdict> {
    // Each text is dropped before the next one is read.
    let mut verdicts: Vec<_> = found.into_iter().map(|found| judge(&found, inputs)).collect();
    // Refusing a file can bring its running flow into conflict with another file, so the search begins anew after each.
    while let Some((index, problem)) = first_conflict(&verdicts, running) {
        verdicts[index].outcome = Err(vec![problem]);
    }
    warn_of_shared_projects(&mut verdicts);
    verdicts
}

fn judge(found: &ReadFlowFile, inputs: &CheckInputs<'_>) -> Verdict {
    let (hash, outcome) = match &found.content {
        Ok(content) => {
            let checked = check(&found.file, &content.text, inputs);
            (Some(content.hash), checked.map(|checked| warned_of_access(&found.file, content.open_to_others, checked)))
        }
        Err(problem) => (None, Err(vec![problem.clone()])),
    };
    Verdict { file: found.file.clone(), hash, outcome }
}

/// Adds a warning for each secret in a file to which every user has access.
fn warned_of_access(file: &str, open_to_others: Option<u32>, mut checked: Checked) -> Checked {
    let Some(mode) = open_to_others else { return checked };
    for (place, path) in std::mem::take(&mut checked.literals) {
        let message =
            format!("holds a secret, and the file is open: {}, or write ${{env:NAME}}", others_have_access(mode));
        checked.warnings.push(problem(file, place, path, message));
    }
    checked
}

fn first_conflict(verdicts: &[Verdict], running: &[Running<'_>]) -> Option<(usize, Problem)> {
    let mut held = Held::default();
    let refused = verdicts.iter().filter(|verdict| verdict.outcome.is_err());
    for last_good in refused.filter_map(|verdict| running.iter().find(|running| running.file == verdict.file)) {
        held.take(last_good.file, last_good.flow);
    }
    for (index, file, checked) in by_precedence(verdicts, running) {
        if let Some(problem) = held.conflict(file, checked) {
            return Some((index, problem));
        }
        held.take(file, &checked.flow);
    }
    None
}

/// The accepted flows by precedence: unchanged running ones, new versions of running ones, new ones.
fn by_precedence<'a>(verdicts: &'a [Verdict], running: &[Running<'_>]) -> Vec<(usize, &'a str, &'a Checked)> {
    let files: BTreeSet<&str> = verdicts.iter().map(|verdict| verdict.file.as_str()).collect();
    let by_file: BTreeMap<&str, &Flow> = running.iter().map(|running| (running.file, running.flow)).collect();
    // The flows of files that are gone: a renamed file still has its running flow.
    let orphans: BTreeMap<_, _> =
        running.iter().filter(|r| !files.contains(r.file)).map(|r| (&r.flow.name, r.flow)).collect();
    let rank = |file: &str, flow: &Flow| match (by_file.get(file), orphans.get(&flow.name)) {
        (Some(runs), _) if *runs == flow => 0,
        (_, Some(runs)) if *runs == flow => 0,
        (Some(_), _) | (_, Some(_)) => 1,
        (None, None) => 2,
    };
    let accepted = |(index, verdict): (usize, &'a Verdict)| {
        verdict.outcome.as_ref().ok().map(|checked| (index, verdict.file.as_str(), checked))
    };
    let mut accepted: Vec<_> = verdicts.iter().enumerate().filter_map(accepted).collect();
    accepted.sort_by_key(|(_, file, checked)| (rank(file, &checked.flow), *file));
    accepted
}

/// Names, databases and projects of the flows accepted so far, with their files.
#[derive(Default)]
struct Held<'a> {
    names: BTreeMap<String, &'a str>,
    databases: BTreeMap<DatabaseKey, &'a str>,
    pairs: BTreeMap<(Project, Project), &'a str>,
    /// For each project, those in which create rules create issues for its issues.
    creates: BTreeMap<Project, BTreeSet<Project>>,
}

/// Place and name of a database, normalised for comparison.
type DatabaseKey = (Option<String>, String);

/// Site and key of a project, normalised for comparison.
type Project = (String, String);

impl<'a> Held<'a> {
    fn take(&mut self, file: &'a str, flow: &Flow) {
        let (user, dev) = projects(flow);
        self.names.insert(name(flow), file);
        self.databases.insert(database(flow), file);
        self.pairs.insert((user.clone(), dev.clone()), file);
        if flow.rules.creates() {
            self.creates.entry(user).or_default().insert(dev);
        }
    }

    fn conflict(&self, file: &str, checked: &Checked) -> Option<Problem> {
        let flow = &checked.flow;
        let problem = |place, path, message| Some(problem(file, place, path, message));
        if let Some(owner) = self.names.get(&name(flow)) {
            return problem(checked.places.name, "name", name_is_taken(flow, owner));
        }
        if let Some(owner) = self.databases.get(&database(flow)) {
            let (place, path) =
                checked.places.database.map_or((checked.places.name, "name"), |at| (at, "database.name"));
            return problem(place, path, database_is_taken(flow, owner));
        }
        let (user, dev) = projects(flow);
        if flow.rules.creates() && self.leads(&dev, &user) {
            return problem(checked.places.user_project, "userProjectKey", ring(flow));
        }
        let owner = self.pairs.get(&(user, dev))?;
        problem(checked.places.user_project, "userProjectKey", pair_is_taken(flow, owner))
    }

    /// Whether issues in `from` lead, by create rules over any number of projects, to new issues in `to`.
    fn leads(&self, from: &Project, to: &Project) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(project) = next.pop() {
            if seen.insert(project) {
                next.extend(self.creates.get(project).into_iter().flatten());
            }
        }
        seen.contains(to)
    }
}

fn projects(flow: &Flow) -> (Project, Project) {
    (project(&flow.jira.base, &flow.user_project), project(&flow.jira.base, &flow.dev_project))
}

fn project(site: &SiteUrl, key: &ProjectKey) -> Project {
    (site.without_scheme(), key.as_str().to_ascii_uppercase())
}

/// The name of a flow, normalised for comparison: some file systems ignore case, and people confuse such names.
fn name(flow: &Flow) -> String {
    flow.name.database().to_ascii_lowercase()
}

/// The database of a flow, normalised for comparison: neither MongoDB nor some file systems allow names that differ
/// only in case.
fn database(flow: &Flow) -> DatabaseKey {
    let at = |store: &StoreUrl| match store {
        StoreUrl::Sqlite(folder) => StoreUrl::Sqlite(plain(folder)).to_string(),
        // The servers only: other credentials reach the same databases.
        StoreUrl::Mongo(url) => url.to_string(),
    };
    (flow.database.at.as_ref().map(at), flow.database.name.as_str().to_ascii_lowercase())
}

/// The path without `.` and `..`. Symbolic links are not resolved: the store itself notices two flows with one file.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        let last = plain.components().next_back();
        let (in_folder, at_root) =
            (matches!(last, Some(Component::Normal(_))), matches!(last, Some(Component::RootDir)));
        match component {
            Component::ParentDir if in_folder => {
                plain.pop();
            }
            Component::ParentDir if at_root => {}
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::ParentDir | Component::Normal(_) => {
                plain.push(component);
            }
        }
    }
    plain
}

fn name_is_taken(flow: &Flow, owner: &str) -> String {
    let name = &flow.name;
    format!("\"{name}\" is taken by {owner} (upper and lower case, '-' and '_' count as equal); choose another name")
}

fn database_is_taken(flow: &Flow, owner: &str) -> String {
    let database = &flow.database.name;
    format!("\"{database}\" is the database of {owner} already; name another one in database.name")
}

fn pair_is_taken(flow: &Flow, owner: &str) -> String {
    let Flow { user_project, dev_project, .. } = flow;
    format!("{user_project} and {dev_project} are already synced by {owner}; remove one of the two files")
}

fn ring(flow: &Flow) -> String {
    let Flow { user_project, dev_project, .. } = flow;
    format!(
        "issues would be created without end: from {user_project} in {dev_project}, and by other flows' rules from \
         {dev_project} in {user_project} again; switch createIssue off in one of them"
    )
}

fn warn_of_shared_projects(verdicts: &mut [Verdict]) {
    let mut first: BTreeMap<Project, String> = BTreeMap::new();
    for Verdict { file, outcome, .. } in verdicts {
        let Ok(checked) = outcome else { continue };
        let (user, dev) = projects(&checked.flow);
        let Positions { user_project, dev_project, .. } = checked.places;
        for (field, place, project) in [("userProjectKey", user_project, user), ("devProjectKey", dev_project, dev)] {
            let message = first.get(&project).map(|other| format!("{} is a project of {other} too", project.1));
            first.entry(project).or_insert_with(|| file.clone());
            let warning = |message| problem(file, place, field, message);
            checked.warnings.extend(message.map(warning));
        }
    }
}

fn problem(file: &str, place: Position, path: &str, message: String) -> Problem {
    Problem { file: file.to_owned(), place: Some(place), path: path.to_owned(), message }.without_lookalikes()
}

#[cfg(test)]
mod tests;
