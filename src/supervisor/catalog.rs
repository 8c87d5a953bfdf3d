//! What the folder of flow files says, and has said: the last good flow of each file, and what is wrong with it now.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Env;
use super::board::RefusedFile;
use super::diff::Flows;
use crate::config::{self, Around, Beside, Checked, Found, Hash, Problem, Running, Verdict};
use crate::flow::{Event, Flow, FlowName};
use crate::settings::ReadMongo;

/// Remembers each file's last good flow, so that no mistake in a file or folder takes a flow away.
pub(super) struct Catalog {
    dir: PathBuf,
    default_interval: Duration,
    env: Env,
    read_mongo: ReadMongo,
    /// What the last judgement was about; unchanged content isn't judged again.
    judged: Vec<Fingerprint>,
    /// The files that flow files named then, such as one with a token: another content is another flow.
    named: Named,
    /// The last good flow of each file that is there.
    good: BTreeMap<String, Arc<Flow>>,
    /// What was last said of each file, so that it is said once.
    told: BTreeMap<String, Told>,
    refused: Vec<RefusedFile>,
    alarm: Option<String>,
}

/// Something to tell, and the flow that it is about.
pub(super) struct News {
    pub(super) flow: Option<FlowName>,
    pub(super) event: Event,
}

/// What was in each file that flow files named, or why it could not be read. Only hashes: these are secrets.
type Named = BTreeMap<PathBuf, Result<Hash, String>>;

/// A file and its content, or why it can't be read.
type Fingerprint = (String, Result<Hash, Problem>);

#[derive(Clone, PartialEq, Eq)]
struct Told {
    content: Option<Hash>,
    outcome: Result<Warnings, Problems>,
}

type Warnings = Vec<String>;
type Problems = Vec<String>;

impl Catalog {
    pub(super) fn new(dir: PathBuf, default_interval: Duration, env: Env, read_mongo: ReadMongo) -> Self {
        Self {
            dir,
            default_interval,
            env,
            read_mongo,
            judged: Vec::new(),
            named: Named::new(),
            good: BTreeMap::new(),
            told: BTreeMap::new(),
            refused: Vec::new(),
            alarm: None,
        }
    }

    /// Looks at the whole folder again; returns what is new.
    ///
    /// A folder that can't be read says nothing about its flows, and one that is suddenly empty is more likely unmounted
    /// than meant so: either way they run on.
    pub(super) fn rescan(&mut self) -> Vec<News> {
        match config::scan(&self.dir) {
            Err(why) => self.distrust(why.to_string()),
            Ok(found) if found.is_empty() && !self.good.is_empty() => {
                let dir = self.dir.display();
                self.distrust(format!("the flows folder {dir} is suddenly empty; to stop all flows, stop the process"))
            }
            Ok(found) => {
                self.alarm = None;
                self.judge(&found)
            }
        }
    }

    /// The flows that should run.
    pub(super) fn wanted(&self) -> Flows {
        self.good.values().map(|flow| (flow.name.clone(), flow.clone())).collect()
    }

    /// Each wanted flow with its file.
    pub(super) fn files(&self) -> impl Iterator<Item = (&FlowName, &str)> {
        self.good.iter().map(|(file, flow)| (&flow.name, file.as_str()))
    }

    /// The files that are refused as they are now.
    pub(super) fn refused(&self) -> Vec<RefusedFile> {
        self.refused.clone()
    }

    /// Why the folder is not believed, if it isn't.
    pub(super) fn alarm(&self) -> Option<String> {
        self.alarm.clone()
    }

    fn distrust(&mut self, why: String) -> Vec<News> {
        if self.alarm.as_ref() == Some(&why) {
            return Vec::new();
        }
        self.alarm = Some(why.clone());
        vec![News { flow: None, event: Event::FlowsUnreadable { why } }]
    }

    fn judge(&mut self, found: &[Found]) -> Vec<News> {
        let fingerprints: Vec<_> = found.iter().map(fingerprint).collect();
        if self.judged == fingerprints && self.named.iter().all(|(path, read)| hashed(&config::beside(path)) == *read) {
            return Vec::new();
        }
        let (verdicts, named) = self.verdicts(found);
        self.judged = fingerprints;
        self.named = named;
        self.good = verdicts.iter().filter_map(|verdict| self.last_good(verdict)).collect();
        self.refused = verdicts.iter().filter_map(|verdict| self.refusal(verdict)).collect();
        let news = verdicts.iter().flat_map(|verdict| self.news(verdict)).collect();
        self.told = verdicts.into_iter().map(|verdict| (verdict.file.clone(), Told::of(&verdict))).collect();
        news
    }

    /// Also what was in the files that were named.
    fn verdicts(&self, found: &[Found]) -> (Vec<Verdict>, Named) {
        let running: Vec<_> = self.good.iter().map(|(file, flow)| Running { file, flow }).collect();
        let named = RefCell::new(Named::new());
        let file = |path: &Path| {
            let text = config::beside(path);
            named.borrow_mut().insert(path.to_owned(), hashed(&text));
            text
        };
        let around =
            Around { env: &*self.env, file: &file, mongo: self.read_mongo, default_interval: self.default_interval };
        let verdicts = config::set(found, &running, &around);
        (verdicts, named.into_inner())
    }

    fn last_good(&self, verdict: &Verdict) -> Option<(String, Arc<Flow>)> {
        let flow = match &verdict.outcome {
            Ok(checked) => Arc::new(checked.flow.clone()),
            Err(_) => self.good.get(&verdict.file)?.clone(),
        };
        Some((verdict.file.clone(), flow))
    }

