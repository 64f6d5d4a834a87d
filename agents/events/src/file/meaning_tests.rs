//! Rules about more than one key, one line of a table each: a file, and what is told about it.

use super::check;

/// Every finding as `severity: message`; the message may be cut.
fn told(text: &str) -> Vec<String> {
    check(text)
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.severity.word(), finding.message))
        .collect()
}

fn tells(text: &str, expected: &[&str]) {
    let told = told(text);
    assert_eq!(told.len(), expected.len(), "{text}\n{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{text}\n{told}\n{expected}");
    }
}

#[test]
fn a_cloud_is_a_warning_that_names_the_targets() {
    tells(
        "deployment: {type: cloud, provider: aws}",
        &[
            "warning: deployment.provider: no target serves aws in this version; the push will stop before deployment. Targets: local",
        ],
    );
    tells("deployment: {type: cloud}", &["warning: deployment.type: no target serves cloud"]);
    tells("deployment: {target: kubernetes}", &["warning: deployment.target: no target serves kubernetes"]);
    tells("deployment: {type: local}", &[]);
    tells("deployment: {provider: local}", &[]);
    tells(
        "deployment: {provider: aws, target: local}",
        &["warning: deployment.provider: the target is local, so this version does not use it"],
    );
    tells(
        "deployment: {type: local, provider: aws}",
        &[
            "warning: deployment.type: the provider says aws",
            "warning: deployment.provider: no target serves aws",
        ],
    );
    tells(
        "deployment: {services: [{name: a, runtime: ec2}]}",
        &["warning: deployment.services[0].runtime: no target serves ec2"],
    );
}

#[test]
fn the_target_follows_from_provider_and_type() {
    for (text, target) in [
        ("deployment: {}", "local"),
        ("deployment: {type: cloud, provider: aws}", "aws"),
        ("deployment: {provider: gcp}", "gcp"),
        ("deployment: {type: cloud}", "cloud"),
        ("deployment: {type: local}", "local"),
        ("deployment: {type: cloud, provider: aws, target: local}", "local"),
    ] {
        assert_eq!(check(text).pipeline.unwrap().deployment.target, target, "{text}");
    }
}

#[test]
fn canary_weights_rise_to_the_promotion() {
    let steps = |steps: &str| format!("deployment: {{strategy: canary, canary: {{steps: {steps}}}}}");
    tells(&steps("[10, 50, 100]"), &[]);
    tells(&steps("[10, 10, 100]"), &[]);
    tells(&steps("[10, 50]"), &["warning: deployment.canary.steps: ends at 50"]);
    tells(
        &steps("[50, {weight: 20}, 30, 100]"),
        &["error: deployment.canary.steps[1].weight: the weight falls"],
    );
    tells(&steps("[100, 100]"), &["error: deployment.canary.steps[1]: nothing comes after 100"]);
    tells(&steps("[0, 100]"), &["error: deployment.canary.steps[0]: `0` must be a whole percentage"]);
    tells(&steps("[10, 101]"), &["error: deployment.canary.steps[1]: `101` is over 100"]);
    tells(&steps("[10.5, 100]"), &["error: deployment.canary.steps[0]: "]);
    tells(&steps("[]"), &["error: deployment.canary.steps: must have 1 to 20 items"]);
    tells(&steps("50"), &["error: deployment.canary.steps: must be a list, not `50`"]);
    tells(&steps("[{pause: 5m}]"), &["error: deployment.canary.steps[0].weight: is missing"]);
    tells(
        &steps("[{setWeight: 5}]"),
        &[
            "error: deployment.canary.steps[0].weight: is missing",
            "error: deployment.canary.steps[0].setWeight: unknown key",
        ],
    );
    let file = check(&steps("[10, 50]")).pipeline.unwrap();
    assert_eq!(file.deployment.canary.steps.last().map(|step| step.weight), Some(100));
    tells(
        "deployment: {strategy: rolling, canary: {steps: [100]}}",
        &["warning: deployment.canary: only the strategy canary uses it"],
    );
}

