//! What an item costs: the cheapest mix of suppliers that the shop has found so far, with its margin.
//!
//! Every question searches a little further, and the best mix of each item is remembered for the next one.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

/// The items, each with what it is worth in cents.
const ITEMS: [(&str, u64); 6] =
    [("tea", 390), ("cup", 725), ("kettle", 2990), ("spoon", 249), ("honey", 599), ("sugar", 149)];
/// How many suppliers make an offer for each item, and how many are mixed.
const SUPPLIERS: u64 = 999;
const MIXED: u64 = 5;
/// What the shop adds, in percent.
const MARGIN: u64 = 12;
/// How long one question searches.
const SEARCH: Duration = Duration::from_millis(40);
/// How long a question waits for its turn.
const PATIENCE: Duration = Duration::from_millis(100);

/// The best mix of an item: what it costs in cents, and where the search goes on.
#[derive(Clone, Copy)]
struct Best {
    cost: u64,
    next: u64,
}

static BEST: LazyLock<Mutex<HashMap<String, Best>>> = LazyLock::new(Mutex::default);

/// The status and the JSON for an item.
pub fn answer(item: &str) -> (u16, String) {
    let Some((_, worth)) = ITEMS.iter().find(|(name, _)| *name == item) else {
        return (404, "{\"error\":\"no such item\"}\n".to_owned());
    };
    let Some(mut best) = turn() else {
        return (503, "{\"error\":\"the prices are busy, try again\"}\n".to_owned());
    };
    let found = best.entry(item.to_owned()).or_insert(Best { cost: offer(*worth, 1), next: 1 });
    search(*worth, found);
    let cents = (found.cost * (100 + MARGIN) + 50) / 100;
    (200, format!("{{\"item\":\"{item}\",\"cents\":{cents},\"shown\":\"{}\"}}\n", money(cents)))
}

/// Waits for the prices, but not for ever.
fn turn() -> Option<MutexGuard<'static, HashMap<String, Best>>> {
    let asked = Instant::now();
    loop {
        match BEST.try_lock() {
            Ok(best) => return Some(best),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if asked.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(TryLockError::WouldBlock) => return None,
        }
    }
}

/// Looks at further mixes until the time is up.
fn search(worth: u64, best: &mut Best) {
    let started = Instant::now();
    while started.elapsed() < SEARCH {
        for mix in best.next..best.next + 64 {
            let cost =
                (0..MIXED).map(|part| offer(worth, mix.wrapping_mul(31) + part * 97)).sum::<u64>() / MIXED;
            best.cost = best.cost.min(cost);
        }
        best.next += 64;
    }
}

/// What a supplier asks: a little more or less than the item is worth, always the same.
fn offer(worth: u64, supplier: u64) -> u64 {
    worth * (80 + supplier % SUPPLIERS * 7919 % 41) / 100
}

/// As a person reads it.
fn money(cents: u64) -> String {
    format!("{}.{:02} EUR", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_costs_no_less_than_the_cheapest_offer_and_the_margin() {
        for (item, worth) in ITEMS {
            let (status, body) = answer(item);
            let cents: u64 =
                body.split("\"cents\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
            assert_eq!(status, 200);
            assert!(cents >= worth * 80 / 100 && cents < worth * 5 / 4, "{item} costs {cents}");
        }
    }

    #[test]
    fn searching_further_never_makes_it_dearer() {
        let mut best = Best { cost: offer(390, 1), next: 1 };
        let before = best.cost;
        search(390, &mut best);
        assert!(best.cost <= before && best.next > 1);
    }

    #[test]
    fn money_has_two_digits_after_the_point() {
        for (cents, shown) in [(5, "0.05 EUR"), (437, "4.37 EUR"), (1200, "12.00 EUR")] {
            assert_eq!(money(cents), shown);
        }
    }

    #[test]
    fn an_unknown_item_is_not_found() {
        for item in ["", "gold", "Tea", "tea%20"] {
            assert_eq!(answer(item).0, 404, "{item}");
        }
    }
}
