//! Which projects a flow serves (docs/sync.md, "Projects"): they are known by their ids, whatever they are called.
//!
//! Before anything is read or written, the keys of the flow file become ids, and these are compared with what the store
//! remembers of the last start.

use crate::engine::cx::{Cx, Error};
use crate::flow::{
    Event, Extent, Flow, Home, IntentKind, Issue, NoticeKind, ProjectKey, ProjectRef, Served, ServedProject, Side,
    Sides,
};
use crate::jira::Client;
use crate::store::{State, Store};

/// Former keys of a project that are remembered.
const MOST_KEYS: usize = 20;

/// The projects of a flow as they are at its start.
pub struct Projects {
    /// To be remembered for the next start.
    served: Served,
    /// As they were remembered, unless this is the first start that knows them.
    before: Option<Served>,
}

/// What became of the project on one side since the last start.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// It was not known by its id before.
    New,
    /// It is the same.
    Same,
    /// The flow file names another one.
    Replaced,
    /// The flow file names the same key, and that leads to another project.
    KeyGivenAway,
}

fn fate(before: Option<&ServedProject>, written: &ProjectKey, now: &ProjectRef) -> Fate {
    match before {
        None => Fate::New,
        Some(before) if before.id == now.id => Fate::Same,
        Some(before) if is_same_key(&before.written, written) => Fate::KeyGivenAway,
        Some(_) => Fate::Replaced,
    }
}

fn is_same_key(one: &ProjectKey, other: &ProjectKey) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

impl Projects {
    /// Asks Jira which projects the keys of the flow file lead to, and compares them with those that the store remembers.
    ///
    /// # Errors
    /// When Jira or the store can't be asked; [`Error::Refused`] when the flow must not begin with them.
    pub async fn identify(flow: &Flow, jira: &Client, store: &Store) -> Result<Self, Error> {
        let before = store.state().await?.served;
        let [user, dev] = [
            identify_side(Side::User, flow, jira, before.as_ref()).await?,
            identify_side(Side::Dev, flow, jira, before.as_ref()).await?,
        ];
        if user.id == dev.id {
            let [one, other] = [&flow.user_project, &flow.dev_project];
            let why =
                format!("{one} and {other} are the same project (id {}): write two projects into the file", user.id);
            return Err(Error::Refused(why));
        }
        let replaced = |side: Side, now: &ServedProject| before.as_ref().is_some_and(|it| it.on(side).id != now.id);
        let any_replaced = replaced(Side::User, &user) || replaced(Side::Dev, &dev);
        let since = before.as_ref().filter(|_| !any_replaced).map_or_else(|| jira.jira_now(), |before| before.since);
        if replaced(Side::Dev, &dev) {
            refuse_while_creating(store, &flow.dev_project, before.as_ref()).await?;
        }
        Ok(Self { served: Served { site: jira.site().own().clone(), since, user, dev }, before })
    }

    /// Which issues are on which side.
    #[must_use]
    pub fn sides(&self) -> Sides {
        let home = |project: &ServedProject| {
            let mut keys = project.keys.iter().cloned();
            let first = keys.next().unwrap_or_else(|| project.written.clone());
            let home = Home::new(project.id.clone(), first, [project.written.clone()].into_iter().chain(keys));
            match project.extent {
                Extent::From(since) => home.since(since),
                Extent::AsTheFlow | Extent::Owed(_) => home,
            }
        };
        Sides { user: home(&self.served.user), dev: home(&self.served.dev) }
    }

    /// What is to be remembered of them.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }
}

async fn identify_side(
    side: Side,
    flow: &Flow,
    jira: &Client,
    before: Option<&Served>,
) -> Result<ServedProject, Error> {
    let (written, before) = (flow.project(side), before.map(|served| served.on(side)));
    let now = match jira.project_called(written).await? {
        Some(now) => now,
        None => under_another_key(written, jira, before).await?,
    };
    let keys = |before: &ServedProject| with_key(before.keys.clone(), &now.key);
    // Older links name the key that stood in the file.
    let first_keys = || with_key(vec![written.clone()], &now.key);
    let project = |keys, extent| ServedProject { id: now.id.clone(), written: written.clone(), keys, extent };
    match (fate(before, written, &now), before) {
        (Fate::Same, Some(before)) => Ok(project(keys(before), before.extent)),
        (Fate::KeyGivenAway, Some(before)) => Err(Error::Refused(given_away(side, before, &now, jira).await?)),
        (Fate::Replaced, _) => {
            let since = jira.jira_now();
            let extent = if flow.initial_sync { Extent::Owed(since) } else { Extent::From(since) };
            Ok(project(first_keys(), extent))
        }
        (Fate::New | Fate::Same | Fate::KeyGivenAway, _) => Ok(project(first_keys(), Extent::AsTheFlow)),
    }
}

