//! How the projects that a flow served are kept.

use serde::{Deserialize, Serialize};

use super::{Text, Unfit, from_json, json};
use crate::flow::{Extent, JiraTime, ProjectId, ProjectKey, Served, ServedProject, SiteUrl};

/// The document of both projects.
pub(in crate::store) fn served_json(served: &Served) -> String {
    json(&Document::V1(V1 {
        site: Text(served.site.clone()),
        since: Text(served.since),
        user: ProjectV1::of(&served.user),
        dev: ProjectV1::of(&served.dev),
    }))
}

/// Reads what [`served_json`] wrote.
pub(in crate::store) fn served_from_json(text: &str) -> Result<Served, Unfit> {
    let Document::V1(V1 { site, since, user, dev }) = from_json("projects of the flow", text)?;
    Ok(Served { site: site.0, since: since.0, user: user.project(), dev: dev.project() })
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "version")]
enum Document {
    #[serde(rename = "1")]
    V1(V1),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct V1 {
    site: Text<SiteUrl>,
    since: Text<JiraTime>,
    user: ProjectV1,
    dev: ProjectV1,
}

/// Of `owed` and `from` one is absent at least.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectV1 {
    id: Text<ProjectId>,
    written: Text<ProjectKey>,
    keys: Vec<Text<ProjectKey>>,
    owed: Option<Text<JiraTime>>,
    from: Option<Text<JiraTime>>,
}

impl ProjectV1 {
    fn of(project: &ServedProject) -> Self {
        let ServedProject { id, written, keys, extent } = project;
        let (owed, from) = match extent {
            Extent::AsTheFlow => (None, None),
            Extent::Owed(since) => (Some(Text(*since)), None),
            Extent::From(since) => (None, Some(Text(*since))),
        };
        let keys = keys.iter().cloned().map(Text).collect();
        Self { id: Text(id.clone()), written: Text(written.clone()), keys, owed, from }
    }

    fn project(self) -> ServedProject {
        let extent = match (self.owed, self.from) {
            (Some(since), _) => Extent::Owed(since.0),
            (None, Some(since)) => Extent::From(since.0),
            (None, None) => Extent::AsTheFlow,
        };
        let keys = self.keys.into_iter().map(|key| key.0).collect();
        ServedProject { id: self.id.0, written: self.written.0, keys, extent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_of_a_flow_are_kept_as_this_document() {
        let project = |id: &str, written: &str, keys: &[&str], extent| ServedProject {
            id: id.parse().unwrap(),
            written: written.parse().unwrap(),
            keys: keys.iter().map(|key| key.parse().unwrap()).collect(),
            extent,
        };
        let since = "2026-03-02T00:00:00.000Z".parse().unwrap();
        let served = Served {
            site: "https://a.example.net".parse().unwrap(),
            since,
            user: project("10000", "UAB", &["UAB", "URX"], Extent::From(since)),
            dev: project("10001", "DAB", &["DAB"], Extent::Owed(since)),
        };
        let text = concat!(
            r#"{"version":"1","site":"https://a.example.net","since":"2026-03-02T00:00:00.000Z","#,
            r#""user":{"id":"10000","written":"UAB","keys":["UAB","URX"],"owed":null,"from":"2026-03-02T00:00:00.000Z"},"#,
            r#""dev":{"id":"10001","written":"DAB","keys":["DAB"],"owed":"2026-03-02T00:00:00.000Z","from":null}}"#,
        );
        assert_eq!(served_json(&served), text);
        assert_eq!(served_from_json(text), Ok(served));
        assert!(served_from_json("{}").unwrap_err().to_string().starts_with("projects of the flow: "));
    }
}
