//! Opens an incident for every rollback that begins or can't be done, and writes its note.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome};
use crate::context::Cx;
use crate::effects::{Note, WriteNote, Written};
use orchestra_events::people::IncidentOpened;
use orchestra_events::pipeline::{RollbackEvent, RollbackStatus};
use serde::{Deserialize, Serialize};

agent! {
    /// Opens an incident for every rollback that begins or can't be done, and writes its note.
    Incident = "incident",
    keyed by Run,
    state Stage,
    subscribes { RollbackEvent },
    publishes { IncidentOpened },
    uses { WriteNote },
}

/// Whether a run has its incident.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It has none.
    #[default]
    None,
    /// Its note is being written.
    Writing(Box<IncidentOpened>),
    /// It is open.
    Open,
}

impl Handles<RollbackEvent> for Incident {
    fn handle(stage: &mut Stage, event: &RollbackEvent, cx: &mut Cx<'_, Self>) {
        let begins = matches!(event.status, RollbackStatus::InProgress | RollbackStatus::Failed);
        let Some(run) = cx.run().filter(|_| begins && *stage == Stage::None) else { return };
        let id = format!("INC-{}", run.0);
        let from = event.rollback_from.as_deref().unwrap_or("the new version");
        let to = event.rollback_to.as_deref().unwrap_or("nothing");
        let severity = severity(event, &event.environment);
        let title = match event.status {
            RollbackStatus::Failed => format!("{} can't be taken back from {from}", event.service),
            RollbackStatus::InProgress | RollbackStatus::Requested | RollbackStatus::Success => {
                format!("{} goes back from {from} to {to}", event.service)
            }
        };
        let text = format!(
            "# {id}: {title}\n\n- severity: {severity}\n- service: {} in {}\n- opened: {}\n- run: {run}\n- \
             triggered by: {}\n- event: {}\n\n{}\n",
            event.service,
            event.environment,
            cx.now().rfc3339(),
            event.triggered_by,
            cx.input(),
            event.reason
        );
        let file = format!("incidents/{id}.md");
        cx.because(title.clone());
        cx.perform::<WriteNote>(Note { file: file.clone(), text });
        *stage = Stage::Writing(Box::new(IncidentOpened {
            id,
            repo: event.repo.clone(),
            service: event.service.clone(),
            title,
            severity: severity.to_owned(),
            file,
        }));
    }
}

/// A rollback that works is a nuisance; one that does not, or in production, is more.
fn severity(event: &RollbackEvent, environment: &str) -> &'static str {
    match (event.status, environment) {
        (RollbackStatus::Failed, "production") => "sev1",
        (RollbackStatus::Failed, _) => "sev2",
        (_, "production") => "sev2",
        (_, _) => "sev3",
    }
}

impl Answers<WriteNote> for Incident {
    fn answer(stage: &mut Stage, _: Note, outcome: Outcome<Written>, cx: &mut Cx<'_, Self>) {
        let Stage::Writing(opened) = std::mem::take(stage) else { return };
        *stage = Stage::Open;
        let mut opened = *opened;
        if let Outcome::Failed(reason) | Outcome::Unknown(reason) = outcome {
            opened.file = format!("not written: {reason}");
        }
        cx.because(opened.title.clone());
        cx.publish(opened);
    }
}
