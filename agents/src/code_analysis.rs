//! Reads a commit for what should not be in it: committed secrets, conflict markers, files that don't parse.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome};
use crate::context::Cx;
use crate::effects::{Scan, Scanned};
use orchestra_events::pipeline::{self, CodePush, CodeRef, Remark, RunEnded};
use serde::{Deserialize, Serialize};

/// How many remarks of a kind travel; the rest is counted in a note.
const REMARKS: usize = 50;

agent! {
    /// Reads a commit for what should not be in it: committed secrets, conflict markers, files that don't parse.
    CodeAnalysis = "code-analysis",
    keyed by Run,
    state Stage,
    subscribes { CodePush, RunEnded },
    publishes { pipeline::CodeAnalysis },
    uses { Scan },
}

/// Where a run's analysis stands.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not begun, or done.
    #[default]
    Idle,
    /// It goes on, as this effect, for this repository.
    Reading(String, String),
}

impl Handles<CodePush> for CodeAnalysis {
    fn handle(stage: &mut Stage, push: &CodePush, cx: &mut Cx<'_, Self>) {
        if push.kept.is_none() && *stage == Stage::Idle {
            cx.because(format!("{} is to be read", push.repo));
            *stage = Stage::Reading(cx.perform::<Scan>(push.code.clone()), push.repo.clone());
        }
    }
}

impl Answers<Scan> for CodeAnalysis {
    fn answer(stage: &mut Stage, _: CodeRef, outcome: Outcome<Scanned>, cx: &mut Cx<'_, Self>) {
        let Stage::Reading(_, repo) = std::mem::take(stage) else { return };
        let (scanned, reason) = match outcome {
            Outcome::Done(scanned) => (scanned, None),
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                (Scanned { errors: vec![], warnings: vec![], notes: vec![] }, Some(reason))
            }
        };
        let mut notes = scanned.notes;
        let errors = shortened(scanned.errors, "errors", &mut notes);
        let warnings = shortened(scanned.warnings, "warnings", &mut notes);
        notes.truncate(REMARKS);
        cx.because(format!("{} errors, {} warnings", errors.len(), warnings.len()));
        cx.publish(pipeline::CodeAnalysis {
            repo,
            passed: errors.is_empty() && reason.is_none(),
            warnings,
            errors,
            notes,
            agent: "code-analysis".to_owned(),
            reason,
        });
    }
}

impl Handles<RunEnded> for CodeAnalysis {
    fn handle(stage: &mut Stage, _: &RunEnded, cx: &mut Cx<'_, Self>) {
        if let Stage::Reading(effect, _) = stage {
            cx.cancel(effect.clone());
        }
        cx.forget();
    }
}

fn shortened(mut remarks: Vec<Remark>, what: &str, notes: &mut Vec<Remark>) -> Vec<Remark> {
    if remarks.len() > REMARKS {
        let message = format!("{} more {what} are not shown", remarks.len() - REMARKS);
        notes.insert(0, Remark { rule: "too-many".to_owned(), file: String::new(), line: 0, message });
        remarks.truncate(REMARKS);
    }
    remarks
}
