//! What comes of a rollback: the incident, its note, and the first postmortem.

use crate::agent::Outcome;
use crate::effects::{ReadTimeline, TimelineLine, WriteNote, Written};
use crate::incident::Incident;
use crate::postmortem::Postmortem;
use crate::testing_support::{Story, given};
use orchestra_events::people::{IncidentOpened, PostmortemWritten};
use orchestra_events::pipeline::{AnalysisFinished, RollbackEvent, RollbackStatus, RunEnded};
use orchestra_events::{Digest, Event, Timestamp};

fn rollback(status: RollbackStatus, environment: &str) -> RollbackEvent {
    RollbackEvent { status, environment: environment.to_owned(), ..RollbackEvent::example() }
}

fn written() -> Outcome<Written> {
    Outcome::Done(Written { digest: Digest::of(b"note") })
}

#[test]
fn a_rollback_opens_one_incident_with_its_note() {
    let mut story = given::<Incident>();
    story.when(rollback(RollbackStatus::Requested, "staging")).wants_nothing();
    story.when(rollback(RollbackStatus::InProgress, "staging"));
    let note = story.asked::<WriteNote>().remove(0);
    assert_eq!(note.file, "incidents/INC-1.md");
    for part in ["# INC-1: web goes back from a1b2c3d to 9f8e7d6", "severity: sev3", "run: RUN-1", "5.4 %"] {
        assert!(note.text.contains(part), "{part} in {}", note.text);
    }
    story.when_answered::<WriteNote>(written());
    let opened = story.only::<IncidentOpened>();
    assert_eq!((opened.id.as_str(), opened.file.as_str()), ("INC-1", "incidents/INC-1.md"));
    story.when(rollback(RollbackStatus::Failed, "staging")).wants_nothing();
}

#[test]
fn how_bad_it_is_follows_from_where_and_whether_it_worked() {
    let table = [
        (RollbackStatus::InProgress, "staging", "sev3"),
        (RollbackStatus::InProgress, "production", "sev2"),
        (RollbackStatus::Failed, "staging", "sev2"),
        (RollbackStatus::Failed, "production", "sev1"),
    ];
    for (status, environment, severity) in table {
        let mut story = given::<Incident>();
        story.when(rollback(status, environment)).when_answered::<WriteNote>(written());
        assert_eq!(story.only::<IncidentOpened>().severity, severity, "{status:?} in {environment}");
    }
}

#[test]
fn a_note_that_can_t_be_written_does_not_hide_the_incident() {
    let mut story = given::<Incident>();
    story.when(rollback(RollbackStatus::InProgress, "staging"));
    story.when_answered::<WriteNote>(Outcome::Failed("the disk is full".into()));
    assert_eq!(story.only::<IncidentOpened>().file, "not written: the disk is full");
}

fn timeline() -> Outcome<Vec<TimelineLine>> {
    let line = |event: &str, what: &str| TimelineLine {
        at: Timestamp(1_795_692_000_000),
        event: event.to_owned(),
        actor: "deployment".to_owned(),
        what: what.to_owned(),
    };
    Outcome::Done(vec![line("e1", "web takes 20 % of the traffic"), line("e2", "web goes back to 9f8e7d6")])
}

fn ended(story: &mut Story) {
    story.when(RunEnded { outcome: orchestra_events::pipeline::Outcome::RolledBack, ..RunEnded::example() });
}

#[test]
fn the_postmortem_waits_for_the_run_s_end_and_names_the_event_behind_every_line() {
    let mut story = given::<Postmortem>();
    story.pipeline().observability.analyses.insert("web".into(), AnalysisFinished::example());
    story.when(rollback(RollbackStatus::Success, "staging")).wants_nothing();
    ended(&mut story);
    assert_eq!(story.asked::<ReadTimeline>().len(), 1);
    story.when_answered::<ReadTimeline>(timeline());
    let note = story.asked::<WriteNote>().remove(0);
    assert_eq!(note.file, "postmortems/INC-1.md");
    let (_, lines) = note.text.split_once("## Timeline (UTC)").unwrap();
    let lines: Vec<&str> = lines.lines().filter(|line| line.contains("web")).collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].ends_with("(deployment, event e1)") && lines[1].ends_with("(deployment, event e2)"),
        "{lines:?}"
    );
    assert!(
        note.text.contains("| errors in percent | 0.10 | 5.40 | 1.00 | 1.0e-5 | fail |"),
        "{}",
        note.text
    );
    story.when_answered::<WriteNote>(written());
    let told = story.only::<PostmortemWritten>();
    assert_eq!((told.incident.as_str(), told.lines), ("INC-1", 2));
}

#[test]
fn a_run_without_a_rollback_gets_no_postmortem() {
    let mut story = given::<Postmortem>();
    ended(&mut story);
    story.wants_nothing();
}

#[test]
fn a_rollback_after_the_run_s_end_is_written_at_once() {
    let mut story = given::<Postmortem>();
    ended(&mut story);
    story.when(rollback(RollbackStatus::Success, "staging"));
    assert_eq!(story.asked::<ReadTimeline>().len(), 1);
}

#[test]
fn a_log_that_can_t_be_read_writes_nothing_and_invents_nothing() {
    let mut story = given::<Postmortem>();
    story.when(rollback(RollbackStatus::Success, "staging"));
    ended(&mut story);
    story.when_answered::<ReadTimeline>(Outcome::Failed("the log is damaged".into())).wants_nothing();
}
