//! The state document: how far the flow has come.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::line::document_json;
use super::served::{served_from_json, served_json};
use super::{Column, Created, Fields, Line, Row, Table, Text, Unfit, Value, from_json, wall_text};
use crate::flow::{IssueId, JiraTime, Side, Watermark};
use crate::store::{Change, Cursor, Patrol, Revision, Shortfall, Shortfalls, State, WalkKind};

pub(in crate::store) static SYNC_STATE: Table = Table {
    name: "sync_state",
    key: &[Column::plain("name")],
    key_is_id: false,
    created: Created::First,
    updated: true,
    versioned: false,
};

/// What a commit replaces, but for what the store itself keeps there.
pub(in crate::store) fn state_fields(state: &State) -> Vec<(&'static str, Value)> {
    vec![
        ("last_sync", state.last_sync.map(|mark| mark.0).into()),
        ("initial_sync_completed", state.initial_sync_completed.into()),
        ("cursor", state.cursor.as_ref().map(cursor_json).map(Value::Json).into()),
        ("started_at", state.started_at.into()),
        ("all_read", state.all_read.into()),
        ("named_elsewhere", state.named_elsewhere.into()),
        ("patrol_begun", state.patrol.begun.into()),
        ("patrol_after", state.patrol.after.as_ref().into()),
        ("projects", state.served.as_ref().map(served_json).map(Value::Json).into()),
        ("held_until", Value::Null),
        ("shortfalls", shortfalls_json(&state.shortfalls).map(Value::Json).into()),
    ]
}

/// Reads the state document; there are so many pairs.
pub(in crate::store) fn read_state(row: &Row, pairs: u64) -> Result<State, Unfit> {
    Ok(State {
        last_sync: row.maybe_jira_time("last_sync")?.map(Watermark),
        initial_sync_completed: row.flag("initial_sync_completed")?,
        cursor: row.document("cursor", cursor_from_json)?,
        started_at: row.maybe_jira_time("started_at")?,
        all_read: row.flag("all_read")?.unwrap_or_default(),
        named_elsewhere: row.flag("named_elsewhere")?.unwrap_or_default(),
        updated_at: row.maybe_wall("updated_at")?,
        patrol: Patrol { begun: row.maybe_wall("patrol_begun")?, after: row.maybe("patrol_after")? },
        served: row.document("projects", served_from_json)?,
        held_until: row.maybe_wall("held_until")?,
        shortfalls: row.document("shortfalls", shortfalls_from_json)?.unwrap_or_default(),
        pairs_lost: row.number("pairs")? > pairs,
        revision: Revision(row.number("revision")?),
    })
}

/// Without what is only true of the store that it is in: its counts, and that every mark was seen from there.
impl Line for State {
    const KIND: &'static str = "state";

    fn line(&self) -> Json {
        let mut line = json!({
            "last_sync": self.last_sync.map(|mark| mark.to_string()),
            "initial_sync_completed": self.initial_sync_completed,
            "cursor": self.cursor.as_ref().map(|cursor| document_json(&cursor_json(cursor))),
            "started_at": self.started_at.map(|at| at.to_string()),
            "patrol_begun": self.patrol.begun.map(wall_text),
            "patrol_after": self.patrol.after.as_ref().map(ToString::to_string),
        });
        // Left out where there is nothing to say, as in every export from before projects were kept.
        if let Some(served) = &self.served {
            line["projects"] = document_json(&served_json(served));
        }
        // Left out as long as there is nothing to say, so that older versions read it.
        if let Some(shortfalls) = shortfalls_json(&self.shortfalls) {
            line["shortfalls"] = document_json(&shortfalls);
        }
        line
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        let cursor: Option<Json> = fields.take("cursor")?;
        let cursor = cursor.map(|cursor| cursor_from_json(&cursor.to_string())).transpose();
        // Older exports do not name them.
        let served: Option<Json> = fields.take_if_there("projects")?;
        let served = served.map(|served| served_from_json(&served.to_string())).transpose();
        let shortfalls: Option<Json> = fields.take_if_there("shortfalls")?;
        let shortfalls = shortfalls.map(|kept| shortfalls_from_json(&kept.to_string())).transpose();
        Ok(Self {
            last_sync: fields.maybe::<JiraTime>("last_sync")?.map(Watermark),
            initial_sync_completed: fields.take("initial_sync_completed")?,
            cursor: cursor.map_err(|why| Unfit::new("field cursor", why))?,
            started_at: fields.maybe("started_at")?,
            patrol: Patrol { begun: fields.maybe("patrol_begun")?, after: fields.maybe("patrol_after")? },
            served: served.map_err(|why| Unfit::new("field projects", why))?,
            shortfalls: shortfalls.map_err(|why| Unfit::new("field shortfalls", why))?.unwrap_or_default(),
            ..Self::default()
        })
    }

    fn changes(self) -> Vec<Change> {
        vec![Change::PutState(self)]
    }
}

/// How a full sync's cursor is kept.
fn cursor_json(cursor: &Cursor) -> String {
    super::json(&CursorDocument::V1(CursorV1 {
        side: Text(cursor.side),
        created: cursor.created.map(Text),
        ids_at: cursor.ids_at.iter().cloned().map(Text).collect(),
        done: cursor.done,
    }))
}

/// Reads what [`cursor_json`] wrote.
fn cursor_from_json(text: &str) -> Result<Cursor, Unfit> {
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
fn shortfalls_json(shortfalls: &Shortfalls) -> Option<String> {
    let walk = |(walk, shortfall): (&WalkKind, &Shortfall)| ShortfallV1 {
        walk: Text(*walk),
        shown: shortfall.shown,
        missing: shortfall.missing,
        reached: shortfall.reached.map(Text),
        since: Text(shortfall.since),
        times: shortfall.times,
    };
    let document = || {
        super::json(&ShortfallsDocument::V1(ShortfallsV1 {
            walks: shortfalls.walks.iter().map(walk).collect(),
            full_sync_ended: shortfalls.full_sync_ended.map(wall_text),
        }))
    };
    (!shortfalls.is_empty()).then(document)
}

/// Reads what [`shortfalls_json`] wrote.
fn shortfalls_from_json(text: &str) -> Result<Shortfalls, Unfit> {
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
    }
}
