//! Whole files: what a person is told.

use super::super::finding::render;
use super::super::pipeline::{BuildTool, CanaryStep, Notice, PipelineFile, Strategy};
use super::super::served::UNUSED;
use super::*;

#[test]
fn a_small_file_is_whole_with_its_defaults() {
    let checked = check(include_str!("samples/small.yaml"));
    assert_eq!(checked.findings, []);
    let file = checked.pipeline.unwrap();
    assert_eq!(file.project.name.as_deref(), Some("greeter"));
    assert_eq!(file.build.tool, Some(BuildTool::Cargo));
    assert_eq!(file.deployment.target, "local");
    assert_eq!(file.deployment.services[0].port, Some(4100));
    assert_eq!(file.deployment.services[0].replicas, 1);
    assert_eq!(file.rollback.threshold.duration, 300);
    assert_eq!(file.observability.thresholds.error_rate, 2.0);
    assert_eq!(
        file.chatops.notify_on,
        [Notice::DeploymentSuccess, Notice::DeploymentFailure, Notice::RollbackTriggered]
    );
}

#[test]
fn values_are_read_as_real_files_write_them() {
    let file = check(include_str!("samples/everything.yaml")).pipeline.unwrap();
    assert!(file.testing.enabled);
    assert_eq!(file.testing.coverage_min, Some(72.5));
    assert_eq!(file.deployment.strategy, Some(Strategy::Canary));
    assert_eq!(file.deployment.services[0].env[1].value, "4");
    assert_eq!(file.deployment.services[0].env[2].value, "");
    assert_eq!(
        file.deployment.canary.steps,
        [
            CanaryStep::bare(5),
            CanaryStep::bare(20),
            CanaryStep { weight: 50, pause: Some(90), analysis: Some(120) },
            CanaryStep::bare(100),
        ]
    );
    assert_eq!((file.rollback.threshold.errors, file.rollback.threshold.duration), (2.5, 600));
    let thresholds: Vec<f64> = file.observability.alerts.iter().map(|alert| alert.threshold).collect();
    assert_eq!(thresholds, [400.0, 1500.0, 2.0, 75.0, 90.0, 95.0, 50_000_000.0]);
    assert_eq!(file.observability.thresholds.request_latency, 750.0);
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let checked = check(include_str!("samples/mistakes.yaml"));
    assert_eq!(checked.pipeline, None);
    let expected = "\
f:2:9: error: project.name: `my app` must be letters, digits, `-`, `_` and `.`, and begin with a letter or digit
f:3:3: error: project.langage: unknown key (did you mean `language`?)
f:5:9: error: build.tool: `dokcer` is not one of docker, maven, gradle, npm, yarn, pnpm, pip, poetry, uv, cargo, go, make, custom (did you mean `docker`?)
f:6:12: error: build.context: `../elsewhere` leaves the repository; `..` is not allowed
f:7:15: error: build.dockerfile: `/etc/Dockerfile` must be a path inside the repository, not an absolute one
f:9:12: error: testing.enabled: `maybe` must be true or false
f:10:17: error: testing.coverage_min: `120` is over 100 percent
f:10:17: warning: testing.coverage_min: this version does not use it: coverage is not measured
f:12:3: error: deployment.stategy: unknown key (did you mean `strategy`?)
f:15:13: error: deployment.services[0].port: `70000` must be a whole number from 1 to 65535
f:16:17: error: deployment.services[0].replicas: `0` must be a whole number from 1 to 32
f:17:15: error: deployment.services[0].health: `health` must be the path of a web address, as in `/health`
f:18:13: error: deployment.services[1].name: `api` is the name of services[0] as well
f:21:16: error: deployment.services[1].env[0].key: `1ST` is no name of an environment variable; write letters, digits and `_`
f:25:16: error: deployment.services[1].env[2].key: `MODE` is written twice for this service
f:27:7: error: deployment.services[2].name: is missing
f:27:13: error: deployment.services[2].port: port 8080 is used by services[1] as well
f:29:17: error: deployment.canary.steps[1]: the weight falls from 50 to 20; weights must rise
f:32:13: error: rollback.threshold.errors: `2 percent` is no percentage; write a number from 0 to 100, as in `2%`
f:33:15: error: rollback.threshold.duration: `soon` is no duration; write seconds, or as in `30s`, `5m`, `1h30m`
f:37:18: error: observability.alerts[0].threshold: latency is in milliseconds, not in percent
f:39:18: error: observability.alerts[1].threshold: `200` is over 100 percent
f:40:7: error: observability.alerts[2]: needs a `threshold`, or `observability.thresholds.network_throughput`
f:42:15: error: chatops.notify_on[0]: `deployment_sucess` is not one of deployment_success, deployment_failure, rollback_triggered, deployment_started, push_received, push_refused, build_failure, tests_failed, analysis_failed, approval_requested, rollout_paused, run_aborted, run_superseded, alert_raised, alert_resolved, service_restarted, incident_opened, postmortem_written (did you mean `deployment_success`?)
f:43:1: error: notify: unknown key; known here: project, build, testing, deployment, infrastructure, secrets, rollback, observability, chatops
";
    assert_eq!(render(&checked.findings, "f"), expected);
}

#[test]
fn the_json_has_the_fields_that_scripts_read() {
    let json = check("build: {tool: mavne}").to_json();
    assert_eq!(json["ok"], false);
    let finding = &json["findings"][0];
    assert_eq!(finding["severity"], "error");
    assert_eq!((&finding["line"], &finding["column"]), (&1.into(), &15.into()));
    assert!(finding["message"].as_str().unwrap().starts_with("build.tool: "));
    assert_eq!(finding["suggestion"], "maven");
    let json = check("project: {name: x, language: rust}").to_json();
    assert_eq!(json["ok"], true);
    assert_eq!(json["findings"][0]["severity"], "warning");
    assert!(json["findings"][0]["suggestion"].is_null());
}

#[test]
fn duplicates_are_told_beside_other_mistakes() {
    let checked = check("build:\n  tool: cargo\n  tool: go\n  contxt: x\n");
    let told = render(&checked.findings, "f");
    assert!(told.contains("f:3:3: error: build.tool: the key is written twice, first in line 2"), "{told}");
    assert!(told.contains("f:4:3: error: build.contxt: unknown key (did you mean `context`?)"), "{told}");
}

#[test]
fn a_file_that_holds_nothing_is_an_error() {
    for text in ["", "# nothing\n", "---\n"] {
        assert!(!check(text).ok(), "{text:?}");
    }
}

#[test]
fn each_unused_key_warns_when_it_is_there_and_not_otherwise() {
    let everything = check(include_str!("samples/everything.yaml"));
    for (path, _) in UNUSED {
        let wanted = format!("{path}: this version does not use it");
        assert!(
            everything.findings.iter().any(|finding| finding.message.starts_with(&wanted)),
            "{path} gives no warning: is it still a key?"
        );
    }
    assert!(everything.ok());
}

#[test]
fn a_default_file_serialises_and_reads_back() {
    let json = serde_json::to_value(PipelineFile::default()).unwrap();
    assert_eq!(serde_json::from_value::<PipelineFile>(json).unwrap(), PipelineFile::default());
    // An event written before a section existed decodes for ever.
    assert_eq!(serde_json::from_str::<PipelineFile>("{}").unwrap(), PipelineFile::default());
}
