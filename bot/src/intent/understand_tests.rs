//! Sentences by class: what is an order, what is asked back, and what is only talk.
//!
//! An outcome is written as `command key=value ..`, `? candidates`, `talk` or `refused`.

use super::conformance_tests::{thread, world};
use super::*;

const RUN: Option<&str> = Some("RUN-88 (service payments, production, canary 25%)");
const INCIDENT: Option<&str> = Some("INC-7 (service checkout)");
const APPROVAL: Option<&str> = Some("APR-31 (deploy search-api 2.3.1 to production)");

fn outcome(text: &str, label: Option<&str>, mention: bool) -> String {
    let heard = Heard { text: text.to_owned(), thread: label.map(thread), mention };
    match understand(&heard, &world()) {
        Understood::Command(command) => {
            let value = serde_json::to_value(&command).unwrap();
            let args = value["args"].as_object().cloned().unwrap_or_default();
            let args: Vec<String> = args
                .iter()
                .map(|(key, value)| format!(" {key}={}", value.as_str().unwrap_or_default()))
                .collect();
            format!("{}{}", command.name(), args.concat())
        }
        Understood::Unclear { candidates, question } => {
            assert!(question.len() > 8, "{question}");
            format!("? {}", candidates.join(" "))
        }
        Understood::Chatter => "talk".to_owned(),
        Understood::Refusal(_) => "refused".to_owned(),
    }
}

