//! Runs a kept source's tests, confined, and reads what the framework reports.

use super::machine::{Machine, give_up, io_failure};
use crate::effects::{TestRequest, TestWork, Tested};
use crate::runtime::{Performs, ToolError, Work};
use crate::tools::building::{self, Ended, Network, Outcome, Site, SiteError};
use crate::tools::testing::{self, Output, ReportKind, TestPlan, Verdict};
use async_trait::async_trait;
use orchestra_events::pipeline::FailedTest;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Where the command's two outputs go, apart, below the folder it runs in.
const OUTPUT: [&str; 2] = [".orchestra-test-output", ".orchestra-test-errors"];
/// How much of an output is read.
const OUTPUT_BYTES: u64 = 16 << 20;
/// How many failed tests are named.
const NAMED: usize = 20;
/// How many paths the choice of a framework looks at.
const PATHS: usize = 5_000;

/// Performs [`TestWork`].
pub struct Tester(pub Arc<Machine>);

#[async_trait]
impl Performs<TestWork> for Tester {
    async fn perform(&self, request: TestRequest, work: &Work) -> Result<Tested, ToolError> {
        let machine = &self.0;
        let scratch = machine.scratch(&work.key).map_err(|error| io_failure("no room to test in", &error))?;
        let log = scratch.0.join("test.log");
        let tested = self.tested(&request, &log, work).await;
        let log = machine.keep_log(&log).await;
        match tested {
            Ok(tested) => Ok(Tested { log, ..tested }),
            Err(ToolError::GiveUp(reason)) => Ok(failed(reason, log)),
            Err(error) => Err(error),
        }
    }
}

impl Tester {
    async fn tested(&self, request: &TestRequest, log: &Path, work: &Work) -> Result<Tested, ToolError> {
        let machine = &self.0;
        let pipeline = &request.pipeline;
        let context = &pipeline.build.context;
        let site = machine.site(&request.repo, &request.code.digest, context, log, work)?;
        let site = Site::open(site).await.map_err(|error| ToolError::GiveUp(error.to_string()))?;
        let tool = pipeline.build.tool.map(|tool| tool.word());
        let search_paths = prepared(&site, tool, pipeline.build.command.as_deref(), machine.network).await?;
        let plan = plan(&site, request, tool)?;
        let command = command(&plan, &search_paths);
        let ended = site
            .run(&command, machine.network)
            .await
            .map_err(|error| ToolError::GiveUp(error.to_string()))?;
        match ended.outcome {
            Outcome::Exit(_) | Outcome::Signal(_) => judged(&site, &plan.report, &ended),
            Outcome::Cancelled => Err(ToolError::Cancelled),
            bound => Err(ToolError::GiveUp(format!("the test command {bound}"))),
        }
    }
}

/// Dependencies are fetched as the build does; what pip installs is laid where the tests find it.
async fn prepared(
    site: &Site,
    tool: Option<&str>,
    command: Option<&str>,
    network: Network,
) -> Result<Vec<(String, String)>, ToolError> {
    let facts = building::TreeFacts::read(site.directory());
    let Some(tool) = tool.or_else(|| facts.tool()) else { return Ok(Vec::new()) };
    let Ok(plan) = building::plan(tool, command, &facts) else { return Ok(Vec::new()) };
    let fetch = plan.fetch.iter().map(|command| (command, Network::On));
    let install =
        plan.build.iter().filter(|_| !plan.search_paths.is_empty()).map(|command| (command, network));
    for (command, network) in fetch.chain(install) {
        let ended = site.run(command, network).await.map_err(|error: SiteError| give_up("tests", error))?;
        match ended.outcome {
            Outcome::Exit(0) => {}
            Outcome::Cancelled => return Err(ToolError::Cancelled),
            other => {
                let told = format!("`{}` {other}\n{}", command.join(" "), tail(&ended.output_tail));
                return Err(ToolError::GiveUp(told));
            }
        }
    }
    Ok(plan.search_paths.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect())
}

