//! Every phrase has a golden file beside this one, and all of them are shown harmless whatever fills them.
//!
//! `ORCHESTRA_BLESS=1` writes the files anew.

use super::render::{Look, render};
use crate::command::Refusal;
use crate::message::alerts::Severity;
use crate::message::card::{RunCard, RunCardState, Stage, run_card};
use crate::message::checks::{Finding, Totals};
use crate::message::ending::{Closing, NextStep, Outcome};
use crate::message::incidents::TimelineLine;
use crate::message::rollout::{Compared, Subject};
use crate::message::status::ServiceLine;
use crate::message::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Fills the phrases: with ordinary words, or with the same hostile text everywhere.
pub(super) struct Filling<'a>(pub(super) Option<&'a str>);

impl Filling<'_> {
    fn text(&self, ordinary: &str) -> String {
        self.0.unwrap_or(ordinary).to_owned()
    }

    fn compared(&self) -> Vec<Compared> {
        let row = |metric: &str, canary: &str, baseline: &str, verdict: &str| Compared {
            metric: self.text(metric),
            canary: self.text(canary),
            baseline: self.text(baseline),
            verdict: self.text(verdict),
        };
        vec![
            row("errors", "5.2 % of 410", "0.0 % of 1,230", "worse"),
            row("latency p95", "240 ms", "31 ms", "worse"),
        ]
    }

    fn stage(&self, name: &str, state: StepState, detail: &str, seconds: Option<u64>) -> Stage {
        Stage {
            name: self.text(name),
            agent: self.text(name),
            state,
            detail: self.text(detail),
            duration: seconds.map(Duration::from_secs),
        }
    }

    fn card(&self, state: RunCardState) -> Message {
        run_card(&RunCard {
            run: self.text("RUN-7"),
            repo: self.text("shop"),
            branch: self.text("main"),
            commit_id: self.text("a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"),
            commit_subject: self.text("Cache the price list"),
            commit_author: self.text("anna"),
            service: Some(self.text("checkout")),
            version: Some(self.text("a1b2c3d")),
            environment: Some(self.text("production")),
            waits_for: vec![self.text("a person to promote or abort")],
            stages: vec![
                self.stage("gitops", StepState::Passed, "", Some(1)),
                self.stage("build", StepState::Passed, "cargo", Some(42)),
                self.stage("code analysis", StepState::Passed, "no findings", Some(2)),
                self.stage("test", StepState::Passed, "31 of 31 passed", Some(65)),
                self.stage("infrastructure", StepState::Skipped, "none", None),
                self.stage("deployment", StepState::Working, "canary at 25 %", Some(30)),
            ],
            weights: vec![(self.text("a1b2c3d"), 25), (self.text("9f8e7d6"), 75)],
            state,
        })
    }

    fn totals(&self, failed: u64) -> Totals {
        Totals {
            total: 31,
            passed: 31 - failed,
            failed,
            failed_names: (0..failed).map(|n| self.text(&format!("cart::total_is_rounded_{n}"))).collect(),
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let finding = |severity: &str, place: &str, message: &str| Finding {
            severity: self.text(severity),
            place: self.text(place),
            message: self.text(message),
        };
        vec![
            finding("error", "src/main.rs:12", "looks like an AWS access key"),
            finding("warning", "README.md:3", "a link that leads nowhere"),
        ]
    }

    fn services(&self) -> Vec<ServiceLine> {
        let line = |service: &str, live: &str, health: &str, under_way: &str| ServiceLine {
            service: self.text(service),
            environment: self.text("production"),
            live: self.text(live),
            health: self.text(health),
            under_way: self.text(under_way),
        };
        vec![
            line("checkout", "1.4.1", "healthy", "RUN-7 rolling out 1.4.2"),
            line("payments", "2.7.0", "no data", ""),
        ]
    }
}

