use super::*;
use proptest::prelude::{prop, prop_assert_eq, proptest};

/// Tells a story: readings of the error rate (`None`: not measured), and what was said at each.
fn told(state: &mut Alerts, rules: &[Rule], values: &[Option<f64>]) -> Vec<(usize, What)> {
    let mut said = Vec::new();
    for (now, value) in values.iter().enumerate() {
        let readings: Readings = value.iter().map(|value| (Kind::ErrorRate, *value)).collect();
        for change in observe(state, rules, &readings, now as i64) {
            said.push((now, change.what));
        }
    }
    said
}

fn two_percent() -> [Rule; 1] {
    [Rule::warning(Kind::ErrorRate, 2.0)]
}

#[test]
fn an_alert_is_raised_once_and_resolves_once() {
    let values = [1.0, 5.0, 1.0, 5.0, 5.0, 5.0, 9.0, 1.0, 1.0, 1.0, 1.0].map(Some);
    assert_eq!(
        told(&mut Alerts::default(), &two_percent(), &values),
        [(4, What::Raised), (9, What::Resolved)]
    );
}

#[test]
fn hovering_just_below_the_threshold_does_not_flap() {
    let values = [2.0, 2.0, 1.9, 1.9, 1.9, 2.1, 1.9, 1.9, 1.9, 1.7, 1.7, 1.9].map(Some);
    assert_eq!(told(&mut Alerts::default(), &two_percent(), &values), [(1, What::Raised)]);
}

#[test]
fn silence_is_told_once_and_never_resolves() {
    let mut state = Alerts::default();
    let values = [Some(5.0), Some(5.0), None, None, None, None, None, Some(0.0), Some(0.0), Some(0.0)];
    let said = told(&mut state, &two_percent(), &values);
    assert_eq!(said, [(1, What::Raised), (4, What::NoData), (7, What::DataAgain), (9, What::Resolved)]);
}

#[test]
fn what_was_never_measured_is_silent_too() {
    let mut state = Alerts::default();
    assert_eq!(told(&mut state, &two_percent(), &[None; 9]), [(2, What::NoData)]);
    assert_eq!(state.silent().collect::<Vec<_>>(), [Kind::ErrorRate]);
    assert_eq!(state.raised().count(), 0);
    assert_eq!(told(&mut Alerts::default(), &two_percent(), &[Some(f64::NAN); 4]), [(2, What::NoData)]);
}

#[test]
fn a_rule_that_is_taken_away_while_raised_is_told_as_resolved() {
    let mut state = Alerts::default();
    told(&mut state, &two_percent(), &[Some(5.0); 2]);
    let changes = observe(&mut state, &[], &Readings::new(), 9);
    assert_eq!(
        changes.iter().map(|change| (change.what, change.since)).collect::<Vec<_>>(),
        [(What::Resolved, Some(1))]
    );
    assert_eq!(state, Alerts::default());
}

#[test]
fn two_rules_of_one_kind_stand_apart_and_doubles_count_once() {
    let critical = Rule { severity: Severity::Critical, threshold: 10.0, kind: Kind::ErrorRate };
    let rules = [two_percent()[0], critical, critical];
    let mut state = Alerts::default();
    assert_eq!(
        told(&mut state, &rules, &[5.0, 5.0, 15.0, 15.0].map(Some)),
        [(1, What::Raised), (3, What::Raised)]
    );
    assert_eq!(
        state.raised().map(|(rule, at)| (rule.threshold, at)).collect::<Vec<_>>(),
        [(2.0, 1), (10.0, 3)]
    );
}

proptest! {
    #[test]
    fn raised_and_resolved_alternate_whatever_is_read(values in prop::collection::vec(prop::option::of(0.0..4.0_f64), 0..80)) {
        let mut state = Alerts::default();
        let said = told(&mut state, &two_percent(), &values);
        let firing: Vec<What> = said.iter().map(|(_, what)| *what).filter(|what| matches!(what, What::Raised | What::Resolved)).collect();
        for (place, what) in firing.iter().enumerate() {
            prop_assert_eq!(*what, if place % 2 == 0 { What::Raised } else { What::Resolved });
        }
        prop_assert_eq!(state.raised().count(), firing.len() % 2);
        let json = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<Alerts>(&json).unwrap(), state);
    }
}
