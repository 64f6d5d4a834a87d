//! Killed at any moment, it continues: runs go on, services are adopted or come back.

use orchestra_events::Event as _;
use orchestra_events::pipeline::{Outcome, RunEnded};
use orchestra_tests::traffic::get;
use orchestra_tests::world::PATIENCE;
use orchestra_tests::{Manner, Traffic, World, processes, until};
use std::time::Duration;

#[test]
fn a_server_killed_in_a_canary_adopts_the_service_without_one_failed_request_and_ends_the_run() {
    let mut world = World::begins();
    let shop = world.repository("shop").with("analysis: 7s", "analysis: 12s");
    shop.serves(Manner::Good, "one");
    world.goes_live(&shop);
    let traffic = Traffic::on(shop.port, 100);

    let second = shop.serves(Manner::Good, "two");
    let run = world.push(&shop);
    world.hears(run, "takes 50 % of the traffic", PATIENCE);
    let shims = shims(&world);
    world.kill9();
    let asked = traffic.seen().0;
    until("the service answers without its server", PATIENCE, || {
        (traffic.seen().0 > asked + 100).then_some(())
    });
    world.wakes();
    assert_eq!(shims, self::shims(&world), "the shim is another one");

    world.ends(run, Outcome::Live);
    assert_eq!(world.live("shop"), Some(second));
    let (answered, failed, unanswered) = traffic.stop();
    assert!(answered > 300, "{answered}");
    assert_eq!((failed, unanswered), (0, 0), "requests failed");
}

/// The processes of the shims.
fn shims(world: &World) -> Vec<i32> {
    let all = world.processes().into_iter();
    all.filter(|(_, line)| line.contains("shim service")).map(|(pid, _)| pid).collect()
}

#[test]
fn a_server_killed_after_every_event_of_a_run_takes_it_to_the_same_end() {
    let mut world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    world.goes_live(&shop);
    let traffic = Traffic::on(shop.port, 80);

    let second = shop.serves(Manner::Good, "two");
    let run = world.push(&shop);
    let (mut seen, mut kills) = (0, 0);
    while !world.run(run).row.ended {
        seen = world.waits("the run goes on", run, PATIENCE, || {
            let view = world.run(run);
            let events = world.events(run).len();
            (events > seen || view.row.ended).then_some(events)
        });
        world.kill9();
        world.wakes();
        kills += 1;
    }
    assert!(kills > 3, "the run was over too soon to be killed often: {kills}");
    world.ends(run, Outcome::Live);
    assert_eq!(world.live("shop"), Some(second));
    assert_eq!(get(shop.port, "/"), Some((200, "two".to_owned())));
    let (answered, failed, unanswered) = traffic.stop();
    assert!(answered > 100, "{answered}");
    assert_eq!((failed, unanswered), (0, 0), "requests failed");
    let proven = world.events(run).into_iter().filter(|event| event.kind == RunEnded::KIND).count();
    assert_eq!(proven, 1, "the run ended more than once");
    assert_eq!(world.orchestra(&["events", "audit", "verify"]).code, 0);
}

#[test]
fn a_server_killed_in_a_build_continues_and_the_build_died_with_it() {
    let mut world = World::begins();
    let shop = world.repository("shop");
    let mark = format!("sleep 4.0{}", shop.port);
    let shop = shop.with("tool: pip", &format!("tool: custom\n  command: {mark}"));
    let version = shop.serves(Manner::Good, "one");
    let run = world.push(&shop);
    until("the build runs", PATIENCE, || (!processes::with(&mark).is_empty()).then_some(()));
    let building = processes::with(&mark);
    world.kill9();
    until("the build died with its server", PATIENCE, || {
        building
            .iter()
            .all(|pid| processes::command_line(*pid).is_none_or(|line| !line.contains(&mark)))
            .then_some(())
    });
    world.wakes();
    world.ends(run, Outcome::Live);
    assert_eq!(world.live("shop"), Some(version));
}

#[test]
fn a_service_that_dies_is_started_again_and_the_thread_hears_of_both() {
    let world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    let run = world.goes_live(&shop);
    let (pid, _) = service(&world).expect("the service has a process");
    processes::kill9(pid);
    until("the service answers again", PATIENCE, || {
        let other = service(&world).is_some_and(|(now, _)| now != pid);
        (other && get(shop.port, "/").is_some_and(|(status, _)| status == 200)).then_some(())
    });
    world.hears(run, "(critical)", PATIENCE);
    world.hears(run, "is up again", PATIENCE);
}

/// The process that runs the service itself, not a shell around it.
fn service(world: &World) -> Option<(i32, String)> {
    world.processes().into_iter().find(|(_, line)| line.ends_with("app.py") && !line.contains("/bin/sh"))
}

#[test]
fn a_service_whose_shim_is_killed_comes_back() {
    let world = World::begins();
    let shop = world.repository("shop");
    let version = shop.serves(Manner::Good, "one");
    world.goes_live(&shop);
    let before = shims(&world);
    assert_eq!(before.len(), 1, "{before:?}");
    processes::kill9(before[0]);
    until("the service answers under a new shim", Duration::from_secs(60), || {
        let now = shims(&world);
        let new = !now.is_empty() && now != before;
        (new && get(shop.port, "/") == Some((200, "one".to_owned()))).then_some(())
    });
    assert_eq!(world.live("shop"), Some(version));
    let services: Vec<_> =
        world.processes().into_iter().filter(|(_, line)| line.ends_with("python3 app.py")).collect();
    assert!(services.iter().filter(|(_, line)| !line.contains("/bin/sh")).count() <= 1, "{services:?}");
}
