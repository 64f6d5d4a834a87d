//! What no single key can say: ports used twice, weights that fall, words that nothing serves.
//!
//! Each rule sees what is sound of the file; a value that is wrong by itself has been reported and is skipped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pipeline::{
    AlertKind, BuildTool, CanaryStep, Deployment, InfrastructureTool, PipelineFile, RollbackAction, Service,
    Strategy, Thresholds,
};
use super::pipeline_running::LOCAL;
use super::served::{FRAMEWORKS, NOT_SERVED, RUNTIMES, TARGETS, UNUSED};
use super::walk::Report;

/// Judges each alert's threshold against its type, and fills in the one that the file leaves out.
///
/// Works on the JSON, since an alert without a type has no place in the typed file and is taken out.
pub(super) fn settle_alerts(file: &mut Value, report: &mut Report) {
    let Some(section) = file.get_mut("observability") else { return };
    let thresholds: Thresholds = section
        .get("thresholds")
        .and_then(|value| serde_json::from_value(value.clone()).ok())
        .unwrap_or_default();
    let Some(alerts) = section.get_mut("alerts").and_then(Value::as_array_mut) else { return };
    let mut settled = Vec::new();
    for (index, alert) in alerts.iter().enumerate() {
        let kind = alert.get("type").and_then(|word| serde_json::from_value::<AlertKind>(word.clone()).ok());
        let Some(kind) = kind else { continue };
        let path = format!("observability.alerts[{index}]");
        let general = format!("{path}.threshold");
        let milliseconds = format!("{path}.threshold_ms");
        if report.has(&general) && report.has(&milliseconds) {
            report.error_at(&milliseconds, "`threshold` is there as well; keep one of the two");
        } else if report.has(&milliseconds) && kind != AlertKind::Latency {
            report.error_at(&milliseconds, &format!("only latency is in milliseconds, not {}", kind.word()));
        }
        let own = alert.get("threshold").and_then(Value::as_f64);
        if let Some(value) = own
            && let Some(reason) = wrong_unit(kind, value, report.text(&general))
        {
            report.error_at(&general, &reason);
        }
        let written = report.has(&general) || report.has(&milliseconds);
        let threshold =
            own.or_else(|| alert.get("threshold_ms").and_then(Value::as_f64)).or(thresholds.of(kind));
        match threshold {
            Some(value) => settled.push(serde_json::json!({"type": kind, "threshold": value})),
            None if written => {}
            None => report
                .error_at(&path, "needs a `threshold`, or `observability.thresholds.network_throughput`"),
        }
    }
    *alerts = settled;
}

fn wrong_unit(kind: AlertKind, value: f64, text: &str) -> Option<String> {
    let percent = text.ends_with('%');
    let time = text.ends_with('s');
    match kind {
        AlertKind::Latency if percent => Some("latency is in milliseconds, not in percent".to_owned()),
        AlertKind::Latency if value <= 0.0 => Some("must be more than 0 milliseconds".to_owned()),
        AlertKind::Network if percent || time => Some("network is in bytes a second".to_owned()),
        AlertKind::Latency | AlertKind::Network => None,
        AlertKind::ErrorRate | AlertKind::Cpu | AlertKind::Memory | AlertKind::Disk => {
            if time {
                Some(format!("{} is in percent, not in milliseconds", kind.word()))
            } else if value > 100.0 {
                Some(format!("`{text}` is over 100 percent"))
            } else {
                None
            }
        }
    }
}

/// Fills in what follows from the rest of the file: the target, and the promotion of a canary.
pub(super) fn complete(file: &mut PipelineFile, report: &mut Report) {
    let Deployment { kind, provider, target, canary, .. } = &mut file.deployment;
    if !report.has("deployment.target") {
        let elsewhere = kind.as_ref().filter(|kind| *kind != LOCAL);
        *target = provider.as_ref().or(elsewhere).cloned().unwrap_or_else(|| LOCAL.to_owned());
    }
    let last = canary.steps.last().map_or(0, |step| step.weight);
    if (1..100).contains(&last) {
        let path = "deployment.canary.steps";
        report.warn_at(path, &format!("ends at {last}; a step to 100, the promotion, is added"));
        canary.steps.push(CanaryStep::bare(100));
    }
}

/// Every rule about the whole file.
pub(super) fn judge(file: &PipelineFile, report: &mut Report) {
    services(&file.deployment, report);
    canary(&file.deployment, report);
    build(file, report);
    infrastructure(file, report);
    secrets(file, report);
    served(file, report);
    unused(report);
}

fn services(deployment: &Deployment, report: &mut Report) {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
    for (index, service) in deployment.services.iter().enumerate() {
        let path = format!("deployment.services[{index}]");
        if !service.name.is_empty() {
            // Names become names of folders and of processes, where case may not tell them apart.
            match names.get(&service.name.to_lowercase()) {
                Some(first) => report.error_at(
                    &format!("{path}.name"),
                    &format!("`{}` is the name of services[{first}] as well", service.name),
                ),
                None => {
                    names.insert(service.name.to_lowercase(), index);
                }
            }
        }
        if let Some(port) = service.port {
            match ports.get(&port) {
                Some(first) => report.error_at(
                    &format!("{path}.port"),
                    &format!("port {port} is used by services[{first}] as well"),
                ),
                None => {
                    ports.insert(port, index);
                }
            }
        }
        environment(service, &path, report);
    }
}

