//! A target that does what it is asked and reports a timeout.

use super::crew::{class_of, times_out};
use super::house::House;
use super::oracle::check;
use orchestra_bus::EffectClass;
use std::time::{Duration, Instant};

#[test]
fn an_effect_that_was_done_and_reported_as_failed_is_not_done_again() {
    let mut house = House::new();
    assert!(house.start(None).is_some());
    while house.accepted.values().any(|last| *last < 8) {
        house.feed(Instant::now() + Duration::from_millis(20));
    }
    house.top_up();
    house.drain();
    house.stop();
    println!("done and reported as a timeout: {}", check(&house, 0));
    let book = house.witness.book();
    let late = book.done.iter().filter(|((_, number), _)| times_out(*number));
    let (mut keyed, mut asked) = (0, 0);
    for ((key, number), done) in late {
        assert_eq!(done.effects, 1, "event {number} of key {key}");
        match class_of(*number) {
            EffectClass::Asked => {
                assert_eq!(done.calls, 1, "the target was asked, and told that it was done");
                asked += 1;
            }
            class => {
                assert!(done.calls >= 2, "{class:?} is simply done again under its key");
                keyed += 1;
            }
        }
    }
    assert!(keyed > 0 && asked > 0, "both kinds happened: {keyed} and {asked}");
}
