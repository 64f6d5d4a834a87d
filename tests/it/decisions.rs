//! What people decide while runs are under way, and what runs decide among themselves.

use orchestra_events::RunId;
use orchestra_events::pipeline::{Hold, Outcome};
use orchestra_tests::traffic::get;
use orchestra_tests::world::PATIENCE;
use orchestra_tests::{Manner, World, processes, until};

#[test]
fn an_abort_while_it_builds_ends_the_build_and_its_processes() {
    let world = World::begins();
    let shop = world.repository("shop");
    let mark = format!("sleep 300.0{}", shop.port);
    let shop = shop.with("tool: pip", &format!("tool: custom\n  command: {mark}"));
    shop.serves(Manner::Good, "one");
    let run = world.push(&shop);
    until("the build runs", PATIENCE, || (!processes::with(&mark).is_empty()).then_some(()));
    world.says_in(run, "abort");
    world.ends(run, Outcome::Aborted);
    until("the build's processes are gone", PATIENCE, || processes::with(&mark).is_empty().then_some(()));
    assert!(world.thread(run).contains("aborted"), "{}", world.thread(run));
}

#[test]
fn a_rollout_is_paused_resumed_and_aborted_and_the_version_before_is_back() {
    let world = World::begins();
    let shop = world.repository("shop").with("analysis: 7s", "analysis: 30s");
    let first = shop.serves(Manner::Good, "one");
    world.goes_live(&shop);

    let second = shop.serves(Manner::Good, "two");
    let run = world.push(&shop);
    world.hears(run, "takes 50 % of the traffic", PATIENCE);
    world.says("pause shop");
    world.holds(run, |hold| matches!(hold, Hold::Paused(_)));
    world.hears(run, &format!("shop {second} paused at 50 %"), PATIENCE);
    world.says("resume shop");
    world.waits("it goes on", run, PATIENCE, || {
        world.run(run).row.state.deployment.hold.is_none().then_some(())
    });
    world.says("abort shop");
    world.ends(run, Outcome::Aborted);
    assert_eq!(world.live("shop"), Some(first));
    for _ in 0..10 {
        assert_eq!(get(shop.port, "/"), Some((200, "one".to_owned())));
    }
}

#[test]
fn a_newer_push_supersedes_one_that_builds_and_waits_behind_one_that_rolls() {
    let world = World::begins();
    let shop = world.repository("shop").with("analysis: 7s", "analysis: 30s");
    shop.serves(Manner::Good, "one");
    world.goes_live(&shop);

    let mark = format!("sleep 300.1{}", shop.port);
    let slow = shop.clone().with("tool: pip", &format!("tool: custom\n  command: {mark}"));
    slow.serves(Manner::Good, "two");
    let building = world.push(&slow);
    until("the build runs", PATIENCE, || (!processes::with(&mark).is_empty()).then_some(()));

    let quick = slow.with(&format!("tool: custom\n  command: {mark}"), "tool: pip");
    let third = quick.serves(Manner::Good, "three");
    let rolling = world.push(&quick);
    world.ends(building, Outcome::Superseded);
    assert!(world.thread(building).contains(&rolling.to_string()), "{}", world.thread(building));
    until("the superseded build is gone", PATIENCE, || processes::with(&mark).is_empty().then_some(()));

    world.hears(rolling, "takes 50 % of the traffic", PATIENCE);
    let quick =
        quick.with("analysis: 30s", "analysis: 1s").with("  canary:\n", "  canary:\n    analysis: health\n");
    let fourth = quick.serves(Manner::Good, "four");
    let waiting = world.push(&quick);
    let hold = world.holds(waiting, |hold| matches!(hold, Hold::Run(_)));
    assert_eq!(hold, Hold::Run(rolling.to_string()));
    world.hears(waiting, &rolling.to_string(), PATIENCE);

    promoted(&world, rolling);
    world.ends(waiting, Outcome::Live);
    assert_eq!(world.live("shop"), Some(fourth));
    assert!(world.thread(rolling).contains(&third), "{}", world.thread(rolling));
}

/// Promotes a run at each of its steps, in its thread, until it is live.
fn promoted(world: &World, run: RunId) {
    world.waits("the promoted run is live", run, PATIENCE, || {
        let view = world.run(run);
        if !view.row.ended {
            world.says_in(run, "promote");
        }
        view.row.ended.then_some(())
    });
    world.ends(run, Outcome::Live);
}

#[test]
fn a_freeze_holds_a_run_until_it_ends() {
    let world = World::begins();
    let shop = world.repository("shop");
    let first = shop.serves(Manner::Good, "one");
    world.goes_live(&shop);
    let answer = world.says("freeze staging");
    assert!(answer.contains("freeze"), "{answer}");
    let shop = shop.with("  canary:\n", "  canary:\n    analysis: health\n");
    let second = shop.serves(Manner::Good, "two");
    let run = world.push(&shop);
    world.holds(run, |hold| matches!(hold, Hold::Freeze(_)));
    world.hears(run, "staging is frozen by", PATIENCE);
    assert_eq!(world.live("shop"), Some(first));
    world.says("unfreeze staging");
    world.ends(run, Outcome::Live);
    assert_eq!(world.live("shop"), Some(second));
}
