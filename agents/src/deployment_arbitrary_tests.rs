//! Whatever comes, in whatever order: nothing panics, and the lane stays a lock for one.

use super::*;
use proptest::prelude::*;

/// One thing that may happen, as numbers.
#[derive(Clone, Debug)]
struct Happening {
    what: u8,
    run: u64,
    pick: usize,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = (0_u8..26, 1_u64..5, 0_usize..8).prop_map(|(what, run, pick)| Happening { what, run, pick });
    proptest::collection::vec(one, 0..60)
}

use proptest::strategy::Strategy;

fn happen(story: &mut Story, happening: &Happening, past: &mut Vec<crate::testing_support::Owed>) {
    let Happening { what, run, pick } = *happening;
    let service = ["api", "web"][pick % 2];
    let step = u32::try_from(pick).unwrap() % 4;
    story.in_run(run);
    match what {
        0 => story.when(canary(&["api", "web"])),
        1 => story.when(push("ccccccc", &["web"])),
        2 | 3 => {
            ready(
                story,
                run,
                if pick % 2 == 0 { canary(&["api", "web"]) } else { push("ddddddd", &["web"]) },
            );
            story
        }
        4 => story.when(built()),
        5 => story.when(tested()),
        6 => story.when(TestResults { status: Status::Failed, ..tested() }),
        7 => story.when(provided()),
        8 => story.when(verdict(service, step, StepVerdict::Pass)),
        9 => story.when(verdict(service, step, StepVerdict::Fail)),
        10 => story.when(verdict(service, step, StepVerdict::NoData)),
        11 => story.when(rollback(service, RollbackStatus::InProgress, Some("aaaaaaa"))),
        12 => story.when(rollback(service, RollbackStatus::Success, Some("aaaaaaa"))),
        13 => story.when(rollback(service, RollbackStatus::Failed, None)),
        14 => story.when_told(Command::Promote { service: None }),
        15 => story.when_told(Command::Abort { service: None }),
        16 => story.when_told(Command::Pause { service: None }),
        17 => story.when_told(Command::Resume { service: None }),
        18 => {
            story.when_told(Command::Freeze { environment: None, service: None, until: Some("20s".into()) })
        }
        19 => story.when_told(Command::Unfreeze { environment: None, service: None }),
        // Answers to what is owed and, now and then, once more to what was answered long ago.
        _ => {
            let again = what == 25 && !past.is_empty();
            let owed = if again {
                past[pick % past.len()].clone()
            } else if story.owed.is_empty() {
                return;
            } else {
                let place = pick % story.owed.len();
                story.owed.remove(place)
            };
            past.push(owed.clone());
            let outcome = match (owed.tool, what) {
                ("wake", _) => json!({ "done": null }),
                ("measure", _) => json!(Outcome::Done(Measured::default())),
                (_, 24) => json!(broken()),
                _ => json!(done()),
            };
            story.answer(&owed, &outcome).unwrap();
            story
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_one_run_at_most_changes_services(happenings in happenings()) {
        let mut story = live(&["api", "web"]);
        story.owed.clear();
        let mut past = Vec::new();
        for happening in &happenings {
            happen(&mut story, happening, &mut past);
            let lane = story.state::<Lane>();
            if let Some(rolling) = lane.rolling {
                prop_assert!(lane.runs.contains_key(&rolling), "the lock is held by nobody: {lane:#?}");
            }
            for (run, plan) in &lane.runs {
                let changes = plan.stage != Stage::Gathering;
                prop_assert_eq!(changes, lane.rolling == Some(*run), "{} of {:#?}", run, lane);
                if let Stage::Rolling(rolling) = &plan.stage {
                    prop_assert!(rolling.at.is_none_or(|at| at < rolling.steps.len()));
                }
            }
        }
    }
}
