//! Says whether the infrastructure that a deployment needs is there.

use crate::agent;
use crate::agent::Handles;
use crate::context::Cx;
use orchestra_events::file::pipeline::InfrastructureTool;
use orchestra_events::pipeline::{CodePush, IaCReady, Status, TestResults};

agent! {
    /// Says whether the infrastructure that a deployment needs is there.
    Infrastructure = "infrastructure",
    keyed by Run,
    state (),
    subscribes { CodePush, TestResults },
    publishes { IaCReady },
    uses {},
}

impl Handles<CodePush> for Infrastructure {
    /// A kept version is not tested anew, so its infrastructure is judged at once.
    fn handle(_: &mut (), push: &CodePush, cx: &mut Cx<'_, Self>) {
        if push.kept.is_some() {
            judge(&push.repo, push.config.infrastructure.tool, cx);
        }
    }
}

impl Handles<TestResults> for Infrastructure {
    fn handle(_: &mut (), results: &TestResults, cx: &mut Cx<'_, Self>) {
        if results.status == Status::Success
            && let Some(config) = &cx.pipeline().repo_context.config
        {
            judge(&results.repo, config.infrastructure.tool, cx);
        }
    }
}

fn judge(repo: &str, tool: InfrastructureTool, cx: &mut Cx<'_, Infrastructure>) {
    let (status, reason) = match tool {
        InfrastructureTool::None => (Status::Success, "the file asks for none".to_owned()),
        InfrastructureTool::Terraform | InfrastructureTool::CloudFormation => (
            Status::Failed,
            format!(
                "infrastructure.tool `{}` is not served by this version; set `none` and apply it yourself \
                 meanwhile",
                tool.word()
            ),
        ),
    };
    cx.because(reason.clone());
    cx.publish(IaCReady {
        repo: repo.to_owned(),
        resources: Vec::new(),
        status,
        logs: None,
        outputs: None,
        agent: "infrastructure".to_owned(),
        reason,
    });
    // Nothing is remembered: a run's infrastructure is judged once, when its tests are known.
    cx.forget();
}
