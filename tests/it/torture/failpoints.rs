//! Killed at every place of the step protocol, one after the other, on the same folder.

use super::house::{Heard, House, PATIENCE, killed};
use super::oracle::check;
use super::worker::Order;
use orchestra_agents::runtime;
use std::time::{Duration, Instant};

/// The hit at which the process dies: the first of a new process, and one in the middle of its work.
const HITS: [u64; 2] = [1, 7];

/// Places that a start reaches only once or a few times, so that the seventh hit may never come.
const RARE: &[&str] = &["bury.", "settle.", "number.", "expire.", "blob.", "attempt."];

#[test]
fn killed_at_every_failpoint_nothing_is_lost_and_nothing_happens_twice() {
    let mut house = House::new();
    assert!(house.start(None).is_some());
    house.top_up();
    let mut deaths = 0;
    let mut brittle = 0;
    for point in orchestra_bus::FAILPOINTS.iter().chain(runtime::FAILPOINTS) {
        let rare = RARE.iter().any(|rare| point.starts_with(rare));
        for hit in if rare { &HITS[..1] } else { &HITS[..] } {
            house.kill();
            // Something waits when the process starts: what is left behind is attempted with care.
            house.feed_the_sleeping();
            let begun = Instant::now();
            let kill_at = format!("{point}:{hit}");
            if house.start(Some(&kill_at)).is_some() {
                brittle += 1;
                house.order(&Order::Brittle { key: 1000 + brittle, deadly: false });
                while house.feed(Instant::now() + Duration::from_millis(20)) != Heard::Gone {
                    house.order(&Order::Chores);
                    assert!(begun.elapsed() < PATIENCE, "`{kill_at}` was never reached");
                }
                let status = house.ended();
                assert!(killed(status), "`{kill_at}`: {status}\n{}", house.said_on_stderr());
            }
            deaths += 1;
        }
    }
    assert!(house.start(None).is_some());
    house.have(&Order::Cure);
    house.top_up();
    // A brittle event may or may not have been accepted by the one that died: now it is.
    for key in 1001..=1000 + brittle {
        house.have(&Order::Brittle { key, deadly: false });
    }
    // Every dead letter is handed out again, and handled this time.
    let mut counts = house.drain();
    for _ in 0..2 * brittle {
        if counts.dead > 0 {
            house.have(&Order::Chores);
            counts = house.count();
        }
    }
    assert_eq!(house.drain().dead, 0);
    house.stop();
    println!("{deaths} deaths at failpoints: {}", check(&house, brittle));
}
