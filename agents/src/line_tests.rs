//! Build, tests, code analysis and infrastructure: the line from a push to what a deployment waits for.

use crate::agent::Outcome;
use crate::build::Build;
use crate::code_analysis::CodeAnalysis;
use crate::effects::{BuildWork, Built, Scan, Scanned, TestWork, Tested};
use crate::infrastructure::Infrastructure;
use crate::testing::Test;
use crate::testing_support::{Story, given, push};
use orchestra_events::file::pipeline::InfrastructureTool;
use orchestra_events::pipeline::{
    self, BuildReady, CodePush, IaCReady, Kept, Remark, RunEnded, Status, TestResults,
};
use orchestra_events::{Digest, Event};
use serde_json::json;

fn kept() -> CodePush {
    let kept =
        Kept { artefact: Digest::of(b"a"), start: vec![], search_paths: Default::default(), strategy: None };
    CodePush { kept: Some(kept), ..push("aaaaaaa", &["web"]) }
}

fn built(artefact: Result<Digest, String>) -> Outcome<Built> {
    Outcome::Done(Built {
        tool: "cargo".into(),
        artefact,
        start: vec!["bin/web".into()],
        search_paths: Default::default(),
        log: Some(Digest::of(b"log")),
    })
}

#[test]
fn a_push_is_built_and_the_artefact_travels_by_digest() {
    let mut story = given::<Build>();
    story.when(push("aaaaaaa", &["web"]));
    assert_eq!(story.only::<BuildReady>().status, Status::InProgress);
    assert_eq!(story.asked::<BuildWork>().len(), 1);
    story.when_answered::<BuildWork>(built(Ok(Digest::of(b"artefact"))));
    let ready = story.only::<BuildReady>();
    assert_eq!((ready.status, ready.artefact), (Status::Success, Some(Digest::of(b"artefact"))));
    assert_eq!((ready.tool.as_str(), ready.start), ("cargo", vec!["bin/web".to_owned()]));
}

#[test]
fn a_build_that_fails_says_why_and_keeps_its_log() {
    let outcomes =
        [built(Err("no rule".into())), Outcome::Failed("no rule".into()), Outcome::Unknown("no rule".into())];
    for outcome in outcomes {
        let mut story = given::<Build>();
        story.when(push("aaaaaaa", &["web"])).when_answered::<BuildWork>(outcome);
        let ready = story.only::<BuildReady>();
        assert_eq!((ready.status, ready.reason.as_deref()), (Status::Failed, Some("no rule")));
        assert_eq!(ready.artefact, None);
    }
}

#[test]
fn a_push_that_comes_twice_is_built_once_and_a_kept_version_never() {
    let mut story = given::<Build>();
    story.when(push("aaaaaaa", &["web"])).when(push("aaaaaaa", &["web"])).wants_nothing();
    let mut story = given::<Build>();
    story.when(kept()).wants_nothing();
}

#[test]
fn the_end_of_a_run_ends_the_work_on_it() {
    fn ends(mut story: Story) {
        let owed = story.owed[0].id.clone();
        story.when(RunEnded::example());
        assert_eq!(story.wants().cancelled, [owed]);
        assert!(story.forgot() && story.owed.is_empty());
    }
    let mut build = given::<Build>();
    build.when(push("aaaaaaa", &["web"]));
    ends(build);
    let mut analysis = given::<CodeAnalysis>();
    analysis.when(push("aaaaaaa", &["web"]));
    ends(analysis);
    ends(testing(true));
}

/// A run whose build succeeded.
fn testing(enabled: bool) -> Story {
    let mut story = given::<Test>();
    let mut push = push("aaaaaaa", &["web"]);
    push.config.testing.enabled = enabled;
    let context = &mut story.pipeline().repo_context;
    (context.config, context.code) = (Some(push.config), Some(push.code));
    story.when(BuildReady { status: Status::Success, ..BuildReady::example() });
    story
}

fn tested(passed: bool, totals: Option<(u64, u64, u64, u64)>) -> Outcome<Tested> {
    Outcome::Done(Tested { passed, totals, failures: vec![], reason: None, log: None })
}