    fn refusal(&self, verdict: &Verdict) -> Option<RefusedFile> {
        let problems = texts(verdict.outcome.as_ref().err()?);
        Some(RefusedFile { file: verdict.file.clone(), problems, runs_on: self.runs_on(verdict) })
    }

    fn runs_on(&self, verdict: &Verdict) -> Option<FlowName> {
        self.good.get(&verdict.file).map(|flow| flow.name.clone())
    }

    fn news(&self, verdict: &Verdict) -> Vec<News> {
        if self.told.get(&verdict.file) == Some(&Told::of(verdict)) {
            return Vec::new();
        }
        let flow = self.runs_on(verdict);
        let events = match &verdict.outcome {
            Ok(checked) => accepted(&verdict.file, checked),
            Err(problems) => vec![Event::FlowRefused {
                file: verdict.file.clone(),
                problems: texts(problems),
                runs_on: flow.is_some(),
            }],
        };
        events.into_iter().map(|event| News { flow: flow.clone(), event }).collect()
    }
}

fn accepted(file: &str, checked: &Checked) -> Vec<Event> {
    let warning = |warning| Event::FlowWarning { file: file.to_owned(), warning };
    let warnings = texts(&checked.warnings).into_iter().map(warning);
    std::iter::once(Event::FlowAccepted { file: file.to_owned() }).chain(warnings).collect()
}

impl Told {
    fn of(verdict: &Verdict) -> Self {
        let outcome = match &verdict.outcome {
            Ok(checked) => Ok(texts(&checked.warnings)),
            Err(problems) => Err(texts(problems)),
        };
        Self { content: verdict.hash, outcome }
    }
}

fn fingerprint(found: &Found) -> Fingerprint {
    (found.file.clone(), found.content.as_ref().map(|content| content.hash).map_err(Clone::clone))
}

fn hashed(file: &Result<Beside, String>) -> Result<Hash, String> {
    file.as_ref().map(|file| Hash::of(&file.text)).map_err(Clone::clone)
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::without_file).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::supervisor::testing::text;

    /// A folder, its catalog, and how often the token of its flows was looked up: once each time a file is judged.
    fn catalog() -> (tempfile::TempDir, Catalog, Arc<AtomicUsize>) {
        let (dir, judged) = (tempfile::tempdir().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counter = judged.clone();
        let env = move |_: &str| {
            counter.fetch_add(1, Ordering::Relaxed);
            Some("token".to_owned())
        };
        let interval = Duration::from_secs(300);
        let catalog = Catalog::new(dir.path().to_owned(), interval, Arc::new(env), crate::store::mongo_url);
        (dir, catalog, judged)
    }

    fn with_variable(name: &str, interval: u64) -> String {
        text(name, interval).replace(r#""apiToken": "token""#, r#""apiToken": "${env:TOKEN}""#)
    }

    #[test]
    fn files_whose_content_did_not_change_are_not_judged_again() {
        let (dir, mut catalog, judged) = catalog();
        let file = dir.path().join("a.json");
        fs::write(&file, with_variable("a", 5)).unwrap();
        assert_eq!(catalog.rescan().len(), 1);
        fs::write(&file, with_variable("a", 5)).unwrap();
        assert!(catalog.rescan().is_empty());
        assert_eq!(judged.load(Ordering::Relaxed), 1);
        fs::write(&file, with_variable("a", 5) + " ").unwrap();
        assert_eq!(catalog.rescan().len(), 1);
        assert_eq!(judged.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_file_whose_token_file_changed_is_judged_again_and_is_another_flow() {
        let (dir, mut catalog, _) = catalog();
        let token = dir.path().join("token");
        fs::write(&token, "old\n").unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
        let named = text("a", 5).replace(r#""apiToken": "token""#, r#""apiTokenFile": "token""#);
        fs::write(dir.path().join("a.json"), named).unwrap();
        assert_eq!(catalog.rescan().len(), 1);
        let old = catalog.wanted();
        assert!(catalog.rescan().is_empty());
        fs::write(&token, "new\n").unwrap();
        catalog.rescan();
        assert_ne!(catalog.wanted(), old);
        fs::remove_file(&token).unwrap();
        assert!(matches!(&catalog.rescan()[..], [News { event: Event::FlowRefused { runs_on: true, .. }, .. }]));
    }

    #[test]
    fn what_was_said_of_a_file_is_not_said_again_because_another_one_changed() {
        let (dir, mut catalog, _) = catalog();
        fs::write(dir.path().join("a.json"), "{").unwrap();
        fs::write(dir.path().join("b.json"), with_variable("b", 5)).unwrap();
        assert_eq!(catalog.rescan().len(), 2);
        fs::write(dir.path().join("b.json"), with_variable("b", 6)).unwrap();
        let news: Vec<_> = catalog.rescan().into_iter().map(|news| news.flow.unwrap().to_string()).collect();
        assert_eq!(news, ["b"]);
        fs::write(dir.path().join("a.json"), "{ ").unwrap();
        assert_eq!(catalog.rescan().len(), 1);
    }

    #[test]
    fn a_file_that_was_never_good_runs_nothing_on() {
        let (dir, mut catalog, _) = catalog();
        fs::write(dir.path().join("a.json"), "{").unwrap();
        let news = catalog.rescan();
        assert!(matches!(&news[..], [News { flow: None, event: Event::FlowRefused { runs_on: false, .. } }]));
        assert!(catalog.wanted().is_empty());
        assert_eq!(catalog.refused()[0].runs_on, None);
    }
}
