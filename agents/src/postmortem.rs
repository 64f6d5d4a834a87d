//! Writes the first postmortem of a run that was rolled back: its timeline from the log, each line with the id of
//! the event behind it.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome};
use crate::context::Cx;
use crate::effects::{Note, ReadTimeline, TimelineLine, WriteNote, Written};
use orchestra_events::people::PostmortemWritten;
use orchestra_events::pipeline::{RollbackEvent, RollbackStatus, RunEnded};
use orchestra_events::{PipelineState, RunId};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

agent! {
    /// Writes the first postmortem of a run that was rolled back, each line with the id of the event behind it.
    Postmortem = "postmortem",
    keyed by Run,
    state Stage,
    subscribes { RollbackEvent, RunEnded },
    publishes { PostmortemWritten },
    uses { ReadTimeline, WriteNote },
}

/// Where a run's postmortem stands.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing went wrong yet.
    #[default]
    None,
    /// A rollback is over; the run is not.
    Waiting,
    /// The log is read.
    Reading,
    /// The text is written: this many lines.
    Writing(usize),
    /// It is written.
    Written,
}

impl Handles<RollbackEvent> for Postmortem {
    fn handle(stage: &mut Stage, event: &RollbackEvent, cx: &mut Cx<'_, Self>) {
        let over = matches!(event.status, RollbackStatus::Success | RollbackStatus::Failed);
        if !over || !matches!(stage, Stage::None | Stage::Written) {
            return;
        }
        // A rollback asked for after its run had ended has no other end to wait for.
        if cx.pipeline().ended() { read(stage, cx) } else { *stage = Stage::Waiting }
    }
}

impl Handles<RunEnded> for Postmortem {
    fn handle(stage: &mut Stage, _: &RunEnded, cx: &mut Cx<'_, Self>) {
        if *stage == Stage::Waiting {
            read(stage, cx);
        }
    }
}

fn read(stage: &mut Stage, cx: &mut Cx<'_, Postmortem>) {
    let Some(run) = cx.run() else { return };
    cx.because("the run was rolled back");
    cx.perform::<ReadTimeline>(run);
    *stage = Stage::Reading;
}

impl Answers<ReadTimeline> for Postmortem {
    fn answer(stage: &mut Stage, run: RunId, outcome: Outcome<Vec<TimelineLine>>, cx: &mut Cx<'_, Self>) {
        let Outcome::Done(lines) = outcome else {
            *stage = Stage::Written;
            return;
        };
        let text = postmortem(run, cx.pipeline(), &lines);
        cx.because(format!("{} events are told", lines.len()));
        cx.perform::<WriteNote>(Note { file: file(run), text });
        *stage = Stage::Writing(lines.len());
    }
}

impl Answers<WriteNote> for Postmortem {
    fn answer(stage: &mut Stage, note: Note, outcome: Outcome<Written>, cx: &mut Cx<'_, Self>) {
        let Stage::Writing(lines) = *stage else { return };
        *stage = Stage::Written;
        let (Outcome::Done(written), Some(run)) = (outcome, cx.run()) else { return };
        cx.because(note.file.clone());
        cx.publish(PostmortemWritten {
            incident: format!("INC-{}", run.0),
            repo: cx.pipeline().repo_context.repo.clone(),
            file: note.file,
            text: written.digest,
            lines,
        });
    }
}

fn file(run: RunId) -> String {
    format!("postmortems/INC-{}.md", run.0)
}

/// The text: what happened, the numbers, the timeline, and what is left for people to say.
fn postmortem(run: RunId, state: &PipelineState, lines: &[TimelineLine]) -> String {
    let mut text = String::new();
    let context = &state.repo_context;
    let Some(rollback) = &state.rollback else { return text };
    let event = &rollback.last;
    let (from, to) = (event.rollback_from.as_deref(), event.rollback_to.as_deref());
    let title = format!("{} {} in {}", event.service, from.unwrap_or("?"), event.environment);
    let seconds = (rollback.changed.0 - rollback.requested.0) as f64 / 1000.0;
    // Writing to a `String` can't fail.
    _ = writeln!(text, "# Postmortem INC-{}: {title}\n", run.0);
    _ = writeln!(text, "A first draft from the log; every line of the timeline names the event behind it.\n");
    _ = writeln!(text, "## Summary\n");
    _ = writeln!(text, "- what: {} was taken back to {}", from.unwrap_or("?"), to.unwrap_or("nothing"));
    _ = writeln!(text, "- why: {}", event.reason);
    _ = writeln!(text, "- triggered by: {}", event.triggered_by);
    _ = writeln!(text, "- from the decision to the traffic being back: {seconds:.1} s");
    _ = writeln!(text, "- change: {} by {} ({})", context.message, context.author, context.version());
    for line in &context.change {
        _ = writeln!(text, "  - {line}");
    }
    if let Some(analysis) = state.observability.analyses.get(&event.service)
        && !analysis.numbers.is_empty()
    {
        _ = writeln!(text, "\n## Numbers compared\n");
        _ = writeln!(text, "| metric | before | new | tolerated up to | p | verdict |");
        _ = writeln!(text, "| --- | --- | --- | --- | --- | --- |");
        for number in &analysis.numbers {
            let shown =
                |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
            let p_value = number.p_value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1e}"));
            let (before, new) = (shown(number.baseline), shown(number.canary));
            let verdict = format!("{:?}", number.verdict).to_lowercase();
            let (metric, tolerated) = (&number.metric, number.tolerated);
            _ = writeln!(text, "| {metric} | {before} | {new} | {tolerated:.2} | {p_value} | {verdict} |");
        }
    }
    _ = writeln!(text, "\n## Timeline (UTC)\n");
    for line in lines {
        _ = writeln!(text, "- {} {} ({}, event {})", line.at.clock(), line.what, line.actor, line.event);
    }
    _ = writeln!(text, "\n## For people to fill in\n");
    _ = writeln!(text, "- impact:\n- root cause:\n- action items:");
    text
}