fn check(label: Option<&str>, mention: bool, table: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in table {
        let got = outcome(text, label, mention);
        if got != *expected {
            wrong.push(format!("{text:?}: {got}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "in {label:?}, addressed {mention}:\n{}", wrong.join("\n"));
}

#[test]
fn orders_to_the_bot() {
    check(
        None,
        true,
        &[
            ("deploy checkout", "deploy service=checkout"),
            (
                "/deploy checkout v2.0.0-rc1 staging",
                "deploy environment=staging service=checkout version=v2.0.0-rc1",
            ),
            (
                "pls ship payments a1b2c3d to prod",
                "deploy environment=production service=payments version=a1b2c3d",
            ),
            (
                "put user-service 3.1.0 into staging",
                "deploy environment=staging service=user-service version=3.1.0",
            ),
            (
                "push web frontend 2.0.1 live with blue-green",
                "deploy environment=production service=web-frontend strategy=blue-green version=2.0.1",
            ),
            (
                "despliega payments 2.7.0 en staging",
                "deploy environment=staging service=payments version=2.7.0",
            ),
            ("deploy checkout from 1.4.1 to 1.4.2", "deploy service=checkout version=1.4.2"),
            ("let's deploy resizer 0.9.12", "deploy service=image-resizer version=0.9.12"),
            ("roll checkout back", "rollback service=checkout"),
            (
                "rollback payments to 2.6.1 in production",
                "rollback environment=production service=payments to=2.6.1",
            ),
            ("revert search to the previous version please", "rollback service=search-api"),
            ("bring back the old version of checkout", "rollback service=checkout"),
            ("rolback chekout", "rollback service=checkout"),
            ("start a rollback of user service", "rollback service=user-service"),
            ("promote the payments canary", "promote service=payments"),
            ("bump payments to 50%", "promote service=payments"),
            ("take checkout to 100 %", "promote service=checkout"),
            ("abort the rollout of search-api", "abort service=search-api"),
            ("kill the checkout deploy", "abort service=checkout"),
            ("abort RUN-88", "abort service=payments"),
            ("put payments on hold", "pause service=payments"),
            ("hold the checkout rollout", "pause service=checkout"),
            ("unpause payments", "resume service=payments"),
            ("continue with checkout", "resume service=checkout"),
            ("approve apr 31", "approve id=APR-31"),
            (
                "reject APR-31 because the load test has not run",
                "deny id=APR-31 reason=the load test has not run",
            ),
            ("genehmige APR-31 bitte", "approve id=APR-31"),
            ("freeze staging until monday 9am", "freeze environment=staging until=monday 9am"),
            ("stop all deploys to production", "freeze environment=production"),
            ("put a freeze on checkout for an hour", "freeze service=checkout until=1h"),
            ("unfreeze prod", "unfreeze environment=production"),
            ("remove the freeze from payments", "unfreeze service=payments"),
            ("allow deploys to staging again", "unfreeze environment=staging"),
            ("status", "status"),
            ("status of RUN-88", "status run=RUN-88"),
            ("what's running in prod?", "status"),
            ("what version of checkout is live?", "status service=checkout"),
            ("is payments healthy?", "status service=payments"),
            ("show me the logs of checkout", "logs service=checkout"),
            ("logs payments 2.7.0", "logs service=payments version=2.7.0"),
            ("help", "help"),
            ("how do I roll back?", "help topic=rollback"),
            ("what can you do?", "help"),
            ("help deploy", "help topic=deploy"),
            ("hey orchestra, please pause payments, thanks!", "pause service=payments"),
            ("checkout: rollback", "rollback service=checkout"),
            ("roll back checkout, it's not working", "rollback service=checkout"),
            ("<@9001> status payments", "status service=payments"),
            ("aborta payments por favor", "abort service=payments"),
            (
                "deploy checkout@1.4.2 to prod with rolling strategy",
                "deploy environment=production service=checkout strategy=rolling version=1.4.2",
            ),
            ("ok you can lift the freeze on staging", "unfreeze environment=staging"),
            ("haz rollback de checkout", "rollback service=checkout"),
            ("checkout is broken, roll it back to 1.4.1", "rollback service=checkout to=1.4.1"),
            ("no deploys to prod until monday", "freeze environment=production until=monday"),
            ("any errors in the checkout logs?", "logs service=checkout"),
            (
                "deploy paymnts 2.7.0 prodution",
                "deploy environment=production service=payments version=2.7.0",
            ),
            ("did RUN-88 finish?", "status run=RUN-88"),
        ],
    );
}

#[test]
fn orders_without_a_target_take_it_from_the_thread() {
    check(
        RUN,
        false,
        &[
            ("abort", "abort service=payments"),
            ("pause", "pause service=payments"),
            ("pause it please", "pause service=payments"),
            ("status?", "status run=RUN-88"),
            ("logs", "logs service=payments"),
            ("roll it back, errors are climbing", "rollback service=payments"),
            ("abort checkout", "abort service=checkout"),
            ("stop", "abort service=payments"),
            ("hold it at 25%", "pause service=payments"),
            ("go to 50 percent", "promote service=payments"),
            ("error rate is 5%, abort", "abort service=payments"),
        ],
    );
    check(
        RUN,
        true,
        &[
            ("how far is the rollout?", "status run=RUN-88"),
            ("ship it", "promote service=payments"),
            ("redeploy it to staging", "deploy environment=staging service=payments"),
        ],
    );
    check(
        INCIDENT,
        true,
        &[("status", "status incident=INC-7"), ("undo the release", "rollback service=checkout")],
    );
    check(
        APPROVAL,
        true,
        &[
            ("approved", "approve id=APR-31"),
            ("I approve", "approve id=APR-31"),
            ("yes, go ahead", "approve id=APR-31"),
            ("reject it, the load test has not run", "deny id=APR-31 reason=the load test has not run"),
        ],
    );
}

#[test]
fn what_is_open_is_asked_back() {
    check(
        None,
        true,
        &[
            ("deploy", "? deploy"),
            ("deploy chequeout-v2 to prod", "? deploy"),
            ("rollback", "? rollback"),
            ("abort it", "? abort"),
            ("freeze", "? freeze"),
            ("approve", "? approve"),
            ("pause checkout and payments", "? pause"),
            ("deploy checkout 1.4.2 or 1.4.3", "? deploy"),
            ("pause payments and then abort checkout", "? abort pause"),
            ("deploy checkout 1.4.2 to staging and production", "? deploy"),
            ("rollback everything", "? rollback"),
            ("promote payments?", "? promote"),
            ("can we roll back checkout?", "? rollback"),
            ("ab\u{200b}ort payments", "? abort"),
            ("\u{430}bort payments", "? abort"),
            ("deploy p\u{430}yments 2.7.0", "? deploy"),
            ("checkout 1.4.2 prod", "? deploy"),
            ("cancel APR-31", "? abort deny"),
        ],
    );
    check(RUN, true, &[("checkout is broken, roll back", "? rollback")]);
    check(
        APPROVAL,
        true,
        &[
            ("don't approve this", "? approve deny"),
            ("hmm, not sure", "? approve deny"),
            ("no", "? approve deny"),
        ],
    );
}

#[test]
fn talk_is_never_acted_upon() {
    let always = [
        "don't deploy checkout",
        "nobody touch payments please, no deploys",
        "if it fails again, roll back checkout",
        "we should abort checkout",
        "maybe pause payments",
        "i rolled back checkout",
        "bob deployed checkout 1.4.2 to prod",
        "bob said to abort checkout",
        "\"abort checkout\"",
        "```\n$ deploy checkout 1.4.2\n```",
        "> rollback checkout\nno idea who wrote that",
        "when the tests pass deploy checkout",
        "what if we roll back checkout",
        "yeah right, promote checkout lol",
        "oh sure, roll back checkout 🙄",
        "<@U456|bob> can you abort checkout?",
        "bob, please roll back checkout",
        "i would not promote checkout",
        "thanks!",
        "good morning",
        "we'll deploy payments tomorrow",
        "i think we should roll back checkout",
        "never deploy payments on a friday",
        "checkout was rolled back yesterday",
        "deploying checkout now",
        "ich würde checkout noch nicht zurückrollen",
        "2026-11-26T12:00:01Z INFO deploy checkout 1.4.2 finished",
    ];
    for text in always {
        for (label, mention) in [(None, false), (None, true), (RUN, false), (RUN, true), (INCIDENT, true)] {
            let got = outcome(text, label, mention);
            assert!(got == "talk", "{text:?} in {label:?}, addressed {mention}: {got}");
        }
    }
}

#[test]
fn discussion_in_a_thread_is_talk_unless_it_is_a_plain_order() {
    check(
        RUN,
        false,
        &[
            ("promote?", "talk"),
            ("should we promote?", "talk"),
            ("how is it going?", "talk"),
            ("ok", "talk"),
            ("yes", "talk"),
            ("why did we pause", "talk"),
            ("the abort worked", "talk"),
            ("roll back was the right call", "talk"),
            ("status page is up again", "talk"),
            ("can we promote now?", "talk"),
            ("deploys look slow today", "talk"),
        ],
    );
    check(None, false, &[("deploy checkout 1.4.2", "talk"), ("status", "talk"), ("help", "talk")]);
}

#[test]
fn what_belongs_to_no_command_here_is_never_acted_upon() {
    for text in
        ["silence checkout for 30m", "restart payments", "run database.vacuum", "oncall platform", "audit"]
    {
        assert_eq!(outcome(text, None, true), "refused", "{text}");
    }
    assert_eq!(outcome("frobnicate", None, true), "refused");
}

#[test]
fn any_text_is_understood_as_something_and_never_panics() {
    let pieces = [
        "deploy", "checkout", "\"", "'", "`", "<@", ">", "\u{200b}", "é", ":", "::", "1.4.2", "until", "for",
        "\n", "😂", "@", "?", "roll", "back", "INC-", "%", "50%", "don't", "\u{202e}", "''", "\"\"", "```",
        "~~", "<>", ":a:", "ʼ's", "İ's", "'s", "&lt;", "漢字", ",",
    ];
    // A linear congruential sequence (Knuth's MMIX constants) instead of chance: the same texts every time.
    let mut state: u64 = 7;
    for _ in 0..800 {
        let mut text = String::new();
        for _ in 0..9 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            if state >> 62 == 0 {
                text.push(' ');
            }
        }
        assert_eq!(outcome(&text, None, false), "talk", "{text:?}");
        outcome(&text, RUN, true);
    }
    assert_eq!(outcome(&"deploy checkout ".repeat(5_000), None, true), "talk");
}