/// Every phrase by the name of its golden file.
pub(super) fn phrases(f: &Filling<'_>) -> Vec<(&'static str, Message)> {
    let t = |ordinary: &str| f.text(ordinary);
    let (service, version, person) = (t("checkout"), t("1.4.2"), t("anna"));
    let subject = Subject { service: &service, version: &version };
    let long_output: String = (1..=4).map(|n| format!("{} {n}\n", t("line"))).collect();
    let metrics = [(t("error rate"), t("5.2 %")), (t("threshold"), t("2.0 %"))];
    let closing = |outcome: Outcome, because: &str, failed: u64| {
        ending::closing(&Closing {
            run: t("RUN-7"),
            what: t("checkout 1.4.2"),
            outcome,
            because: t(because),
            took: t("3 min 5 s"),
            tests: Some(f.totals(failed)),
            change: [t("a1b2c3d by anna"), t("Cache the price list")],
            next: vec![NextStep {
                what: t("look at the logs of the refused version"),
                evidence: t("21 of 410 requests failed"),
                button: Some((t("Logs"), t("logs checkout 1.4.2"))),
            }],
        })
    };
    vec![
        ("card_working", f.card(RunCardState::Working)),
        ("card_rolling_out", f.card(RunCardState::RollingOut)),
        ("card_paused", f.card(RunCardState::Paused)),
        ("card_waits_for_approval", f.card(RunCardState::WaitsForApproval(t("APR-3")))),
        ("card_waiting", f.card(RunCardState::Waiting)),
        ("card_live", f.card(RunCardState::Live)),
        ("card_live_watched", f.card(RunCardState::LiveWatched)),
        ("card_refused", f.card(RunCardState::Refused)),
        ("card_failed", f.card(RunCardState::Failed)),
        ("card_superseded", f.card(RunCardState::Superseded)),
        ("card_rolled_back", f.card(RunCardState::RolledBack)),
        ("card_aborted", f.card(RunCardState::Aborted)),
        (
            "rollout_started",
            rollout::started(subject, &t("canary"), &t("10 %, 50 %, 100 %"), &t("the file says so")),
        ),
        ("rollout_stepped", rollout::stepped(subject, 50, 2, 3, &f.compared())),
        (
            "rollout_paused_without_verdict",
            rollout::paused_without_verdict(
                subject,
                10,
                &[t("requests to the canary: 3 of 50")],
                &f.compared(),
            ),
        ),
        ("rollout_paused_by", rollout::paused_by(subject, 10, &person)),
        ("rollout_resumed_by", rollout::resumed_by(subject, 10, &person)),
        ("rollout_promoted", rollout::promoted(subject, Some(&person), &t("5 min"))),
        ("rollout_first_version", rollout::first_version(subject)),
        ("rollout_refused", rollout::refused(subject, 10, &t("more errors and slower"), &f.compared())),
        ("rollout_failed", rollout::failed(subject, &t("it never opened its port"), &long_output)),
        ("rollout_aborted", rollout::aborted(&t("RUN-7"), &person, Some(&t("1.4.1")))),
        (
            "rollout_waits",
            rollout::waits(&t("RUN-7"), &[t("RUN-6 on checkout"), t("the freeze of production")]),
        ),
        ("rollback_started", rollback::started(&service, &version, &t("1.4.1"), &t("errors"), &person)),
        ("rollback_done", rollback::done(&service, &t("1.4.1"), &t("errors"), &t("0.4 s"))),
        ("rollback_nothing", rollback::nothing_to_go_back_to(&service, &t("1.4.2 is its first version."))),
        ("rollback_failed", rollback::failed(&service, &t("1.4.1"), &t("It does not start."), &long_output)),
        ("checks_file_findings", checks::file_findings(&t("devops_orchestra.yaml"), true, &f.findings())),
        ("checks_file_detected", checks::file_detected(&t("devops_orchestra.yaml"), &t("A Cargo project."))),
        ("checks_analysis_refused", checks::analysis(false, &f.findings())),
        ("checks_analysis_passed", checks::analysis(true, &[])),
        ("checks_build_failed", checks::build_failed(&t("cargo"), &t("exit code 101"), &long_output)),
        ("checks_tests_failed", checks::tests(&f.totals(2), &long_output)),
        ("checks_tests_passed", checks::tests(&f.totals(0), "")),
        ("checks_tests_none", checks::tests(&Totals::default(), "")),
        ("checks_tests_broke", checks::tests_broke(&t("stopped after 10 min"), &long_output)),
        ("checks_not_served", checks::not_served(&t("infrastructure.tool terraform"), &t("set it to none"))),
        (
            "approvals_asked",
            approvals::asked(&t("APR-3"), &t("checkout 1.4.2 to production"), &person, &t("approver")),
        ),
        ("approvals_approved", approvals::approved(&t("APR-3"), &t("checkout 1.4.2"), &person)),
        (
            "approvals_denied",
            approvals::denied(&t("APR-3"), &t("checkout 1.4.2"), &person, Some(&t("too late"))),
        ),
        ("approvals_not_open", approvals::not_open(&t("APR-3"), &t("bob approved it at 12:04"))),
        (
            "incidents_opened",
            incidents::opened(
                &t("INC-2"),
                &service,
                &t("canary refused"),
                &t("RUN-7"),
                &t("incidents/INC-2.md"),
            ),
        ),
        ("incidents_resolved", incidents::resolved(&t("INC-2"), &service, &t("back on 1.4.1"), &t("4 min"))),
        (
            "incidents_postmortem",
            incidents::postmortem(
                &t("INC-2"),
                &t("postmortems/INC-2.md"),
                &t("The canary was refused."),
                &[TimelineLine { at: t("12:01:07"), what: t("1.4.2 took 10 %"), event: t("5f0c2a") }],
            ),
        ),
        ("alerts_warning", alerts::fired(Severity::Warning, &service, &t("error rate over 2 %"), &metrics)),
        ("alerts_info", alerts::fired(Severity::Info, &service, &t("disk at 70 %"), &[])),
        ("alerts_critical", alerts::fired(Severity::Critical, &service, &t("error rate over 2 %"), &metrics)),
        ("alerts_resolved", alerts::resolved(&service, &t("error rate over 2 %"), &t("7 min"))),
        ("alerts_no_data", alerts::no_data(&service, &t("latency"), &t("12:01"))),
        ("alerts_restarted", alerts::restarted(&service, &version, &t("signal 9"), 3)),
        ("status_all", status::all(&f.services(), &t("bubblewrap"))),
        ("status_nothing", status::all(&[], &t("Landlock"))),
        ("status_one", status::one(&f.services()[0], &[(t("requests"), t("41 per second"))])),
        ("status_unknown", status::unknown(&t("chekout"), &[t("checkout"), t("payments")])),
        ("help_all", help::all()),
        ("help_one", help::topic(Some("deploy"))),
        ("help_unknown", help::topic(Some(&t("teleport")))),
        ("logs_lines", logs::lines(&service, &version, &long_output)),
        ("logs_empty", logs::lines(&service, &version, " \n")),
        ("logs_none", logs::none(&service, None, &t("it never ran"))),
        ("freeze_frozen", freeze::frozen(&t("production"), &person, "")),
        ("freeze_unfrozen", freeze::unfrozen(&t("production"), "")),
        ("freeze_not_frozen", freeze::not_frozen(&t("production"))),
        ("ending_live", closing(Outcome::Live, "", 0)),
        ("ending_refused", closing(Outcome::Refused, "more errors and slower", 0)),
        ("ending_failed", closing(Outcome::Failed, "tests failed", 2)),
        ("ending_superseded", closing(Outcome::Superseded, "RUN-8 is newer", 0)),
        ("ending_rolled_back", closing(Outcome::RolledBack, "error rate over 2 %", 0)),
        ("ending_aborted", closing(Outcome::Aborted, "by anna", 0)),
        ("answers_accepted", answers::accepted(&t("deploying checkout 1.4.2"))),
        (
            "answers_refused",
            answers::refused(&Refusal::new(t("no service was named"), t("type deploy SERVICE"))),
        ),
        ("answers_asks_back", answers::asks_back(&t("Which one?"), &[t("abort"), t("pause")])),
        ("answers_not_allowed", answers::not_allowed(&person, &t("deploy"), &t("operator"))),
        ("answers_broke", answers::broke(&t("deploy"))),
    ]
}

