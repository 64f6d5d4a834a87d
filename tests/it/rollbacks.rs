//! Going back by command, and forward again without a build.

use orchestra_events::pipeline::{BuildReady, Outcome};
use orchestra_events::{Event as _, RunId};
use orchestra_tests::traffic::get;
use orchestra_tests::world::PATIENCE;
use orchestra_tests::{Manner, World};

#[test]
fn a_rollback_goes_to_the_last_good_version_and_a_kept_version_goes_out_again_without_a_build() {
    let world = World::begins();
    let shop = world.repository("shop").with("  canary:\n", "  canary:\n    analysis: health\n");
    let first = shop.serves(Manner::Good, "one");
    world.goes_live(&shop);
    let second = shop.serves(Manner::Good, "two");
    let run = world.goes_live(&shop);

    world.says("rollback shop");
    world.hears(run, &format!("shop is back on {first}"), PATIENCE);
    assert_eq!(get(shop.port, "/"), Some((200, "one".to_owned())));
    world.waits("status says so", run, PATIENCE, || {
        (world.live("shop").as_ref() == Some(&first)).then_some(())
    });

    // The refusals stand where the service's commands go, which is the thread of its last run.
    world.says("rollback shop");
    world.hears(run, "There is no earlier good version", PATIENCE);
    world.says(&format!("rollback shop to {second}"));
    world.hears(run, "was refused before", PATIENCE);
    assert_eq!(world.live("shop"), Some(first));

    let answer = world.says(&format!("deploy shop {second}"));
    assert!(answer.contains("goes out again from its kept artefact"), "{answer}");
    let again = RunId(run.0 + 1);
    world.ends(again, Outcome::Live);
    assert_eq!(world.live("shop"), Some(second));
    assert_eq!(get(shop.port, "/"), Some((200, "two".to_owned())));
    let built = world.events(again).into_iter().filter(|event| event.kind == BuildReady::KIND).count();
    assert_eq!(built, 0, "a kept version was built anew");
}
