//! Lists whose entries are read one by one: one that can't be read costs only itself.
//!
//! What a list holds is taken as raw JSON first, so neither a wrong type nor the depth of one entry, nor of anything that
//! is not read of it, spoils the others.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Lack;
use crate::foreign::Mask;

/// A list, each of its entries read or not.
pub(in crate::jira) struct Entries<T>(Vec<Result<T, Unreadable>>);

/// An entry that can't be read, and what can be read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jira) struct Unreadable {
    pub id: Option<String>,
    pub key: Option<String>,
    pub lack: Lack,
}

/// What most entries are known by.
#[derive(Deserialize)]
struct Names {
    id: Option<Box<RawValue>>,
    key: Option<Box<RawValue>>,
}

impl<T> Entries<T> {
    /// How many there are, readable or not.
    pub(in crate::jira) fn len(&self) -> usize {
        self.0.len()
    }

    /// The place of the last that can be read.
    pub(in crate::jira) fn last_readable(&self) -> Option<usize> {
        self.0.iter().rposition(Result::is_ok)
    }

    pub(in crate::jira) fn into_each(self) -> impl Iterator<Item = Result<T, Unreadable>> {
        self.0.into_iter()
    }

    pub(super) fn first_unreadable(&self) -> Option<&Unreadable> {
        self.0.iter().find_map(|entry| entry.as_ref().err())
    }

    pub(in crate::jira) fn extend(&mut self, more: Vec<Result<T, Unreadable>>) {
        self.0.extend(more);
    }

    pub(in crate::jira) fn readable(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(|entry| entry.as_ref().ok())
    }

    /// Those that can be read; of the others it is told on what they hang.
    pub(in crate::jira) fn into_readable(self, on: &str, mask: &Mask) -> Vec<T> {
        let told = |unreadable: &Unreadable| {
            tracing::warn!("something that hangs on {on} can't be understood: {}", mask.tell(&unreadable.lack));
        };
        self.0.into_iter().filter_map(|entry| entry.inspect_err(told).ok()).collect()
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl Unreadable {
    pub(in crate::jira) fn of(raw: &RawValue, lack: Lack) -> Self {
        let names = serde_json::from_str::<Names>(raw.get()).ok();
        let text = |raw: Option<Box<RawValue>>| serde_json::from_str(raw?.get()).ok();
        let (id, key) = names.map(|names| (text(names.id), text(names.key))).unwrap_or_default();
        Self { id, key, lack }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneByOne<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for OneByOne<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(raw) = list.next_element::<Box<RawValue>>()? {
                    entries.push(read(&raw));
                }
                Ok(Entries(entries))
            }
        }
        from.deserialize_seq(OneByOne(PhantomData))
    }
}

fn read<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Unreadable> {
    serde_json::from_str(raw.get()).map_err(|e| Unreadable::of(raw, e.to_string()))
}

/// A list that may be null.
pub(super) fn or_none<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Entries<T>, D::Error> {
    Option::<Entries<T>>::deserialize(from).map(Option::unwrap_or_default)
}

/// What can't be read counts as absent.
pub(super) fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let raw = Option::<Box<RawValue>>::deserialize(from)?;
    Ok(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()))
}

/// The members of an object that can be read.
pub(super) fn readable_members<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    let members = Option::<BTreeMap<String, Box<RawValue>>>::deserialize(from)?.unwrap_or_default();
    let read = |(name, raw): (String, Box<RawValue>)| Some((name, serde_json::from_str(raw.get()).ok()?));
    Ok(members.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Entry {
        id: String,
        n: u8,
    }

    /// What an entry that can't be read tells of itself: id and key.
    type Names = (Option<String>, Option<String>);

    fn read(text: &str) -> Vec<Result<u8, Names>> {
        let list: Entries<Entry> = serde_json::from_str(text).unwrap();
        let short = |entry: Result<Entry, Unreadable>| entry.map(|it| it.n).map_err(|it| (it.id, it.key));
        list.into_each().map(short).collect()
    }

    #[test]
    fn an_entry_that_can_not_be_read_costs_only_itself() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let names = |id: &str, key: Option<&str>| Err((Some(id.to_owned()), key.map(str::to_owned)));
        for (odd, read_of_it) in [
            (r#"{"id": "2", "key": "A-2", "n": "x"}"#.to_owned(), names("2", Some("A-2"))),
            (r#"{"id": "2", "key": 7}"#.to_owned(), names("2", None)),
            (format!(r#"{{"id": "2", "n": {deep}}}"#), names("2", None)),
            (format!(r#"{{"n": {deep}}}"#), Err((None, None))),
            (deep.clone(), Err((None, None))),
            ("null".to_owned(), Err((None, None))),
            (r#""gone""#.to_owned(), Err((None, None))),
        ] {
            let text = format!(r#"[{{"id": "1", "n": 1, "more": {deep}}}, {odd}, {{"id": "3", "n": 3}}]"#);
            assert_eq!(read(&text), [Ok(1), read_of_it, Ok(3)], "{}", &odd[..odd.len().min(60)]);
        }
    }

    #[test]
    fn what_is_no_list_is_no_empty_one() {
        for text in ["null", "{}", "7"] {
            assert!(serde_json::from_str::<Entries<Entry>>(text).is_err(), "{text}");
        }
    }
}