/// A key that leads nowhere may be a former one that no longer answers: then the project is asked for by its id.
async fn under_another_key(
    written: &ProjectKey,
    jira: &Client,
    before: Option<&ServedProject>,
) -> Result<ProjectRef, Error> {
    let known = before.filter(|before| is_same_key(&before.written, written));
    let found = match known {
        Some(known) => jira.project_of(&known.id).await?,
        None => None,
    };
    let missing = || Error::Refused(format!("there is no project {written}, or it is not shown to this account"));
    found.ok_or_else(missing)
}

async fn given_away(side: Side, before: &ServedProject, now: &ProjectRef, jira: &Client) -> Result<String, Error> {
    let (written, field) = (&before.written, field_of(side));
    let called = match jira.project_of(&before.id).await? {
        Some(project) => format!("which is called {} now", project.key),
        None => format!("last called {}, which can't be read now", before.last_key()),
    };
    Ok(format!(
        "{field} {written} leads to another project (id {}) than the one that this flow served (id {}, {called}); nothing is \
         read or written. Write the present key of the project that is meant into {field}; to serve the new {written}, give \
         the flow another name",
        now.id, before.id
    ))
}

/// What was perhaps created in the former dev project would never be found in the new one, and would be created again.
async fn refuse_while_creating(store: &Store, written: &ProjectKey, before: Option<&Served>) -> Result<(), Error> {
    let open = store.open_intents().await?;
    let creating = open.iter().find(|intent| intent.kind == IntentKind::Create && intent.dev.is_none());
    let (Some(intent), Some(before)) = (creating, before) else { return Ok(()) };
    Err(Error::Refused(format!(
        "devProjectKey is {written} now, while it is not known yet whether the dev issue of {} was created in {}; nothing is \
         read or written. Write {} back into devProjectKey until that is settled",
        intent.user,
        before.dev.last_key(),
        before.dev.last_key(),
    )))
}

/// The first stays what it is; of the others the latest are kept.
fn with_key(keys: Vec<ProjectKey>, key: &ProjectKey) -> Vec<ProjectKey> {
    if keys.last() == Some(key) {
        return keys;
    }
    let mut keys = keys.into_iter();
    let first = keys.next();
    let mut others: Vec<_> = keys.filter(|known| known != key).chain([key.clone()]).collect();
    let too_many = (others.len() + 1).saturating_sub(MOST_KEYS);
    first.into_iter().chain(others.split_off(too_many)).collect()
}

fn field_of(side: Side) -> &'static str {
    match side {
        Side::User => "userProjectKey",
        Side::Dev => "devProjectKey",
    }
}

/// Tells what became of the projects that the flow serves from now on. Answers the state that remembers them, if it is
/// another one.
pub(in crate::engine) async fn begin_with(cx: &Cx, projects: &Projects) -> Result<Option<State>, Error> {
    for side in Side::BOTH {
        learn_key(cx, side, projects.served.on(side).last_key());
        tell_replaced(cx, side, projects).await?;
    }
    cx.jira.know_statuses_of(&cx.sides.ids()).await?;
    let state = cx.store.state().await?;
    let is_news = state.served.as_ref() != Some(&projects.served);
    Ok(is_news.then(|| with_projects(state, projects.served.clone())))
}

async fn tell_replaced(cx: &Cx, side: Side, projects: &Projects) -> Result<(), Error> {
    let now = projects.served.on(side);
    let Some(before) = projects.before.as_ref().map(|before| before.on(side)) else { return Ok(()) };
    if before.id != now.id {
        let issues = cx.jira.count(std::slice::from_ref(&now.id)).await?;
        let (was, key) = (before.last_key().clone(), now.last_key().clone());
        let whole = matches!(now.extent, Extent::Owed(_));
        cx.teller.tell(&Event::ProjectReplaced { side, was, key, issues, whole });
    }
    Ok(())
}

/// Has it shown if a project has another key than the flow file says.
fn learn_key(cx: &Cx, side: Side, key: &ProjectKey) {
    let mut keys = cx.memory.project_keys.lock();
    keys.insert(side, key.clone());
    let renamed = keys.iter().filter(|(side, key)| !is_same_key(cx.flow.project(**side), key));
    let renamed: Vec<_> = renamed.map(|(side, key)| told_of_renamed(cx, *side, key)).collect();
    drop(keys);
    cx.teller.notice(NoticeKind::ProjectRenamed, (!renamed.is_empty()).then(|| renamed.join("; ")));
}

fn told_of_renamed(cx: &Cx, side: Side, key: &ProjectKey) -> String {
    let (written, field) = (cx.flow.project(side), field_of(side));
    format!("the project {written} is called {key} now, and is served as before: write {key} into {field}")
}

