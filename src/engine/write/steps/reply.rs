//! Set the flow's `repliedField` on the user issue, once it has come into a status of category done.

use super::evidence::{Horizon, StepEvidence};
use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::write::outcome::{Outcome, StepDone};
use crate::flow::{Event, Intent, SetReplied};
use crate::jira::{Edit, Fault, FieldValue, Fields, Progress};

/// A refusal costs no more than a warning.
pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &SetReplied) -> Result<Outcome, Error> {
    let user = &intent.user;
    let Some(field) = cx.jira.field_id(&step.field, &user.id).await? else {
        return Ok(refused(intent, format!("Jira has no field {}, or does not show it to this account", step.field)));
    };
    let progress = cx.jira.progress(&user.id, &[&field]).await?.ok_or_else(|| JiraFailure::LeftOut(user.clone()))?;
    if !progress.is_done || says_yes(&progress, &field) {
        return Ok(Outcome::Needless);
    }
    let edit = Edit { fields: Fields::from([(field, FieldValue::yes())]), ..Edit::default() };
    match cx.jira.edit(&user.id, &edit).await {
        Ok(_) => Ok(Outcome::Done(replied(intent, step))),
        Err(error) if matches!(error.what, Fault::Invalid(_) | Fault::Forbidden(_)) => {
            Ok(refused(intent, error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn find(cx: &Cx, intent: &Intent, step: &SetReplied) -> Result<StepEvidence, Error> {
    let user = &intent.user;
    let Some(field) = cx.jira.field_id(&step.field, &user.id).await? else {
        return Ok(StepEvidence::Lacking(Horizon::REQUEST));
    };
    Ok(match cx.jira.progress(&user.id, &[&field]).await? {
        Some(progress) if says_yes(&progress, &field) => StepEvidence::Shown(replied(intent, step)),
        Some(_) => StepEvidence::Lacking(Horizon::REQUEST),
        None => StepEvidence::Hidden,
    })
}

fn says_yes(progress: &Progress, field: &str) -> bool {
    progress.fields.get(field) == Some(&FieldValue::yes())
}

fn replied(intent: &Intent, step: &SetReplied) -> StepDone {
    StepDone::told([Event::Replied { key: intent.user.key.clone(), field: step.field.clone() }])
}

fn refused(intent: &Intent, why: String) -> Outcome {
    Outcome::Done(StepDone::refused(intent, "repliedField", why))
}