fn environment(service: &Service, path: &str, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (index, variable) in service.env.iter().enumerate() {
        let path = format!("{path}.env[{index}].key");
        if variable.key == "PORT" {
            report.error_at(&path, "`PORT` is given to each process by the target; set `port` instead");
        } else if !variable.key.is_empty() && !seen.insert(&variable.key) {
            report.error_at(&path, &format!("`{}` is written twice for this service", variable.key));
        }
    }
}

fn canary(deployment: &Deployment, report: &mut Report) {
    let given = report.has("deployment.canary");
    if given && deployment.strategy.is_some_and(|strategy| strategy != Strategy::Canary) {
        report.warn_at("deployment.canary", "only the strategy canary uses it");
    }
    if !report.has("deployment.canary.steps") {
        return;
    }
    let mut before = 0;
    for (index, step) in deployment.canary.steps.iter().enumerate() {
        let whole = format!("deployment.canary.steps[{index}]");
        let path = if report.has(&format!("{whole}.weight")) { format!("{whole}.weight") } else { whole };
        let weight = step.weight;
        if weight == 0 {
            continue;
        }
        if weight < before {
            report.error_at(&path, &format!("the weight falls from {before} to {weight}; weights must rise"));
        } else if before == 100 {
            report.error_at(&path, "nothing comes after 100, the promotion");
        }
        before = weight;
    }
}

fn build(file: &PipelineFile, report: &mut Report) {
    let tool = file.build.tool;
    if tool == Some(BuildTool::Custom) && !report.has("build.command") {
        report.error_at("build.tool", "custom needs a `command`");
    }
    if report.has("build.dockerfile") && tool.is_some_and(|tool| tool != BuildTool::Docker) {
        report.warn_at("build.dockerfile", "only the tool docker uses it");
    }
    let detectable = !matches!(tool, Some(BuildTool::Custom | BuildTool::Make));
    for (index, service) in file.deployment.services.iter().enumerate() {
        let path = format!("deployment.services[{index}]");
        let silent = !report.has(&format!("{path}.command"));
        if silent && !detectable && file.deployment.target == LOCAL && service.port.is_some() {
            report.warn_at(&path, "has no `command`; what such a build gives cannot be started without one");
        }
    }
    if let Some(framework) = &file.testing.framework
        && !FRAMEWORKS.contains(&framework.as_str())
    {
        let known = FRAMEWORKS.join(", ");
        report.warn_at(
            "testing.framework",
            &format!("`{framework}` is not known in this version; known: {known}"),
        );
    }
}

fn infrastructure(file: &PipelineFile, report: &mut Report) {
    let tool = file.infrastructure.tool;
    if report.has("infrastructure.path") && tool == InfrastructureTool::None {
        report.warn_at("infrastructure.path", "the tool is none, so this version does not use it");
    }
    if file.rollback.action == RollbackAction::TerraformDestroy && tool != InfrastructureTool::Terraform {
        report.error_at("rollback.action", "terraform_destroy needs `infrastructure.tool: terraform`");
    }
}

fn secrets(file: &PipelineFile, report: &mut Report) {
    for (index, service) in file.deployment.services.iter().enumerate() {
        for (position, variable) in service.env.iter().enumerate() {
            if file.secrets.keys.contains(&variable.key) {
                let path = format!("deployment.services[{index}].env[{position}].key");
                report.warn_at(
                    &path,
                    &format!("`{}` is in `secrets.keys` as well, whose value wins", variable.key),
                );
            }
        }
    }
}

fn served(file: &PipelineFile, report: &mut Report) {
    for (path, word, consequence) in NOT_SERVED {
        if report.text(path) == *word {
            report.warn_at(path, &format!("`{word}` is not served in this version; {consequence}"));
        }
    }
    let target = &file.deployment.target;
    let known = TARGETS.join(", ");
    let told_by = ["deployment.target", "deployment.provider", "deployment.type"];
    if let Some(path) = told_by.into_iter().find(|path| report.has(path))
        && !TARGETS.contains(&target.as_str())
    {
        let consequence = "the push will stop before deployment";
        let reason = format!("no target serves {target} in this version; {consequence}. Targets: {known}");
        report.warn_at(path, &reason);
    }
    let stands_alone = report.has("deployment.target") && target == LOCAL;
    if stands_alone && file.deployment.provider.as_ref().is_some_and(|provider| provider != LOCAL) {
        report.warn_at("deployment.provider", "the target is local, so this version does not use it");
    }
    let kind = file.deployment.kind.as_deref();
    let contradicted = match kind {
        Some(LOCAL) => target != LOCAL,
        Some(_) => target == LOCAL,
        None => false,
    };
    if contradicted {
        let other = if report.has("deployment.target") { "target" } else { "provider" };
        report.warn_at(
            "deployment.type",
            &format!("the {other} says {target}, so this version does not use it"),
        );
    }
    for (index, service) in file.deployment.services.iter().enumerate() {
        if let Some(runtime) = &service.runtime
            && !RUNTIMES.contains(&runtime.as_str())
        {
            let path = format!("deployment.services[{index}].runtime");
            let known = RUNTIMES.join(", ");
            let consequence = "the push will stop before deployment";
            let reason =
                format!("no target serves {runtime} in this version; {consequence}. Runtimes: {known}");
            report.warn_at(&path, &reason);
        }
    }
}

fn unused(report: &mut Report) {
    for (path, reason) in UNUSED {
        if report.has(path) {
            report.warn_at(path, &format!("this version does not use it: {reason}"));
        }
    }
}
