//! What people may do to a rollout at every point of it.

use super::*;

/// A rollout in each state in which a person may find it, by name.
fn everywhere() -> Vec<(&'static str, Story)> {
    let gathering = {
        let mut story = live(&["web"]);
        story.in_run(2).when(canary(&["web"]));
        story
    };
    let choosing = {
        let mut story = live(&["web"]);
        story.in_run(2).when(canary(&["web"])).when(built()).when(tested()).when(analysed()).when(provided());
        story
    };
    let starting = {
        let mut story = live(&["web"]);
        ready(&mut story, 2, canary(&["web"]));
        story
    };
    let shifting = {
        let mut story = starting.clone();
        story.when_answered::<Target>(done());
        story
    };
    let analysing = rolling(&["web"]);
    let holding = {
        let mut story = rolling(&["web"]);
        story.when(verdict("web", 1, StepVerdict::NoData));
        story
    };
    let resting = {
        let mut story = live(&["web"]);
        let mut push = canary(&["web"]);
        push.config.deployment.canary.steps =
            serde_json::from_value(json!([{"weight": 20, "pause": 30}])).unwrap();
        ready(&mut story, 2, push);
        story.when_answered::<Target>(done()).when_answered::<Target>(done());
        story.when(verdict("web", 1, StepVerdict::Pass));
        story
    };
    let going_back = {
        let mut story = rolling(&["web"]);
        story.when(verdict("web", 1, StepVerdict::Fail));
        story
    };
    let putting_back = {
        let mut story = rolling(&["web"]);
        story.when_told(Command::Abort { service: None });
        story
    };
    let settling = {
        let mut story = rolling(&["web"]);
        proves(&mut story, "web");
        story
    };
    let over = {
        let mut story = live(&["web"]);
        story.in_run(1);
        story
    };
    vec![
        ("gathering", gathering),
        ("choosing", choosing),
        ("starting", starting),
        ("shifting", shifting),
        ("analysing", analysing),
        ("holding", holding),
        ("resting", resting),
        ("going back", going_back),
        ("putting back", putting_back),
        ("settling", settling),
        ("over", over),
    ]
}

#[test]
fn every_command_is_followed_or_refused_in_every_state() {
    let commands: [(&str, Command, &[&str]); 6] = [
        ("promote", Command::Promote { service: None }, &["analysing", "holding", "resting"]),
        (
            "abort",
            Command::Abort { service: None },
            &["gathering", "choosing", "starting", "shifting", "analysing", "holding", "resting"],
        ),
        ("pause", Command::Pause { service: None }, &["analysing", "resting"]),
        ("resume", Command::Resume { service: None }, &["holding"]),
        ("approve", Command::Approve { id: None }, &[]),
        ("deny", Command::Deny { id: None, reason: None }, &[]),
    ];
    for (word, command, followed) in commands {
        for (name, mut story) in everywhere() {
            let before = story.state::<Lane>();
            story.when_told(command.clone());
            let refused = !story.published::<CommandRefused>().is_empty();
            assert_eq!(!refused, followed.contains(&name), "{word} while {name}: {:#?}", story.wants());
            if refused {
                assert_eq!(story.state::<Lane>(), before, "{word} while {name} changed something");
                assert!(!story.only::<CommandRefused>().reason.is_empty());
            } else {
                let wants = story.wants();
                assert!(!wants.events.is_empty() || !wants.effects.is_empty(), "{word} while {name}");
            }
        }
    }
}

#[test]
fn promote_goes_on_as_if_the_analysis_had_passed() {
    for (name, mut story) in everywhere() {
        if ["analysing", "holding", "resting"].contains(&name) {
            story.when_told(Command::Promote { service: None });
            assert!(share(&story) > 20, "{name}");
        }
    }
}

#[test]
fn pause_holds_and_resume_analyses_the_same_step_again() {
    let mut story = rolling(&["web"]);
    story.by("bob").when_told(Command::Pause { service: None });
    assert_eq!(story.only::<DeploymentTriggered>().hold, Some(Hold::Paused("@bob".into())));
    story.when(verdict("web", 1, StepVerdict::Pass)).wants_nothing();
    story.when_told(Command::Resume { service: None });
    assert_eq!(share(&story), 20);
}

#[test]
fn a_pause_that_a_person_cut_short_wakes_nobody() {
    let (_, mut story) = everywhere().into_iter().find(|(name, _)| *name == "resting").unwrap();
    let timer = story.owed.iter().find(|owed| owed.tool == "wake").unwrap().clone();
    story.when_told(Command::Pause { service: None });
    assert!(!story.owed.contains(&timer), "it is cancelled");
    story.answer(&timer, &json!({ "done": null })).unwrap();
    story.wants_nothing();
}

#[test]
fn abort_puts_back_what_was_live_and_names_who_asked() {
    let mut story = rolling(&["api", "web"]);
    proves(&mut story, "api");
    story.when_answered::<Target>(done()).when_answered::<Target>(done());
    story.by("bob").when_told(Command::Abort { service: None });
    for service in ["web", "api"] {
        let [TargetRequest::Restore { service: (_, name), to }] = &story.asked::<Target>()[..] else {
            panic!("{:?}", story.wants())
        };
        assert_eq!((name.as_str(), to.as_str()), (service, "aaaaaaa"));
        story.when_answered::<Target>(done());
    }
    let ended = story.only::<RunEnded>();
    assert_eq!(ended.outcome, pipeline::Outcome::Aborted);
    assert!(ended.reason.starts_with("@bob aborted it"), "{}", ended.reason);
}

