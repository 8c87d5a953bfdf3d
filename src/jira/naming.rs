//! Fields as people name them, and the ids by which Jira knows them.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Client, Error, get, wire};
use crate::flow::{FieldName, IssueId};

impl Client {
    /// The id of the field that people name so, by its id or its name, without case; `None` when there is none that
    /// this account may see. An id goes before a name. Of several fields of one name it is the one on the edit screen of
    /// the issue `on`; where that does not decide, the oldest custom field, else the first that Jira lists.
    ///
    /// Names are those in the account's own language. What was found is remembered for the client's life, or until Jira
    /// refuses an edit or a create that sets fields; what was not found is asked for again after some minutes. Needs no
    /// permission; *Edit issues* to tell fields of one name apart.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn field_id(&self, name: &FieldName, on: &IssueId) -> Result<Option<String>, Error> {
        let mut named = self.fields_named(&[name]).await?.pop().unwrap_or_default();
        if named.len() > 1 {
            let screen = self.edit_screen(on).await?;
            prefer(&mut named, |id| screen.contains_key(id));
        }
        Ok(named.into_iter().next())
    }

    /// These names will be asked about: whichever comes first, one request tells of all of them.
    pub fn expect_fields(&self, names: Vec<FieldName>) {
        self.field_names.expect(names);
    }

    /// For each name the ids of the fields that it may mean, the likeliest first.
    pub(super) async fn fields_named(&self, names: &[&FieldName]) -> Result<Vec<Vec<String>>, Error> {
        let now = self.clock.now();
        if names.iter().any(|name| self.field_names.of(name, now).is_none()) {
            let all: Vec<wire::KnownField> = self.json(get(self.dialect.api("field"), "field")).await?.value;
            let expected = self.field_names.expected();
            let all_names = names.iter().copied().chain(&expected);
            all_names.for_each(|name| self.field_names.learn(name, candidates(name, &all), now));
        }
        Ok(names.iter().map(|name| self.field_names.of(name, now).unwrap_or_default()).collect())
    }

    /// The fields on an issue's edit screen; none when it is deleted or hidden.
    async fn edit_screen(&self, issue: &IssueId) -> Result<BTreeMap<String, wire::FieldBean>, Error> {
        let ask = get(self.dialect.api(&format!("issue/{issue}/editmeta")), "editmeta").of_one_issue();
        let meta: Option<wire::EditMeta> = self.if_shown(ask).await?;
        Ok(meta.map(|meta| meta.fields).unwrap_or_default())
    }
}

/// Moves the first id that `is_there` to the front.
fn prefer(ids: &mut Vec<String>, is_there: impl Fn(&str) -> bool) {
    if let Some(place) = ids.iter().position(|id| is_there(id)) {
        let id = ids.remove(place);
        ids.insert(0, id);
    }
}

/// The ids that a name may mean, the likeliest first.
fn candidates(name: &FieldName, all: &[wire::KnownField]) -> Vec<String> {
    if let Some(field) = all.iter().find(|field| name.is(&field.id)) {
        return vec![field.id.clone()];
    }
    let named = |field: &&wire::KnownField| field.name.as_deref().is_some_and(|told| name.is(told.trim()));
    let mut named: Vec<_> = all.iter().filter(named).collect();
    // Stable: Jira's own fields keep the order in which they are listed.
    named.sort_by_key(|field| (!field.custom, if field.custom { number_of(&field.id) } else { 0 }));
    named.into_iter().map(|field| field.id.clone()).collect()
}

/// `customfield_10042` is younger than `customfield_9001`.
pub(super) fn number_of(id: &str) -> u64 {
    id.rsplit('_').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX)
}

/// What names of fields turned out to mean. As many as flow files name.
#[derive(Default)]
pub(super) struct FieldNames {
    known: Mutex<BTreeMap<String, Meaning>>,
    /// Those that will be asked about.
    expected: Mutex<Vec<FieldName>>,
}

struct Meaning {
    ids: Vec<String>,
    learnt: Instant,
}

impl FieldNames {
    /// Somebody may have made the field that was missing; but a wrong name in a flow file must not cost a request each
    /// time.
    const MISSING_FOR: Duration = Duration::from_secs(600);

    fn of(&self, name: &FieldName, now: Instant) -> Option<Vec<String>> {
        let known = self.known.lock();
        let meaning = known.get(&name.as_str().to_lowercase())?;
        let still_missing = now.saturating_duration_since(meaning.learnt) < Self::MISSING_FOR;
        (!meaning.ids.is_empty() || still_missing).then(|| meaning.ids.clone())
    }

    fn learn(&self, name: &FieldName, ids: Vec<String>, now: Instant) {
        let meaning = Meaning { ids, learnt: now };
        self.known.lock().insert(name.as_str().to_lowercase(), meaning);
    }

    /// Jira contradicted.
    pub(super) fn forget(&self) {
        self.known.lock().clear();
    }

    fn expect(&self, names: Vec<FieldName>) {
        *self.expected.lock() = names;
    }

    fn expected(&self) -> Vec<FieldName> {
        self.expected.lock().clone()
    }
}
