//! A bad version is compared with the one before, refused, and taken back; without numbers a person decides.

use orchestra_events::RunId;
use orchestra_events::pipeline::{Hold, Outcome};
use orchestra_tests::traffic::get;
use orchestra_tests::world::PATIENCE;
use orchestra_tests::{Manner, Traffic, World};

/// A good version is live, a bad one is pushed under load; the thread of its run is returned.
fn refused(manner: Manner) -> String {
    let world = World::begins();
    let shop = world.repository("shop");
    let good = shop.serves(Manner::Good, "good");
    world.goes_live(&shop);
    let traffic = Traffic::on(shop.port, 100);

    let bad = shop.serves(manner, "bad");
    let said = world.push_and_wait(&shop);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(traffic.seen().0 > 100, "the load was not there");
    drop(traffic);
    assert_eq!(world.live("shop"), Some(good.clone()));
    for _ in 0..20 {
        assert_eq!(get(shop.port, "/"), Some((200, "good".to_owned())), "the refused version still answers");
    }

    // The second push of this world.
    let thread = world.hears(RunId(2), "postmortem", PATIENCE);
    assert!(thread.contains(&format!("{bad} is refused")), "{thread}");
    assert!(thread.contains(&format!("shop is back on {good}")), "{thread}");
    thread
}

#[test]
fn a_version_with_five_percent_of_errors_is_refused_and_the_traffic_goes_back() {
    let thread = refused(Manner::FivePercentErrors);
    assert!(thread.contains("error rate"), "the numbers are not told: {thread}");
}

#[test]
fn a_version_with_a_slow_tail_in_a_third_of_the_requests_is_refused_and_the_traffic_goes_back() {
    let thread = refused(Manner::SlowTail);
    assert!(thread.contains("latency"), "the numbers are not told: {thread}");
}

#[test]
fn without_traffic_a_rollout_pauses_and_a_person_promotes_or_aborts_it() {
    let world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    world.goes_live(&shop);

    let second = shop.serves(Manner::Good, "two");
    let said = world.push_and_wait(&shop);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(said.out.contains("no verdict") && said.out.contains("Lacking"), "{}", said.out);
    let run = world.status().runs[0].id;
    promoted_to_the_end(&world, run);
    assert_eq!(world.live("shop"), Some(second.clone()));

    shop.serves(Manner::Good, "three");
    let run = world.push(&shop);
    world.holds(run, |hold| matches!(hold, Hold::Inconclusive(_)));
    world.says("abort shop");
    world.ends(run, Outcome::Aborted);
    assert_eq!(world.live("shop"), Some(second));
    assert_eq!(get(shop.port, "/"), Some((200, "two".to_owned())));

    let shop = shop.with("  canary:\n", "  canary:\n    analysis: health\n");
    let fourth = shop.serves(Manner::Good, "four");
    let said = world.push_and_wait(&shop);
    assert_eq!(said.code, 0, "health was to be enough: {}{}", said.out, said.err);
    assert_eq!(world.live("shop"), Some(fourth));
}

/// Says `promote` whenever the run waits for it, until it is live.
fn promoted_to_the_end(world: &World, run: RunId) {
    world.waits("the promoted run is live", run, PATIENCE, || {
        let view = world.run(run);
        if matches!(view.row.state.deployment.hold, Some(Hold::Inconclusive(_))) {
            world.says("promote shop");
        }
        view.row.ended.then_some(())
    });
    world.ends(run, Outcome::Live);
}
