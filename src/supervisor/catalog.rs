//! What the folder of flow files says, and has said: the last good flow of each file, and what is wrong with it now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Env;
use super::board::RefusedFile;
use super::diff::Flows;
use super::look::{Look, Looked, Seen};
use crate::config::{Checked, Hash, Problem, Verdict};
use crate::flow::{Event, Flow, FlowName};
use crate::settings::ReadMongo;

/// Remembers each file's last good flow, so that no mistake in a file or folder takes a flow away.
pub(super) struct Catalog {
    dir: PathBuf,
    default_interval: Duration,
    env: Env,
    read_mongo: ReadMongo,
    /// What the last judgement was about; unchanged content isn't judged again.
    judged: Arc<Seen>,
    /// The last good flow of each file that is there.
    good: Arc<Good>,
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

/// The flow of each file, by the file's name.
pub(super) type Good = BTreeMap<String, Arc<Flow>>;

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
            judged: Arc::default(),
            good: Arc::default(),
            told: BTreeMap::new(),
            refused: Vec::new(),
            alarm: None,
        }
    }

    /// A look at the whole folder, to be made. No other is to be made before it was [taken](Self::take).
    pub(super) fn look(&self) -> Look {
        Look {
            dir: self.dir.clone(),
            default_interval: self.default_interval,
            env: Arc::clone(&self.env),
            read_mongo: self.read_mongo,
            judged: Arc::clone(&self.judged),
            good: Arc::clone(&self.good),
        }
    }

    /// Takes what a look showed; returns what is new.
    ///
    /// A folder that can't be read says nothing about its flows, and one that is suddenly empty is more likely unmounted
    /// than meant so: either way they run on.
    pub(super) fn take(&mut self, looked: Looked) -> Vec<News> {
        match looked {
            Looked::NoFolder(why) => self.distrust(why.to_string()),
            Looked::Emptied => {
                let dir = self.dir.display();
                self.distrust(format!("the flows folder {dir} is suddenly empty; to stop all flows, stop the process"))
            }
            Looked::Unchanged => {
                self.alarm = None;
                Vec::new()
            }
            Looked::Judged { seen, verdicts } => {
                self.alarm = None;
                self.judge(seen, verdicts)
            }
        }
    }

    /// The look that is under way has taken so long that the folder counts as unreadable; it is still waited for.
    pub(super) fn look_is_late(&mut self, limit: Duration) -> Vec<News> {
        let dir = self.dir.display();
        self.distrust(format!(
            "the flows folder {dir} cannot be read: it gave no answer within {} s; see whether its file system hangs. New \
             and changed files are found as soon as it answers",
            limit.as_secs()
        ))
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

    fn judge(&mut self, seen: Seen, verdicts: Vec<Verdict>) -> Vec<News> {
        self.judged = Arc::new(seen);
        self.good = Arc::new(verdicts.iter().filter_map(|verdict| self.last_good(verdict)).collect());
        self.refused = verdicts.iter().filter_map(|verdict| self.refusal(verdict)).collect();
        let news = verdicts.iter().flat_map(|verdict| self.news(verdict)).collect();
        self.told = verdicts.into_iter().map(|verdict| (verdict.file.clone(), Told::of(&verdict))).collect();
        news
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

    impl Catalog {
        fn rescan(&mut self) -> Vec<News> {
            let looked = self.look().now();
            self.take(looked)
        }
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
