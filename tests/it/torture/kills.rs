//! Killed at random times under load.

use super::house::{Heard, House, PATIENCE};
use super::oracle::check;
use orchestra_tests::full;
use std::time::{Duration, Instant};

/// How often by default, and at full length.
const KILLS: (usize, usize) = (25, 200);

/// A generator whose whole sequence follows from its seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn millis(&mut self, from: u64, to: u64) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_millis(from + (mixed ^ (mixed >> 31)) % (to - from))
    }
}

fn spread(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!("{name}: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms", at(50), at(99), at(100));
}

#[test]
fn killed_at_random_under_load_nothing_is_lost_and_nothing_happens_twice() {
    let kills = if full("two hundred kills") { KILLS.1 } else { KILLS.0 };
    let mut house = House::new();
    let mut dice = Dice(20_261_126);
    let (mut ready, mut progress) = (Vec::new(), Vec::new());
    for _ in 0..kills {
        let begun = Instant::now();
        ready.push(house.start(None).expect("nothing kills it before it is ready"));
        let heard = house.feed(Instant::now() + dice.millis(5, 150));
        assert_eq!(heard, Heard::Nothing, "the worker died by itself:\n{}", house.said_on_stderr());
        house.kill();
        progress.extend(house.witness.book().first.map(|first| first - begun));
    }
    assert!(house.start(None).is_some());
    house.top_up();
    let drained = Instant::now();
    house.drain();
    assert!(drained.elapsed() < PATIENCE);
    house.stop();
    println!("{kills} kills at random: {}", check(&house, 0));
    spread("from start to ready", ready);
    println!("{} of {kills} lives got as far as an effect", progress.len());
    spread("from start to the first effect", progress);
}
