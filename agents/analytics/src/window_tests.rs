use super::*;

fn busy(seconds: i64) -> Window {
    let mut window = Window::default();
    for at in 0..seconds {
        for request in 0..40_u64 {
            window.record(at, request == 7, 1_000 + request * 9_000 * (1 + at as u64 % 7));
        }
    }
    window
}

#[test]
fn totals_are_sums_and_coalescing_keeps_them() {
    let window = busy(100);
    assert_eq!(window.total().requests, 4_000);
    assert_eq!(window.total().errors, 100);
    assert_eq!(window.total().error_percent(), Some(2.5));
    for blocks in [0, 1, 7, 30, 1_000] {
        let coalesced = window.coalesced(blocks);
        assert!(coalesced.seconds.len() <= blocks.max(1));
        assert_eq!(coalesced.total(), window.total());
    }
    assert_eq!(Window::default().total().error_percent(), None);
}

#[test]
fn a_day_of_traffic_stays_far_below_an_event() {
    let mut wide = Window::default();
    for at in 0..3_600 {
        let second = wide.second(at);
        second.requests = 900;
        // Every bucket there is, with counts of many digits: the worst a sketch can hold.
        for step in 0..900_u32 {
            second.latency.record_many((50.0 * 1.02_f64.powi(step as i32)) as u64, 1_000_000_007);
        }
    }
    for window in [busy(86_400 / 10), wide] {
        let compacted = window.compacted();
        let json = serde_json::to_string(&compacted).unwrap();
        assert!(json.len() < 32 * 1024, "{} bytes", json.len());
        assert_eq!(compacted.total(), window.total());
        assert_eq!(serde_json::from_str::<Window>(&json).unwrap(), compacted);
    }
    assert!(busy(300).compacted().seconds.len() >= 10, "an ordinary window keeps enough blocks to judge by");
}

#[test]
fn seconds_are_cut_and_merged_by_their_time() {
    let window = busy(10);
    assert_eq!(window.since(7).seconds.len(), 3);
    assert_eq!(window.between(2, 4).total().requests, 80);
    let mut both = window.between(0, 6);
    both.merge(&window.between(4, 10));
    assert_eq!(both.seconds.len(), 10);
    assert_eq!(both.total().requests, 480);
    assert!(both.seconds.is_sorted_by_key(|second| second.at));
}

#[test]
fn the_worst_second_is_left_out() {
    let mut window = busy(5);
    window.record(3, true, 5_000_000);
    let rest = window.without_worst_second(|second| second.errors as f64);
    assert_eq!(rest.seconds.iter().map(|second| second.at).collect::<Vec<_>>(), [0, 1, 2, 4]);
    assert_eq!(Window::default().without_worst_second(|_| 1.0), Window::default());
}