#[test]
fn an_answer_that_was_owed_before_the_abort_puts_nothing_back_by_itself() {
    let (_, mut story) = everywhere().into_iter().find(|(name, _)| *name == "starting").unwrap();
    story.when_told(Command::Abort { service: None });
    // The start's answer comes late: the restore has not happened yet.
    story.when_answered::<Target>(done());
    assert!(story.published::<RunEnded>().is_empty(), "{:#?}", story.wants());
    story.when_answered::<Target>(done());
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::Aborted);
}

#[test]
fn an_abort_that_can_t_be_done_fails_the_run_and_says_so() {
    let mut story = rolling(&["web"]);
    story.when_told(Command::Abort { service: None }).when_answered::<Target>(broken());
    let ended = story.only::<RunEnded>();
    assert_eq!(ended.outcome, pipeline::Outcome::Failed);
    assert!(ended.reason.contains("could not be put back"), "{}", ended.reason);
}

fn for_production() -> Story {
    let mut story = given::<Deployment>();
    story.setting("config/approvals", json!(true));
    let mut push = push("aaaaaaa", &["web"]);
    push.environment = "production".to_owned();
    push.config.deployment.environment = "production".to_owned();
    story.pipeline().repo_context.asked_by = "user:alice".to_owned();
    ready(&mut story, 1, push);
    story
}

#[test]
fn production_waits_for_somebody_else_s_yes() {
    let mut story = for_production();
    assert_eq!(story.only::<ApprovalRequested>().requester, "user:alice");
    assert_eq!(story.only::<DeploymentTriggered>().hold, Some(Hold::Approval("APR-1".into())));
    assert!(story.asked::<Target>().is_empty());
    story.by("alice").when_told(Command::Approve { id: None });
    assert!(story.only::<CommandRefused>().reason.contains("can't approve"));
    story.by("bob").when_told(Command::Approve { id: None });
    let decided = story.only::<ApprovalDecided>();
    assert_eq!((decided.granted, decided.by.as_str()), (true, "user:bob"));
    assert!(matches!(story.asked::<Target>().as_slice(), [TargetRequest::Start { .. }]));
    story.when_told(Command::Approve { id: None });
    assert!(story.only::<CommandRefused>().reason.contains("nothing waits"));
}

#[test]
fn a_no_ends_the_run_as_refused_with_its_reason() {
    let mut story = for_production();
    story.by("bob").when_told(Command::Deny { id: None, reason: Some("Friday".into()) });
    let ended = story.only::<RunEnded>();
    assert_eq!(
        (ended.outcome, ended.reason.as_str()),
        (pipeline::Outcome::Refused, "@bob denied it: Friday")
    );
}

#[test]
fn nobody_is_asked_where_the_config_or_the_environment_asks_for_none() {
    let mut story = given::<Deployment>();
    story.setting("config/approvals", json!(true));
    ready(&mut story, 1, push("aaaaaaa", &["web"]));
    assert!(story.published::<ApprovalRequested>().is_empty());
    assert_eq!(story.asked::<Target>().len(), 1);
}

#[test]
fn a_freeze_holds_what_it_names_until_it_ends() {
    let table = [
        (None, None, true),
        (Some("staging"), None, true),
        (Some("production"), None, false),
        (None, Some("web"), true),
        (None, Some("api"), false),
    ];
    for (environment, service, stands) in table {
        let named = |name: Option<&str>| name.map(str::to_owned);
        let (environment, service) = (named(environment), named(service));
        let mut story = given::<Deployment>();
        let freeze =
            Command::Freeze { environment: environment.clone(), service: service.clone(), until: None };
        story.by("bob").when_told(freeze);
        ready(&mut story, 1, push("aaaaaaa", &["web"]));
        assert_eq!(story.asked::<Target>().is_empty(), stands, "{environment:?} {service:?}");
        if !stands {
            continue;
        }
        let Some(Hold::Freeze(words)) = story.only::<DeploymentTriggered>().hold else { panic!() };
        assert!(words.ends_with("is frozen by @bob"), "{words}");
        story.when_told(Command::Unfreeze { environment, service }).in_run(1).when_woken();
        assert_eq!(story.asked::<Target>().len(), 1);
    }
}

#[test]
fn a_freeze_with_an_end_ends_by_itself() {
    let mut story = given::<Deployment>();
    let freeze = Command::Freeze { environment: None, service: None, until: Some("10s".into()) };
    story.when_told(freeze);
    ready(&mut story, 1, push("aaaaaaa", &["web"]));
    for _ in 0..4 {
        if story.asked::<Target>().is_empty() {
            story.when_woken();
        }
    }
    assert_eq!(story.asked::<Target>().len(), 1);
}

#[test]
fn lengths_of_a_freeze_read_in_their_units_only() {
    use crate::deployment::commands::length_in_seconds;
    let table = [
        ("90s", Some(90)),
        ("30m", Some(1_800)),
        ("2h", Some(7_200)),
        ("1d", Some(86_400)),
        ("", None),
        ("h", None),
        ("2", None),
        ("-1h", None),
        ("2 h", None),
        ("2hé", None),
        ("18446744073709551615d", None),
    ];
    for (text, seconds) in table {
        assert_eq!(length_in_seconds(text), seconds, "{text:?}");
    }
}
