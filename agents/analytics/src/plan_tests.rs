use super::*;
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

fn weights(steps: &[Step]) -> Vec<(u8, u32)> {
    steps.iter().map(|step| (step.weight, step.replicas)).collect()
}

#[test]
fn each_strategy_has_its_steps() {
    assert_eq!(weights(&plan(Strategy::Canary, 4, &[])), [(10, 1), (25, 1), (50, 2), (100, 4)]);
    assert_eq!(weights(&plan(Strategy::BlueGreen, 3, &[])), [(0, 3), (100, 3)]);
    assert_eq!(weights(&plan(Strategy::Rolling, 3, &[])), [(33, 1), (66, 2), (100, 3)]);
    assert_eq!(weights(&plan(Strategy::Rolling, 1, &[])), [(100, 1)]);
    assert_eq!(weights(&first_version(0)), [(100, 1)]);
}

#[test]
fn a_bare_weight_is_analysed_half_a_minute_and_a_map_as_it_says() {
    let asked = [
        CanaryStep::bare(20),
        CanaryStep { weight: 60, pause: Some(Pause::UntilPromoted), analysis: Some(120) },
        CanaryStep { weight: 100, pause: Some(Pause::Seconds(5)), analysis: Some(9) },
        CanaryStep::bare(100),
    ];
    let steps = plan(Strategy::Canary, 1, &asked);
    assert_eq!(steps.iter().map(|step| step.analysis).collect::<Vec<_>>(), [Some(30), Some(120), None]);
    assert_eq!(steps[1].pause, Some(Pause::UntilPromoted));
    assert_eq!(steps[2].pause, Some(Pause::Seconds(5)));
    assert_eq!(analysed_steps(&steps), 2);
    assert_eq!(analysed_steps(&first_version(3)), 0);
}

#[test]
fn weight_zero_is_a_dark_start_without_analysis() {
    let steps = plan(Strategy::Canary, 2, &[CanaryStep::bare(0), CanaryStep::bare(50)]);
    assert_eq!(steps[0].analysis, None);
    assert_eq!(weights(&steps), [(0, 1), (50, 1), (100, 2)]);
}

proptest! {
    #[test]
    fn every_plan_rises_to_one_promotion_at_its_end(which in 0..3_usize, replicas in 0..200_u32, asked in prop::collection::vec(any::<u8>(), 0..12)) {
        let asked: Vec<CanaryStep> = asked.into_iter().map(CanaryStep::bare).collect();
        let steps = plan(Strategy::ALL[which], replicas, &asked);
        prop_assert!(steps.is_sorted_by(|a, b| a.weight <= b.weight && a.replicas <= b.replicas && a != b));
        prop_assert_eq!(steps.iter().filter(|step| step.promotion).count(), 1);
        let last = steps.last().unwrap();
        prop_assert!(last.promotion && last.weight == 100 && last.replicas == replicas.max(1));
        prop_assert!(steps.iter().all(|step| step.replicas >= 1));
    }
}
