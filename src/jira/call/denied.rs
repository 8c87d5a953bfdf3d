//! Which kinds of requests Jira refuses, though it accepts the account: told once for each, not for each issue.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::Ask;

/// What Jira said last to each endpoint that it refuses. As many as the program knows endpoints.
#[derive(Default)]
pub(super) struct DeniedRequests(Mutex<BTreeMap<&'static str, String>>);

impl DeniedRequests {
    pub(super) fn note(&self, ask: &Ask, said: &str) {
        self.0.lock().insert(ask.endpoint, format!("{}: {said}", kind(ask)));
    }

    /// A good answer came.
    pub(super) fn clear(&self, ask: &Ask) {
        self.0.lock().remove(ask.endpoint);
    }

    pub(super) fn list(&self) -> Vec<String> {
        self.0.lock().values().cloned().collect()
    }
}

/// Method and path, without what names one issue or file.
fn kind(ask: &Ask) -> String {
    let path = ask.path.split('?').next().unwrap_or_default();
    let path = path.split_once("/secure/attachment/").map_or(path, |_| "/secure/attachment/0");
    let number = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let named = |segment: &str, before: &str| number(segment) && !matches!(before, "api" | "1.0");
    let segments: Vec<_> = path.split('/').collect();
    let before = std::iter::once("").chain(segments.iter().copied());
    let shown =
        segments.iter().zip(before).map(|(segment, before)| if named(segment, before) { "{id}" } else { segment });
    format!("{} {}", ask.method, shown.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jira::get;

    #[test]
    fn requests_of_one_kind_are_told_as_one() {
        let kinds = [
            "/rest/api/3/issue/10001/attachments?x=7",
            "/rest/api/2/attachment/content/77",
            "/secure/attachment/77/a%20b.png",
            "/rest/api/3/search/jql",
        ];
        let told = kinds.map(|path| kind(&get(path.to_owned(), "x")));
        assert_eq!(
            told,
            [
                "GET /rest/api/3/issue/{id}/attachments",
                "GET /rest/api/2/attachment/content/{id}",
                "GET /secure/attachment/{id}",
                "GET /rest/api/3/search/jql",
            ]
        );
    }

    #[test]
    fn a_kind_that_is_answered_well_again_is_told_no_more() {
        let (denied, ask) = (DeniedRequests::default(), get("/rest/api/3/issue/1".to_owned(), "issue"));
        denied.note(&ask, "401");
        denied.note(&Ask { path: "/rest/api/3/issue/2".to_owned(), ..get(String::new(), "issue") }, "401");
        assert_eq!(denied.list(), ["GET /rest/api/3/issue/{id}: 401"]);
        denied.clear(&ask);
        assert_eq!(denied.list(), [""; 0]);
    }
}