#[test]
fn every_phrase_looks_as_its_golden_file_says() {
    let folder = Path::new(file!()).parent().unwrap().join("golden");
    // `file!` is relative to the workspace in one build and absolute in another; the manifest tells.
    let folder =
        if folder.is_dir() { folder } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder) };
    // Writing the files anew is asked for from outside; there is no other way to ask a test.
    #[allow(clippy::disallowed_methods)]
    let bless = std::env::var_os("ORCHESTRA_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, message) in phrases(&Filling(None)) {
        assert!(seen.insert(format!("{name}.txt")), "{name} stands there twice");
        let shown = render(&message, Some("RUN-7"), Look { width: 80, colour: false }).join("\n") + "\n";
        let path = folder.join(format!("{name}.txt"));
        if bless {
            std::fs::write(&path, &shown).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != shown {
            wrong.push(format!("{name}:\n{shown}"));
        }
    }
    let files: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        wrong.is_empty(),
        "not as in {}; ORCHESTRA_BLESS=1 writes them anew\n{}",
        folder.display(),
        wrong.join("\n")
    );
    assert_eq!(files, seen, "a golden file without its phrase, or a phrase without its file");
}

#[test]
fn hostile_text_is_harmless_in_every_phrase() {
    let hostile = [
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31mred\u{9b}5A\r\n\tx\u{0}",
        "\u{202e}desrever\u{2066}\u{200b}\u{feff}",
        &"a̐éö̲😂漢字 ".repeat(300),
        &"x".repeat(5_000),
        "",
        "\n\n\n",
    ];
    for text in hostile {
        for (name, message) in phrases(&Filling(Some(text))) {
            for width in [0, 33, 80, 10_000] {
                let lines = render(&message, Some(text), Look { width, colour: false });
                assert!(lines.len() < 4_000, "{name}: {} lines", lines.len());
                for line in &lines {
                    let bad = line.chars().find(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(c));
                    assert_eq!(bad, None, "{name}: {line:?}");
                    let wide = super::harmless::columns(line);
                    assert!(wide <= width.clamp(20, 500) + 26, "{name}: {wide} columns at {width}: {line:?}");
                }
            }
            let coloured = render(&message, None, Look { width: 80, colour: true }).join("");
            let without: String = super::harmless::harmless(&coloured);
            assert!(!coloured.contains("\u{1b}]") && !without.contains('\u{1b}'), "{name}");
            assert!(
                coloured.split("\u{1b}[").skip(1).all(|rest| {
                    rest.split_once('m').is_some_and(|(number, _)| {
                        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
                    })
                }),
                "{name}: a sequence that is no colour"
            );
        }
    }
}
