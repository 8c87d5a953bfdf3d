//! What a store keeps: its own shapes, apart from those of `flow`, which can so change freely.
//!
//! Leaves (ids, keys, times) are kept as the text that they display and parse as. What has a structure is a JSON document
//! that carries its version: one that this program does not know, or a field that it does not know, is refused rather
//! than half understood.

mod intent;
mod served;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cursor, Shortfall, Shortfalls, WalkKind};
use crate::flow::{Field, IssueId, JiraTime, Level, Origin, PairState, Side};

pub(super) use intent::{intent_from_json, intent_json, kind_text};
pub(super) use served::{served_from_json, served_json};

/// Something stored that can't be read, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub(super) struct Unfit {
    what: String,
    why: String,
}

impl Unfit {
    /// `what` names the thing so that an operator finds it.
    pub(super) fn new(what: impl Display, why: impl Display) -> Self {
        Self { what: what.to_string(), why: why.to_string() }
    }
}

/// A moment of this machine's wall clock, kept to the millisecond; such texts sort as their moments do.
pub(super) fn wall_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// How a pair's origin is kept.
pub(super) fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Created => "created",
        Origin::Adopted => "adopted",
    }
}

/// Reads what [`origin_text`] wrote.
pub(super) fn origin_from_text(text: &str) -> Result<Origin, Unfit> {
    match text {
        "created" => Ok(Origin::Created),
        "adopted" => Ok(Origin::Adopted),
        _ => Err(Unfit::new("origin of a pair", format!("unknown word {text:?}"))),
    }
}

/// Reads what [`PairState::as_str`] says.
pub(super) fn pair_state_from_text(text: &str) -> Result<PairState, Unfit> {
    let all = [PairState::Active, PairState::Suspended, PairState::Broken, PairState::Held, PairState::Unpaired];
    let known = all.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| Unfit::new("state of a pair", format!("unknown word {text:?}")))
}