#[test]
fn services_differ_in_name_and_port_and_leave_port_variable_alone() {
    let services = |list: &str| format!("deployment: {{services: [{list}]}}");
    tells(&services("{name: a, port: 1}, {name: b, port: 2}"), &[]);
    tells(
        &services("{name: a}, {name: A}"),
        &["error: deployment.services[1].name: `A` is the name of services[0]"],
    );
    tells(
        &services("{name: a, port: 80}, {name: b, port: 80}"),
        &["error: deployment.services[1].port: port 80 is used by services[0]"],
    );
    tells(
        &services("{name: a, port: '80'}"),
        &["error: deployment.services[0].port: must be a whole number"],
    );
    tells(&services("{name: ''}"), &["error: deployment.services[0].name: must not be empty"]);
    tells(&services("a"), &["error: deployment.services[0]: must be a map of keys, not `a`"]);
    tells(
        &services("{name: a, env: [{key: PORT, value: 1}]}"),
        &["error: deployment.services[0].env[0].key: `PORT` is given"],
    );
    tells(
        "{secrets: {keys: [TOKEN]}, deployment: {services: [{name: a, env: [{key: TOKEN, value: x}]}]}}",
        &["warning: deployment.services[0].env[0].key: `TOKEN` is in `secrets.keys` as well"],
    );
}

#[test]
fn a_build_says_what_it_needs() {
    tells("build: {tool: custom}", &["error: build.tool: custom needs a `command`"]);
    tells("build: {tool: custom, command: ./build.sh}", &[]);
    tells("build: {tool: docker}", &["warning: build.tool: `docker` is not served in this version"]);
    tells(
        "build: {tool: go, dockerfile: Dockerfile}",
        &["warning: build.dockerfile: only the tool docker uses it"],
    );
    tells(
        "{build: {tool: make}, deployment: {services: [{name: a, port: 5}]}}",
        &["warning: deployment.services[0]: has no `command`"],
    );
    tells("{build: {tool: make}, deployment: {services: [{name: a, port: 5, command: ./a}]}}", &[]);
    tells("{build: {tool: cargo}, deployment: {services: [{name: a, port: 5}]}}", &[]);
    tells("testing: {framework: mocha}", &["warning: testing.framework: `mocha` is not known"]);
    tells("testing: {framework: pytest}", &[]);
}

#[test]
fn infrastructure_and_rollback_agree() {
    tells("infrastructure: {tool: none}", &[]);
    tells("infrastructure: {tool: terraform, path: infra/}", &["warning: infrastructure.tool: `terraform`"]);
    tells("infrastructure: {path: infra/}", &["warning: infrastructure.path: the tool is none"]);
    tells(
        "rollback: {action: terraform_destroy}",
        &[
            "error: rollback.action: terraform_destroy needs",
            "warning: rollback.action: `terraform_destroy` is not served",
        ],
    );
    tells("rollback: {action: previous_version}", &[]);
}

#[test]
fn alerts_have_the_unit_of_their_type() {
    let alert = |alert: &str| format!("observability: {{alerts: [{{{alert}}}]}}");
    tells(&alert("type: latency, threshold: 500"), &[]);
    tells(&alert("type: cpu"), &[]);
    tells(
        &alert("type: latency, threshold: 0"),
        &["error: observability.alerts[0].threshold: must be more than 0"],
    );
    tells(
        &alert("type: cpu, threshold_ms: 5"),
        &["error: observability.alerts[0].threshold_ms: only latency"],
    );
    tells(
        &alert("type: cpu, threshold: 5s"),
        &["error: observability.alerts[0].threshold: cpu is in percent"],
    );
    tells(
        &alert("type: network, threshold: 5%"),
        &["error: observability.alerts[0].threshold: network is in bytes"],
    );
    tells(
        &alert("type: latency, threshold: 5, threshold_ms: 5"),
        &["error: observability.alerts[0].threshold_ms: `threshold`"],
    );
    tells(
        &alert("type: latencey, threshold: 5"),
        &["error: observability.alerts[0].type: `latencey` is not one of"],
    );
    tells(&alert("threshold: 5"), &["error: observability.alerts[0].type: is missing"]);
    tells(
        &alert("type: disk, threshold: lots"),
        &["error: observability.alerts[0].threshold: `lots` must be"],
    );
}

#[test]
fn an_empty_value_is_told_with_its_likely_cause() {
    tells(
        "chatops: {enabled: true}\nbuild:\n",
        &["error: build: has no value; write a map of keys or remove the key"],
    );
    tells(
        "chatops:\n  channel: #deploys\n",
        &["error: chatops.channel: has no value; write text or remove the key (`#`"],
    );
    tells("testing: {enabled: 'true'}", &["error: testing.enabled: must be true or false, without quotes"]);
    tells("strategy: canary", &["error: strategy: unknown key; it belongs in `deployment`"]);
    tells("- a", &["error: file: must be a map of keys, not a list"]);
    tells("hello", &["error: file: must be a map of keys, not `hello`"]);
    tells("secrets: {keys: [A, B, A]}", &["error: secrets.keys[2]: is written twice"]);
}