#[test]
fn tests_pass_only_when_a_report_says_so() {
    let table = [
        (tested(true, Some((3, 3, 0, 1))), Status::Success),
        (tested(false, Some((3, 2, 1, 0))), Status::Failed),
        (tested(true, Some((3, 2, 1, 0))), Status::Failed),
        (tested(false, Some((3, 3, 0, 0))), Status::Failed),
        (tested(true, None), Status::Failed),
        (Outcome::Failed("it hung".into()), Status::Failed),
        (Outcome::Unknown("it hung".into()), Status::Failed),
    ];
    for (outcome, status) in table {
        let mut story = testing(true);
        assert_eq!(story.only::<TestResults>().status, Status::InProgress);
        story.when_answered::<TestWork>(outcome.clone());
        let results = story.only::<TestResults>();
        assert_eq!(results.status, status, "{outcome:?}");
        assert_eq!(results.passed + results.failed, results.total_tests);
    }
}

#[test]
fn a_file_that_switches_testing_off_is_obeyed_and_said() {
    let story = testing(false);
    let results = story.only::<TestResults>();
    assert_eq!((results.status, results.total_tests), (Status::Success, 0));
    assert_eq!(results.reason.as_deref(), Some("the file switches testing off"));
    assert!(story.asked::<TestWork>().is_empty());
}

#[test]
fn nothing_is_tested_that_was_not_built() {
    for status in [Status::Failed, Status::InProgress] {
        let mut story = given::<Test>();
        story.when(BuildReady { status, ..BuildReady::example() }).wants_nothing();
    }
}

fn remarks(many: usize) -> Vec<Remark> {
    let remark = |line| Remark { rule: "secret".into(), file: "a.rs".into(), line, message: "a key".into() };
    (1..).take(many).map(remark).collect()
}

fn scanned(errors: usize, warnings: usize) -> Outcome<Scanned> {
    Outcome::Done(Scanned { errors: remarks(errors), warnings: remarks(warnings), notes: vec![] })
}

#[test]
fn only_errors_and_what_could_not_be_read_stand_in_the_way() {
    let table = [
        (scanned(0, 0), true),
        (scanned(0, 9), true),
        (scanned(1, 0), false),
        (Outcome::Failed("the archive is gone".into()), false),
    ];
    for (outcome, passed) in table {
        let mut story = given::<CodeAnalysis>();
        story.when(push("aaaaaaa", &["web"])).when_answered::<Scan>(outcome.clone());
        assert_eq!(story.only::<pipeline::CodeAnalysis>().passed, passed, "{outcome:?}");
    }
}

#[test]
fn many_remarks_are_cut_and_counted_and_the_event_stays_small() {
    let mut story = given::<CodeAnalysis>();
    story.when(push("aaaaaaa", &["web"])).when_answered::<Scan>(scanned(70, 5_000));
    let analysis = story.only::<pipeline::CodeAnalysis>();
    assert_eq!((analysis.errors.len(), analysis.warnings.len()), (50, 50));
    let notes: Vec<&str> = analysis.notes.iter().map(|note| note.message.as_str()).collect();
    assert!(notes.contains(&"20 more errors are not shown"), "{notes:?}");
    assert!(notes.contains(&"4950 more warnings are not shown"), "{notes:?}");
    assert!(json!(analysis).to_string().len() < 64 * 1024);
}

#[test]
fn infrastructure_is_judged_when_the_tests_are_known() {
    let table = [
        (InfrastructureTool::None, Status::Success, "asks for none"),
        (InfrastructureTool::Terraform, Status::Failed, "`terraform` is not served"),
        (InfrastructureTool::CloudFormation, Status::Failed, "`cloudformation` is not served"),
    ];
    for (tool, status, says) in table {
        let mut push = push("aaaaaaa", &["web"]);
        push.config.infrastructure.tool = tool;
        let mut story = given::<Infrastructure>();
        story.pipeline().repo_context.config = Some(push.config.clone());
        story.when(TestResults { status: Status::Success, ..TestResults::example() });
        let ready = story.only::<IaCReady>();
        assert!(ready.status == status && ready.reason.contains(says), "{ready:?}");

        let mut story = given::<Infrastructure>();
        story.when(CodePush { config: push.config, ..kept() });
        assert_eq!(story.only::<IaCReady>().status, status, "a kept version is judged at once");
    }
}

#[test]
fn tests_that_fail_or_still_run_need_no_infrastructure() {
    for status in [Status::Failed, Status::InProgress] {
        let mut story = given::<Infrastructure>();
        story.when(TestResults { status, ..TestResults::example() }).wants_nothing();
    }
    let mut story = given::<Infrastructure>();
    story.when(push("aaaaaaa", &["web"])).wants_nothing();
}
