//! What an item costs: the median of what the suppliers offer, with the shop's margin, rounded as money is.

/// The items, each with what it is worth in cents.
const ITEMS: [(&str, u64); 6] =
    [("tea", 390), ("cup", 725), ("kettle", 2990), ("spoon", 249), ("honey", 599), ("sugar", 149)];
/// How many suppliers make an offer for each item.
const SUPPLIERS: u64 = 999;
/// What the shop adds, in percent.
const MARGIN: u64 = 12;

/// The status and the JSON for an item.
pub fn answer(item: &str) -> (u16, String) {
    match cents(item) {
        Some(cents) => {
            let shown = money(cents);
            (200, format!("{{\"item\":\"{item}\",\"cents\":{cents},\"shown\":\"{shown}\"}}\n"))
        }
        None => (404, "{\"error\":\"no such item\"}\n".to_owned()),
    }
}

/// The price in cents, rounded to the nearest; half a cent goes up.
fn cents(item: &str) -> Option<u64> {
    let (_, worth) = ITEMS.iter().find(|(name, _)| *name == item)?;
    let mut offers = offers(*worth);
    offers.sort_unstable();
    Some((offers[offers.len() / 2] * (100 + MARGIN) + 50) / 100)
}

/// The suppliers' offers: each asks a little more or less than the item is worth, always the same.
fn offers(worth: u64) -> Vec<u64> {
    (1..=SUPPLIERS).map(|supplier| worth * (80 + supplier * 7919 % 41) / 100).collect()
}

/// As a person reads it.
fn money(cents: u64) -> String {
    format!("{}.{:02} EUR", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_costs_about_what_it_is_worth_and_the_margin() {
        for (item, worth) in ITEMS {
            let cents = cents(item).unwrap();
            assert!(cents > worth && cents < worth * 5 / 4, "{item} costs {cents}");
        }
    }

    #[test]
    fn a_price_is_rounded_to_the_nearest_cent() {
        for (item, _) in ITEMS {
            let exact = offers_median(item) * (100 + MARGIN);
            assert!((cents(item).unwrap() * 100).abs_diff(exact) <= 50, "{item}");
        }
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

    fn offers_median(item: &str) -> u64 {
        let (_, worth) = ITEMS.iter().find(|(name, _)| *name == item).unwrap();
        let mut offers = offers(*worth);
        offers.sort_unstable();
        offers[offers.len() / 2]
    }
}
