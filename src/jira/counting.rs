//! How many issues there are, for people who wait.

use super::{Client, Error, jql, wire};
use crate::flow::ProjectId;

impl Client {
    /// About how many issues `projects` hold together, of those shown to us; Jira itself calls it an estimate. `None`
    /// where the site does not tell: no work may fail for the sake of a number. Needs *Browse projects*.
    ///
    /// # Errors
    /// When the site refuses us, or the worker was cancelled.
    pub async fn count(&self, projects: &[ProjectId]) -> Result<Option<u64>, Error> {
        if projects.is_empty() {
            return Ok(Some(0));
        }
        let counted = self.json::<wire::Count>(self.dialect.count(&jql::all(projects))).await;
        match counted {
            Ok(answer) => Ok(answer.value.number()),
            Err(error) if error.is_of_everything() => Err(error),
            Err(error) => {
                tracing::debug!("how many issues there are is not told: {error}");
                Ok(None)
            }
        }
    }
}
