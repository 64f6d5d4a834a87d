//! What an item costs: the median of what the suppliers offer, with the shop's margin.

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
        Some(cents) => (200, format!("{{\"item\":\"{item}\",\"cents\":{cents}}}\n")),
        None => (404, "{\"error\":\"no such item\"}\n".to_owned()),
    }
}

/// The price in cents; what is left of a cent falls away.
fn cents(item: &str) -> Option<u64> {
    let (_, worth) = ITEMS.iter().find(|(name, _)| *name == item)?;
    let mut offers = offers(*worth);
    offers.sort_unstable();
    Some(offers[offers.len() / 2] * (100 + MARGIN) / 100)
}

/// The suppliers' offers: each asks a little more or less than the item is worth, always the same.
fn offers(worth: u64) -> Vec<u64> {
    (1..=SUPPLIERS).map(|supplier| worth * (80 + supplier * 7919 % 41) / 100).collect()
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
    fn the_same_item_costs_the_same() {
        assert_eq!(answer("tea"), answer("tea"));
        assert_eq!(answer("tea").0, 200);
    }

    #[test]
    fn an_unknown_item_is_not_found() {
        for item in ["", "gold", "Tea", "tea%20"] {
            assert_eq!(answer(item).0, 404, "{item}");
        }
    }
}
