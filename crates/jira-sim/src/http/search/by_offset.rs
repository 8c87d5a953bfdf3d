//! Data Center's search: a page is what lies from one place to another in what is found at that moment. So an issue
//! that changes its place meanwhile makes others be repeated or skipped.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::http::answer::{Answer, USUAL_PAGE};
use crate::http::call::Call;
use crate::http::members;
use crate::http::wire::{Fields, Selection, Wire};
use crate::state::State;

/// More rows than this are never answered, though it is not documented (`jira.search.views.default.max`).
const LARGEST_PAGE: usize = 1000;

pub(in crate::http) fn by_query(state: &State, call: &Call) -> Result<Answer, Answer> {
    let ask = OffsetSearch {
        jql: call.query("jql").unwrap_or_default().into(),
        start: call.number("startAt")?.unwrap_or(0),
        most: call.number("maxResults")?.unwrap_or(USUAL_PAGE),
        // Older servers took words here; all but a plain no mean yes.
        validate: call.query("validateQuery").is_none_or(|text| !text.eq_ignore_ascii_case("false")),
        selection: selection(call.list("fields"), call.list("expand")),
    };
    ask.answer(state, call)
}

pub(in crate::http) fn by_body(state: &State, call: &Call) -> Result<Answer, Answer> {
    let body = call.json()?;
    let members = members::known(&body, &["expand", "fields", "jql", "maxResults", "startAt", "validateQuery"])?;
    let ask = OffsetSearch {
        jql: members::text(members, "jql")?.unwrap_or_default(),
        start: members::number(members, "startAt")?.unwrap_or(0),
        most: members::number(members, "maxResults")?.unwrap_or(USUAL_PAGE),
        validate: members::flag(members, "validateQuery")?.unwrap_or(true),
        selection: selection(members::texts(members, "fields")?, members::texts(members, "expand")?),
    };
    ask.answer(state, call)
}

/// Unless told otherwise, all that a person sees in a list. Properties cannot be asked for.
fn selection(fields: Option<Vec<String>>, expand: Option<Vec<String>>) -> Selection {
    Selection {
        fields: fields.map_or_else(|| Fields::of(&["*navigable"]), Fields::Named),
        expand: expand.unwrap_or_default(),
        properties: Vec::new(),
    }
}

struct OffsetSearch {
    jql: String,
    start: usize,
    most: usize,
    validate: bool,
    selection: Selection,
}

impl OffsetSearch {
    fn answer(&self, state: &State, call: &Call) -> Result<Answer, Answer> {
        let query = super::query(state, call, &self.jql, self.validate)?;
        let most = self.most.min(LARGEST_PAGE).min(state.setup.page_cap);
        if self.start.saturating_add(most) > state.setup.offset_limit {
            return Err(Answer::broken_down("Internal server error"));
        }
        let rows = super::rows(state, &call.account, &query, &BTreeSet::new());
        let wire = Wire::new(state, call);
        let page = rows.iter().skip(self.start).take(most);
        let issues: Vec<Value> = page.map(|(_, issue)| super::row(&wire, issue, &self.selection)).collect();
        let mut answer = json!({
            "expand": "schema,names", "startAt": self.start, "maxResults": most, "total": rows.len(), "issues": issues,
        });
        if !query.warnings.is_empty() {
            answer["warningMessages"] = query.warnings.into();
        }
        Ok(Answer::ok(answer))
    }
}
