//! Our mark, as Jira keeps it: the value of an issue's or a comment's property.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::flow::{IntentId, Mark, SiteUrl};

/// The property that carries our mark.
pub(in crate::jira) const PROPERTY: &str = "lockstep";

/// What is written must never get another member: versions that refuse those they don't know would take the issue for one
/// without a mark, and create again. Whatever is new goes elsewhere.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkBean {
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_issue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dev_issue: Option<String>,
    intent: String,
}

/// A property as it is written with an issue or a comment, and as comments answer it.
#[derive(Deserialize)]
pub(in crate::jira) struct Property {
    pub key: String,
    /// Anything, however deep: people can set it too.
    pub value: Box<RawValue>,
}

/// The list of properties with which an issue is created or edited.
pub(in crate::jira) fn marked_with(mark: &Mark) -> Value {
    json!([{"key": PROPERTY, "value": mark_value(mark)}])
}

/// The list of properties with which a comment is created.
pub(in crate::jira) fn comment_of(intent: &IntentId) -> Value {
    json!([{"key": PROPERTY, "value": {"intent": intent.as_str()}}])
}

/// The intent that a comment's properties name.
pub(in crate::jira) fn intent_in(properties: &[Property]) -> Option<IntentId> {
    #[derive(Deserialize)]
    struct Said {
        intent: String,
    }
    let ours = properties.iter().find(|property| property.key == PROPERTY)?;
    serde_json::from_str::<Said>(ours.value.get()).ok()?.intent.parse().ok()
}

/// A mark as Jira is to keep it.
pub(in crate::jira) fn mark_value(mark: &Mark) -> Value {
    let bean = match mark {
        Mark::Created { site, user_issue, intent } => MarkBean {
            site: Some(site.to_string()),
            user_issue: Some(user_issue.to_string()),
            dev_issue: None,
            intent: intent.to_string(),
        },
        Mark::Linked { dev_issue, intent } => MarkBean {
            site: None,
            user_issue: None,
            dev_issue: Some(dev_issue.to_string()),
            intent: intent.to_string(),
        },
    };
    json!(bean)
}

fn within_string(value: &RawValue) -> Option<MarkBean> {
    serde_json::from_str(&serde_json::from_str::<String>(value.get()).ok()?).ok()
}

/// A mark that Jira kept; `None` for what is not ours or not whole. Members that a mark of its kind does not have are left
/// aside.
///
/// Data Center's document has property values as strings: a string that holds JSON counts as that JSON.
pub(in crate::jira) fn mark(value: &RawValue) -> Option<Mark> {
    let bean: MarkBean = serde_json::from_str(value.get()).ok().or_else(|| within_string(value))?;
    let intent = bean.intent.parse().ok()?;
    match (bean.site, bean.user_issue, bean.dev_issue) {
        (Some(site), Some(user), _) => {
            Some(Mark::Created { site: site.parse::<SiteUrl>().ok()?, user_issue: user.parse().ok()?, intent })
        }
        (_, None, Some(dev)) => Some(Mark::Linked { dev_issue: dev.parse().ok()?, intent }),
        (None, Some(_), _) | (_, None, None) => None,
    }
}

#[cfg(test)]
mod frozen;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &Value) -> Option<Mark> {
        mark(&RawValue::from_string(value.to_string()).unwrap())
    }

    #[test]
    fn what_people_set_in_the_name_of_a_mark_is_no_mark_however_deep() {
        for depth in [1, 127, 150, 10_000] {
            let value = RawValue::from_string(format!("{}{}", "[".repeat(depth), "]".repeat(depth))).unwrap();
            assert_eq!(mark(&value), None);
            let within = RawValue::from_string(format!(r#"{{"intent": "i-1", "devIssue": {value}}}"#)).unwrap();
            assert_eq!(mark(&within), None);
        }
    }

    fn created() -> Mark {
        Mark::Created {
            site: "https://a.example.net".parse().unwrap(),
            user_issue: "10001".parse().unwrap(),
            intent: "i-1".parse().unwrap(),
        }
    }

    fn linked() -> Mark {
        Mark::Linked { dev_issue: "10002".parse().unwrap(), intent: "i-1".parse().unwrap() }
    }

    #[test]
    fn marks_survive_being_kept_by_jira_and_foreign_properties_are_no_marks() {
        for ours in [created(), linked()] {
            let value = mark_value(&ours);
            assert_eq!(read(&json!(value.to_string())), Some(ours.clone()), "as a string");
            assert_eq!(read(&value), Some(ours));
        }
        for foreign in [
            json!(null),
            json!({"intent": "x"}),
            json!({"userIssue": "1", "intent": "x"}),
            json!({"site": "https://a.example.net", "userIssue": "1"}),
            json!({"site": "no address", "userIssue": "1", "intent": "x"}),
        ] {
            assert_eq!(read(&foreign), None, "{foreign}");
        }
    }

    #[test]
    fn members_that_a_mark_does_not_have_are_left_aside() {
        for ours in [created(), linked()] {
            for (name, more) in [("version", json!(2)), ("cloud", json!({"id": "x"})), ("devIssue", json!("10002"))] {
                let mut value = mark_value(&ours);
                value[name] = more;
                assert_eq!(read(&value), Some(ours.clone()), "{value}");
                assert_eq!(read(&json!(value.to_string())), Some(ours.clone()), "{value} as a string");
            }
        }
        let mut linked_with_site = mark_value(&linked());
        linked_with_site["site"] = json!("https://a.example.net");
        assert_eq!(read(&linked_with_site), Some(linked()));
    }

    /// A daemon that was put back to an earlier version would else create everything a second time.
    #[test]
    fn marks_are_written_as_the_first_reader_of_them_reads_them() {
        for ours in [created(), linked()] {
            let by_itself = mark_value(&ours);
            let with_issue = marked_with(&ours)[0].clone();
            assert_eq!(with_issue["key"], PROPERTY);
            for value in [&by_itself, &with_issue["value"]] {
                assert_eq!(frozen::mark(value), Some(ours.clone()), "{value}");
                assert_eq!(frozen::mark(&json!(value.to_string())), Some(ours.clone()), "{value} as a string");
            }
        }
        let on_comment = comment_of(&"i-1".parse().unwrap());
        let properties: Vec<frozen::Property> = serde_json::from_value(on_comment).unwrap();
        assert_eq!(frozen::intent_in(&properties), Some("i-1".parse().unwrap()));
    }

    #[test]
    fn a_comment_tells_its_intent_and_others_tell_none() {
        let told = |json: Value| {
            let properties: Vec<Property> = serde_json::from_value(json).unwrap();
            intent_in(&properties).map(|intent| intent.to_string())
        };
        assert_eq!(told(comment_of(&"i-1".parse().unwrap())).as_deref(), Some("i-1"));
        assert_eq!(told(json!([{"key": "sd.public.comment", "value": {"internal": true}}])), None);
    }
}