/// A fresh read may show that a project was renamed since the worker began. If its former key leads to another project
/// by now, the flow stops.
pub(super) async fn notice_key(cx: &Cx, side: Side, issue: &Issue) -> Result<(), Error> {
    let key = &issue.project.key;
    let known = cx.memory.project_keys.lock().get(&side).cloned();
    if known.as_ref().is_none_or(|known| is_same_key(known, key)) {
        return Ok(());
    }
    let written = cx.flow.project(side);
    let led = cx.jira.project_called(written).await?;
    if let Some(other) = led.filter(|led| led.id != *cx.sides.id(side)) {
        let before = ServedProject {
            id: issue.project.id.clone(),
            written: written.clone(),
            keys: vec![key.clone()],
            extent: Extent::AsTheFlow,
        };
        return Err(Error::Refused(given_away(side, &before, &other, &cx.jira).await?));
    }
    learn_key(cx, side, key);
    Ok(())
}

/// The state of a flow that serves these projects from now on. What was not read of them is owed only where the flow has
/// begun already: a full sync that is still to come, or under way, begins anew and reads all.
fn with_projects(state: State, served: Served) -> State {
    let has_new = |side: Side| state.served.as_ref().is_some_and(|before| before.on(side).id != served.on(side).id);
    let replaced = Side::BOTH.into_iter().any(has_new);
    match (replaced, state.last_sync) {
        (false, _) => State { served: Some(served), ..state },
        (true, Some(_)) => State { served: Some(served), cursor: None, ..state },
        (true, None) => State { served: Some(served.all_read()), cursor: None, started_at: None, ..state },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Watermark;

    fn project(id: &str, written: &str, key: &str) -> ServedProject {
        ServedProject {
            id: id.parse().unwrap(),
            written: written.parse().unwrap(),
            keys: vec![key.parse().unwrap()],
            extent: Extent::AsTheFlow,
        }
    }

    fn now(id: &str, key: &str) -> ProjectRef {
        ProjectRef { id: id.parse().unwrap(), key: key.parse().unwrap() }
    }

    #[test]
    fn a_project_is_the_same_by_its_id_and_another_by_whether_the_file_changed() {
        let before = project("10000", "UAB", "UAB");
        let cases = [
            (None, "UAB", now("10000", "UAB"), Fate::New),
            (Some(&before), "UAB", now("10000", "UAB"), Fate::Same),
            (Some(&before), "UAB", now("10000", "URX"), Fate::Same),
            (Some(&before), "URX", now("10000", "URX"), Fate::Same),
            (Some(&before), "URX", now("10007", "URX"), Fate::Replaced),
            (Some(&before), "UAB", now("10007", "UAB"), Fate::KeyGivenAway),
            (Some(&before), "uab", now("10007", "UAB"), Fate::KeyGivenAway),
        ];
        for (before, written, now, expected) in cases {
            assert_eq!(fate(before, &written.parse().unwrap(), &now), expected, "{written} {now:?}");
        }
    }

    #[test]
    fn another_project_leaves_the_watermark_and_owes_nothing_before_the_first_sync() {
        let since = "2026-03-02T00:00:00Z".parse().unwrap();
        let site: crate::flow::SiteUrl = "https://a.example.net".parse().unwrap();
        let dev = project("10001", "DAB", "DAB");
        let served = |user: ServedProject| Served { site: site.clone(), since, user, dev: dev.clone() };
        let owed = ServedProject { extent: Extent::Owed(since), ..project("10007", "URX", "URX") };
        let before = State { served: Some(served(project("10000", "UAB", "UAB"))), ..State::default() };
        let begun = State { last_sync: Some(Watermark(since)), ..before.clone() };
        assert_eq!(with_projects(begun, served(owed.clone())).served.unwrap().owed().count(), 1);
        assert_eq!(with_projects(before, served(owed)).served.unwrap().owed().count(), 0);
    }

    #[test]
    fn the_first_key_of_a_project_and_the_latest_are_remembered() {
        let key = |n: usize| -> ProjectKey { format!("K{n}").parse().unwrap() };
        let keys = |told: &[usize]| told.iter().fold(Vec::new(), |keys, n| with_key(keys, &key(*n)));
        assert_eq!(keys(&[0, 0, 1, 0]), [key(0), key(1), key(0)]);
        assert_eq!(keys(&[0, 1, 2, 1]), [key(0), key(2), key(1)]);
        let many = keys(&(0..MOST_KEYS + 3).collect::<Vec<_>>());
        assert_eq!((many.len(), &many[0], many.last().unwrap()), (MOST_KEYS, &key(0), &key(MOST_KEYS + 2)));
    }
}
