//! Events that fail, and events that take the process with them.

use super::house::House;
use super::oracle::check;
use super::worker::Order;
use orchestra_tests::until;
use std::time::Duration;

/// How often a deadly event may end the process: once unseen, and three times while it was watched.
const DEATHS: usize = 4;

#[test]
fn a_handler_that_panics_costs_one_dead_letter_and_its_lane_goes_on() {
    let mut house = House::new();
    assert!(house.start(None).is_some());
    house.top_up();
    house.have(&Order::Brittle { key: 1, deadly: false });
    until("the dead letter", Duration::from_secs(30), || (house.count().dead == 1).then_some(()));
    house.top_up();
    assert_eq!(house.drain().dead, 1, "the lane went on without it");

    // Handed out again to the very process that buried it, once the cause is gone.
    house.have(&Order::Cure);
    house.have(&Order::Chores);
    until("the letter handled", Duration::from_secs(30), || {
        let counts = house.count();
        (counts.dead == 0 && counts.pending == 0).then_some(())
    });
    house.drain();
    house.stop();
    let letters = house.with_store(async |store| store.dead_letters().await.unwrap());
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].status, "retried");
    assert_eq!(letters[0].subject, "brittle-1");
    assert!(letters[0].reason.contains("brittle on purpose"), "the letter says why: {}", letters[0].reason);
    check(&house, 1);
}

#[test]
fn an_event_that_kills_the_process_is_set_aside_and_the_others_go_on() {
    let mut house = House::new();
    assert!(house.start(None).is_some());
    house.top_up();
    house.order(&Order::Brittle { key: 1, deadly: true });
    let mut deaths = 0;
    loop {
        if house.ended_by_itself(Duration::from_secs(5)) {
            deaths += 1;
            assert!(deaths <= DEATHS, "it kills every process anew");
            house.feed_the_sleeping();
            while house.start(None).is_none() {
                deaths += 1;
                assert!(deaths <= DEATHS, "it kills every process anew");
            }
        } else if house.count().dead == 1 {
            break;
        }
    }
    println!("a deadly event was set aside after {deaths} deaths");
    house.top_up();
    house.drain();
    house.have(&Order::Cure);
    house.have(&Order::Chores);
    until("the letter handled", Duration::from_secs(30), || (house.count().dead == 0).then_some(()));
    house.drain();
    house.stop();
    check(&house, 1);
}