fn plan(site: &Site, request: &TestRequest, tool: Option<&str>) -> Result<TestPlan, ToolError> {
    let mut files = Vec::new();
    list(site.directory(), "", &mut files);
    let config = ["pyproject.toml", "setup.cfg", "tox.ini", "requirements.txt", "requirements-dev.txt"];
    let python_config: String = config
        .iter()
        .filter_map(|name| text(&site.directory().join(name)).ok())
        .collect::<Vec<_>>()
        .join("\n");
    let facts = testing::TreeFacts { files: &files, python_config: &python_config };
    let testing = &request.pipeline.testing;
    testing::command(testing.framework.as_deref(), tool, testing.command.as_deref(), &facts)
        .map_err(|error| ToolError::GiveUp(error.to_string()))
}

/// The command with its two outputs apart; the end of both goes to the log.
fn command(plan: &TestPlan, search_paths: &[(String, String)]) -> Vec<String> {
    let script = format!(
        "\"$@\" >{0} 2>{1}; code=$?; tail -c 60000 {1} >&2; tail -c 60000 {0}; exit $code",
        OUTPUT[0], OUTPUT[1]
    );
    let mut command = vec!["/bin/sh".to_owned(), "-c".to_owned(), script, "tests".to_owned()];
    let variables: Vec<String> =
        plan.env.iter().chain(search_paths).map(|(name, value)| format!("{name}={value}")).collect();
    if !variables.is_empty() {
        command.push("env".to_owned());
        command.extend(variables);
    }
    command.extend(plan.argv.iter().cloned());
    command
}

fn judged(site: &Site, report: &ReportKind, ended: &Ended) -> Result<Tested, ToolError> {
    let read = |name: &str| text(&site.directory().join(name));
    let unreadable = |error| io_failure("the output can't be read", &error);
    let (stdout, stderr) = (read(OUTPUT[0]).map_err(unreadable)?, read(OUTPUT[1]).map_err(unreadable)?);
    let patterns = report.patterns();
    let files = testing::files::find_reports(site.directory(), &patterns).map_err(unreadable)?;
    let exit_code = match ended.outcome {
        Outcome::Exit(code) => Some(code),
        _ => None,
    };
    let output = Output { stdout: &stdout, stderr: &stderr, files: &files, exit_code };
    let run = match testing::read(report, &output) {
        Ok(run) => run,
        Err(error) => return Err(ToolError::GiveUp(format!("{error}\n{}", tail(&ended.output_tail)))),
    };
    let totals = &run.totals;
    let (passed, reason) = match run.verdict {
        Verdict::Passed => (true, None),
        Verdict::Failed(reason) => (false, Some(reason)),
        Verdict::NoTests => (false, Some("the report holds no test that ran".to_owned())),
    };
    let failures = totals.failures.iter().take(NAMED);
    Ok(Tested {
        passed,
        totals: Some((totals.total, totals.passed, totals.failed, totals.skipped)),
        failures: failures
            .map(|failure| FailedTest { name: failure.name.clone(), message: failure.message.clone() })
            .collect(),
        reason: reason.filter(|_| totals.failed == 0),
        log: None,
    })
}

fn failed(reason: String, log: Option<orchestra_events::Digest>) -> Tested {
    Tested { passed: false, totals: None, failures: Vec::new(), reason: Some(reason), log }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

fn text(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    // A link that a test left behind is not followed out of the workspace.
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    std::fs::File::open(path)?.take(OUTPUT_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn list(folder: &Path, prefix: &str, paths: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        let hidden = name.starts_with('.') || name == "node_modules" || name == "target";
        if paths.len() >= PATHS || hidden {
            continue;
        }
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if kind.is_dir() && path.split('/').count() < 8 {
            list(&entry.path(), &path, paths);
        } else if kind.is_file() {
            paths.push(path);
        }
    }
}
