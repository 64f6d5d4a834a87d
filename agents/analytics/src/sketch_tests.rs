use super::*;
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

#[test]
fn bounds_rise_by_two_percent_at_most_and_cover_the_range() {
    assert_eq!(UPPER_BOUNDS[0], LOWEST_MICROS);
    assert_eq!(UPPER_BOUNDS[BUCKETS - 1], HIGHEST_MICROS);
    for pair in UPPER_BOUNDS.windows(2) {
        assert!(pair[1] > pair[0], "{pair:?}");
        assert!(pair[1] * 100 <= pair[0] * 102, "{pair:?}");
    }
}

#[test]
fn what_is_outside_the_range_is_counted_at_its_ends() {
    let mut sketch = Sketch::default();
    sketch.record(0);
    sketch.record(u64::MAX);
    assert_eq!(sketch.iter().collect::<Vec<_>>(), [(LOWEST_MICROS, 1), (HIGHEST_MICROS, 1)]);
}

#[test]
fn an_empty_sketch_has_no_quantile() {
    assert_eq!(Sketch::default().quantile(0.5), None);
    assert_eq!(Sketch::default().count_above(0), 0);
}

#[test]
fn its_json_is_a_flat_list_and_nonsense_is_refused() {
    let mut sketch = Sketch::default();
    sketch.record_many(50, 3);
    sketch.record(52);
    assert_eq!(serde_json::to_string(&sketch).unwrap(), "[0,3,2,1]");
    for nonsense in ["[1]", "[0,0]", "[5000,1]", "[3,1,0,1]", "[18446744073709551615,1,5,1]", "[-1,1]"] {
        assert!(serde_json::from_str::<Sketch>(nonsense).is_err(), "{nonsense}");
    }
}

proptest! {
    #[test]
    fn quantiles_are_at_most_two_percent_above_the_truth(mut all in prop::collection::vec(50_u64..600_000_000, 1..300), q in 0.0..1.0_f64) {
        let mut sketch = Sketch::default();
        all.iter().for_each(|micros| sketch.record(*micros));
        all.sort_unstable();
        let rank = ((q * all.len() as f64).ceil() as usize).max(1);
        let (truth, got) = (all[rank - 1], sketch.quantile(q).unwrap());
        prop_assert!(got >= truth && got as f64 <= truth as f64 * 1.02, "{truth} {got}");
        prop_assert!(sketch.count_above(got) <= (all.len() - rank) as u64);
    }

    #[test]
    fn merging_is_counting_together_and_json_keeps_all(a in prop::collection::vec(0_u64..1_000_000, 0..100), b in prop::collection::vec(0_u64..1_000_000, 0..100)) {
        let sketch_of = |all: &[u64]| { let mut sketch = Sketch::default(); all.iter().for_each(|m| sketch.record(*m)); sketch };
        let mut merged = sketch_of(&a);
        merged.merge(&sketch_of(&b));
        prop_assert_eq!(&merged, &sketch_of(&[a, b].concat()));
        let back: Sketch = serde_json::from_str(&serde_json::to_string(&merged).unwrap()).unwrap();
        prop_assert_eq!(back, merged);
    }

    #[test]
    fn no_list_of_numbers_makes_it_panic(flat in prop::collection::vec(any::<u64>(), 0..40)) {
        if let Ok(sketch) = Sketch::try_from(flat) {
            sketch.quantile(0.95).unwrap_or_default();
            prop_assert!(sketch.width() <= BUCKETS);
        }
    }
}