/// How the fields of a line of history are kept: a JSON object.
pub(super) fn fields_json(fields: &[(&'static str, Field)]) -> String {
    json(&fields.iter().map(|(name, field)| (*name, FieldRecord::from(field))).collect::<BTreeMap<_, _>>())
}

#[derive(Serialize)]
#[serde(untagged)]
enum FieldRecord<'a> {
    Text(&'a str),
    Number(u64),
    Flag(bool),
    List(&'a [String]),
}

impl<'a> From<&'a Field> for FieldRecord<'a> {
    fn from(field: &'a Field) -> Self {
        match field {
            Field::Text(text) => Self::Text(text),
            Field::Number(number) => Self::Number(*number),
            Field::Flag(flag) => Self::Flag(*flag),
            Field::List(list) => Self::List(list),
        }
    }
}

/// How a line's level is kept.
pub(super) fn level_text(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// How a full sync's cursor is kept.
pub(super) fn cursor_json(cursor: &Cursor) -> String {
    json(&CursorDocument::V1(CursorV1 {
        side: Text(cursor.side),
        created: cursor.created.map(Text),
        ids_at: cursor.ids_at.iter().cloned().map(Text).collect(),
        done: cursor.done,
    }))
}

/// Reads what [`cursor_json`] wrote.
pub(super) fn cursor_from_json(text: &str) -> Result<Cursor, Unfit> {
    let CursorDocument::V1(stored) = from_json("cursor of the full sync", text)?;
    Ok(Cursor {
        side: stored.side.0,
        created: stored.created.map(|at| at.0),
        ids_at: stored.ids_at.into_iter().map(|id| id.0).collect(),
        done: stored.done,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "version")]
enum CursorDocument {
    #[serde(rename = "1")]
    V1(CursorV1),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CursorV1 {
    side: Text<Side>,
    created: Option<Text<JiraTime>>,
    ids_at: Vec<Text<IssueId>>,
    done: u64,
}

/// How it is kept which searches were not shown everything; `None` while all were.
pub(super) fn shortfalls_json(shortfalls: &Shortfalls) -> Option<String> {
    let walk = |(walk, shortfall): (&WalkKind, &Shortfall)| ShortfallV1 {
        walk: Text(*walk),
        shown: shortfall.shown,
        missing: shortfall.missing,
        reached: shortfall.reached.map(Text),
        since: Text(shortfall.since),
        times: shortfall.times,
    };
    let document = || {
        json(&ShortfallsDocument::V1(ShortfallsV1 {
            walks: shortfalls.walks.iter().map(walk).collect(),
            full_sync_ended: shortfalls.full_sync_ended.map(wall_text),
        }))
    };
    (!shortfalls.is_empty()).then(document)
}

/// Reads what [`shortfalls_json`] wrote.
pub(super) fn shortfalls_from_json(text: &str) -> Result<Shortfalls, Unfit> {
    const WHAT: &str = "searches that were not shown everything";
    let ShortfallsDocument::V1(stored) = from_json(WHAT, text)?;
    let walk = |ShortfallV1 { walk, shown, missing, reached, since, times }| {
        (walk.0, Shortfall { shown, missing, reached: reached.map(|at| at.0), since: since.0, times })
    };
    let ended = stored.full_sync_ended.map(|text| text.parse()).transpose();
    Ok(Shortfalls {
        walks: stored.walks.into_iter().map(walk).collect(),
        full_sync_ended: ended.map_err(|why| Unfit::new(WHAT, why))?,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "version")]
enum ShortfallsDocument {
    #[serde(rename = "1")]
    V1(ShortfallsV1),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortfallsV1 {
    walks: Vec<ShortfallV1>,
    full_sync_ended: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortfallV1 {
    walk: Text<WalkKind>,
    shown: u64,
    missing: Option<u64>,
    reached: Option<Text<JiraTime>>,
    since: Text<JiraTime>,
    times: u32,
}

/// A leaf as its text.
pub(super) struct Text<T>(pub(super) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// The JSON of a record, or of a list of ids.
#[expect(clippy::expect_used, reason = "records are made of texts, numbers and lists: they always have a JSON form")]
pub(super) fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("a record has a JSON form")
}

fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Unfit> {
    serde_json::from_str(text).map_err(|why| Unfit::new(what, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_kept_as_this_document() {
        let cursor = Cursor {
            side: Side::Dev,
            created: Some("2024-01-02T03:04:05.678Z".parse().unwrap()),
            ids_at: vec!["10001".parse().unwrap()],
            done: 42,
        };
        let text = r#"{"version":"1","side":"dev","created":"2024-01-02T03:04:05.678Z","ids_at":["10001"],"done":42}"#;
        assert_eq!(cursor_json(&cursor), text);
        assert_eq!(cursor_from_json(text), Ok(cursor));
    }

    #[test]
    fn searches_that_were_not_shown_everything_are_kept_as_this_document() {
        let at = "2024-01-02T03:04:05.678Z";
        let shortfall =
            Shortfall { shown: 101, missing: Some(29), reached: None, since: at.parse().unwrap(), times: 2 };
        let shortfalls = Shortfalls {
            walks: [(WalkKind::Full(Side::Dev), shortfall.clone()), (WalkKind::Survey, shortfall)].into(),
            full_sync_ended: Some(at.parse().unwrap()),
        };
        let walk =
            |name| format!(r#"{{"walk":"{name}","shown":101,"missing":29,"reached":null,"since":"{at}","times":2}}"#);
        let (dev, survey) = (walk("dev"), walk("survey"));
        let text = format!(r#"{{"version":"1","walks":[{dev},{survey}],"full_sync_ended":"{at}"}}"#);
        assert_eq!(shortfalls_json(&shortfalls), Some(text.clone()));
        assert_eq!(shortfalls_from_json(&text), Ok(shortfalls));
        assert_eq!(shortfalls_json(&Shortfalls::default()), None);
        assert!(shortfalls_from_json(&text.replace("survey", "census")).is_err());
    }

    #[test]
    fn what_a_later_version_wrote_is_refused_rather_than_half_understood() {
        for text in [
            r#"{"version":"2","side":"dev","created":null,"ids_at":[],"done":0}"#,
            r#"{"version":"1","side":"dev","created":null,"ids_at":[],"done":0,"since":"then"}"#,
            r#"{"side":"dev","created":null,"ids_at":[],"done":0}"#,
            r#"{"version":"1","side":"both","created":null,"ids_at":[],"done":0}"#,
            "",
        ] {
            let error = cursor_from_json(text).unwrap_err().to_string();
            assert!(error.starts_with("cursor of the full sync: "), "{error}");
        }
        assert!(origin_from_text("found").is_err());
    }
}
