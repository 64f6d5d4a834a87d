//! Runs a commit's tests and reads the report into totals.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome};
use crate::context::Cx;
use crate::effects::{TestRequest, TestWork, Tested};
use orchestra_events::pipeline::{BuildReady, RunEnded, Status, TestResults};
use serde::{Deserialize, Serialize};

agent! {
    /// Runs a commit's tests and reads the report into totals.
    Test = "test",
    keyed by Run,
    state Stage,
    subscribes { BuildReady, RunEnded },
    publishes { TestResults },
    uses { TestWork },
}

/// Where a run's tests stand.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not begun.
    #[default]
    Idle,
    /// They run, as this effect.
    Testing(String),
}

impl Handles<BuildReady> for Test {
    fn handle(stage: &mut Stage, built: &BuildReady, cx: &mut Cx<'_, Self>) {
        if built.status != Status::Success || *stage != Stage::Idle {
            return;
        }
        let context = &cx.pipeline().repo_context;
        let (Some(pipeline), Some(code)) = (context.config.clone(), context.code.clone()) else { return };
        if !pipeline.testing.enabled {
            cx.because("the file switches testing off");
            let reason = Some("the file switches testing off".to_owned());
            cx.publish(TestResults { reason, ..results(&built.repo, Status::Success) });
            return;
        }
        cx.because("the build succeeded");
        cx.publish(results(&built.repo, Status::InProgress));
        *stage =
            Stage::Testing(cx.perform::<TestWork>(TestRequest { repo: built.repo.clone(), code, pipeline }));
    }
}

impl Answers<TestWork> for Test {
    fn answer(stage: &mut Stage, request: TestRequest, outcome: Outcome<Tested>, cx: &mut Cx<'_, Self>) {
        *stage = Stage::Idle;
        let event = match outcome {
            Outcome::Done(tested) => {
                let (total, passed, failed, skipped) = tested.totals.unwrap_or_default();
                // Silence is never success: without totals nothing passed, whatever the exit code was.
                let well = tested.passed && tested.totals.is_some() && failed == 0;
                TestResults {
                    total_tests: total,
                    passed,
                    failed,
                    skipped,
                    logs: tested.log,
                    failures: tested.failures,
                    reason: tested.reason,
                    ..results(&request.repo, if well { Status::Success } else { Status::Failed })
                }
            }
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                TestResults { reason: Some(reason), ..results(&request.repo, Status::Failed) }
            }
        };
        cx.because(format!("{} of {} tests passed", event.passed, event.total_tests));
        cx.publish(event);
    }
}

impl Handles<RunEnded> for Test {
    fn handle(stage: &mut Stage, _: &RunEnded, cx: &mut Cx<'_, Self>) {
        if let Stage::Testing(effect) = stage {
            cx.cancel(effect.clone());
        }
        cx.forget();
    }
}

fn results(repo: &str, status: Status) -> TestResults {
    TestResults {
        repo: repo.to_owned(),
        total_tests: 0,
        passed: 0,
        failed: 0,
        coverage: None,
        logs: None,
        agent: "test".to_owned(),
        status,
        skipped: 0,
        failures: Vec::new(),
        reason: None,
    }
}
