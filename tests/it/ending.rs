//! The server's own life: how it starts, how it ends, and who may speak to its folder.

use orchestra_events::pipeline::{Hold, Outcome};
use orchestra_tests::traffic::get;
use orchestra_tests::world::PATIENCE;
use orchestra_tests::{Manner, World, processes, until};
use rustix::process::Signal;

#[test]
fn a_signal_ends_the_server_and_the_service_goes_on_until_down() {
    let mut world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    world.goes_live(&shop);

    assert_eq!(world.ends_on(Signal::TERM), 0);
    assert!(world.console().contains("the service that it deployed goes on"), "{}", world.console());
    assert_eq!(get(shop.port, "/"), Some((200, "one".to_owned())));
    let status = world.orchestra(&["status"]);
    assert_eq!(status.code, 0, "{}", status.err);
    assert!(status.out.contains("not running") && status.out.contains("shop"), "{}", status.out);
    assert!(world.orchestra(&["events", "list", "--json"]).out.lines().count() > 5);
    assert_eq!(world.orchestra(&["events", "audit", "verify"]).code, 0);
    assert!(world.orchestra(&["logs", "shop"]).out.contains("one begins"));

    world.wakes();
    assert!(world.orchestra(&["status"]).out.contains(&format!("running (pid {})", world.pid())));
    assert_eq!(world.orchestra(&["events", "audit", "verify"]).code, 0);
    assert_eq!(world.ends_on(Signal::INT), 0);
    assert_eq!(get(shop.port, "/"), Some((200, "one".to_owned())));

    let down = world.orchestra(&["down"]);
    assert_eq!(down.code, 0, "{}", down.err);
    assert!(down.out.contains("stopped: staging/shop"), "{}", down.out);
    assert_eq!(get(shop.port, "/"), None);
    until("nothing runs any more", PATIENCE, || world.processes().is_empty().then_some(()));
    assert!(world.orchestra(&["down"]).out.contains("no service was running"));
}

#[test]
fn a_closed_standard_input_ends_nothing_and_a_second_server_is_refused() {
    let mut world = World::asleep();
    world.wakes_with_console();
    world.types("status");
    until("the console answers", PATIENCE, || {
        world.console().contains("nothing is deployed yet").then_some(())
    });
    world.hangs_up();
    let second = world.orchestra(&["up"]);
    assert_eq!(second.code, 3, "{}{}", second.out, second.err);
    assert!(second.err.contains(&world.pid().to_string()), "its pid is not told: {}", second.err);
    assert_eq!(world.orchestra(&["status"]).code, 0);
    assert!(
        world.ends_on(Signal::TERM) == 0 && world.console().contains("nothing was deployed"),
        "{}",
        world.console()
    );
}

#[test]
fn a_push_without_a_server_does_the_work_itself() {
    let world = World::asleep();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    let said = world.push_and_wait(&shop);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(get(shop.port, "/"), Some((200, "one".to_owned())));
}

#[test]
fn a_signal_ends_the_server_also_while_it_builds_and_the_next_start_goes_on_with_it() {
    let mut world = World::begins();
    let shop = world.repository("shop");
    let mark = format!("sleep 5.0{}", shop.port);
    let shop = shop.with("tool: pip", &format!("tool: custom\n  command: {mark}"));
    let version = shop.serves(Manner::Good, "one");
    let run = world.push(&shop);
    until("the build runs", PATIENCE, || (!processes::with(&mark).is_empty()).then_some(()));
    let building = processes::with(&mark);
    assert_eq!(world.ends_on(Signal::TERM), 0);
    assert!(
        building.iter().all(|pid| !processes::with(&mark).contains(pid)),
        "the build outlives its server"
    );
    world.wakes();
    world.ends(run, Outcome::Live);
    assert_eq!(world.live("shop"), Some(version));
}

#[test]
fn down_in_the_middle_of_a_rollout_stops_both_versions_and_the_run_says_that_it_has_no_data() {
    let world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    world.goes_live(&shop);
    shop.serves(Manner::Good, "two");
    let run = world.push(&shop);
    world.hears(run, "takes 50 % of the traffic", PATIENCE);
    assert_eq!(world.orchestra(&["down"]).code, 0);
    assert_eq!(get(shop.port, "/"), None);
    world.holds(run, |hold| matches!(hold, Hold::Inconclusive(_)));
    world.hears(run, "no verdict", PATIENCE);
    assert_eq!(get(shop.port, "/"), None, "a stopped service came back by itself");
}
